// @ts-check
/** What a chart says about the place under the pointer. */

import { clear, h } from "board/dom.js";
import { duration, exact, number } from "board/format.js";

const MOST_ROWS = 14;
const NEAR_PIXELS = 40;
// A line that ended this part of the range ago has no value here.
const REACH = 0.02;

/** @typedef {{series: import("board/chart.js").Series, x: number, y: number, i: number, isNear: boolean}} Row */

/**
 * Return the value of each line at `x`, largest first, with the line nearest to the pointer marked.
 * @param {any} plot
 * @param {import("board/chart.js").Series[]} series
 * @param {number} x
 * @param {number|null} top Pixels from the upper edge; null where there is no pointer.
 * @returns {Row[]}
 */
export function nearest(plot, series, x, top) {
  const { min, max } = plot.scales.x;
  const rows = series.filter((each) => !each.points && each.x.length).map((each) => {
    const i = indexOf(each.x, x);
    return { series: each, i, x: each.x[i], y: each.y[i], isNear: false };
  }).filter((row) => isReached(row, x, REACH * (max - min)));
  const distances = rows.map((row) => Math.abs(plot.valToPos(row.y, "y") - (top ?? 0)));
  const closest = distances.indexOf(Math.min(...distances));
  if (top !== null && closest >= 0 && distances[closest] < NEAR_PIXELS) rows[closest].isNear = true;
  return rows.sort((a, b) => b.y - a.y);
}

function isReached({ series }, x, reach) {
  return x >= series.x[0] - reach && x <= series.x[series.x.length - 1] + reach;
}

/**
 * Return the place of the value nearest to `x` in ascending `values`.
 * @param {number[]} values
 * @param {number} x
 */
export function indexOf(values, x) {
  let [low, high] = [0, values.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle] < x) low = middle;
    else high = middle;
  }
  return Math.abs(values[low] - x) <= Math.abs(values[high] - x) ? low : high;
}

/**
 * Show the values beside the pointer.
 * @param {{options: import("board/chart.js").ChartOptions, parts: {tooltip: HTMLElement, figure: HTMLElement}, plot: any}} chart
 * @param {Row[]} rows
 * @param {number} x
 * @param {number} left
 * @param {number|null} top
 */
export function showTooltip(chart, rows, x, left, top) {
  const { plot, parts: { tooltip, figure } } = chart;
  const marks = marksNear(chart, x);
  tooltip.hidden = !rows.length && !marks.length;
  if (tooltip.hidden) return;
  const at = rows.find((row) => row.isNear)?.x ?? rows[0]?.x ?? x;
  const kept = around(rows);
  clear(tooltip,
    h("table", null, h("caption", null, `${chart.options.x.label} ${xText(at, chart.options.x)}`), kept.map(line)),
    rows.length > kept.length ? h("div.muted", null, `and ${rows.length - kept.length} more`) : null,
    marks.map((mark) => h("div.mark", null, mark.label)));
  const box = plot.over.getBoundingClientRect();
  const origin = figure.getBoundingClientRect();
  const x0 = box.left - origin.left + left;
  const isLeft = box.left + left + tooltip.offsetWidth + 24 > document.documentElement.clientWidth;
  tooltip.style.left = `${isLeft ? Math.max(8 - origin.left, x0 - tooltip.offsetWidth - 14) : x0 + 14}px`;
  tooltip.style.top = `${box.top - origin.top + Math.max(0, (top ?? 20) - 20)}px`;
}

// The rows next to the nearest one, as the pointer is there.
function around(rows) {
  const near = Math.max(0, rows.findIndex((row) => row.isNear));
  const from = Math.max(0, Math.min(near - (MOST_ROWS >> 1), rows.length - MOST_ROWS));
  return rows.slice(from, from + MOST_ROWS);
}

function line({ series, y, i, isNear }) {
  const { low, high } = series;
  const hasBand = low && high && high[i] > low[i];
  return h("tr", { class: isNear ? "near" : "" },
    h("td", null, h("span.chart-key", { class: series.dash ? "dashed" : "", style: { color: series.color } })),
    h("td.name", { title: series.label }, series.label),
    h("td.number", null, exact(y)),
    h("td.muted", null, hasBand ? `\u2002${number(low[i], 3)} … ${number(high[i], 3)}` : ""));
}

function marksNear({ options, plot }, x) {
  const { min, max } = plot.scales.x;
  const reach = (6 / Math.max(1, plot.over.clientWidth)) * (max - min);
  return (options.marks ?? []).filter((mark) => x >= mark.x - reach && x <= (mark.end ?? mark.x) + reach);
}

/** @param {number} x @param {import("board/chart.js").Axis} axis */
function xText(x, { unit }) {
  return unit === "s" ? duration(x) : number(x, 6);
}

/**
 * Return a sentence that says what a chart shows.
 * @param {import("board/chart.js").ChartOptions} options
 * @param {import("board/chart.js").Series[]} series
 */
export function summary({ title, x }, series) {
  const lines = series.filter((each) => !each.points && each.y.length);
  const named = lines.slice(0, 4).map((each) => `${each.label} ends at ${number(each.y[each.y.length - 1])}`);
  const rest = lines.length > 4 ? `, and ${lines.length - 4} more` : "";
  return `Line chart of ${title} against ${x.label}. ${named.join(", ")}${rest}. Arrow keys read values.`;
}
