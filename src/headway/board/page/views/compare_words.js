// @ts-check
/** What two runs are called and colored where they stand side by side. */

export const RUN_COLORS = ["var(--series-0)", "var(--series-1)"];

/**
 * Return what to call two runs: their names, or their ids where the names are the same.
 * @param {{id: string, name: string}[]} rows
 * @returns {[string, string]}
 */
export function titlesOf([first, second]) {
  return first.name === second.name ? [first.id, second.id] : [first.name, second.name];
}
