// @ts-check
/** Which settings tell runs apart: there are hundreds, and a few say what an experiment was. Pure. */

const TELLING = [/^model\.options\.(?!.*(bias|eps))/, /^optimizer\.(name|lr)$/, /^schedule\.name$/,
  /^training\.(batch_size|epochs)$/, /^optimizer\./, /^training\./, /^task\./, /^augmentation\./,
  /^preprocessing\./, /^schedule\./, /^model\./, /^seed$/];
// These say where things lie, follow from others, or are what a view shows anyway.
const SILENT = /^(name|data\.source|data\.root|model\.name|machine\..*|logging\..*|checkpointing\..*|training\.(report_every|swa_every)|schedule\.(cycle_steps|warmup_steps))$/;

/**
 * Return the names of the settings that differ between runs, the most telling ones first.
 * @param {any[]} rows
 */
export function tellingSettings(rows) {
  const rank = (name) => TELLING.findIndex((pattern) => pattern.test(name));
  const isVaried = (name) => new Set(rows.map((row) => JSON.stringify(row.settings?.[name]))).size > 1;
  return settingNames(rows).filter((name) => !SILENT.test(name) && rank(name) >= 0 && isVaried(name))
    .sort((a, b) => rank(a) - rank(b));
}

/**
 * Return the names of all settings in which not all runs are equal.
 * @param {any[]} rows
 */
export function settingNames(rows) {
  return [...new Set(rows.flatMap((row) => Object.keys(row.settings ?? {})))].sort();
}

/**
 * Return a setting's name in short: "lr" for "optimizer.lr", "optimizer" for "optimizer.name".
 * @param {string} name
 */
export function shortName(name) {
  return name.replace(/\.(name|kind)$/, "").split(".").slice(-1)[0];
}
