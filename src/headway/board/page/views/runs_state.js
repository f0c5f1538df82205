// @ts-check
/** What the table of runs shows, as its address holds it, and the rows that follow from it. Pure. */

import { isHigherBetter } from "board/format.js";
import { matcher } from "board/query.js";
import { grouped, sorted, summarize } from "board/views/runs_groups.js";

/** @typedef {import("board/views/runs_columns.js").RunColumn} RunColumn */
/** @typedef {import("board/views/runs_groups.js").Group} Group */

/**
 * @typedef {object} RunsState
 * @property {string} text Of the search.
 * @property {string} state "" for all.
 * @property {string} folder "" for all, "." for runs in none.
 * @property {string} grouping Key of a column, "" for none.
 * @property {boolean} isBest Groups show their best instead of their mean.
 * @property {{column: string, isDescending: boolean}} sort
 * @property {string[]|null} columns Null for those to begin with.
 * @property {Set<string>} selected
 */

const NEWEST = "-created";

/** @param {URLSearchParams} params @returns {RunsState} */
export function readState(params) {
  const sort = params.get("sort") ?? NEWEST;
  return {
    text: params.get("search") ?? "", state: params.get("state") ?? "", folder: params.get("in") ?? "",
    grouping: params.get("group") ?? "", isBest: params.get("show") === "best",
    sort: { column: sort.replace(/^-/, ""), isDescending: sort.startsWith("-") },
    columns: params.get("columns")?.split(",") ?? null, selected: new Set(params.getAll("run")),
  };
}

/** @param {RunsState} state @returns {Record<string, any>} What stands in the address. */
export function writeState({ text, state, folder, grouping, isBest, sort, columns, selected }) {
  const order = `${sort.isDescending ? "-" : ""}${sort.column}`;
  return {
    search: text, state, in: folder, group: grouping, show: isBest ? "best" : "", sort: order === NEWEST ? "" : order,
    columns: columns?.join(","), run: [...selected],
  };
}

/**
 * Return the runs that the search and the filters let through.
 * @param {any[]} rows
 * @param {RunsState} state
 * @param {Record<string, any>} common Settings in which all runs are equal.
 */
export function matching(rows, { text, state, folder }, common) {
  const isMatch = matcher(text, common);
  return rows.filter((row) => (!state || row.state === state) && (!folder || (row.group ?? ".") === folder) && isMatch(row));
}

/**
 * Return the rows of the table in their order; groups hold theirs, and open ones are followed by them.
 * @param {any[]} rows
 * @param {RunsState} state
 * @param {Map<string, RunColumn>} columns
 * @param {Set<string>} open Groups that are open.
 * @returns {any[]}
 */
export function arranged(rows, { grouping, sort, isBest }, columns, open) {
  const column = columns.get(sort.column);
  const inOrder = sorted(rows, column ? column.value : (row) => row.name, sort.isDescending);
  const shared = columns.get(grouping);
  if (!shared) return inOrder;
  const groups = orderedGroups(grouped(inOrder, shared), sort, column, isBest);
  return groups.flatMap((group) => (open.has(group.id) ? [group, ...group.rows] : [group]));
}

/** @param {Group[]} groups @returns {Group[]} */
function orderedGroups(groups, sort, column, isBest) {
  if (sort.column === "name") return sorted(groups, (group) => group.name, sort.isDescending);
  if (!column?.isNumber) return groups; // as their first runs
  return sorted(groups, (group) => {
    const sum = summarize(group, column, isMoreBetter(column, group.rows[0]));
    return isBest ? sum?.best : sum?.mean;
  }, sort.isDescending);
}

/**
 * Return whether more is better in a column of numbers.
 * @param {RunColumn} column
 * @param {any} row Whose monitored metric the column "best" shows.
 */
export function isMoreBetter(column, row) {
  return isHigherBetter(column.key === "best" ? row?.monitor ?? "" : column.key);
}

/**
 * Return the order after a click on a column: what is best first, then turned round.
 * @param {RunsState} state
 * @param {string} key
 * @param {RunColumn|undefined} column
 * @param {any[]} rows
 */
export function nextSort({ sort }, key, column, rows) {
  if (sort.column === key) return { column: key, isDescending: !sort.isDescending };
  const first = rows.find((row) => typeof column?.value(row) === "number");
  return { column: key, isDescending: Boolean(first && column && isMoreBetter(column, first)) };
}
