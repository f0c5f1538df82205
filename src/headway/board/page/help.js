// @ts-check
/** The list of keys, opened by "?". */

import { button, h, icon } from "board/dom.js";

const NAMES = { " ": "Space", ArrowDown: "↓", ArrowUp: "↑" };

/**
 * Show which keys do what.
 * @param {import("board/app.js").Shortcut[]} ofView
 * @param {import("board/app.js").Shortcut[]} ofPage
 */
export function openHelp(ofView, ofPage) {
  const dialog = /** @type {HTMLDialogElement} */ (h("dialog.dialog", { "aria-label": "Keys" },
    h("div.dialog-head", null, h("h2", null, "Keys"),
      button([icon("close")], () => dialog.close(), { class: "quiet push", "aria-label": "Close" })),
    h("div.dialog-body.stack", null,
      ofView.length ? list("This view", ofView) : null,
      list("Everywhere", ofPage),
      h("p.muted.small", null, "In a chart: drag to zoom, double click to see all, arrow keys to read values, ",
        "click a name in the legend to hide it. Each view has its own address, which you can send."))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function list(title, shortcuts) {
  return h("section.stack", null, h("h3", null, title),
    h("dl.keys", null, shortcuts.map(({ key, label }) => [
      h("dt", null, h("kbd", null, NAMES[key] ?? key)), h("dd", null, label)])));
}
