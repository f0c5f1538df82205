// @ts-check
/** What the table of runs can show: each column knows its value, its look and how it sums up. */

import { href } from "board/address.js";
import { checkbox, h } from "board/dom.js";
import { ago, duration, fileName, number, setting, time, toNumber } from "board/format.js";
import { settingNames, shortName, tellingSettings } from "board/settings.js";
import { sparkline } from "board/sparkline.js";

/**
 * @typedef {object} RunColumn
 * @property {string} key As in the address: "state", "value:train/loss", "setting:optimizer.lr".
 * @property {string} title
 * @property {string} [hint]
 * @property {number} width
 * @property {"left"|"right"} [align]
 * @property {(row: any) => any} value To sort by, and to sum up where it is a number.
 * @property {(row: any) => any} [cell] Elements or text; the value as text when left out.
 * @property {boolean} [isNumber]
 */

const MOST_SETTINGS = 4;

/** @type {RunColumn[]} */
const ABOUT = [
  { key: "state", title: "State", width: 118, value: (row) => row.state, cell: state },
  { key: "curve", title: "Curve", hint: "The monitored metric of each run", width: 116, value: () => null },
  { key: "best", title: "Best", hint: "The monitored metric at its best step", width: 92, align: "right", isNumber: true,
    value: (row) => toNumber(row.best?.values?.[row.monitor]), cell: best },
  { key: "model", title: "Model", width: 132, value: (row) => row.model, cell: (row) => nameCell(row.model) },
  { key: "data", title: "Data", width: 104, value: (row) => row.data, cell: (row) => nameCell(row.data) },
  { key: "seed", title: "Seed", width: 58, align: "right", value: (row) => row.seed },
  { key: "step", title: "Step", width: 104, align: "right", isNumber: true, value: (row) => row.step, cell: progress },
  { key: "epoch", title: "Epoch", width: 70, align: "right", isNumber: true, value: (row) => toNumber(row.epoch) },
  { key: "seconds", title: "Duration", width: 100, align: "right", isNumber: true, value: (row) => row.seconds, cell: (row) => duration(row.seconds) },
  { key: "created", title: "Started", width: 104, align: "right", value: (row) => row.created,
    cell: (row) => h("span", { title: time(row.created) }, ago(row.created)) },
  { key: "updated", title: "Updated", width: 104, align: "right", value: (row) => row.updated,
    cell: (row) => h("span", { title: time(row.updated) }, ago(row.updated)) },
  { key: "findings", title: "Findings", hint: "What the doctor found", width: 92, value: (row) => 1000 * (row.findings?.error ?? 0) + (row.findings?.warning ?? 0), cell: findings },
  { key: "folder", title: "Folder", width: 190, value: (row) => row.group ?? "" },
  { key: "tags", title: "Tags", width: 150, value: (row) => (row.tags ?? []).join(" "), cell: (row) => (row.tags ?? []).map(tagLink) },
  { key: "note", title: "Note", width: 240, value: (row) => row.note ?? "", cell: (row) => h("span", { title: row.note }, row.note) },
];

function state(row) {
  return h("span.state", { class: row.state }, row.state);
}

function tagLink(tag) {
  const search = /\s/.test(tag) ? `tag:"${tag}"` : `tag:${tag}`;
  return h("a.chip", { href: href("runs", { search }), title: `All runs with the tag ${tag}` }, tag);
}

function nameCell(name) {
  return h("span", { title: name }, fileName(String(name ?? "–")));
}

function best(row) {
  const value = row.best?.values?.[row.monitor];
  if (value === undefined) return h("span.muted", null, "–");
  return h("span", { title: `${row.monitor} at step ${number(row.best.step)}` }, number(value));
}

function progress(row) {
  const total = row.total_steps;
  if (row.state === "done" || !total || row.step >= total) return number(row.step);
  return h("span.progress", { title: `${number(row.step)} of ${number(total)} steps` },
    h("span.progress-bar", { style: { width: `${(100 * row.step) / total}%` } }), number(row.step));
}

function findings({ findings: { error = 0, warning = 0 } = {} }) {
  return [error ? h("span.chip.error", { title: `${error} errors` }, `${error} ✕`) : null,
    warning ? h("span.chip.warning", { title: `${warning} warnings` }, `${warning} !`) : null];
}

/**
 * Return the first columns, which every table has: the box to choose a run, and its name.
 * @param {{isSelected: (row: any) => boolean, colorOf: (row: any) => string|undefined,
 *   toggle: (row: any, isChosen: boolean) => void, header: () => any}} actions
 */
