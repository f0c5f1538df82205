// @ts-check
/** Numbers, times and sizes in words: the same way everywhere on the page. */

const NOT_FINITE = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const MINUS = "−";

/**
 * Return a number from an answer, in which "nan" and "inf" are strings; null where there is none.
 * @param {any} value
 * @returns {number|null}
 */
export function toNumber(value) {
  if (typeof value === "number") return value;
  return typeof value === "string" && value in NOT_FINITE ? NOT_FINITE[value] : null;
}

/**
 * Return a number with so many significant digits, never more places than it has.
 * @param {any} value A number, or one of the strings "nan", "inf" and "-inf".
 * @param {number} [digits]
 */
export function number(value, digits = 4) {
  const x = toNumber(value);
  if (x === null) return value === null || value === undefined ? "–" : String(value);
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : `${MINUS}∞`;
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e6) return count(x);
  if (size < 1e-3 || size >= 1e6) return exponential(x, digits);
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return withMinus(x.toFixed(Math.min(places, 12)));
}

/** @param {number} x @param {number} digits */
function exponential(x, digits) {
  const [mantissa, exponent] = x.toExponential(Math.max(0, digits - 1)).split("e");
  return withMinus(`${mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa}e${Number(exponent)}`);
}

/** @param {string} text */
function withMinus(text) {
  return text.replaceAll("-", MINUS);
}

/**
 * Return a number with every digit it has, for hovering and copying.
 * @param {any} value
 */
export function exact(value) {
  const x = toNumber(value);
  return x === null || !Number.isFinite(x) ? number(value) : withMinus(String(Number(x.toPrecision(6))));
}

/**
 * Return a whole number with thin spaces between thousands.
 * @param {number} value
 */
export function count(value) {
  return withMinus(String(Math.round(value))).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/**
 * Return a large number in short, such as 1.7M.
 * @param {number} value
 */
export function short(value) {
  const size = Math.abs(value);
  if (size >= 1e15) return number(value, 3);
  const [scale, letter] = size >= 1e12 ? [1e12, "T"] : size >= 1e9 ? [1e9, "G"]
    : size >= 1e6 ? [1e6, "M"] : size >= 1e4 ? [1e3, "k"] : [1, ""];
  return letter ? `${Number((value / scale).toPrecision(3))}${letter}` : count(value);
}

/**
 * Return a fraction as percent.
 * @param {number} fraction
 * @param {number} [places]
 */
export function percent(fraction, places = 1) {
  return withMinus(`${(100 * fraction).toFixed(places)} %`);
}

/**
 * Return a length of time, such as "2 h 05 min".
 * @param {number|null|undefined} seconds
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const pad = (/** @type {number} */ value) => String(Math.floor(value)).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${pad((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${pad((seconds % 86_400) / 3600)} h`;
}

/**
 * Return how long ago a moment was, such as "5 min ago".
 * @param {number} unix Seconds.
 * @param {number} [now] Seconds.
 */
export function ago(unix, now = Date.now() / 1000) {
  const seconds = Math.max(0, now - unix);
  if (seconds < 10) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return seconds < 30 * 86_400 ? `${Math.floor(seconds / 86_400)} d ago` : time(unix).slice(0, 10);
}

/**
 * Return a moment in local time, such as "2026-11-21 18:05:09".
 * @param {number} unix Seconds.
 */
export function time(unix) {
  const date = new Date(unix * 1000);
  const pad = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(":")}`;
}

/**
 * Return a number of bytes, such as "3.2 MB".
 * @param {number} size
 */
export function bytes(size) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = size < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(size) / 3));
  return `${Number((size / 1000 ** power).toPrecision(3))} ${units[power]}`;
}

/**
 * Return the value of a setting as in a recipe.
 * @param {any} value
 */
export function setting(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return decimal(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** @param {number} value */
function decimal(value) {
  const isPlain = value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e6);
  return isPlain ? withMinus(String(Number(value.toPrecision(6)))) : exponential(value, 6);
}

/**
 * Return the last part of a path, and other names as they are: models and data may be files.
 * @param {string} name
 */
export function fileName(name) {
  return name.slice(name.lastIndexOf("/") + 1) || name;
}

const UNITS = [
  [/(^|[/_])lr$/, ""],
  [/samples_per_second$/, "samples/s"],
  [/seconds$/, "s"],
  [/bytes$/, "bytes"],
  [/(accuracy|top\d+|fraction)$/, "fraction"],
];

/**
 * Return the unit of a metric, "" where it has none or one cannot know.
 * @param {string} metric
 */
export function unitOf(metric) {
  return String(UNITS.find(([pattern]) => /** @type {RegExp} */ (pattern).test(metric))?.[1] ?? "");
}

/**
 * Return whether more of a metric is better, as far as its name says.
 * @param {string} metric
 */
export function isHigherBetter(metric) {
  return /(accuracy|top\d+|f1|auc|r2|score|precision|recall|map|iou|bleu|samples_per_second)$/i.test(metric);
}
