// @ts-check
/** Where values of a setting or a metric stand on an axis: linear, logarithmic or by choice. */

import { number, setting } from "board/format.js";

/** Part of a logarithmic axis that stands for exactly 0. */
const ZERO_SHARE = 0.12;
const MOST_TICKS = 12;
/** Positive values this many times apart are easier to tell on a logarithmic axis. */
const WIDE = 10;

/**
 * @typedef {"number" | "log" | "choice"} Kind
 * @typedef {{position: number, label: string}} Tick
 * @typedef {object} Scale
 * @property {Kind} kind
 * @property {(value: unknown) => number | null} position 0 to 1, null where it has no place.
 * @property {(position: number) => unknown} invert The value at a position.
 * @property {Tick[]} ticks
 * @property {number} step How far an arrow key moves.
 */

/**
 * Return a scale over the values that occur.
 * @param {Kind} kind
 * @param {unknown[]} values
 * @returns {Scale}
 */
export function makeScale(kind, values) {
  if (kind === "choice") return choiceScale(values);
  const numbers = values.filter(isNumber);
  if (!numbers.length) return choiceScale(values);
  const isLog = kind === "log" && canBeLog(numbers);
  return isLog ? logScale(numbers) : linearScale(numbers);
}

/**
 * Return whether an axis of these values may be logarithmic.
 * @param {unknown[]} values
 */
export function canBeLog(values) {
  const numbers = values.filter(isNumber);
  return numbers.some((value) => value > 0) && numbers.every((value) => value >= 0);
}

/**
 * Return the kind of axis on which these values are best told apart.
 * @param {Kind} kind What is known about them.
 * @param {unknown[]} values
 * @returns {Kind}
 */
export function bestKind(kind, values) {
  if (kind !== "number" || !canBeLog(values)) return kind;
  const positive = values.filter(isNumber).filter((value) => value > 0);
  return Math.max(...positive) >= WIDE * Math.min(...positive) ? "log" : "number";
}

/**
 * Return a value as a short word.
 * @param {unknown} value
 */
export function wordOf(value) {
  if (typeof value !== "number") return setting(value);
  const word = number(value);
  return word.includes(".") && !word.includes("e") ? word.replace(/\.?0+$/, "") : word;
}

/** @param {number[]} numbers @returns {Scale} */
function linearScale(numbers) {
  const [low, high] = ends(numbers);
  const least = (high - low) / 5;
  const step = niceStep(numbers.every(Number.isInteger) ? Math.max(1, least) : least);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  /** @type {Tick[]} */
  const ticks = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-9; value += step) {
    const label = step < 1e-4 || step >= 1e5 ? wordOf(value) : value.toFixed(decimals);
    ticks.push({ position: (value - low) / (high - low), label });
  }
  return {
    kind: "number",
    position: (value) => (isNumber(value) ? (value - low) / (high - low) : null),
    invert: (position) => low + position * (high - low),
    ticks,
    step: 0.05,
  };
}

/** @param {number[]} numbers @returns {Scale} */
function logScale(numbers) {
  const zero = numbers.includes(0) ? ZERO_SHARE : 0;
  const positive = numbers.filter((value) => value > 0);
  const [low, high] = logEnds(positive);
  const width = Math.log(high / low);
  const place = (/** @type {number} */ value) =>
    zero + ((1 - zero) * Math.log(value / low)) / width;
  const ticks = logTicks(low, high).map((value) => ({
    position: place(value),
    label: wordOf(value),
  }));
  if (zero) ticks.unshift({ position: 0, label: "0" });
  return {
    kind: "log",
    position: (value) => (!isNumber(value) || value < 0 ? null : value === 0 ? 0 : place(value)),
    invert: (position) =>
      position < zero / 2 ? 0 : low * Math.exp((Math.max(0, position - zero) / (1 - zero)) * width),
    ticks,
    step: 0.05,
  };
}

/** @param {unknown[]} values @returns {Scale} */
function choiceScale(values) {
  const present = values.filter((value) => value !== null && value !== undefined);
  const words = [...new Set(present.map(wordOf))].sort(byNumberInside);
  const count = Math.max(1, words.length);
  const every = Math.ceil(count / MOST_TICKS);
  const at = new Map(words.map((word, index) => [word, (index + 0.5) / count]));
  return {
    kind: "choice",
    position: (value) => at.get(wordOf(value)) ?? null,
    invert: (position) => words[Math.min(count - 1, Math.max(0, Math.floor(position * count)))],
    ticks: words
      .map((label) => ({ position: at.get(label) ?? 0, label }))
      .filter((_, index) => index % every === 0),
    step: 1 / count,
  };
}

/** @param {string} a @param {string} b */
function byNumberInside(a, b) {
  return a.localeCompare(b, "en", { numeric: true });
}

/** @param {number[]} numbers @returns {[number, number]} */
function ends(numbers) {
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  const room = low === high ? Math.abs(low) / 2 || 1 : 0;
  return [low - room, high + room];
}

/** @param {number[]} positive @returns {[number, number]} */
function logEnds(positive) {
  const low = Math.min(...positive);
  const high = Math.max(...positive);
  return low === high ? [low / 2, high * 2] : [low, high];
}

/** @param {number} least The smallest step that is wanted. */
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least * 0.999) ?? 10);
}

/** @param {number} low @param {number} high */
function logTicks(low, high) {
  const decades = Math.log10(high / low);
  const factors = decades > 2.5 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 3, 5, 7];
  const every = Math.max(1, Math.ceil(decades / 8));
  /** @type {number[]} */
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    if (power % every === 0) ticks.push(...factors.map((factor) => factor * 10 ** power));
  }
  return ticks.filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

/** @param {unknown} value @returns {value is number} */
function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}
