// @ts-check
/** The numbers of two runs' best weights, and their difference. */
import { h } from "board/dom.js";
import { count, duration, isHigherBetter, number, toNumber } from "board/format.js";
import { metricText } from "board/views/run_words.js";

/**
 * @param {any[]} runs two answers of /api/run
 * @param {[string, string]} titles
 */
export function bestTable(runs, titles) {
  const rows = runs.map(({ row }) => row);
  const values = rows.map((row) => row.best?.values ?? row.values);
  const metrics = [...new Set(values.flatMap((each) => Object.keys(each)))].filter((name) => /^(val|train_eval|test)\//.test(name));
  return h("div.scroll", null, h("table.listing.best-table", { "aria-label": "Best weights" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Metric"),
      titles.map((title) => h("th.number", { scope: "col" }, h("bdi", null, title))), h("th.number", { scope: "col", title: "The second run against the first" }, "Difference"))),
    h("tbody", null,
      metrics.sort((a, b) => rank(a, rows[0]) - rank(b, rows[0])).map((name) => metricRow(name, values.map((each) => each[name]))),
      plainRow("at step", rows.map((row) => (row.best ? count(row.best.step) : "–"))),
      plainRow("time", rows.map((row) => duration(row.seconds))))));
}

/** @param {string} name @param {any} row the monitored metric comes first, validation before training */
function rank(name, row) {
  if (name === row.monitor) return 0;
  return name.startsWith("val/") ? 1 : 2;
}

/** @param {string} name @param {any[]} values */
function metricRow(name, values) {
  const [first, second] = values.map(toNumber);
  const isKnown = first !== null && second !== null && Number.isFinite(first - second);
  const change = isKnown ? second - first : 0;
  const isBetter = change > 0 === isHigherBetter(name);
  const word = change === 0 ? "equal" : isBetter ? "better" : "worse";
  return h("tr", null, h("th", { scope: "row" }, name),
    values.map((value) => h("td.number", { title: String(value ?? "") }, value === undefined ? "–" : metricText(name, value))),
    isKnown ? h("td.number", { class: word }, change === 0 ? "equal" : `${difference(name, change)}, ${word}`) : h("td.number", null, "–"));
}

/** @param {string} name @param {number} change */
function difference(name, change) {
  const sign = change > 0 ? "+" : "";
  if (/(accuracy|top\d+)$/.test(name)) return `${sign}${number(100 * change, 3)} points`;
  return `${sign}${number(change, 3)}`;
}

/** @param {string} label @param {string[]} texts */
function plainRow(label, texts) {
  return h("tr", null, h("th", { scope: "row" }, label), texts.map((text) => h("td.number", null, text)), h("td"));
}
