// @ts-check
/** The top of a run's page: its name, what became of it, its best numbers and what one can do. */
import { href } from "board/address.js";
import { clear, h, icon, popover } from "board/dom.js";
import { count, duration, number, short, time, toNumber } from "board/format.js";
import { isReport } from "board/source.js";
import { pickRun } from "board/views/run_picker.js";
import { metricText, sentence, startText } from "board/views/run_words.js";

/**
 * Put the top of a run's page into `element`. Its buttons stay, so that what they opened does when
 * a run goes on.
 * @param {HTMLElement} element
 * @param {any} row
 * @returns {(run: any) => void} shows the answer of /api/run
 */
export function makeHead(element, row) {
  const changing = h("div.run-changing");
  element.append(
    h("div.run-title", null,
      h("div.run-name", null, origin(row), h("h1", null, h("bdi", null, row.name))),
      h("div.run-actions", null, actions(row))),
    changing);
  return (run) => showState(changing, run);
}

/** @param {HTMLElement} element @param {any} run */
function showState(element, run) {
  const { row } = run;
  clear(
    element,
    h("div.run-line", null,
      h("span.state", { class: row.state }, row.state),
      h("span.muted", { title: time(row.created) }, startText(row)),
      row.tags.map((/** @type {string} */ tag) => h("span.chip", null, icon("tag"), h("bdi", null, tag)))),
    row.state === "running" ? progress(row) : null,
    endBanner(run),
    damageBanner(run.damage),
    h("dl.tiles", null, tiles(run).map(([label, value, note, severity]) =>
      h("div.tile", { class: severity }, h("dt", null, label), h("dd", null, h("b", null, value), note ? h("span", null, note) : null)))),
  );
}

/** @param {any} row */
function origin(row) {
  if (!row.group || isReport) return null;
  const isSweep = row.kind !== "lab";
  const address = isSweep ? href("sweep", { id: row.group }) : href("lab", { name: row.group.split("/").at(-1) });
  return h("a.run-origin", { href: address }, h("bdi", null, row.group), " /");
}

/** @param {any} row */
function actions(row) {
  if (isReport) return [];
  return [
    popover("Compare with…", (close) => pickRun({
      except: row.id,
      hrefOf: (/** @type {string} */ id) => href("compare", { run: [row.id, id] }),
      onPick: close,
    })),
    h("a.button", { href: `/report?id=${encodeURIComponent(row.id)}`, download: "" }, icon("download"), "Report"),
  ];
}

/** @param {any} row */
function progress(row) {
  const share = row.total_steps ? Math.min(1, row.step / row.total_steps) : 0;
  const left = share > 0 ? (row.seconds * (1 - share)) / share : null;
  return h("div.run-progress", null,
    h("progress", { max: 1, value: share, "aria-label": "Share of the steps done" }),
    h("span.muted", null, `step ${count(row.step)} of ${count(row.total_steps ?? 0)}`,
      left === null ? "" : `, about ${duration(left)} left`));
}

/** @param {any} run Why a run did not come to its end, in the words that it left. */
function endBanner({ row, events }) {
  if (!["diverged", "failed"].includes(row.state)) return null;
  const end = events.findLast((/** @type {any} */ { event }) => event === row.state);
  const text = end?.cause ?? end?.error ?? end?.reason;
  const step = end?.step_of_divergence ?? end?.step;
  const title = step === undefined ? sentence(row.state) : `${sentence(row.state)} at step ${count(step)}`;
  return h("section.banner.error", { "aria-label": title }, icon("warning"),
    h("div", null, h("p", null, h("b", null, title)), text ? h("p", null, text) : null));
}

/** @param {{file: string, line: number|null, text: string}[]} damage */
function damageBanner(damage) {
  if (!damage.length) return null;
  const shown = damage.slice(0, 5).map(({ file, line, text }) =>
    h("li", null, h("b", null, line ? `${file}, line ${count(line)}` : file), h("code", null, text)));
  const hidden = damage.length - shown.length;
  return h("section.banner.warning", { "aria-label": "Damage" },
    icon("warning"),
    h("div", null,
      h("p", null, `${count(damage.length)} damaged ${damage.length === 1 ? "place" : "places"} in the record: left out here, the rest is shown.`),
      h("ul", null, shown, hidden > 0 ? h("li", null, `and ${count(hidden)} more`) : null)));
}

/** @param {any} run @returns {[string, string, string?, string?][]} */
function tiles({ row, findings }) {
  const list = [bestTile(row), lossTile(row, "val/loss", "Validation loss"), trainTile(row)].filter((tile) => tile !== null);
  const epoch = toNumber(row.epoch);
  const speed = toNumber(row.values.samples_per_second);
  const worst = ["error", "warning"].find((severity) => row.findings[severity] > 0);
  return [
    ...list,
    ["Steps", count(row.step), epoch === null ? "" : `epoch ${number(epoch, 3)}`],
    ["Time", duration(row.seconds), speed === null ? "" : `${short(speed)} samples/s`],
    ["Findings", findingsText(row.findings), findings.length ? `${count(findings.length)} in all` : "", worst],
  ];
}

/** @param {any} row @returns {[string, string, string]|null} */
function bestTile(row) {
  const value = row.best?.values?.[row.monitor];
  if (value === undefined) return null;
  const name = row.monitor.replace(/^val\//, "");
  return [`Best ${sentence(name).toLowerCase()}`, metricText(row.monitor, value), `validation, step ${count(row.best.step)}`];
}

/** @param {any} row @param {string} metric @param {string} label @returns {[string, string, string]|null} */
function lossTile(row, metric, label) {
  if (metric === row.monitor || row.values[metric] === undefined) return null;
  const best = row.best?.values?.[metric];
  return [label, number(row.values[metric], 4), best === undefined ? "" : `${number(best, 4)} at the best step`];
}

/** @param {any} row @returns {[string, string, string]|null} */
function trainTile(row) {
  const metric = ["train_eval/loss", "train/loss"].find((name) => row.values[name] !== undefined);
  return metric ? ["Training loss", number(row.values[metric], 4), ""] : null;
}

/** @param {{error: number, warning: number}} findings */
function findingsText({ error, warning }) {
  const words = [[error, "error"], [warning, "warning"]]
    .filter(([amount]) => Number(amount) > 0)
    .map(([amount, word]) => `${amount} ${word}${amount === 1 ? "" : "s"}`);
  return words.join(", ") || "none";
}
