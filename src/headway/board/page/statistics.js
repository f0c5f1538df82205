// @ts-check
/** Smoothing curves, and several runs made into one curve with a band. Pure. */

/**
 * Return the quantile of `values` with linear interpolation between the order statistics.
 * @param {number[]} values Not empty, in any order.
 * @param {number} q Between 0 and 1.
 */
export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  const place = (sorted.length - 1) * q;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/**
 * Return the mean of `values`.
 * @param {number[]} values Not empty.
 */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Return the standard deviation of a sample; 0 for one value.
 * @param {number[]} values Not empty.
 */
export function deviation(values) {
  if (values.length < 2) return 0;
  const center = mean(values);
  const sum = values.reduce((total, value) => total + (value - center) ** 2, 0);
  return Math.sqrt(sum / (values.length - 1));
}

/**
 * Return a moving average in which a point counts less the further back it lies.
 *
 * s(x) = sum_i y_i e^(-(x - x_i) / width) / sum_i e^(-(x - x_i) / width) over x_i <= x. Distances
 * on x decide, not numbers of points, so that a curve of many points and one of few are smoothed
 * alike; dividing by the weights removes the pull towards the start.
 * @param {number[]} x Ascending.
 * @param {number[]} y
 * @param {number} width Distance on x after which a point counts 1 / e; 0 is no smoothing.
 */
export function smooth(x, y, width) {
  if (width <= 0) return y;
  const result = new Array(y.length);
  let [sum, weights] = [0, 0];
  for (let i = 0; i < y.length; i += 1) {
    const decay = i ? Math.exp((x[i - 1] - x[i]) / width) : 0;
    sum = sum * decay + y[i];
    weights = weights * decay + 1;
    result[i] = sum / weights;
  }
  return result;
}

/**
 * Return the value of a curve at `at`, on the straight line between its points; null outside it.
 * @param {number[]} x Ascending.
 * @param {number[]} y
 * @param {number} at
 */
export function valueAt(x, y, at) {
  if (!x.length || at < x[0] || at > x[x.length - 1]) return null;
  let [low, high] = [0, x.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle] <= at) low = middle;
    else high = middle;
  }
  const span = x[high] - x[low];
  return span ? y[low] + ((at - x[low]) / span) * (y[high] - y[low]) : y[high];
}

/** @typedef {{x: number[], y: number[]}} Curve */

/**
 * Return the mean of several curves on a common x, with a band around it.
 * @param {Curve[]} curves
 * @param {"deviation"|"range"} band One standard deviation to each side, or smallest and largest.
 * @param {number} [points] How many of them at most.
 * @returns {Curve & {low: number[], high: number[], counts: number[]}}
 */
export function meanAndBand(curves, band = "deviation", points = 400) {
  /** @type {Curve & {low: number[], high: number[], counts: number[]}} */
  const result = { x: [], y: [], low: [], high: [], counts: [] };
  for (const at of commonX(curves, points)) {
    const values = curves.map(({ x, y }) => valueAt(x, y, at)).filter((value) => value !== null);
    if (!values.length) continue;
    const center = mean(values);
    const spread = deviation(values);
    result.x.push(at);
    result.y.push(center);
    result.low.push(band === "range" ? Math.min(...values) : center - spread);
    result.high.push(band === "range" ? Math.max(...values) : center + spread);
    result.counts.push(values.length);
  }
  return result;
}

/**
 * Return the x of all curves, or as many evenly spaced ones where there are more than `points`.
 * @param {Curve[]} curves
 * @param {number} points
 */
export function commonX(curves, points) {
  const all = [...new Set(curves.flatMap(({ x }) => x))].sort((a, b) => a - b);
  if (all.length <= points) return all;
  const step = (all.length - 1) / (points - 1);
  return Array.from({ length: points }, (_, i) => all[Math.round(i * step)]);
}
