// @ts-check
/** The metric against each setting, the most important setting first. */

import { clear, h } from "board/dom.js";
import { percent } from "board/format.js";
import { scatter } from "board/scatter.js";

/**
 * @typedef {object} Handlers
 * @property {(id: string | null) => void} onHover
 * @property {(id: string) => void} onOpen
 */

/**
 * Show a scatter plot for each setting.
 * @param {HTMLElement} element
 * @param {Handlers} handlers
 */
export function scatterGrid(element, handlers) {
  /** @type {ReturnType<typeof scatter>[]} */
  let plots = [];
  const destroy = () => plots.forEach((plot) => plot.destroy());
  return {
    /** @param {any} answer @param {any} shown */
    update(answer, shown) {
      destroy();
      const cards = shown.settings.map((/** @type {any} */ setting) => ({ setting, body: h("div.scatter-body") }));
      clear(element,
        h("div.view-head", null, h("h2", null, `${answer.metric} by setting`),
          h("span.muted", null, answer.importance
            ? "bars: how much of the order of the trials a setting explains by itself"
            : "too few finished trials to estimate which setting matters")),
        h("div.scatters", null, cards.map((/** @type {any} */ { setting, body }) =>
          h("div.panel.scatter-card", null, headOf(setting), body))));
      plots = cards.map((/** @type {any} */ { setting, body }) => plotOf(body, setting, answer.metric, shown, handlers));
    },
    /** @param {Set<string> | null} chosen */
    select: (chosen) => plots.forEach((plot) => plot.select(chosen)),
    /** @param {string | null} id */
    highlight: (id) => plots.forEach((plot) => plot.highlight(id)),
    destroy,
  };
}

/** @param {any} setting */
function headOf(setting) {
  const name = h("h3.scatter-title", { title: setting.name }, setting.name);
  if (setting.importance === null) return h("div.scatter-head", null, name);
  return h("div.scatter-head", null, name,
    h("span.importance", { title: `importance ${percent(setting.importance)}` },
      h("span.share", { style: { width: `${Math.max(2, 100 * setting.importance)}%` } })),
    h("span.small.muted", null, percent(setting.importance, 0)));
}

/** @param {HTMLElement} body @param {any} setting @param {string} metric @param {any} shown @param {Handlers} handlers */
function plotOf(body, setting, metric, shown, handlers) {
  return scatter(body, {
    label: `${metric} against ${setting.name}, ${shown.trials.length} trials`,
    x: setting.name,
    y: metric,
    kind: setting.kind,
    yKind: shown.metric.kind,
    points: shown.trials.map((/** @type {any} */ trial) => ({
      id: trial.id, label: trial.label, x: trial.settings[setting.name], y: trial.value, bin: trial.bin,
    })),
    ...handlers,
  });
}
