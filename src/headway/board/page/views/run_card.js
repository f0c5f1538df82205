// @ts-check
/** Panels with a heading, and lists of facts in them. */
import { h, newId } from "board/dom.js";

/**
 * Return a panel with a heading.
 * @param {string} title
 * @param {...any} content
 */
export function card(title, ...content) {
  const id = newId();
  return h("section.card", { "aria-labelledby": id }, h("h2", { id }, title), content);
}

/**
 * Return labels with texts.
 * @param {[string, string][]} facts
 */
export function factList(facts) {
  if (!facts.length) return h("p.muted", null, "Nothing is known.");
  return h("dl.facts", null, facts.map(([label, text]) =>
    h("div", null, h("dt", null, label), h("dd", null, h("bdi", null, text)))));
}
