// @ts-check
/** The list of runs or groups beside the charts: show, hide, point out. */

import { href } from "board/address.js";
import { button, clear, h, icon } from "board/dom.js";
import { fileName, number, setting } from "board/format.js";
import { shortName, tellingSettings } from "board/settings.js";

const MOST_DIFFERENCES = 3;
/** From so many lines on, one can search among them. */
const MANY = 12;

/**
 * @typedef {object} LegendActions
 * @property {(key: string) => void} toggle
 * @property {(key: string) => void} only Show this one, or all again.
 * @property {(key: string|null) => void} point
 */

/**
 * Return the list and a box to search it, with a function that marks an entry.
 * @param {LegendActions} actions
 */
export function curveLegend(actions) {
  const list = h("ul.legend-list");
  /** @type {Map<string, HTMLElement>} */
  let items = new Map();
  const field = /** @type {HTMLInputElement} */ (h("input", {
    type: "search", "aria-label": "Find a run", placeholder: "Find a run", oninput: () => find(),
  }));
  const search = h("div.legend-search", { hidden: true }, field);
  const find = () => {
    for (const element of items.values()) {
      element.hidden = !element.textContent?.toLowerCase().includes(field.value.toLowerCase());
    }
  };
  return {
    list,
    search,
    /**
     * @param {import("board/views/curves_series.js").Line[]} lines
     * @param {Set<string>} hidden
     * @param {Map<string, any>} rows
     */
    update(lines, hidden, rows) {
      const shown = lines.flatMap((line) => line.runs.map((id) => rows.get(id))).filter(Boolean);
      const isVaried = (name) => new Set(shown.map((row) => row[name])).size > 1;
      const differing = ["model", ...tellingSettings(shown), "data"].filter((name) => name.includes(".") || isVaried(name)).slice(0, MOST_DIFFERENCES);
      items = new Map(lines.map((line) => [line.key, item(line, hidden.has(line.key), rows, differing, actions)]));
      clear(list, [...items.values()]);
      search.hidden = lines.length < MANY;
      find();
    },
    /** @param {string|null} key */
    mark(key) {
      for (const [each, element] of items) element.classList.toggle("pointed", each === key);
      if (key) items.get(key)?.scrollIntoView({ block: "nearest" });
    },
  };
}

function item(line, isHidden, rows, differing, { toggle, only, point }) {
  const row = line.runs.length === 1 ? rows.get(line.runs[0]) : null;
  return h("li.legend-item", {
    class: isHidden ? "off" : "", onmouseenter: () => point(line.key), onmouseleave: () => point(null),
  },
  button([h("span.swatch", { style: { color: line.color } }), h("span.legend-text", null,
    h("span.legend-name", { title: row?.id ?? line.label }, line.label, row?.state === "running" ? h("span.dot.running.pulse", { title: "running" }) : null),
    h("span.legend-note", null, row ? noteOf(row, differing) : `${line.runs.length} runs`))],
  () => toggle(line.key), { class: "legend-toggle", "aria-pressed": String(!isHidden), title: isHidden ? "Show" : "Hide" }),
  h("span.legend-tools", null,
    button("only", () => only(line.key), { class: "quiet", "aria-label": `Show only ${line.label}` }),
    row ? h("a.button.quiet", { href: href("run", { id: row.id }), "aria-label": `Open ${row.name}`, title: "Open the run" }, icon("right")) : null));
}

function noteOf(row, names) {
  const best = row.best?.values?.[row.monitor];
  const parts = names.map((name) => (name === "model" || name === "data" ? fileName(row[name])
    : row.settings?.[name] === undefined ? null : `${shortName(name)} ${setting(row.settings[name])}`));
  return [best === undefined ? null : number(best), ...parts].filter((part) => part !== null).join(" · ");
}
