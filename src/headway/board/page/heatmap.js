// @ts-check
/**
 * A heat map of one number of every layer over the course of a training: depth downwards, steps to
 * the right. Readable for a thousand layers: several of them in one row of pixels show the one
 * that is most unusual, and any range of depths can be enlarged.
 */
import { nearestIndex } from "board/heatmap_axes.js";
import { colorTable } from "board/heatmap_colors.js";
import { exportMenu } from "board/heatmap_export.js";
import { coloredLevels, extremes, filledRows, levelOf, valueOf } from "board/heatmap_grid.js";
import { legend } from "board/heatmap_legend.js";
import { paintCells, paintNames, paintPaper, paintProfile, paintSteps, stepAt, stepEdges, wordsOfLevels } from "board/heatmap_paint.js";
import { followKeys, followPointer } from "board/heatmap_input.js";
import { paintOverlay } from "board/heatmap_overlay.js";
import { showReadout, showSummary, spokenSummary } from "board/heatmap_words.js";
import { onThemeChange } from "board/colors.js";
import { clear, h } from "board/dom.js";

const ROW_PIXELS = 15;
const [LEAST_HEIGHT, MOST_HEIGHT] = [130, 400];
// Of the window, where that is more.
const MOST_SHARE = 0.5;
const AXIS_HEIGHT = 26;

/**
 * @typedef {import("board/heatmap_view.js").DepthView} DepthView
 * @typedef {{title: string, note?: string, grid: import("board/heatmap_grid.js").Grid,
 *   layers: {name: string, kind: string}[], steps: number[], view: DepthView,
 *   isShown?: (layer: number) => boolean, colors?: "level"|"amount", domain?: {low: number, high: number},
 *   marks?: {layer: number|null, step: number, severity: string, label: string}[]}} Options
 *   `isShown` leaves layers out, `domain` fixes the values at the ends of the colors,
 *   `marks` are places to ring.
 */

/**
 * Put a heat map into `element`.
 * @param {HTMLElement} element
 * @param {Options} options
 * @returns {{update: (options: Partial<Options>) => void, destroy: () => void}}
 */
export function heatmap(element, options) {
  const map = new Heatmap(element, options);
  return { update: (changed) => map.update(changed), destroy: () => map.destroy() };
}

class Heatmap {
  /** @param {HTMLElement} element @param {Options} options */
  constructor(element, options) {
    this.element = element;
    this.options = options;
    this.base = /** @type {HTMLCanvasElement} */ (h("canvas.heat-base", { "aria-hidden": "true" }));
    this.top = /** @type {HTMLCanvasElement} */ (
      h("canvas.heat-top", { tabindex: 0, role: "application", "aria-roledescription": "heat map" })
    );
    this.readout = h("output.heat-readout");
    this.summary = h("p.heat-summary");
    this.bar = h("div.heat-legend");
    this.stage = h("div.heat-stage", null, this.base, this.top);
    clear(
      element,
      h("div.heat-head", null, h("h3", null, options.title), this.readout, exportMenu(this)),
      options.note ? h("p.heat-note", null, options.note) : null,
      this.stage,
      this.bar,
      this.summary,
    );
    this.band = /** @type {{from: number, to: number}|null} */ (null);
    this.#listen();
    this.update({});
  }

