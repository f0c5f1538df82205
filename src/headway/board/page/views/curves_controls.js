// @ts-check
/** What stands above the charts: metrics, x, smoothing, scales, groups. */

import { button, checkbox, h, popover, select } from "board/dom.js";

const X = /** @type {[string, string][]} */ ([["step", "Step"], ["epoch", "Epoch"], ["time", "Time"], ["samples", "Samples"]]);
const SMOOTHEST = 0.3;

/**
 * Return the controls.
 * @param {any} state Of the view.
 * @param {{charts: string[], parts: string[], groupings: [string, string][]}} choices
 * @param {(changes: Record<string, any>) => void} change
 */
export function curveControls(state, { charts, parts, groupings }, change) {
  return [
    popover(["Metrics", state.metricCount],
      () => metricList(charts, state.charts, (chosen) => change({ chosenCharts: chosen }))),
    parts.length > 1 ? partButtons(parts, state.parts, change) : null,
    select("X", X, state.x, (x) => change({ x })),
    smoothingSlider(state, change),
    popover("Axes", () => h("div.stack.axes-choice", null,
      checkbox("Log y", state.isLogY, (isLogY) => change({ isLogY })),
      checkbox("Log x", state.isLogX, (isLogX) => change({ isLogX })),
      checkbox("Leave outliers outside", state.isRobust, (isRobust) => change({ isRobust })),
      checkbox("Dots behind smoothed lines", state.hasDots, (hasDots) => change({ hasDots })))),
    select("Group by", groupings, state.grouping, (grouping) => change({ grouping })),
    state.grouping ? select("Band", [["deviation", "± deviation"], ["range", "min to max"]], state.band, (band) => change({ band }), { isLabelHidden: true }) : null,
  ];
}

function partButtons(parts, shown, change) {
  return h("span.segments", { role: "group", "aria-label": "Parts" }, parts.map((part) => button(part.replace("_", " "), () => {
    const next = shown.includes(part) ? shown.filter((each) => each !== part) : [...shown, part];
    change({ chosenParts: next.length ? next : [part] });
  }, { "aria-pressed": String(shown.includes(part)) })));
}

function smoothingSlider(state, change) {
  const text = h("output.smoothing-value", null, label(state.smoothing));
  const field = /** @type {HTMLInputElement} */ (h("input", {
    type: "range", min: 0, max: 100, step: 1, value: toSlider(state.smoothing),
    oninput: () => {
      const smoothing = fromSlider(Number(field.value));
      text.textContent = label(smoothing);
      change({ smoothing });
    },
  }));
  return h("label.field", { title: "Part of the x range over which values are averaged" }, h("span.label", null, "Smoothing"), field, text);
}

// Little smoothing needs the finer steps.
function fromSlider(place) {
  return Number((SMOOTHEST * (place / 100) ** 2).toPrecision(3));
}

function toSlider(width) {
  return Math.round(100 * Math.sqrt(Math.min(1, width / SMOOTHEST)));
}

function label(width) {
  return width ? `${Number((100 * width).toPrecision(2))} %` : "off";
}

function metricList(charts, shown, onChange) {
  const keys = new Set(shown);
  return h("div.chooser", null,
    h("div.row", null, h("strong", null, "Charts"), h("span.push"),
      button("All", () => onChange(charts), { class: "quiet" }), button("Default", () => onChange(null), { class: "quiet" })),
    h("div.chooser-list", null, h("fieldset", null, h("legend.hidden", null, "Charts"),
      charts.map((base) => checkbox(base, keys.has(base), (isShown) => {
        if (isShown) keys.add(base);
        else keys.delete(base);
        onChange(charts.filter((each) => keys.has(each)));
      })))));
}
