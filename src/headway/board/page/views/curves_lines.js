// @ts-check
/** Which lines the charts have: one for each run, or one for each group of runs. Pure. */

import { palette, runColors } from "board/colors.js";
import { fileName, setting } from "board/format.js";
import { shortName, tellingSettings } from "board/settings.js";

const OWN = [["model", "Model"], ["data", "Data"], ["state", "State"]];

/**
 * @param {any[]} rows
 * @param {string} grouping A setting, a name of a row's field, "arm", or "" for none.
 * @returns {import("board/views/curves_series.js").Line[]}
 */
export function linesOf(rows, grouping) {
  if (!grouping) {
    const colors = runColors(rows.map((row) => row.id));
    return rows.map((row) => ({ key: row.id, label: row.name, color: colors.get(row.id) ?? palette[0], runs: [row.id] }));
  }
  const groups = new Map();
  for (const row of rows) {
    const name = groupOf(row, grouping);
    groups.set(name, [...(groups.get(name) ?? []), row.id]);
  }
  const names = [...groups.keys()].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  return names.map((name, i) => ({ key: name, label: name, color: palette[i % palette.length], runs: groups.get(name) }));
}

function groupOf(row, grouping) {
  if (grouping === "arm") return armOf(row.name);
  if (OWN.some(([name]) => name === grouping)) return fileName(String(row[grouping]));
  return `${shortName(grouping)} ${setting(row.settings?.[grouping])}`;
}

/**
 * Return by what these runs can be grouped.
 * @param {any[]} rows
 */
export function groupingsOf(rows) {
  const isVaried = (name) => new Set(rows.map((row) => row[name])).size > 1;
  const hasArms = new Set(rows.map((row) => armOf(row.name))).size < rows.length;
  const settings = tellingSettings(rows).filter((name) => name !== "seed");
  return /** @type {[string, string][]} */ ([
    ["", "Nothing"], ...(hasArms ? [["arm", "Name without seed"]] : []),
    ...OWN.filter(([name]) => isVaried(name)), ...settings.map((name) => [name, name]),
  ]);
}

/**
 * Return what runs of several seeds have in common: "plain-56-seed-2-ab12cd34" is of "plain-56".
 * @param {string} name
 */
export function armOf(name) {
  return name.replace(/-[0-9a-f]{8}$/, "").replace(/[-_ ]?seed[-_ ]?\d+/, "").replace(/-+$/, "");
}
