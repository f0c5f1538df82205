// @ts-check
/** The trials of a sweep as a table, the best first. */

import { href } from "board/address.js";
import { button, clear, download, h } from "board/dom.js";
import { wordOf } from "board/scale.js";

const FIRST_ROWS = 25;

/**
 * Show the table.
 * @param {HTMLElement} element
 * @param {{onHover: (id: string | null) => void}} handlers
 */
export function trialTable(element, { onHover }) {
  let shown = /** @type {any} */ ({ trials: [], settings: [] });
  let metric = "";
  let chosen = /** @type {Set<string> | null} */ (null);
  let order = { column: "", isDown: true };
  let numRows = FIRST_ROWS;
  /** @type {Map<string, HTMLElement>} */
  let rows = new Map();
  let hovered = /** @type {string | null} */ (null);

  const valueOf = (/** @type {any} */ trial, /** @type {string} */ column) =>
    column === metric ? trial.value : ({ trial: trial.label, state: trial.state }[column] ?? trial.settings[column]);

  function sorted() {
    const trials = [...shown.trials].reverse().filter((trial) => !chosen || chosen.has(trial.id));
    if (!order.column) return trials;
    const sign = order.isDown ? -1 : 1;
    return trials.sort((a, b) => compare(valueOf(a, order.column), valueOf(b, order.column), sign));
  }

  function draw() {
    const columns = ["trial", "state", metric, ...shown.settings.map((/** @type {any} */ each) => each.name)];
    const trials = sorted();
    rows = new Map(trials.slice(0, numRows).map((trial) => [trial.id, rowOf(trial)]));
    clear(element,
      h("div.panel-head", null, h("h2", null, "Trials"), h("span.muted", null, String(trials.length)),
        button("CSV", () => download(csvOf(columns, trials), "trials.csv"), { class: "push", title: "Download this table" })),
      h("div.scroll-x", { tabindex: 0, role: "region", "aria-label": "Trials" },
        h("table.plain", null, h("thead", null, h("tr", null, columns.map(headOf))), h("tbody", null, ...rows.values()))),
      trials.length > numRows ? h("div.panel-body", null, button(`Show all ${trials.length} trials`, () => {
        numRows = Infinity;
        draw();
      })) : null);
  }

  /** @param {string} column */
  function headOf(column) {
    const isOrder = order.column === column;
    const turn = () => {
      order = { column, isDown: isOrder ? !order.isDown : true };
      draw();
      element.querySelector(`[data-column="${CSS.escape(column)}"]`)?.querySelector("button")?.focus();
    };
    return h("th", { scope: "col", class: ["trial", "state"].includes(column) ? "" : "number", dataset: { column }, "aria-sort": isOrder ? (order.isDown ? "descending" : "ascending") : null },
      h("button.sort", { type: "button", onclick: turn }, column, isOrder ? (order.isDown ? " ↓" : " ↑") : ""));
  }

  /** @param {any} trial */
  function rowOf(trial) {
    const color = trial.bin === null ? "no-value" : `q${trial.bin}`;
    return h("tr", { onpointerenter: () => onHover(trial.id), onpointerleave: () => onHover(null) },
      h("td", null, h("a", { href: href("run", { id: trial.id }) }, trial.label)),
      h("td", null, h("span.state", { class: trial.state }, trial.state)),
      h("td.number", null, h("span.value-dot", { class: color }), trial.value === null ? "–" : wordOf(trial.value)),
      shown.settings.map((/** @type {any} */ each) => h("td.number", null, wordOf(trial.settings[each.name]))));
  }

  return {
    /** @param {any} answer @param {any} next */
    update(answer, next) {
      [metric, shown] = [answer.metric, next];
      draw();
    },
    /** @param {Set<string> | null} next */
    select(next) {
      chosen = next;
      draw();
    },
    /** @param {string | null} id */
    highlight(id) {
      if (hovered) rows.get(hovered)?.classList.remove("is-hovered");
      hovered = id;
      if (id) rows.get(id)?.classList.add("is-hovered");
    },
  };

  /** @param {string[]} columns @param {any[]} trials */
  function csvOf(columns, trials) {
    const lines = [columns, ...trials.map((trial) => columns.map((column) => valueOf(trial, column)))];
    return new Blob([lines.map((line) => line.map(cell).join(",")).join("\n"), "\n"], { type: "text/csv" });
  }
}

/** @param {any} a @param {any} b @param {number} sign */
function compare(a, b, sign) {
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), "en", { numeric: true });
}

/** @param {any} value */
function cell(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  // A cell that begins like a formula would be run by a spreadsheet.
  const safe = typeof value === "string" && /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
