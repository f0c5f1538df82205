// @ts-check
/** The elements that a chart is made of, and the names above its drawing. */

import { clear, button, h } from "board/dom.js";
import { summary } from "board/chart_tooltip.js";

/**
 * Return the elements of a chart, put together in `figure`.
 * @param {HTMLElement[]} tools Buttons at the right of the title.
 */
export function chartParts(tools) {
  const title = h("span.chart-title");
  const unit = h("span.chart-unit");
  const outside = h("span.chart-unit", { title: "Values far from all others do not stretch the axis" });
  const legend = h("div.chart-legend", { role: "group", "aria-label": "Series" });
  const canvas = h("div", { tabindex: "0", role: "img" });
  const nothing = h("div.chart-empty", null, "No values");
  const body = h("div.chart-body", null, canvas, nothing);
  const tooltip = h("div.chart-tooltip", { hidden: true });
  const spoken = h("span.hidden", { "aria-live": "polite" });
  const figure = h("figure.chart", null,
    h("figcaption.chart-head", null, title, unit, outside, h("span.chart-tools", null, tools)),
    legend, body, tooltip, spoken);
  return { title, unit, outside, legend, canvas, nothing, body, tooltip, spoken, figure };
}

/** @typedef {ReturnType<typeof chartParts>} Parts */

/**
 * Write title and unit, and what screen readers say.
 * @param {Parts} parts
 * @param {import("board/chart.js").ChartOptions} options
 * @param {import("board/chart.js").Series[]} series
 */
export function showTitle({ title, unit, canvas, nothing }, options, series) {
  clear(title, options.title);
  title.title = options.title;
  clear(unit, [options.y.unit, options.y.isLog ? "log scale" : ""].filter(Boolean).join(", "));
  canvas.setAttribute("aria-label", summary(options, series));
  nothing.hidden = series.some((each) => each.x.length > 0);
}

/**
 * Show the names of the series as buttons that hide them.
 * @param {Parts} parts
 * @param {import("board/chart.js").Series[]} lines
 * @param {{isShown: (label: string) => boolean, toggle: (label: string) => void, point: (key: string|null) => void}} actions
 */
export function showLegend({ legend }, lines, { isShown, toggle, point }) {
  legend.hidden = !lines.length;
  clear(legend, lines.map((each) => button(
    [h("span.chart-key", { class: each.dash ? "dashed" : "", style: { color: each.color } }), each.label],
    () => toggle(each.label),
    {
      class: "chart-legend-item", "aria-pressed": String(isShown(each.label)),
      onmouseenter: () => point(each.key ?? each.label), onmouseleave: () => point(null),
    },
  )));
}
