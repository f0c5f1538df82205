// @ts-check
/** From the answers about runs to the lines of one chart: smoothing, dots, groups. Pure. */

import { meanAndBand, smooth } from "board/statistics.js";
import { dashOf, partOf } from "board/views/curves_metrics.js";

/** Above so many lines, the dots of all would cover them. */
const MANY = 12;

/** @typedef {{run: string, metric: string, x: number[], y: number[], low: number[], high: number[], not_finite: number[]}} Answer */

/**
 * @typedef {object} Line What the legend lists: a run, or a group of runs.
 * @property {string} key
 * @property {string} label
 * @property {string} color
 * @property {string[]} runs
 */

/**
 * Return what one chart draws.
 * @param {Answer[]} answers Of its metrics and any runs.
 * @param {string[]} metrics Its metrics, in order.
 * @param {Line[]} lines
 * @param {{smoothing: number, hasDots: boolean, hidden: Set<string>, band: "deviation"|"range"}} options
 * @returns {import("board/chart.js").Series[]}
 */
export function seriesOf(answers, metrics, lines, { smoothing, hasDots, hidden, band }) {
  const found = new Map(answers.map((answer) => [`${answer.metric}\n${answer.run}`, answer]));
  const isMany = lines.length > MANY;
  const width = smoothing * widest(answers);
  const series = [];
  for (const line of lines) {
    if (hidden.has(line.key)) continue;
    for (const metric of metrics) {
      const own = line.runs.map((run) => found.get(`${metric}\n${run}`)).filter((each) => each !== undefined);
      if (!own.length) continue;
      const look = lookOf(line, metric, metrics, isMany);
      if (line.runs.length > 1) series.push(groupSeries(own, look, width, band));
      else series.push(...runSeries(own[0], look, width, hasDots, isMany));
    }
  }
  // Dots first: lines stay above them.
  return [...series.filter((each) => each.points), ...series.filter((each) => !each.points)];
}

/** Length of the x range, so that one smoothing fits steps, seconds and epochs. */
function widest(answers) {
  const filled = answers.filter(({ x }) => x.length);
  if (!filled.length) return 0;
  return Math.max(...filled.map(({ x }) => x[x.length - 1])) - Math.min(...filled.map(({ x }) => x[0]));
}

// Points further apart than the smoothing reaches stay as they are: no dots beside them.
function isDense(x, width) {
  return x.length > 2 && (x[x.length - 1] - x[0]) / (x.length - 1) < width;
}

function lookOf({ key, label, color }, metric, metrics, isMany) {
  const dash = dashOf(metric, metrics);
  const part = metrics.length > 1 ? ` · ${partOf(metric) || metric}` : "";
  return { key, color, dash, label: `${label}${part}`, width: (isMany ? 1.3 : 1.8) - (dash ? 0.3 : 0), alpha: dash ? 0.85 : 1 };
}

function groupSeries(answers, look, width, band) {
  const curves = answers.map(({ x, y }) => ({ x, y: smooth(x, y, width) }));
  return { ...look, ...meanAndBand(curves, band), notFinite: answers.flatMap((answer) => answer.not_finite) };
}

function runSeries(answer, look, width, hasDots, isMany) {
  const { x, y, low, high, not_finite: notFinite } = answer;
  if (width <= 0 || !isDense(x, width)) return [{ ...look, x, y, notFinite, ...(isMany ? {} : { low, high }) }];
  const line = { ...look, x, y: smooth(x, y, width), notFinite };
  return hasDots ? [{ ...look, x, y, points: true, alpha: isMany ? 0.12 : 0.3 }, line] : [line];
}
