// @ts-check
/** One claim of the lab: what must hold, the number of each seed, the picture. */

import { href } from "board/address.js";
import { h } from "board/dom.js";
import { ago, duration, time, toNumber } from "board/format.js";
import { wordOf } from "board/scale.js";

/** Verdicts in the order in which they are shown. */
export const VERDICTS = [
  { name: "REPRODUCED", word: "Reproduced", tone: "good" },
  { name: "NOT REPRODUCED", word: "Not reproduced", tone: "bad" },
  { name: "INCONCLUSIVE", word: "Inconclusive", tone: "unsure" },
  { name: "NOT JUDGED", word: "Not judged", tone: "none" },
  { name: "NOT RUN", word: "Not run", tone: "none" },
];
const WHERE = { each: "in each seed", most: "in three of four seeds", mean: "in the mean" };

/**
 * Return a verdict as a colored word.
 * @param {string} name
 */
export function verdictChip(name) {
  const verdict = VERDICTS.find((each) => each.name === name);
  return h("span.verdict", { class: verdict?.tone ?? "none" }, verdict?.word ?? name);
}

/**
 * Return the page of a claim.
 * @param {any} claim
 * @param {{all: string, before: string | undefined, next: string | undefined}} links
 */
export function showClaim(claim, links) {
  return h("article.claim", null,
    h("nav.row", { "aria-label": "Claims" },
      h("a.button.quiet", { href: links.all }, "All claims"),
      h("span.push"),
      step("Before", links.before, "k"), step("Next", links.next, "j")),
    h("header.claim-head", null,
      h("div.row", null, verdictChip(claim.verdict), h("code", null, claim.name)),
      h("h1", null, claim.claim),
      h("p.muted", null, h("span", null, `Source: ${claim.source}`)),
      h("p.small.muted.claim-facts", null, facts(claim))),
    claim.error ? h("p.problem", null, `An arm could not run: ${claim.error}`) : null,
    h("div.claim-columns", null,
      h("div.stack", null,
        requirements(claim),
        claim.note ? h("p.claim-note", null, h("b", null, "Note. "), claim.note) : null,
        h("p.small.muted", null, claim.seeds.length ? "Run it again: " : "Run it: ",
          h("code", null, `headway lab run ${claim.name}${claim.seeds.length ? " --again" : ""}`))),
      claim.picture ? picture(claim) : null));
}

/** @param {string} label @param {string | undefined} link @param {string} key */
function step(label, link, key) {
  return link ? h("a.button", { href: link, title: `${label} (${key})` }, label) : null;
}

/** @param {any} claim */
function facts(claim) {
  const seeds = claim.seeds.length;
  const parts = [
    seeds ? `${seeds} ${seeds === 1 ? "seed" : "seeds"}` : "not run yet",
    claim.seconds ? `${duration(claim.seconds)} of computing` : "",
  ].filter(Boolean).join(", ");
  const when = claim.updated ? h("time", { title: time(claim.updated) }, `, ${ago(claim.updated)}`) : null;
  const runs = claim.folder ? h("a", { href: href("runs", { in: claim.folder }) }, "its runs") : null;
  return [parts, when, runs ? ", " : null, runs];
}

/** @param {any} claim */
function picture(claim) {
  const source = `/api/lab/picture?name=${encodeURIComponent(claim.name)}`;
  return h("figure.claim-picture.panel", null,
    h("a", { href: source, target: "_blank", rel: "noopener", title: "Open the picture alone" },
      h("img", { src: source, alt: `What the experiment ${claim.name} measured` })),
    h("figcaption.small.muted", null, h("a", { href: source, download: `${claim.name}.png` }, "Download PNG")));
}

/** @param {any} claim */
function requirements(claim) {
  const numSeeds = Math.max(1, ...claim.requirements.map((/** @type {any} */ each) => each.values.length));
  const seeds = claim.seeds.length ? claim.seeds : Array.from({ length: numSeeds }, (_, index) => index);
  const hasValues = claim.requirements.some((/** @type {any} */ each) => each.values.length);
  return h("div.scroll-x.panel", { tabindex: 0, role: "region", "aria-label": "Requirements" },
    h("table.plain.requirements", null,
      h("caption.hidden", null, "What must hold, fixed before the experiment ran"),
      h("thead", null, h("tr", null,
        h("th", { scope: "col" }, h("span.hidden", null, "Outcome")),
        h("th", { scope: "col" }, "What must hold"),
        hasValues ? seeds.map((/** @type {number} */ seed) => h("th.number", { scope: "col" }, `seed ${seed}`)) : null)),
      h("tbody", null, claim.requirements.map((/** @type {any} */ each) => requirement(each, hasValues ? seeds.length : 0)))));
}

/** @param {any} each @param {number} numSeeds */
function requirement(each, numSeeds) {
  const [tone, sign, word] = outcome(each);
  return h("tr", null,
    h("td", null, h("span.outcome", { class: tone, "aria-hidden": "true" }, sign), h("span.hidden", null, word)),
    h("td", null,
      each.is_control ? h("span.chip.control", { title: "Without this outcome the experiment shows nothing" }, "control") : null,
      each.text,
      each.where === "each" ? null : h("span.muted", null, ` (${WHERE[/** @type {keyof typeof WHERE} */ (each.where)] ?? each.where})`)),
    Array.from({ length: numSeeds }, (_, index) =>
      h("td.number", null, index < each.values.length ? wordOf(toNumber(each.values[index])) : "")));
}

/** @param {any} each @returns {[string, string, string]} */
function outcome(each) {
  if (!each.values.length) return ["none", "–", "not run"];
  if (each.is_met === true) return ["good", "✓", "holds"];
  return each.is_met === false ? ["bad", "✗", "fails"] : ["unsure", "?", "holds in some seeds only"];
}
