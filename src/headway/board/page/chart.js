// @ts-check
/** Line charts: uPlot draws axes and does zoom and cursor, `chart_draw.js` draws the lines. */

import uPlot from "board/vendor/uPlot.esm.js";
import { axis, extent, fullRange, scaleOptions } from "board/chart_axes.js";
import { drawMarks, drawSeries } from "board/chart_draw.js";
import { exportMenu } from "board/chart_export.js";
import { chartParts, showLegend, showTitle } from "board/chart_parts.js";
import { ChartPointer } from "board/chart_pointer.js";
import { onThemeChange } from "board/colors.js";
import { clear } from "board/dom.js";

const HEIGHT = 220;
const LEAST_WIDTH = 80;
/** Of the body, at both sides of the drawing. */
const PADDING = 10;
/** So many series have their names above the drawing where nothing else is asked for. */
const [LEAST_NAMES, MOST_NAMES] = [2, 6];

/**
 * @typedef {object} Axis
 * @property {string} label
 * @property {string} [unit] "s" gives marks in minutes and hours.
 * @property {boolean} [isLog]
 * @property {boolean} [isRobust] Y only: single values far from all others do not stretch the axis.
 * @property {number} [min] The range reaches at least so far down.
 * @property {number} [max] And so far up.
 */

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {string} color As in `colors.js`.
 * @property {number[]} x Ascending.
 * @property {number[]} y
 * @property {number[]} [low] Lower edge of a band, as long as y.
 * @property {number[]} [high]
 * @property {string} [key] What belongs together when one points at it; the label when left out.
 * @property {number[]|null} [dash] Lengths of dashes and gaps in pixels.
 * @property {boolean} [points] Dots instead of a line; they do not answer to the pointer.
 * @property {number} [width]
 * @property {number} [alpha]
 * @property {boolean} [isHidden]
 * @property {number[]} [notFinite] Where the value was NaN or infinite.
 */

/** @typedef {{x: number, label: string, severity?: "error"|"warning"|"info", end?: number}} Mark */

/**
 * @typedef {object} ChartOptions
 * @property {string} title
 * @property {Axis} x
 * @property {Axis} y
 * @property {Series[]} series
 * @property {Mark[]} [marks] Vertical lines, or spans where `end` is given.
 * @property {number} [height] Of the drawing, in pixels.
 * @property {string} [sync] Charts of one name share the cursor and the zoom.
 * @property {boolean} [hasLegend] Names above the drawing; by default for two to six of them.
 * @property {(key: string|null) => void} [onHover] The pointer came near a series, or left.
 * @property {(range: {min: number, max: number, left: number, width: number}) => void} [onRange]
 *   After each drawing: x range, and where it lies in pixels from the chart's left edge.
 * @property {HTMLElement[]} [tools] More buttons beside the menu.
 */

/** @typedef {ReturnType<typeof lineChart>} Chart */

/**
 * Put a line chart into `element`.
 * @param {HTMLElement} element
 * @param {ChartOptions} options
 */
export function lineChart(element, options) {
  const chart = new LineChart(element, options);
  return {
    /**
     * Show other series; other options may change with them.
     * @param {Series[]} series
     * @param {Partial<ChartOptions>} [changes]
     */
    update: (series, changes = {}) => chart.update(series, changes),
    /** @param {string|null} key Series to stand out from the others, null for none. */
    highlight: (key) => chart.highlight(key),
    destroy: () => chart.destroy(),
    /** The element of the whole chart. */
    figure: chart.parts.figure,
  };
}

class LineChart {
  /** @param {HTMLElement} element @param {ChartOptions} options */
  constructor(element, options) {
    this.options = options;
    /** @type {Series[]} */
    this.series = [];
    /** @type {string|null} */
    this.highlighted = null;
    /** @type {Set<string>} */
    this.hidden = new Set();
    this.full = [0, 1];
    this.window = [0, 1];
    /** @type {any} */
    this.plot = null;
    this.parts = chartParts([...(options.tools ?? []), exportMenu(this)]);
    this.pointer = new ChartPointer(this);
    element.append(this.parts.figure);
    this.#take(options.series);
    this.#makePlot();
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(this.parts.body);
    this.stopTheme = onThemeChange(() => this.#makePlot());
  }

  /** @param {Series[]} series */
  #take(series) {
    const { x, y } = this.options;
    const keep = (a, b) => (!x.isLog || a > 0) && (!y.isLog || b > 0);
    this.series = series.map((each) => (x.isLog || y.isLog ? filtered(each, keep) : each));
    this.full = fullRange(this.visible(), x);
    showTitle(this.parts, this.options, this.series);
    this.#showLegend();
  }

