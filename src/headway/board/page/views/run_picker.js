// @ts-check
/** Choosing another run from a list that one can search. */
import { clear, h } from "board/dom.js";
import { ago } from "board/format.js";
import { get } from "board/source.js";
import { metricText } from "board/views/run_words.js";

const MOST = 60;

/**
 * Return a search box with the runs below it.
 * @param {{except: string, hrefOf?: (id: string) => string, onPick: (id: string) => void}} options
 *   With `hrefOf` the runs are links.
 */
export function pickRun({ except, hrefOf, onPick }) {
  const list = h("div.pick-list", null, h("p.muted", null, "Loading…"));
  /** @type {any[]} */
  let rows = [];
  const search = /** @type {HTMLInputElement} */ (
    h("input", { type: "search", placeholder: "Search runs", "aria-label": "Search runs", oninput: () => draw() })
  );
  const draw = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = rows.filter((row) => words.every((word) => textOf(row).includes(word)));
    const more = found.length - MOST;
    clear(list,
      found.slice(0, MOST).map((row) => item(row, hrefOf, onPick)),
      more > 0 ? h("p.muted", null, `and ${more} more: search to see them`) : null,
      found.length ? null : h("p.muted", null, rows.length ? "No run matches." : "There is no other run."));
  };
  get("/api/runs").then((answer) => {
    rows = answer.runs.filter((/** @type {any} */ row) => row.id !== except);
    draw();
  }).catch((/** @type {Error} */ error) => clear(list, h("p.problem", null, error.message)));
  return h("div.pick", null, search, list);
}

/** @param {any} row */
function textOf(row) {
  return [row.id, row.model, row.data, row.state, ...row.tags].join(" ").toLowerCase();
}

/** @param {any} row @param {((id: string) => string)|undefined} hrefOf @param {(id: string) => void} onPick */
function item(row, hrefOf, onPick) {
  const value = row.best?.values?.[row.monitor];
  const content = [
    h("span.pick-name", null, h("bdi", null, row.id === "." ? row.name : row.id)),
    h("span.pick-value", null, value === undefined ? row.state : metricText(row.monitor, value)),
    h("span.muted", null, [row.model, row.data].filter(Boolean).join(", ")),
    h("span.muted", null, ago(row.created)),
  ];
  const onclick = () => onPick(row.id);
  if (hrefOf) return h("a.item.pick-item", { href: hrefOf(row.id), onclick }, content);
  return h("button.item.pick-item", { type: "button", onclick }, content);
}
