// @ts-check
/** The curves of pinned layers, one chart for each number. */
import { lineChart } from "board/chart.js";
import { palette } from "board/colors.js";
import { button, clear, h, icon } from "board/dom.js";
import { cellValue } from "board/heatmap_grid.js";

const HEIGHT = 180;

/**
 * @param {HTMLElement} element
 */
export function pinnedCurves(element) {
  const chips = h("div.row");
  const charts = h("div.charts");
  const section = h("section.pins", { "aria-label": "Pinned layers", hidden: true }, h("h2", null, "Pinned layers"), chips, charts);
  element.append(section);
  /** @type {{destroy: () => void}[]} */
  let drawn = [];

  /**
   * @param {{grids: import("board/views/run_grids.js").Drawn[], layers: {name: string}[],
   *   steps: number[], view: import("board/heatmap_view.js").DepthView}} content
   */
  function update({ grids, layers, steps, view }) {
    destroyCharts();
    section.hidden = view.pins.length === 0;
    clear(chips, view.pins.map((layer, i) => chip(layers[layer].name, palette[i], () => view.pin(layer))),
      view.pins.length > 1 ? button("Let go of all", () => view.unpinAll(), { class: "quiet" }) : null);
    if (view.pins.length) drawn = grids.flatMap((each) => chartOf(charts, each, layers, steps, view.pins));
  }
  function destroyCharts() {
    for (const chart of drawn) chart.destroy();
    drawn = [];
    clear(charts);
  }
  return { update, destroy: destroyCharts };
}

/** @param {string} name @param {string} color @param {() => void} remove */
function chip(name, color, remove) {
  const swatch = h("span.swatch", { style: { color } });
  return h("span.chip.pin-chip", null, swatch, h("code", null, name),
    button(icon("close"), remove, { class: "chip-remove", "aria-label": `Let go of ${name}` }));
}

/**
 * @param {HTMLElement} element
 * @param {import("board/views/run_grids.js").Drawn} drawn
 * @param {{name: string}[]} layers
 * @param {number[]} steps
 * @param {number[]} pins
 */
function chartOf(element, { title, grid }, layers, steps, pins) {
  const series = pins.map((layer, i) => curveOf(grid, layer, steps, layers[layer].name, palette[i]))
    .filter(({ x }) => x.length);
  if (!series.length) return [];
  return [lineChart(element, {
    title,
    x: { label: "Step" },
    y: { label: title, unit: grid.unit, isLog: grid.scale === "log" },
    series,
    height: HEIGHT,
    sync: "pinned layers",
    hasLegend: false,
  })];
}

/**
 * @param {import("board/heatmap_grid.js").Grid} grid
 * @param {number} layer
 * @param {number[]} steps
 * @param {string} label
 * @param {string} color
 */
function curveOf(grid, layer, steps, label, color) {
  const points = steps.map((step, i) => [step, cellValue(grid, layer, i)]).filter(([, value]) => !Number.isNaN(value));
  return { label, color, x: points.map(([step]) => step), y: points.map(([, value]) => value) };
}
