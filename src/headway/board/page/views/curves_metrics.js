// @ts-check
/** Metrics by name: `train/loss` and `val/loss` are two parts of one chart, `loss`. Pure. */

const ORDER = ["val", "test", "train", "train_eval"];
/** The first part of a chart is drawn solid, the next ones with these dashes. */
const DASHES = [null, [5, 3], [2, 3], [9, 3, 2, 3]];
const FIRST = ["loss", "accuracy", "lr", "grad_norm", "samples_per_second", "top5"];

/** @param {string} metric */
export function baseOf(metric) {
  return metric.includes("/") ? metric.slice(metric.indexOf("/") + 1) : metric;
}

/** @param {string} metric "" where a metric belongs to no part, such as "lr". */
export function partOf(metric) {
  return metric.includes("/") ? metric.slice(0, metric.indexOf("/")) : "";
}

/**
 * Return the metrics of each chart, in the order of charts and of parts.
 * @param {string[]} metrics
 * @returns {Map<string, string[]>}
 */
export function byChart(metrics) {
  const charts = new Map();
  for (const metric of metrics) charts.set(baseOf(metric), [...(charts.get(baseOf(metric)) ?? []), metric]);
  const rank = (list, name) => (list.includes(name) ? list.indexOf(name) : list.length);
  const inOrder = (a, b) => rank(ORDER, partOf(a)) - rank(ORDER, partOf(b)) || a.localeCompare(b);
  const bases = [...charts.keys()].sort((a, b) => rank(FIRST, a) - rank(FIRST, b) || a.localeCompare(b));
  return new Map(bases.map((base) => [base, charts.get(base).sort(inOrder)]));
}

/**
 * Return the parts that occur, in their order.
 * @param {string[]} metrics
 */
export function partsOf(metrics) {
  const parts = [...new Set(metrics.map(partOf).filter(Boolean))];
  const rank = (part) => (ORDER.includes(part) ? ORDER.indexOf(part) : ORDER.length);
  return parts.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

/**
 * Return how the line of a metric is broken.
 * @param {string} metric
 * @param {string[]} shown The metrics of its chart, in order.
 */
export function dashOf(metric, shown) {
  return DASHES[Math.max(0, shown.indexOf(metric)) % DASHES.length];
}

/**
 * Return the charts to begin with.
 * @param {Map<string, string[]>} charts
 */
export function defaultCharts(charts) {
  const known = ["loss", "accuracy", "rmse", "r2", "lr", "grad_norm"].filter((base) => charts.has(base));
  return known.length ? known : [...charts.keys()].slice(0, 4);
}