  #showLegend() {
    const lines = this.series.filter((each) => !each.points);
    const isShown = this.options.hasLegend ?? (lines.length >= LEAST_NAMES && lines.length <= MOST_NAMES);
    showLegend(this.parts, isShown ? lines : [], {
      isShown: (label) => !this.hidden.has(label),
      toggle: (label) => this.#toggle(label),
      point: (key) => this.highlight(key),
    });
  }

  #toggle(label) {
    if (!this.hidden.delete(label)) this.hidden.add(label);
    this.#showLegend();
    const { min, max } = this.plot.scales.x;
    this.plot.setScale("x", { min, max });
  }

  /** The series that are drawn. */
  visible() {
    return this.series.filter((each) => !each.isHidden && !this.hidden.has(each.label));
  }

  get width() {
    return Math.max(this.parts.body.clientWidth - PADDING, LEAST_WIDTH);
  }

  #makePlot() {
    this.plot?.destroy();
    clear(this.parts.canvas);
    const { x, y, height = HEIGHT, sync } = this.options;
    // @ts-ignore uPlot is written as a function that is called with new
    this.plot = new uPlot({
      width: this.width,
      height,
      legend: { show: false },
      scales: scaleOptions(this),
      series: [{}, { paths: () => null, points: { show: false } }],
      axes: [axis(x, "x"), axis(y, "y")],
      padding: [10, 20, 0, 0],
      cursor: {
        y: false, points: { show: false }, drag: { x: true, y: false, dist: 4 },
        ...(sync ? { sync: { key: sync } } : {}),
      },
      hooks: {
        drawAxes: [(plot) => drawMarks(plot, this.options.marks ?? [])],
        draw: [(plot) => this.#draw(plot)],
        setCursor: [() => this.plot && this.pointer.moved()],
      },
    }, this.#data(), this.parts.canvas);
  }

  #data() {
    // uPlot needs values to have scales; the lines have their own x each and are drawn by us.
    return [[...this.full], [0, 1]];
  }

  #draw(plot) {
    drawSeries(plot, this.visible(), this.highlighted);
    const { min, max } = plot.scales.x;
    const left = plot.over.getBoundingClientRect().left - this.parts.figure.getBoundingClientRect().left;
    this.options.onRange?.({ min, max, left, width: plot.over.clientWidth });
  }

  /** Range of the values that are seen in the x range `window`. */
  yExtent() {
    const { range, numOutside } = extent(this.visible(), this.window, this.options.y);
    this.parts.outside.textContent = numOutside ? `${numOutside} values outside` : "";
    return range;
  }

  /** @param {Series[]} series @param {Partial<ChartOptions>} changes */
  update(series, changes) {
    const before = this.options;
    this.options = { ...before, ...changes };
    const { min, max } = this.plot.scales.x;
    const isZoomed = min !== this.full[0] || max !== this.full[1];
    this.#take(series);
    if (isOtherAxis(before.x, this.options.x) || isOtherAxis(before.y, this.options.y)
      || before.height !== this.options.height) {
      this.#makePlot();
      return;
    }
    this.plot.setData(this.#data(), !isZoomed);
    if (isZoomed) this.plot.setScale("x", { min, max });
  }

  /** @param {string|null} key */
  highlight(key) {
    if (key === this.highlighted) return;
    this.highlighted = key;
    this.plot.redraw(false, false);
  }

  #resize() {
    if (Math.abs(this.width - this.plot.width) > 1) {
      this.plot.setSize({ width: this.width, height: this.options.height ?? HEIGHT });
    }
  }

  destroy() {
    this.observer.disconnect();
    this.stopTheme();
    this.plot.destroy();
    this.parts.figure.remove();
  }
}

function isOtherAxis(before, after) {
  return ["label", "unit", "isLog"].some((name) => before[name] !== after[name]);
}

/** @param {Series} series @param {(x: number, y: number) => boolean} keep @returns {Series} */
function filtered(series, keep) {
  const places = [...series.x.keys()].filter((i) => keep(series.x[i], series.y[i]));
  const pick = (values) => values && places.map((i) => values[i]);
  const { x, y, low, high } = series;
  return { ...series, x: places.map((i) => x[i]), y: places.map((i) => y[i]), low: pick(low), high: pick(high) };
}
