// @ts-check
/** What the doctor said about a run, the gravest first. */
import { href } from "board/address.js";
import { clear, h } from "board/dom.js";
import { count, percent } from "board/format.js";
import { causeText } from "board/views/run_words.js";

const SEVERITIES = ["error", "warning", "info"];

/** Signs beside the colors, for those who do not see them. */
export const SIGNS = { error: "✕", warning: "!", info: "i" };

/**
 * @param {HTMLElement} element
 * @param {any} run
 */
export function showFindings(element, run) {
  const findings = sortFindings(run.findings);
  if (!findings.length) return clear(element, h("p.muted", null, emptyText(run)));
  clear(element, h("ul.findings", null, findings.map((finding) => item(finding, run.row))));
}

/**
 * Return findings by severity, then by step.
 * @param {any[]} findings
 */
export function sortFindings(findings) {
  const rank = (/** @type {any} */ { severity }) => SEVERITIES.indexOf(severity);
  return [...findings].sort((a, b) => rank(a) - rank(b) || a.step - b.step);
}

/**
 * Return the name of a finding's place in the list.
 * @param {string} run
 * @param {{cause: string, step: number}} finding
 */
export function findingKey(run, { cause, step }) {
  return `finding ${run} ${cause} ${step}`;
}

/**
 * Bring a finding of the list into sight.
 * @param {string} key as from findingKey
 */
export function showFinding(key) {
  const element = document.getElementById(key);
  element?.scrollIntoView({ block: "center", behavior: "smooth" });
  element?.focus({ preventScroll: true });
}

/** @param {any} run */
function emptyText(run) {
  const isWatched = run.settings["logging.watch"] || run.settings["logging.check"];
  if (isWatched && run.row.state === "running") return "The doctor watches and has found nothing so far.";
  return isWatched ? "The doctor watched and found nothing." : "The doctor did not watch: logging.watch and logging.check are off.";
}

/** @param {any} finding @param {any} row */
function item(finding, row) {
  const { cause, severity, confidence, evidence, remedy, layer } = finding;
  return h("li.finding", { class: severity, id: findingKey(row.id, finding), tabindex: -1 },
    h("div.finding-head", null,
      h("span.sign", { class: severity, role: "img", "aria-label": severity }, SIGNS[severity] ?? "?"),
      h("b", null, causeText(cause)),
      h("span.muted", null, whenText(finding))),
    h("p", null, evidence),
    remedy ? h("p.remedy", null, remedy) : null,
    h("p.finding-foot", null,
      confidence === null || confidence === undefined ? null : h("span.muted", null, `${percent(confidence, 0)} sure`),
      layer ? layerLink(layer, row) : null));
}

/** @param {any} finding */
export function whenText({ step, is_over, until }) {
  const start = step ? `since step ${count(step)}` : "before the first step";
  if (!is_over) return start;
  return until === null || until === undefined ? `${start}, over` : `step ${count(step)} to ${count(until)}`;
}

/** @param {string} layer @param {any} row */
function layerLink(layer, row) {
  if (!row.has_layers) return h("code", null, layer);
  return h("a", { href: href("run", { id: row.id, tab: "layers", layer }) }, h("code", null, layer));
}
