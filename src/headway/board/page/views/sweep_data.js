// @ts-check
/** The trials of a sweep, ready to be drawn: groups, colors, the best one. */

import { toNumber } from "board/format.js";

/** Steps of the color scale, from the worst to the best trial. */
export const NUM_BINS = 9;
const CHECKSUM = /-[0-9a-f]{8}$/;
/** Stages of `headway tune` whose trainings are comparable with each other. */
const COMPARABLE = ["coarse", "refined"];

/**
 * @typedef {object} Trial
 * @property {string} id
 * @property {string} label
 * @property {string} group What its name begins with: the stage, or the arm of an experiment.
 * @property {string} state
 * @property {number | null} value The metric.
 * @property {number | null} bin
 * @property {Record<string, unknown>} settings
 */

/**
 * Return the trials of an answer, the worst first, with the step of the color scale of each.
 * @param {any} answer Of /api/sweep.
 * @param {(trial: Trial) => boolean} isShown
 * @returns {Trial[]}
 */
export function trialsOf(answer, isShown) {
  const trials = answer.trials.map((/** @type {any} */ trial) => trialOf(trial, answer)).filter(isShown);
  const sign = answer.is_smaller_better ? -1 : 1;
  const score = (/** @type {Trial} */ trial) => (trial.value === null ? -Infinity : sign * trial.value);
  trials.sort((/** @type {Trial} */ a, /** @type {Trial} */ b) => score(a) - score(b) || 0);
  const ranked = trials.filter((/** @type {Trial} */ trial) => trial.value !== null);
  let bin = 0;
  ranked.forEach((/** @type {Trial} */ trial, /** @type {number} */ rank) => {
    const isTie = rank > 0 && ranked[rank - 1].value === trial.value;
    if (!isTie) bin = Math.floor((NUM_BINS * rank) / Math.max(1, ranked.length - 1));
    trial.bin = Math.min(NUM_BINS - 1, bin);
  });
  return trials;
}

/**
 * Return from where to where on the axis of the metric each color stands.
 * @param {Trial[]} trials The worst first.
 * @returns {{bin: number, low: number, high: number}[]}
 */
export function binsOf(trials) {
  /** @type {{bin: number, low: number, high: number}[]} */
  const bins = [];
  for (const trial of trials) {
    if (trial.value === null || trial.bin === null) continue;
    const last = bins.at(-1);
    if (last?.bin === trial.bin) last.high = trial.value;
    else bins.push({ bin: trial.bin, low: last?.high ?? trial.value, high: trial.value });
  }
  return bins;
}

/**
 * Return the settings that differ between these trials: first those that `headway tune` searched
 * over, then the most important.
 * @param {any} answer Of /api/sweep.
 * @param {Trial[]} trials
 * @returns {{name: string, kind: import("board/scale.js").Kind, values: unknown[], importance: number | null}[]}
 */
export function settingsOf(answer, trials) {
  const searched = new Set((answer.decisions ?? []).flatMap((/** @type {any} */ one) => Object.keys(one.numbers?.best ?? {})));
  const rank = (/** @type {any} */ setting) =>
    (searched.has(setting.name) ? 2 : 0) + (setting.importance ?? guessOf(setting.name));
  const importance = new Map((answer.importance ?? []).map((/** @type {any} */ one) => [one.name, one.importance]));
  return answer.settings
    .map((/** @type {any} */ setting) => ({
      name: setting.name,
      kind: setting.kind,
      values: trials.map((trial) => trial.settings[setting.name]),
      importance: importance.get(setting.name) ?? null,
    }))
    .filter((/** @type {any} */ setting) => new Set(setting.values.map(keyOf)).size > 1)
    .sort((/** @type {any} */ a, /** @type {any} */ b) => rank(b) - rank(a));
}

/** How much a setting matters where nothing is known. @param {string} name */
function guessOf(name) {
  return name === "seed" ? -0.1 : /^(optimizer|model)\./.test(name) ? 0.1 : 0;
}

/**
 * Return the groups of an answer's trials with their sizes, in the order of their first trials.
 * @param {any} answer
 * @returns {Map<string, number>}
 */
export function groupsOf(answer) {
  const groups = new Map();
  for (const trial of answer.trials) {
    const group = groupOf(trial.id);
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  return groups;
}

/**
 * Return the groups to begin with: those whose numbers may be compared.
 * @param {any} answer
 * @returns {string[]} None for all.
 */
export function firstGroups(answer) {
  const present = groupsOf(answer);
  const comparable = COMPARABLE.filter((group) => present.has(group));
  return answer.decisions?.length ? comparable : [];
}

/**
 * Return the name of a run or folder, the last part of its id.
 * @param {string} id
 */
export function nameOf(id) {
  return id.split("/").at(-1) ?? id;
}

/**
 * Return what a sweep is called.
 * @param {string} id
 */
export function titleOf(id) {
  return id === "." ? "All runs of this folder" : id.replace(/^lab\//, "");
}

/** @param {string} id */
function groupOf(id) {
  return nameOf(id).replace(CHECKSUM, "").replace(/-seed-\d+.*$/, "");
}

/** @param {any} trial @param {any} answer @returns {Trial} */
function trialOf(trial, answer) {
  const value = toNumber(trial.values[answer.metric]);
  return {
    id: trial.id,
    label: nameOf(trial.id),
    group: groupOf(trial.id),
    state: trial.state,
    value: value !== null && Number.isFinite(value) && trial.state !== "diverged" ? value : null,
    bin: null,
    settings: trial.settings,
  };
}

/** @param {unknown} value */
function keyOf(value) {
  return JSON.stringify(value ?? null);
}
