// @ts-check
/**
 * The doctor's findings and the events of a run on one time line, which stands exactly under the
 * chart above: a lane for each cause, a bar for as long as it lasted.
 */
import { clear, h } from "board/dom.js";
import { count } from "board/format.js";
import { findingKey, showFinding, SIGNS, sortFindings, whenText } from "board/views/run_findings.js";
import { causeText, sentence } from "board/views/run_words.js";

const EVENT_SIGNS = {
  started: "▶", resumed: "▶", best: "★", finished: "■", diverged: "✕", interrupted: "❚❚",
  failed: "✕", rollback: "↺", early_stop: "■",
};
const EVENT_SEVERITIES = { diverged: "error", failed: "error", rollback: "warning", interrupted: "warning" };
const LEAST_BAR = 18;
const BORDER = 1;
const NEAR = 24;

/**
 * @param {HTMLElement} element
 * @returns {{update: (run: any, toX: (step: number) => number) => void,
 *   align: (range: {min: number, max: number, left: number, width: number}) => void,
 *   destroy: () => void}}
 */
export function timeline(element) {
  /** @type {any} */
  let run = null;
  let toX = (/** @type {number} */ step) => step;
  /** @type {{min: number, max: number, left: number, width: number}|null} */
  let range = null;
  const draw = () => {
    if (!run || !range) return;
    clear(element, h("section.timeline", { "aria-label": "Findings and events over time" },
      lanesOf(run).map((lane) => laneOf(lane, toX, /** @type {any} */ (range)))));
  };
  return {
    update: (nextRun, nextToX) => { run = nextRun; toX = nextToX; draw(); },
    align: (next) => { range = next; draw(); },
    destroy: () => clear(element),
  };
}

/**
 * @typedef {{label: string, items: {from: number, to: number|null, isBar: boolean, sign: string,
 *   severity: string, text: string, key?: string}[]}} Lane
 */

/** @param {any} run @returns {Lane[]} */
function lanesOf(run) {
  const causes = [...new Set(sortFindings(run.findings).map(({ cause }) => cause))];
  const lanes = causes.map((cause) => ({
    label: causeText(cause),
    items: run.findings.filter((/** @type {any} */ finding) => finding.cause === cause)
      .map((/** @type {any} */ finding) => findingItem(finding, run.row.id)),
  }));
  return [...lanes, { label: "Events", items: eventItems(run.events) }];
}

/** @param {any} finding @param {string} run */
function findingItem(finding, run) {
  const { step, until, is_over, severity, evidence, layer } = finding;
  const where = layer ? ` in ${layer}` : "";
  return {
    from: step,
    to: is_over ? until ?? step : null,
    isBar: true,
    sign: SIGNS[severity] ?? "?",
    severity,
    key: findingKey(run, finding),
    text: `${causeText(finding.cause)}${where}, ${whenText(finding)}. ${evidence}`,
  };
}

/** @param {any[]} events */
function eventItems(events) {
  const lastBest = events.findLast((event) => event.event === "best");
  return events
    .filter((event) => event.event in EVENT_SIGNS && (event.event !== "best" || event === lastBest))
    .map((event) => ({
      from: event.step ?? 0,
      to: event.step ?? 0,
      isBar: false,
      sign: EVENT_SIGNS[event.event],
      severity: EVENT_SEVERITIES[event.event] ?? event.event,
      text: eventText(event),
    }));
}

/** @param {any} event */
function eventText(event) {
  const words = `${sentence(event.event)}, step ${count(event.step ?? 0)}`;
  return event.cause ? `${words}. ${event.cause}` : words;
}

/** @param {Lane} lane @param {(step: number) => number} toX @param {{min: number, max: number, left: number, width: number}} range */
function laneOf({ label, items }, toX, range) {
  const place = (/** @type {number} */ x) => ((x - range.min) / (range.max - range.min)) * range.width;
  const track = h("div.lane-track", { role: "list", "aria-label": label },
    items.map((item) => mark(item, place(toX(item.from)), item.to === null ? range.width : place(toX(item.to)), range.width)));
  track.style.marginLeft = `${range.left - BORDER}px`;
  track.style.width = `${range.width}px`;
  return h("div.lane", null, h("div.lane-label", null, label), track);
}

/** @param {Lane["items"][number]} item @param {number} left @param {number} right @param {number} width */
function mark({ isBar, sign, severity, text, key }, left, right, width) {
  // Outside of what is enlarged, or unknown; a run ends a little after its last point.
  if (!(right >= 0 && left <= width + NEAR)) return null;
  const start = Math.min(width, Math.max(0, left));
  const element = h("div.lane-mark", {
    class: `${severity} ${isBar ? "bar" : "point"}`, role: "listitem", tabindex: 0, "aria-label": text, title: text,
    onclick: key ? () => showFinding(key) : null,
  }, h("span.sign", { class: severity, "aria-hidden": "true" }, sign));
  element.style.left = `${isBar ? Math.min(start, width - LEAST_BAR) : start}px`;
  if (isBar) element.style.width = `${Math.max(LEAST_BAR, Math.min(width, right) - start)}px`;
  return element;
}
