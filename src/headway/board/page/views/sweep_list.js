// @ts-check
/** All sweeps below the board's folder. */

import { href, replace } from "board/address.js";
import { clear, h } from "board/dom.js";
import { count } from "board/format.js";
import { wordOf } from "board/scale.js";
import { get } from "board/source.js";
import { nameOf, titleOf } from "board/views/sweep_data.js";

/** Sections of the list, in order; what fits none of the first two is in the last. */
const SECTIONS = [
  { title: "Searches and folders", has: (/** @type {any} */ sweep) => !isOfLab(sweep) && sweep.kind !== "ensemble" },
  { title: "Ensembles", has: (/** @type {any} */ sweep) => !isOfLab(sweep) && sweep.kind === "ensemble" },
  { title: "Experiments of the lab", has: (/** @type {any} */ sweep) => isOfLab(sweep) },
];
const KINDS = {
  tune: "headway tune",
  search: "search",
  ensemble: "ensemble",
  lab: "experiment",
  folder: "runs of one folder",
};

/**
 * Show the list of sweeps.
 * @param {HTMLElement} element
 * @param {URLSearchParams} params
 */
export async function showList(element, params) {
  let search = params.get("search") ?? "";
  const body = h("div.stack");
  const field = h("input", { type: "search", placeholder: "Search", "aria-label": "Search", value: search,
    oninput: (/** @type {any} */ event) => {
      search = event.target.value;
      replace({ search });
      draw();
    } });
  element.append(h("div.view-head", null, h("h1", null, "Sweeps"),
    h("span.muted", null, "runs that belong together and differ in their settings"), h("span.push"), field), body);
  let { sweeps } = await get("/api/sweeps");
  draw();

  function draw() {
    const words = search.toLowerCase().split(/\s+/);
    const found = sweeps.filter((/** @type {any} */ sweep) =>
      words.every((word) => `${sweep.id} ${sweep.name} ${sweep.kind}`.toLowerCase().includes(word)));
    field.hidden = !sweeps.length;
    if (!sweeps.length) clear(body, empty());
    else if (!found.length) clear(body, h("p.muted", { role: "status" }, "No sweep has these words in its name."));
    else clear(body, SECTIONS.map((section) => sectionOf(section.title, found.filter(section.has))));
  }

  return {
    /** @param {{added: string[], removed: string[], isAll?: boolean}} changes */
    async update({ added, removed, isAll }) {
      if (!isAll && !added.length && !removed.length) return;
      ({ sweeps } = await get("/api/sweeps"));
      draw();
    },
    destroy: () => clear(element),
  };
}

/** @param {string} title @param {any[]} sweeps */
function sectionOf(title, sweeps) {
  if (!sweeps.length) return null;
  return h("section.stack", { "aria-label": title }, h("h2", null, title), h("ul.sweep-cards", null, sweeps.map(card)));
}

/** @param {any} sweep */
function isOfLab(sweep) {
  return sweep.kind === "lab" || sweep.id.startsWith("lab/");
}

/** @param {any} sweep */
function card(sweep) {
  const { best, id, kind, trials } = sweep;
  return h("li.panel.sweep-card", null,
    h("a.sweep-link", { href: href("sweep", { id }) }, titleOf(id)),
    h("div.muted", null, KINDS[/** @type {keyof typeof KINDS} */ (kind)] ?? kind),
    h("dl.sweep-facts", null, fact("trials", count(trials)), best ? fact(`best ${best.metric}`, wordOf(best.value)) : null),
    best ? h("div.small.muted.sweep-path", null, `by ${nameOf(best.run)}`) : null);
}

/** @param {string} name @param {string} value */
function fact(name, value) {
  return h("div", null, h("dt", null, name), h("dd", null, value));
}

function empty() {
  return h("div.panel.empty", null,
    h("h2", null, "No sweep yet"),
    h("p", null, "A sweep is a folder of runs that differ in their settings. This one looks for a good " +
      "learning rate and weight decay, and shows here what it tried and why:"),
    h("pre", { tabindex: 0 }, "headway tune digits --model mlp"),
    h("p", null, "Three or more of your own runs with different settings make one too."));
}
