// @ts-check
/** What differs between the settings of two runs. */
import { h } from "board/dom.js";
import { count, setting } from "board/format.js";

/**
 * @typedef {{name: string, values: [any, any], isEqual: boolean}} Difference
 */

/**
 * Return the settings of two runs side by side, in the order of the first.
 * @param {Record<string, any>} first
 * @param {Record<string, any>} second
 * @returns {Difference[]}
 */
export function diffSettings(first, second) {
  const names = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  return names.map((name) => ({
    name,
    values: [first[name], second[name]],
    isEqual: JSON.stringify(first[name]) === JSON.stringify(second[name]),
  }));
}

/**
 * Return a table of the differences.
 * @param {Difference[]} differences
 * @param {[string, string]} titles names of the two runs
 * @param {{isAll?: boolean, word?: string, label?: string}} [options]
 */
export function settingsDiff(differences, titles, { isAll = false, word = "", label = "Settings" } = {}) {
  const changed = differences.filter(({ isEqual }) => !isEqual);
  const rows = (isAll ? differences : changed).filter((each) => matches(each, word));
  const equal = differences.length - changed.length;
  if (!rows.length) {
    return h("p.muted", null, word ? "Nothing matches." : `${label}: all ${count(equal)} are equal.`);
  }
  return h("div.scroll", null, h("table.listing.diff", { "aria-label": label },
    h("caption", null, `${count(changed.length)} differ, ${count(equal)} are equal`),
    h("thead", null, h("tr", null, ["Setting", ...titles].map((title) => h("th", { scope: "col" }, h("bdi", null, title))))),
    h("tbody", null, rows.map(({ name, values, isEqual }) =>
      h("tr", { class: isEqual ? "same" : "changed" },
        h("th", { scope: "row" }, h("code", null, name)),
        values.map((value) => h("td", null, h("bdi", null, value === undefined ? "not there" : setting(value)))))))));
}

/** @param {Difference} difference @param {string} word */
function matches({ name, values }, word) {
  return !word || [name, ...values.map(setting)].some((text) => text.toLowerCase().includes(word));
}
