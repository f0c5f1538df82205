// @ts-check
/** The curves of one run, and how a step becomes a place on another x axis. */
import { get } from "board/source.js";

const POINTS = 600;
// How much larger the highest loss is than the middle one.
const STEEP = 100;
export const AXES = /** @type {const} */ (["step", "epoch", "time", "samples"]);
export const AXIS_UNITS = { step: "", epoch: "", time: "s", samples: "" };

/**
 * @typedef {{metric: string, x: number[], y: number[], low: number[], high: number[],
 *   not_finite: number[]}} Series
 * @typedef {{series: Map<string, Series>, toX: (step: number) => number}} Curves
 */

/**
 * Return every metric of a run over an x axis.
 * @param {{row: {id: string}, metrics: string[]}} run
 * @param {string} axis one of AXES
 * @returns {Promise<Curves>}
 */
export async function loadCurves(run, axis) {
  const ask = (/** @type {string} */ x) =>
    get("/api/series", { run: [run.row.id], metric: run.metrics, x, points: POINTS });
  const answers = await Promise.all(axis === "step" ? [ask(axis)] : [ask(axis), ask("step")]);
  const [shown, steps = shown] = answers.map(({ series }) => byMetric(series));
  return { series: shown, toX: stepConverter(steps, shown) };
}

/** @param {Series[]} series */
function byMetric(series) {
  return new Map(series.map((each) => [each.metric, each]));
}

/**
 * Return a function that says where a step stands on another axis: between and beyond the points
 * that both have it is a straight line.
 * @param {Map<string, Pick<Series, "x">>} steps
 * @param {Map<string, Pick<Series, "x">>} others the same metrics over the other axis
 * @returns {(step: number) => number}
 */
export function stepConverter(steps, others) {
  if (steps === others) return (step) => step;
  const pairs = [...steps].flatMap(([metric, { x }]) => {
    const other = others.get(metric)?.x ?? [];
    return other.length === x.length ? x.map((step, i) => [step, other[i]]) : [];
  });
  const sorted = pairs.filter((pair) => pair.every(Number.isFinite)).sort((a, b) => a[0] - b[0]);
  const known = sorted.filter(([step], i) => i === 0 || step > sorted[i - 1][0]);
  if (known.length < 2) return () => NaN;
  return (step) => {
    const after = known.findIndex((pair) => pair[0] >= step);
    const end = after < 0 ? known.length - 1 : Math.max(1, after);
    const [[x0, y0], [x1, y1]] = [known[end - 1], known[end]];
    return y0 + ((step - x0) / (x1 - x0)) * (y1 - y0);
  };
}

/**
 * Return whether a loss varies over decades, so that only a log scale shows its course.
 * @param {Map<string, Pick<Series, "high">>} series
 */
export function hasSteepLoss(series) {
  const losses = [...series].flatMap(([metric, { high }]) => (metric.endsWith("/loss") ? high : []));
  const sorted = losses.filter((value) => value > 0).sort((a, b) => a - b);
  return sorted.length > 2 && sorted[sorted.length - 1] > STEEP * sorted[sorted.length >> 1];
}

/**
 * Return the smallest and the largest of the finite numbers; nothing where there are none.
 * @param {number[]} values
 * @returns {{min?: number, max?: number}}
 */
export function rangeOf(values) {
  let [min, max] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return min <= max ? { min, max } : {};
}
