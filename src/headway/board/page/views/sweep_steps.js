// @ts-check
/** The decisions of `headway tune` as a list of steps: what was decided, by which numbers. */

import { href } from "board/address.js";
import { h } from "board/dom.js";
import { toNumber } from "board/format.js";
import { wordOf } from "board/scale.js";

const WORDS = {
  loss: "loss before training",
  expected: "loss of guessing",
  limit: "at most",
  first_loss: "loss before",
  samples: "samples",
  metric: "measured by",
  goal: "goal",
  epochs: "epochs each",
  symptoms: "seen",
  is_at_edge: "best at the edge",
  factor: "rate times",
  again: "another round",
};
const RATES = { reached: "reached at each learning rate", last_loss: "last loss at each learning rate" };

/**
 * Return the list of decisions.
 * @param {any[]} decisions Rows of decisions.jsonl.
 * @param {object} options
 * @param {number | null} options.chosen Place of the decision whose trials are shown alone.
 * @param {(place: number | null) => void} options.onChoose
 * @param {Map<string, string>} options.ids Id of each trial by its name.
 */
export function stepList(decisions, { chosen, onChoose, ids }) {
  return h("ol.steps", null, decisions.map((decision, place) => {
    const known = decision.trials.filter((/** @type {string} */ name) => ids.has(name));
    const isChosen = place === chosen;
    return h("li.step", { class: decision.is_passed ? "passed" : "failed" },
      h("div.step-number", { "aria-hidden": "true" }, decision.step),
      h("div.step-body", null,
        h("div.step-head", null,
          h("h3", null, h("span.hidden", null, `Step ${decision.step}: `), decision.name),
          h("span.chip", { class: decision.is_passed ? "good" : "error" }, decision.is_passed ? "passed" : "failed"),
          trialsOf(known, ids, isChosen, () => onChoose(isChosen ? null : place))),
        h("p", null, sentence(decision.text)),
        numbersOf(decision.numbers)));
  }));
}

/** @param {string[]} names @param {Map<string, string>} ids @param {boolean} isChosen @param {() => void} onclick */
function trialsOf(names, ids, isChosen, onclick) {
  if (!names.length) return null;
  if (names.length === 1) {
    return h("a.push", { href: href("run", { id: ids.get(names[0]) }) }, names[0]);
  }
  return h("button.button.push", { type: "button", "aria-pressed": String(isChosen), onclick },
    isChosen ? "Show all trials" : `Show these ${names.length} trials`);
}

/** @param {Record<string, any>} numbers */
function numbersOf(numbers) {
  const facts = Object.entries(numbers)
    .filter(([name, value]) => name in WORDS && value !== null)
    .map(([name, value]) => h("span.step-fact", null,
      `${WORDS[/** @type {keyof typeof WORDS} */ (name)]} `, h("b", null, factWord(value))));
  const rates = Object.entries(RATES)
    .filter(([name]) => Object.keys(numbers[name] ?? {}).length > 1)
    .map(([name, title]) => ratesOf(title, numbers[name], numbers));
  return [
    facts.length ? h("div.step-facts", null, facts) : null,
    rates,
    numbers.tried ? triedOf(numbers.tried) : null,
  ];
}

/** One bar for each learning rate. @param {string} title @param {Record<string, any>} byRate @param {any} numbers */
function ratesOf(title, byRate, numbers) {
  const values = Object.entries(byRate).map(([rate, value]) => ({ rate: Number(rate), value: toNumber(value) }));
  values.sort((a, b) => b.rate - a.rate);
  const finite = values.map(({ value }) => value).filter((value) => value !== null && Number.isFinite(value));
  const most = Math.max(...finite.map(Number), 1e-12);
  return h("table.rates", null,
    h("caption", null, title),
    h("tbody", null, values.map(({ rate, value }) => {
      const isFinite = value !== null && Number.isFinite(value);
      const isBest = numbers.lr === rate;
      return h("tr", { class: isBest ? "best" : "" },
        h("th", { scope: "row" }, wordOf(rate)),
        h("td.rate-bar", null, isFinite
          ? h("span.share", { style: { width: `${Math.max(1, (100 * value) / most)}%` } })
          : h("span.chip.error", null, "diverged")),
        h("td.number", null, isFinite ? wordOf(value) : "", isBest ? " (taken)" : ""));
    })));
}

/** @param {Record<string, any>[]} tried Settings and score of each trial. */
function triedOf(tried) {
  const names = Object.keys(tried[0] ?? {}).filter((name) => name !== "score");
  const best = [...tried].sort((a, b) => (toNumber(b.score) ?? -Infinity) - (toNumber(a.score) ?? -Infinity));
  return h("details", null,
    h("summary", null, `${tried.length} points, the best first`),
    h("div.scroll-x", { tabindex: 0, role: "region", "aria-label": "Points tried" }, h("table.plain", null,
      h("thead", null, h("tr", null, names.map((name) => h("th", { scope: "col" }, name)),
        h("th", { scope: "col" }, "score"))),
      h("tbody", null, best.map((point) => h("tr", null,
        names.map((name) => h("td.number", null, wordOf(point[name]))),
        h("td.number", null, Number.isFinite(toNumber(point.score)) ? wordOf(point.score) : "diverged")))))));
}

/** @param {any} value */
function factWord(value) {
  if (Array.isArray(value)) return value.length ? value.join(", ") : "nothing";
  return wordOf(toNumber(value) ?? value);
}

/** @param {string} text */
function sentence(text) {
  const last = text.endsWith(".") ? text : `${text}.`;
  return last.startsWith("lr ") ? last : last.charAt(0).toUpperCase() + last.slice(1);
}
