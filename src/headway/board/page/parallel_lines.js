// @ts-check
/** Where the lines of parallel coordinates run, and which are near or within a range. */

const NEAR_PIXELS = 14;

/** @typedef {import("board/scale.js").Scale} Scale */

/**
 * Return the line of a trial: from axis to axis, level where it crosses one.
 * @param {number[]} x Place of each axis.
 * @param {number[]} y Its place on each axis.
 */
export function pathData(x, y) {
  const parts = x.map((end, index) => {
    if (index === 0) return `M${end},${y[0]}`;
    const middle = (x[index - 1] + end) / 2;
    return `C${middle},${y[index - 1]} ${middle},${y[index]} ${end},${y[index]}`;
  });
  return parts.join("");
}

/**
 * Return the positions of a range of values, null where a value has none.
 * @param {Scale} scale
 * @param {[unknown, unknown] | undefined} values
 * @returns {import("board/brush.js").Range | null}
 */
export function rangeOf(scale, values) {
  if (!values) return null;
  const half = scale.kind === "choice" ? scale.step / 2 : 0;
  const [low, high] = values.map((value) => scale.position(value));
  return low === null || high === null ? null : [Math.max(0, low - half), Math.min(1, high + half)];
}

/**
 * Return the values at the ends of a range of positions.
 * @param {Scale} scale
 * @param {import("board/brush.js").Range} range
 * @returns {[unknown, unknown]}
 */
export function valuesOf(scale, [low, high]) {
  // The upper end of a choice belongs to the choice below it.
  return [scale.invert(low), scale.invert(scale.kind === "choice" ? high - 1e-9 : high)];
}

/**
 * Return whether a value lies within a range of values.
 * @param {Scale} scale
 * @param {unknown} value
 * @param {[unknown, unknown]} values
 */
export function isWithin(scale, value, values) {
  const range = rangeOf(scale, values);
  const position = scale.position(value);
  if (!range) return true;
  return position !== null && position >= range[0] - 1e-9 && position <= range[1] + 1e-9;
}

/**
 * Return the line nearest to a point, if one is near.
 * @param {{x: number[], y: Map<string, number[]>}} places
 * @param {number} x
 * @param {number} y
 * @param {Set<string> | null} chosen
 */
export function nearest(places, x, y, chosen) {
  const last = places.x.length - 1;
  if (last < 1) return null;
  const first = places.x.findIndex((place) => place >= x);
  const right = first < 0 ? last : Math.max(1, first);
  const share = (x - places.x[right - 1]) / (places.x[right] - places.x[right - 1]);
  const rise = riseAt(Math.min(1, Math.max(0, share)));
  let found = /** @type {string | null} */ (null);
  let least = NEAR_PIXELS;
  for (const [id, ys] of places.y) {
    if (chosen && !chosen.has(id)) continue;
    const distance = Math.abs(ys[right - 1] + rise * (ys[right] - ys[right - 1]) - y);
    if (distance <= least) [found, least] = [id, distance];
  }
  return found;
}

/** Return how far a curve has risen at a share of its width: solves x(t) = share for y(t). @param {number} share */
function riseAt(share) {
  let [low, high] = [0, 1];
  for (let i = 0; i < 24; i += 1) {
    const t = (low + high) / 2;
    if (1.5 * t - 1.5 * t * t + t ** 3 < share) low = t;
    else high = t;
  }
  return 3 * low ** 2 - 2 * low ** 3;
}