  #listen() {
    const stops = new AbortController();
    const { view } = this.options;
    const { signal } = stops;
    view.addEventListener("range", () => this.#paint(), { signal });
    view.addEventListener("cursor", () => this.#paintTop(), { signal });
    view.addEventListener("pins", () => this.#paintTop(), { signal });
    followPointer(this, signal);
    followKeys(this, signal);
    const sizes = new ResizeObserver(() => this.#paint());
    sizes.observe(this.stage);
    const stopTheme = onThemeChange(() => this.#paint());
    this.destroy = () => {
      stops.abort();
      sizes.disconnect();
      stopTheme();
      this.element.replaceChildren();
    };
  }

  /** @param {Partial<Options>} changed */
  update(changed) {
    this.options = { ...this.options, ...changed };
    const { grid, steps, layers } = this.options;
    this.chosen = chooseRows(this.options);
    this.names = layers.map((layer) => layer.name);
    this.edges = stepEdges(steps);
    this.found = extremes(grid, this.chosen);
    this.top.setAttribute("aria-label", spokenSummary(this.options, this.chosen.length, this.found));
    showSummary(this.summary, this.options, this.chosen.length, this.found);
    this.#paint();
  }

  #chooseColors() {
    const { grid, domain: given, view } = this.options;
    const rows = view.isFitted ? this.rows : this.chosen;
    const [low, usual, high] = coloredLevels(grid, rows) ?? [0, 0, 1];
    const fixed = view.isFitted ? undefined : given;
    this.usual = usual;
    this.domain = fixed
      ? { low: levelOf(grid, fixed.low), high: levelOf(grid, fixed.high) }
      : { low, high: Math.max(high, low + 1) };
    this.ends = fixed ?? { low: valueOf(grid, this.domain.low), high: valueOf(grid, this.domain.high) };
  }

  get isClipped() {
    const { found, ends } = this;
    return found !== null && (found.lowest.value < ends.low || found.highest.value > ends.high);
  }

  get scene() {
    const { grid, steps } = this.options;
    const { names, edges, domain, usual } = this;
    return { grid, rows: this.rows, names, steps, edges, domain, usual };
  }

  #measure() {
    const width = this.stage.clientWidth;
    const rows = Math.max(1, this.rows.length);
    const most = Math.max(MOST_HEIGHT, Math.round(innerHeight * MOST_SHARE));
    const height = Math.min(most, Math.max(LEAST_HEIGHT, rows * ROW_PIXELS));
    const left = width < 620 ? 92 : 150;
    const side = width < 520 ? 0 : Math.min(120, Math.round(width * 0.14));
    this.box = { left, top: 4, width: Math.max(20, width - left - side - (side ? 12 : 2)), height };
    this.side = { left: width - side, top: 4, width: side - 2, height };
    return { width, height: height + AXIS_HEIGHT };
  }

  #paint() {
    if (!this.stage.clientWidth || !this.chosen.length) return;
    const { from, to } = this.options.view;
    /** Layers in sight that have a value. */
    this.rows = this.chosen.filter((row) => row >= from && row < to);
    this.#chooseColors();
    const size = this.#measure();
    const pen = resize(this.base, size);
    resize(this.top, size);
    const table = colorTable(this.options.colors ?? "level");
    const { box, scene } = this;
    const scale = devicePixelRatio;
    if (scene.rows.length) {
      const words = wordsOfLevels(table, this.domain);
      const cells = paintCells(scene, words, Math.round(box.width * scale), Math.round(box.height * scale));
      pen.imageSmoothingEnabled = false;
      paintPaper(pen, box);
      pen.drawImage(cells, box.left, box.top, box.width, box.height);
      paintNames(pen, box, scene);
    }
    paintSteps(pen, box, scene);
    this.#paintSide(pen);
    const { scale: kind, unit } = this.options.grid;
    legend(this.bar, { table, domain: this.ends, scale: kind, unit, isClipped: this.isClipped });
    this.#paintTop();
  }

  /** @param {CanvasRenderingContext2D} pen */
  #paintSide(pen) {
    const { side, scene } = this;
    if (side.width <= 0 || !scene.rows.length) return;
    pen.globalAlpha = 0.3;
    pen.strokeRect(side.left + 0.5, side.top + 0.5, side.width - 1, side.height - 1);
    pen.globalAlpha = 0.75;
    paintProfile(pen, side, scene, scene.steps.length - 1);
    pen.globalAlpha = 1;
    pen.textAlign = "center";
    pen.fillText("newest", side.left + side.width / 2, side.top + side.height + 6);
  }

  #paintTop() {
    if (!this.box) return;
    const pen = /** @type {CanvasRenderingContext2D} */ (this.top.getContext("2d"));
    pen.clearRect(0, 0, this.top.clientWidth, this.top.clientHeight);
    showReadout(this.readout, this.options, paintOverlay(pen, this));
  }

  /** @param {number} layer in this map the nearest one with values */
  nearestLayer(layer) {
    const { rows } = this;
    return rows.length ? rows[nearestIndex(rows, layer)] : null;
  }

  /** @param {number} layer */
  yOfLayer(layer) {
    const { rows } = this;
    const i = rows.indexOf(layer);
    return i < 0 ? null : this.box.top + ((i + 0.5) / rows.length) * this.box.height;
  }

  /** @param {number} y */
  layerAt(y) {
    const { rows, box } = this;
    const i = Math.floor(((y - box.top) / box.height) * rows.length);
    return rows[Math.min(rows.length - 1, Math.max(0, i))];
  }

  /** @param {number} x */
  stepAt(x) {
    return stepAt(this.box, this.scene, x);
  }

  /** @param {{from: number, to: number}|null} band in pixels */
  setBand(band) {
    this.band = band;
    this.#paintTop();
  }
}

/**
 * Return the layers asked for that have values; all that have some where none of these does.
 * @param {Options} options
 */
function chooseRows({ grid, isShown = () => true }) {
  const filled = filledRows(grid);
  const rows = filled.filter(isShown);
  return rows.length ? rows : filled;
}

/** @param {HTMLCanvasElement} canvas @param {{width: number, height: number}} size */
function resize(canvas, { width, height }) {
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const style = getComputedStyle(canvas);
  pen.scale(devicePixelRatio, devicePixelRatio);
  pen.font = style.font;
  pen.fillStyle = style.color;
  pen.strokeStyle = style.color;
  pen.lineWidth = 1;
  return pen;
}
