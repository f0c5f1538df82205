// @ts-check
/** Sorting runs, and grouping them by what they have in common. Pure. */

import { setting } from "board/format.js";
import { deviation, mean } from "board/statistics.js";

/** @typedef {import("board/views/runs_columns.js").RunColumn} RunColumn */

/**
 * @typedef {object} Group
 * @property {true} isGroup
 * @property {string} id
 * @property {string} name What the runs of the group share.
 * @property {any[]} rows
 */

/**
 * Return `rows` in the order of a column; those without a value come last in any case.
 * @param {any[]} rows
 * @param {(row: any) => any} valueOf
 * @param {boolean} isDescending
 */
export function sorted(rows, valueOf, isDescending) {
  const sign = isDescending ? -1 : 1;
  return rows.map((row) => ({ row, value: valueOf(row) }))
    .sort((a, b) => compare(a.value, b.value, sign))
    .map(({ row }) => row);
}

function compare(a, b, sign) {
  const [isAMissing, isBMissing] = [isMissing(a), isMissing(b)];
  if (isAMissing || isBMissing) return Number(isAMissing) - Number(isBMissing);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), undefined, { numeric: true });
}

function isMissing(value) {
  return value === null || value === undefined || Number.isNaN(value);
}

/**
 * Return the runs in groups of equal value, in the order in which they first occur.
 * @param {any[]} rows
 * @param {RunColumn} column
 * @returns {Group[]}
 */
export function grouped(rows, column) {
  /** @type {Map<string, Group>} */
  const groups = new Map();
  for (const row of rows) {
    const value = column.value(row);
    const name = isMissing(value) || value === "" ? "none" : setting(value);
    const id = `group:${name}`;
    const group = groups.get(id) ?? { isGroup: true, id, name, rows: [] };
    group.rows.push(row);
    groups.set(id, group);
  }
  return [...groups.values()];
}

/**
 * Return what a group has in a column of numbers: mean and deviation, and the best.
 * @param {Group} group
 * @param {RunColumn} column
 * @param {boolean} isHigherBetter
 * @returns {{mean: number, deviation: number, best: number, count: number}|null}
 */
export function summarize(group, column, isHigherBetter) {
  const values = group.rows.map(column.value).filter((value) => typeof value === "number" && Number.isFinite(value));
  if (!values.length) return null;
  const best = isHigherBetter ? Math.max(...values) : Math.min(...values);
  return { mean: mean(values), deviation: deviation(values), best, count: values.length };
}
