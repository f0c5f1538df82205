// @ts-check
/** Names and numbers of a run as a person reads them. */
import { ago, number, percent, time, toNumber } from "board/format.js";
import { isReport } from "board/source.js";

/**
 * Return a name such as "update_ratio" as words.
 * @param {string} name
 */
export function sentence(name) {
  const words = name.replace(/[_/]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * Return a metric's number, shares as percent.
 * @param {string} metric
 * @param {any} value
 */
export function metricText(metric, value) {
  const x = toNumber(value);
  const isShare = /(accuracy|top\d+)$/.test(metric);
  return isShare && x !== null && Number.isFinite(x) ? percent(x) : number(value, 4);
}

/**
 * Return what a part of the data is called.
 * @param {string} part
 */
export function partWord(part) {
  return { train: "training", val: "validation", test: "test" }[part] ?? part;
}

const CAUSES = {
  lr_high: "Learning rate too high",
  lr_low: "Learning rate too low",
  init: "Initialization",
  epochs_few: "Too few epochs",
  numerics: "Numbers not finite",
  zero_grad_missing: "zero_grad is missing",
};

/**
 * Return the cause of a finding as words.
 * @param {string} cause
 */
export function causeText(cause) {
  return CAUSES[cause] ?? sentence(cause);
}

/**
 * Return when a run started; a report does not know how long ago that was when it is read.
 * @param {{created: number}} row
 */
export function startText({ created }) {
  return `started ${isReport ? time(created) : ago(created)}`;
}
