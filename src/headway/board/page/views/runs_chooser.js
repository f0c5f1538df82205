// @ts-check
/** The list in which one chooses the columns of the table. */

import { button, checkbox, clear, h } from "board/dom.js";

const SECTIONS = [["About the run", /^[a-z]+$/], ["Newest value", /^value:/], ["Value at the best step", /^best:/], ["Setting that differs", /^setting:/]];

/**
 * @param {import("board/views/runs_columns.js").RunColumn[]} columns
 * @param {string[]} shown Keys of the columns in the table.
 * @param {(keys: string[]|null) => void} onChange Null for those to begin with.
 */
export function columnChooser(columns, shown, onChange) {
  const keys = new Set(shown);
  const list = h("div.chooser-list");
  const field = /** @type {HTMLInputElement} */ (h("input", { type: "text", "aria-label": "Find a column", placeholder: "Find a column", oninput: () => draw() }));
  const toggle = (key, isShown) => {
    if (isShown) keys.add(key);
    else keys.delete(key);
    onChange([...keys]);
  };
  const draw = () => {
    const isFound = (column) => `${column.title} ${column.hint ?? ""}`.toLowerCase().includes(field.value.toLowerCase());
    clear(list, SECTIONS.map(([title, pattern]) => {
      const found = columns.filter((column) => /** @type {RegExp} */ (pattern).test(column.key) && isFound(column));
      return found.length ? h("fieldset", null, h("legend", null, title),
        found.map((column) => checkbox(nameOf(column), keys.has(column.key), (isShown) => toggle(column.key, isShown)))) : null;
    }));
  };
  draw();
  return h("div.chooser", null,
    h("div.row", null, field, h("span.push"), button("Default", () => onChange(null), { class: "quiet" })), list);
}

function nameOf(column) {
  return column.key.startsWith("setting:") ? column.key.slice("setting:".length) : column.key.replace(/^(value|best):/, "") === column.key ? column.title : column.key.replace(/^(value|best):/, "");
}
