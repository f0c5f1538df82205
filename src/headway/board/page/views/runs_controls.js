// @ts-check
/** What stands above the table of runs, and the bar of the chosen ones. */

import { href } from "board/address.js";
import { button, h, icon, popover, select } from "board/dom.js";
import { isReport } from "board/source.js";
import { columnChooser } from "board/views/runs_chooser.js";

const STATES = ["running", "done", "diverged", "stopped", "failed"];
const GROUPINGS = [["", "Nothing"], ["model", "Model"], ["data", "Data"], ["state", "State"], ["folder", "Folder"], ["tags", "Tags"], ["seed", "Seed"]];
const MOST_DAMAGE = 50;
/** Servers refuse longer ones. */
const LONGEST_ADDRESS = 32_000;

/**
 * Return the box to search in; it outlives the other controls, so that it keeps the focus.
 * @param {string} text
 * @param {(text: string) => void} onText
 */
export function searchBox(text, onText) {
  const field = /** @type {HTMLInputElement} */ (h("input", {
    type: "search", "aria-label": "Search", placeholder: "Search, or lr>0.01", value: text,
    title: 'Words, or conditions such as model:resnet, lr>0.01, val/accuracy>=0.9, -word, "two words". Press /',
    oninput: () => onText(field.value),
  }));
  return field;
}

/**
 * Return the controls beside the search box.
 * @param {import("board/views/runs_state.js").RunsState} state
 * @param {{rows: any[], damage: any[], columns: any[], shown: () => string[]}} table
 * @param {(changes: Partial<import("board/views/runs_state.js").RunsState>) => void} change
 */
export function runControls(state, { rows, damage, columns, shown }, change) {
  return [
    stateButtons(state, rows, change),
    folderList(state, rows, change),
    damage.length ? damageList(damage) : null,
    h("span.push"),
    select("Group by", groupings(columns), state.grouping, (grouping) => change({ grouping })),
    state.grouping ? h("span.segments", { role: "group", "aria-label": "Of a group show" },
      button("Mean", () => change({ isBest: false }), { "aria-pressed": String(!state.isBest) }),
      button("Best", () => change({ isBest: true }), { "aria-pressed": String(state.isBest) })) : null,
    popover([icon("columns"), "Columns"], () => columnChooser(columns, shown(), (keys) => change({ columns: keys })), { "aria-label": "Choose columns" }),
  ];
}

function stateButtons(state, rows, change) {
  const counts = countsOf(rows, (row) => row.state);
  const segment = (value, label) => button(label, () => change({ state: value }), { "aria-pressed": String(state.state === value) });
  return h("span.segments", { role: "group", "aria-label": "State" },
    segment("", ["All ", h("span.count", null, rows.length)]),
    STATES.filter((name) => counts.has(name) || name === state.state)
      .map((name) => segment(name, [h("span.dot", { class: name }), `${name} `, h("span.count", null, counts.get(name) ?? 0)])));
}

function folderList(state, rows, change) {
  const counts = countsOf(rows, (row) => row.group ?? ".");
  if (counts.size < 2) return null;
  const names = [...counts.keys()].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  const options = names.map((name) => /** @type {[string, string]} */ ([name, `${name === "." ? "single runs" : name} (${counts.get(name)})`]));
  return select("In", [["", "all folders"], ...options], state.folder, (folder) => change({ folder }));
}

function groupings(columns) {
  const settings = columns.filter((column) => column.key.startsWith("setting:"));
  return /** @type {[string, string][]} */ ([...GROUPINGS, ...settings.map((column) => [column.key, column.hint])]);
}

/** @returns {Map<string, number>} */
function countsOf(rows, pick) {
  const counts = new Map();
  for (const row of rows) counts.set(pick(row), (counts.get(pick(row)) ?? 0) + 1);
  return counts;
}

function damageList(damage) {
  return popover([icon("warning"), `${damage.length} damaged`], () => h("div.stack.damage", null,
    h("p", null, "These lines could not be read and are left out; everything else is shown."),
    h("ul", null, damage.slice(0, MOST_DAMAGE).map(({ run, file, line, text }) => h("li", null,
      h("code", null, `${run}/${file}${line ? `:${line}` : ""}`), h("span.muted", null, ` ${text}`)))),
    damage.length > MOST_DAMAGE ? h("p.muted", null, `and ${damage.length - MOST_DAMAGE} more`) : null), { class: "damaged" });
}

function csvAddress(ids) {
  return `/api/csv?${new URLSearchParams(ids.map((id) => ["run", id]))}`;
}

/**
 * Return what the bar of the chosen runs offers.
 * @param {string[]} ids
 * @param {() => void} onNone
 */
export function chosenActions(ids, onNone) {
  return [
    h("strong", null, `${ids.length} chosen`),
    h("a.button.primary", { href: href("curves", { run: ids }) }, "Curves"),
    ids.length > 1 ? h("a.button", { href: href("compare", { run: ids }) }, "Compare") : null,
    isReport || csvAddress(ids).length > LONGEST_ADDRESS ? null : h("a.button", { href: csvAddress(ids), download: "metrics.csv", title: "Every number of these runs" }, icon("download"), "CSV"),
    button("None", onNone, { class: "quiet", title: "Escape" }),
  ];
}
