// @ts-check
/** What the page shows where there are no runs yet. */

import { h } from "board/dom.js";

/** @param {string} root */
export function emptyState(root) {
  return h("section.panel.empty", null,
    h("h2", null, "No runs yet"),
    h("p", null, "This page shows every run below ", h("code", null, root), ", live while it trains. Start one, for example:"),
    h("pre", null, h("code", null, "headway train digits --model resnet-20")),
    h("p", { class: "after" }, "It appears here by itself. Runs from elsewhere: copy their folders to this place, or open another one with ",
      h("code", null, "headway board DIR"), "."));
}
