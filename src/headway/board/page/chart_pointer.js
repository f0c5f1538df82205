// @ts-check
/** Reading values from a chart, with the mouse or the arrow keys. */

import { nearest, showTooltip } from "board/chart_tooltip.js";
import { clear } from "board/dom.js";

const MOVES = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
const FAST = 10;

export class ChartPointer {
  /** @param {any} chart */
  constructor(chart) {
    this.chart = chart;
    this.place = 0;
    this.isKeyboard = false;
    const { canvas, figure } = chart.parts;
    canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#onKey(event));
    canvas.addEventListener("blur", () => this.leave());
    figure.addEventListener("mouseleave", () => this.leave());
  }

  /** The cursor moved, on this chart or on another one of its kind. */
  moved() {
    const { plot, parts } = this.chart;
    const { left, top } = plot.cursor;
    if (left < 0 || !plot.over.matches(":hover")) {
      if (!this.isKeyboard) parts.tooltip.hidden = true;
      return;
    }
    this.isKeyboard = false;
    this.#show(plot.posToVal(left, "x"), left, top);
  }

  /** @param {number} x @param {number} left @param {number|null} top Null for the keyboard. */
  #show(x, left, top) {
    const { chart } = this;
    const rows = nearest(chart.plot, chart.visible(), x, top);
    const near = rows.find((row) => row.isNear);
    showTooltip(chart, rows, x, left, top);
    if (chart.series.length > 1) this.#hover(near ? near.series.key ?? near.series.label : null);
  }

  /** @param {string|null} key */
  #hover(key) {
    const { chart } = this;
    if (key === chart.highlighted) return;
    chart.highlight(key);
    chart.options.onHover?.(key);
  }

  leave() {
    this.isKeyboard = false;
    this.chart.parts.tooltip.hidden = true;
    this.#hover(null);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { plot, parts } = this.chart;
    const xs = this.chart.visible().find((each) => !each.points && each.x.length)?.x ?? [];
    const move = MOVES[event.key];
    if (event.key === "Escape") this.leave();
    if (move === undefined || !xs.length) return;
    event.preventDefault();
    const from = this.isKeyboard ? this.place : move < 0 ? xs.length : -1;
    this.place = Math.min(xs.length - 1, Math.max(0, from + move * (event.shiftKey ? FAST : 1)));
    this.isKeyboard = true;
    const left = plot.valToPos(xs[this.place], "x");
    plot.setCursor({ left, top: 0 }, false);
    this.#show(xs[this.place], left, null);
    clear(parts.spoken, parts.tooltip.innerText.replace(/\s*\n\s*/g, ", "));
  }
}