export function leadingColumns({ isSelected, colorOf, toggle, header }) {
  return [
    { key: "select", title: "Choose", width: 38, isSticky: true, header,
      render: (row) => h("label.choose", null,
        h("span.hidden", null, `Choose ${row.name}`),
        checkbox("", isSelected(row), (isChosen) => toggle(row, isChosen)).firstChild) },
    { key: "name", title: "Name", width: 300, isSticky: true,
      render: (row) => h("span.run-name", null,
        h("span.swatch", { style: { color: colorOf(row) ?? "transparent" } }),
        h("a", { href: href("run", { id: row.id }), title: row.id }, row.name)) },
  ];
}

/** @param {RunColumn} column @param {any} row */
export function cellOf(column, row) {
  if (column.cell) return column.cell(row);
  const value = column.value(row);
  return column.isNumber ? number(value) : setting(value);
}

/**
 * Return every column that these runs can fill, by key.
 * @param {any[]} rows
 * @param {(row: any) => (number|null)[]|undefined} lineOf
 * @param {(row: any) => string} colorOf
 * @returns {Map<string, RunColumn>}
 */
export function allColumns(rows, lineOf, colorOf) {
  const about = ABOUT.map((column) => (column.key !== "curve" ? column
    : { ...column, cell: (row) => sparkline(lineOf(row) ?? [], colorOf(row)) }));
  const columns = [
    ...about,
    ...metricNames(rows, (row) => row.values).map((name) => metricColumn("value", name)),
    ...metricNames(rows, (row) => row.best?.values).map((name) => metricColumn("best", name)),
    ...settingNames(rows).map(settingColumn),
  ];
  return new Map(columns.map((column) => [column.key, column]));
}

/**
 * Return the names that occur, sorted.
 * @param {any[]} rows
 * @param {(row: any) => Record<string, any>|undefined} pick
 */
export function metricNames(rows, pick) {
  return [...new Set(rows.flatMap((row) => Object.keys(pick(row) ?? {})))].sort();
}

/** @param {"value"|"best"} place @param {string} name @returns {RunColumn} */
function metricColumn(place, name) {
  const isBest = place === "best";
  return {
    key: `${place}:${name}`, title: isBest ? `${name} (best)` : name, width: Math.max(92, 7 * name.length + (isBest ? 62 : 28)),
    hint: isBest ? `${name} at the best step of the run` : `Newest ${name}`, align: "right", isNumber: true,
    value: (row) => toNumber((isBest ? row.best?.values : row.values)?.[name]),
  };
}

/** @param {string} name @returns {RunColumn} */
function settingColumn(name) {
  const title = shortName(name);
  return {
    key: `setting:${name}`, title, hint: name, width: Math.max(84, 7.4 * title.length + 30),
    value: (row) => row.settings?.[name], cell: (row) => settingCell(row.settings?.[name]),
  };
}

function settingCell(value) {
  return value === undefined ? h("span.muted", null, "–") : h("span", { title: setting(value) }, setting(value));
}

/**
 * Return the columns to begin with: what tells these runs apart and how well they did.
 * @param {any[]} rows
 */
export function defaultColumns(rows) {
  const has = (/** @type {string} */ name, pick) => rows.some((row) => name in (pick(row) ?? {}));
  const metrics = ["val/loss", "train/loss"].filter((name) => has(name, (row) => row.values));
  const isVaried = (pick) => new Set(rows.map(pick)).size > 1;
  return [
    "state", "curve", "best", ...metrics.map((name) => `value:${name}`),
    "model", "data", ...varied(rows).map((name) => `setting:${name}`),
    ...(isVaried((row) => row.seed) ? ["seed"] : []),
    ...(rows.some((row) => row.findings?.error || row.findings?.warning) ? ["findings"] : []),
    "step", "seconds", "created",
    ...(rows.some((row) => row.tags?.length) ? ["tags"] : []), ...(rows.some((row) => row.note) ? ["note"] : []),
  ];
}

/** Names of the settings that most runs have and that tell most about their difference. */
function varied(rows) {
  const isUsual = (name) => rows.filter((row) => row.settings?.[name] !== undefined).length > 0.3 * rows.length;
  return tellingSettings(rows).filter((name) => name !== "seed" && isUsual(name)).slice(0, MOST_SETTINGS);
}
