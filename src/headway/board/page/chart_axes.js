// @ts-check
/** Ranges and axes of a chart. */

import { themeColor } from "board/colors.js";
import { duration, number, short } from "board/format.js";
import { quantile } from "board/statistics.js";

const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
/** Of the text around. */
const FONT_PART = 0.82;
const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600,
  900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000];
// Values so many times further out than the bulk of them are left outside, as by TensorBoard.
const TAIL = 0.05;
const FAR = 8;
const AIR = 0.5;

/**
 * Return the x range of all series; one that has no width gets some.
 * @param {import("board/chart.js").Series[]} series
 * @param {Partial<import("board/chart.js").Axis>} [axis]
 */
export function fullRange(series, { isLog = false, min: floor = Infinity, max: ceiling = -Infinity } = {}) {
  let min = isLog && floor <= 0 ? Infinity : floor;
  let max = ceiling;
  for (const { x } of series) {
    if (x.length) {
      min = Math.min(min, x[0]);
      max = Math.max(max, x[x.length - 1]);
    }
  }
  if (min > max) return isLog ? [1, 10] : [0, 1];
  if (min === max) return isLog ? [min / 2, max * 2] : [Math.min(0, min), Math.max(1, max)];
  return [min, max];
}

/**
 * Return the range of the values within the x range `window`, and how many values lie outside it.
 * @param {import("board/chart.js").Series[]} series
 * @param {number[]} window
 * @param {import("board/chart.js").Axis} axis
 * @returns {{range: [number, number]|null, numOutside: number}}
 */
export function extent(series, [from, to], { isRobust = false, isLog = false }) {
  const values = [];
  const edges = [];
  for (const { x, y, low, high } of series) {
    for (let i = 0; i < x.length; i += 1) {
      if (x[i] < from || x[i] > to) continue;
      values.push(y[i]);
      if (!low || !high) continue;
      if (!isLog || low[i] > 0) edges.push(low[i]);
      edges.push(high[i]);
    }
  }
  if (!values.length) return { range: null, numOutside: 0 };
  const all = limits([...values, ...edges]);
  if (!isRobust || isLog) return { range: all, numOutside: 0 };
  const range = bulk(values, limits(values), all);
  return { range, numOutside: values.filter((value) => value < range[0] || value > range[1]).length };
}

/** @param {number[]} values @returns {[number, number]} */
function limits(values) {
  let [min, max] = [values[0], values[0]];
  for (const value of values) {
    if (value < min) min = value;
    else if (value > max) max = value;
  }
  return [min, max];
}

/**
 * @param {number[]} values
 * @param {[number, number]} own Limits of the values.
 * @param {[number, number]} all Limits of the values and bands.
 * @returns {[number, number]}
 */
function bulk(values, own, all) {
  const [low, high] = [quantile(values, TAIL), quantile(values, 1 - TAIL)];
  const width = high - low;
  if (!width) return all;
  return [
    low - all[0] > FAR * width ? Math.max(own[0], low - AIR * width) : all[0],
    all[1] - high > FAR * width ? Math.min(own[1], high + AIR * width) : all[1],
  ];
}

/**
 * Return the scales of a chart. The x range comes first, and the y range is of what it shows.
 * @param {{options: import("board/chart.js").ChartOptions, window: number[], yExtent: () => [number, number]|null}} chart
 */
export function scaleOptions(chart) {
  const { x, y } = chart.options;
  return {
    x: {
      time: false,
      distr: x.isLog ? 3 : 1,
      range: (plot, min, max) => {
        chart.window = [min, max];
        return [min, max];
      },
    },
    y: { distr: y.isLog ? 3 : 1, range: () => padded(chart.yExtent(), chart.options.y) },
  };
}

/**
 * Return a range with some air, as wide as the axis asks for.
 * @param {[number, number]|null} range
 * @param {import("board/chart.js").Axis} axis
 */
export function padded(range, { isLog = false, min: floor = Infinity, max: ceiling = -Infinity }) {
  if (!range) return isLog ? [0.1, 1] : [0, 1];
  const min = Math.min(range[0], floor);
  const max = Math.max(range[1], ceiling);
  if (isLog) {
    const factor = Math.max((max / min) ** 0.05, 1.05);
    return [min / factor, max * factor];
  }
  const air = max > min ? 0.05 * (max - min) : Math.max(Math.abs(max) * 0.1, 1e-6);
  // A loss or a fraction that comes near zero stands on the axis, not above a gap below zero.
  return [min >= 0 && min - air < 0 ? 0 : min - air, max + air];
}

/**
 * Return an axis for uPlot.
 * @param {import("board/chart.js").Axis} axis
 * @param {"x"|"y"} scale
 */
export function axis({ label, unit, isLog }, scale) {
  const isX = scale === "x";
  const size = Math.round(FONT_PART * parseFloat(getComputedStyle(document.body).fontSize));
  const font = `${size}px ${FAMILY}`;
  return {
    scale,
    font,
    stroke: () => themeColor("muted"),
    grid: { stroke: () => themeColor("grid"), width: 1 },
    ticks: { show: false },
    gap: 6,
    space: isX ? 64 : isLog ? 22 : 34,
    ...(isX && unit === "s" && !isLog ? { incrs: SECONDS } : {}),
    values: (plot, splits) => splits.map((value) => (value === null || (isLog && !isRound(value)) ? "" : tick(value, unit, splits))),
    ...(isX
      ? { size: 15 + size, label: unit && unit !== "s" ? `${label} (${unit})` : label, labelFont: font, labelSize: 18, labelGap: 0 }
      : { size: (plot, values) => widest(plot, values, font) }),
  };
}

/** On a log axis, 1, 2 and 5 of each decade have labels. */
function isRound(/** @type {number} */ value) {
  return [1, 2, 5].includes(Number((value / 10 ** Math.floor(Math.log10(value) + 1e-9)).toPrecision(3)));
}

function widest(plot, values, font) {
  plot.ctx.save();
  plot.ctx.font = font;
  const widths = (values ?? []).map((text) => plot.ctx.measureText(text ?? "").width);
  plot.ctx.restore();
  return Math.max(34, Math.ceil(Math.max(0, ...widths)) + 14);
}

/**
 * Return what stands at a mark of an axis: so many places that neighbors differ.
 * @param {number} value
 * @param {string} [unit]
 * @param {(number|null)[]} [splits]
 */
export function tick(value, unit = "", splits = []) {
  if (value === 0) return "0";
  if (unit === "s") return Math.abs(value) < 60 ? `${tick(value, "", splits)} s` : duration(value);
  if (Math.abs(value) >= 1e4) return short(value);
  const [a, b] = splits.filter((each) => each !== null);
  const gap = a !== undefined && b !== undefined ? Math.abs(Number(b) - Number(a)) : 0;
  const digits = gap ? Math.ceil(Math.log10(Math.abs(value) / gap)) + 2 : 3;
  return trim(number(Number(value.toPrecision(Math.min(12, Math.max(1, digits)))), Math.min(12, Math.max(2, digits))));
}

function trim(text) {
  return /^[^e]*\.[^e]*$/.test(text) ? text.replace(/\.?0+$/, "") : text;
}
