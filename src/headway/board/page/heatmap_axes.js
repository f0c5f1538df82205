// @ts-check
/** Where the marks of a heat map stand: names of groups of layers, steps and colors. */

const FACTORS = [[1, 2, 5], [1, 3], [1]];

/**
 * Group neighbouring layers by the longest common beginning of their names that still gives at
 * most `most` groups.
 * @param {string[]} names in order of depth
 * @param {number} most
 * @returns {{name: string, from: number, to: number}[]} empty where names have no structure
 */
export function groupNames(names, most) {
  /** @type {{name: string, from: number, to: number}[]} */
  let best = [];
  const deepest = Math.max(0, ...names.map((name) => name.split(".").length));
  for (let parts = 1; parts <= deepest; parts += 1) {
    const groups = groupByPrefix(names, parts);
    if (groups.length > most) break;
    best = groups;
  }
  return best;
}

/**
 * @param {string[]} names
 * @param {number} parts
 */
function groupByPrefix(names, parts) {
  /** @type {{name: string, from: number, to: number}[]} */
  const groups = [];
  names.forEach((full, i) => {
    const name = full.split(".").slice(0, parts).join(".");
    const last = groups.at(-1);
    if (last?.name === name) last.to = i + 1;
    else groups.push({ name, from: i, to: i + 1 });
  });
  return groups;
}

/**
 * Return round numbers from `low` to `high`, at most `most`.
 * @param {number} low
 * @param {number} high
 * @param {number} most
 */
export function linearTicks(low, high, most) {
  if (!(high > low) || most < 1) return [low];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((x) => x * power).find((x) => x >= rough * 0.999) ?? rough;
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12); i += 1) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

/**
 * Return round numbers from `low` to `high` for a log scale, at most about `most`: powers of ten,
 * or where there are few of them also their simple multiples.
 * @param {number} low above 0
 * @param {number} high
 * @param {number} most
 */
export function logTicks(low, high, most) {
  const decades = Math.log10(high / low);
  if (decades < 0.5) return linearTicks(low, high, most / 2);
  const stride = Math.ceil(decades / most);
  const factors = FACTORS.find((each) => each.length * decades <= most) ?? [1];
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
    if (power % stride === 0) ticks.push(...factors.map((factor) => Number(`${factor}e${power}`)));
  }
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

/**
 * Return the index of the element nearest to `value`.
 * @param {ArrayLike<number>} sorted ascending, not empty
 * @param {number} value
 */
export function nearestIndex(sorted, value) {
  let low = 0;
  let high = sorted.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle;
  }
  return value - sorted[low] <= sorted[high] - value ? low : high;
}
