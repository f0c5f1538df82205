// @ts-check
/** Tables of classes: which are mixed up, and how well each one is recognized. */
import { button, h } from "board/dom.js";
import { count, percent } from "board/format.js";
import { matrixClasses } from "board/views/run_confusion.js";

const MOST_PAIRS = 8;

/**
 * Return the pairs of classes that are mixed up most often.
 * @param {any} answer
 * @returns {{target: number, prediction: number, value: number, share: number}[]}
 */
export function pairsOf(answer) {
  const places = matrixClasses(answer);
  return answer.confusion.flatMap((/** @type {number[]} */ row, /** @type {number} */ i) => {
    const sum = row.reduce((total, value) => total + value, 0);
    return row.map((value, j) => ({ target: places[i], prediction: places[j], value, share: value / sum }))
      .filter(({ value }, j) => i !== j && value > 0);
  }).sort((/** @type {any} */ a, /** @type {any} */ b) => b.value - a.value || b.share - a.share);
}

/** @param {any} answer @param {(pair: {target: number, prediction: number}) => void} onChoose */
export function confusedPairs(answer, onChoose) {
  const pairs = pairsOf(answer);
  if (!pairs.length) return h("p.muted", null, "Nothing is mixed up.");
  const name = (/** @type {number} */ place) => h("b", null, h("bdi", null, String(answer.classes[place] ?? place)));
  return h("ul.pairs", null, pairs.slice(0, MOST_PAIRS).map(({ target, prediction, value, share }) =>
    h("li", null, button([h("span", null, name(target), " taken for ", name(prediction)),
      h("span.muted", null, `${count(value)}×, ${percent(share)}`)],
    () => onChoose({ target, prediction }), { class: "quiet" }))));
}

/** @param {any} answer */
export function classTable(answer) {
  const rows = recallAndPrecision(answer);
  return h("div.scroll.class-list", { tabindex: 0, role: "region", "aria-label": "Classes" },
    h("table.listing", { "aria-label": "Classes" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, "Class"),
        ["Recall", "Precision", "Samples"].map((text) => h("th.number", { scope: "col" }, text)))),
      h("tbody", null, rows.map(({ name, recall, precision, sum }) => h("tr", null,
        h("th", { scope: "row" }, h("bdi", null, name)),
        h("td.number", null, shareText(recall)), h("td.number", null, shareText(precision)), h("td.number", null, count(sum)))))));
}

/**
 * Return how well each class of the matrix is found, the worst first.
 * @param {any} answer
 */
export function recallAndPrecision(answer) {
  const { confusion, classes } = answer;
  const rows = matrixClasses(answer).map((place, i) => {
    const sum = confusion[i].reduce((/** @type {number} */ total, /** @type {number} */ value) => total + value, 0);
    const said = confusion.reduce((/** @type {number} */ total, /** @type {number[]} */ row) => total + row[i], 0);
    const right = confusion[i][i];
    return { name: String(classes[place] ?? place), recall: right / sum, precision: right / said, sum };
  });
  return rows.sort((a, b) => (a.recall || 0) - (b.recall || 0));
}

/** @param {number} share */
function shareText(share) {
  return Number.isFinite(share) ? percent(share) : "–";
}

/** @param {{name: string, true_positives: number, false_positives: number, false_negatives: number}[]} labels */
export function labelTable(labels) {
  return h("table.listing", { "aria-label": "Labels" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Label"),
      ["Recall", "Precision", "Found", "Missed", "Wrongly said"].map((text) => h("th.number", { scope: "col" }, text)))),
    h("tbody", null, labels.map((label) => h("tr", null,
      h("th", { scope: "row" }, h("bdi", null, label.name)),
      h("td.number", null, shareText(label.true_positives / (label.true_positives + label.false_negatives))),
      h("td.number", null, shareText(label.true_positives / (label.true_positives + label.false_positives))),
      [label.true_positives, label.false_negatives, label.false_positives].map((value) => h("td.number", null, count(value)))))));
}
