// @ts-check
/**
 * What one types to find runs: words, `model:resnet`, `lr>0.01`, `val/accuracy>=0.9`, `-word`.
 * All of them must hold. Pure.
 */

import { toNumber } from "board/format.js";

const CONDITION = /^([\w./@-]+?)(>=|<=|!=|>|<|=|:)(.+)$/;

/** @typedef {{isNot: boolean, test: (row: any) => boolean}} Term */

/**
 * Return a function that says whether a run is what `text` asks for.
 * @param {string} text
 * @param {Record<string, any>} [common] Settings in which all runs are equal.
 * @returns {(row: any) => boolean}
 */
export function matcher(text, common = {}) {
  const words = text.toLowerCase().match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  const terms = words.map((word) => term(word, common));
  return (row) => terms.every(({ isNot, test }) => test(row) !== isNot);
}

/** @param {string} word @param {Record<string, any>} common @returns {Term} */
function term(word, common) {
  const isNot = word.startsWith("-") && word.length > 1;
  const body = (isNot ? word.slice(1) : word).replaceAll('"', "");
  const condition = CONDITION.exec(body);
  if (!condition) return { isNot, test: (row) => everything(row).includes(body) };
  const [, name, operator, value] = condition;
  return { isNot, test: (row) => compare(field(row, name, common), operator, value) };
}

/** @param {any} row */
function everything(row) {
  return [row.id, row.model, row.data, row.state, row.note, ...(row.tags ?? [])].join(" ").toLowerCase();
}

/**
 * Return what a run has under a name: what the table calls so, a setting, a metric at the best
 * step, the newest metric. A setting or metric is found by the end of its name too.
 * @param {any} row
 * @param {string} name In lower case.
 * @param {Record<string, any>} [common]
 */
export function field(row, name, common = {}) {
  if (name === "tag") return (row.tags ?? []).join(" ");
  const own = find(row, (each) => each.toLowerCase() === name);
  if (own !== undefined) return own;
  for (const place of [row.settings, common, row.best?.values, row.values]) {
    const value = find(place, (each) => each.toLowerCase() === name) ?? find(place, (each) => ending(each) === name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** @param {Record<string, any>|undefined} place @param {(name: string) => boolean} isIt */
function find(place, isIt) {
  const key = Object.keys(place ?? {}).find(isIt);
  return key === undefined ? undefined : place?.[key];
}

function ending(/** @type {string} */ name) {
  return name.toLowerCase().split(/[./]/).pop();
}

/** @param {any} value @param {string} operator @param {string} wanted */
function compare(value, operator, wanted) {
  if (value === undefined || value === null) return false;
  if (operator === ":") return String(value).toLowerCase().includes(wanted);
  const [a, b] = [toNumber(value), wanted === "" ? NaN : Number(wanted)];
  if (operator === "=" || operator === "!=") {
    const isSame = a !== null && !Number.isNaN(b) ? a === b : String(value).toLowerCase() === wanted;
    return isSame === (operator === "=");
  }
  if (a === null) return false;
  return { ">": a > b, "<": a < b, ">=": a >= b, "<=": a <= b }[operator] ?? false;
}
