// @ts-check
/** What the table shows in the row of a group. */

import { button, h, icon } from "board/dom.js";
import { count, duration, fileName, number, setting } from "board/format.js";
import { summarize } from "board/views/runs_groups.js";

/**
 * Return the name of a group, which opens and closes it.
 * @param {import("board/views/runs_groups.js").Group} group
 * @param {boolean} isOpen
 * @param {() => void} toggle
 */
export function groupName(group, isOpen, toggle) {
  return button([icon(isOpen ? "down" : "right"), h("span", null, fileName(group.name)), h("span.count", null, count(group.rows.length))], toggle, {
    class: "group-name", "aria-expanded": String(isOpen), title: `${group.name}: ${group.rows.length} runs`,
  });
}

/**
 * Return what a group has in a column: mean with deviation or the best of a number, else what all
 * of its runs share.
 * @param {import("board/views/runs_groups.js").Group} group
 * @param {import("board/views/runs_columns.js").RunColumn} column
 * @param {boolean} isBest
 * @param {boolean} isHigherBetter
 */
export function groupCell(group, column, isBest, isHigherBetter) {
  if (column.key === "state") return states(group);
  if (column.key === "created" || column.key === "updated") return "";
  if (!column.isNumber) return shared(group, column);
  const sum = summarize(group, column, isHigherBetter);
  if (!sum) return "";
  const text = column.key === "seconds" ? duration : number;
  if (isBest || sum.count < 2) return text(isBest ? sum.best : sum.mean);
  return h("span", { title: `mean and standard deviation of ${sum.count}` }, text(sum.mean),
    h("span.muted.small", null, ` ± ${column.key === "seconds" ? duration(sum.deviation) : number(sum.deviation, 2)}`));
}

function states(group) {
  const counts = new Map();
  for (const { state } of group.rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  return h("span.row.tight", null, [...counts].map(([state, number]) => h("span.state", { class: state, title: `${number} ${state}` }, number)));
}

function shared(group, column) {
  const values = new Set(group.rows.map((row) => JSON.stringify(column.value(row) ?? null)));
  if (values.size > 1) return h("span.muted.small", null, `${values.size} values`);
  const value = column.value(group.rows[0]);
  return value === null || value === undefined || value === "" ? "" : h("span", { title: setting(value) }, fileName(setting(value)));
}
