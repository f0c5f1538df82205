// @ts-check
/** The curves of one run, training and validation in one chart, and the time line below. */
import { href } from "board/address.js";
import { lineChart } from "board/chart.js";
import { button, checkbox, clear, h } from "board/dom.js";
import { unitOf } from "board/format.js";
import { isReport } from "board/source.js";
import { AXES, AXIS_UNITS, hasSteepLoss, loadCurves, rangeOf } from "board/views/run_data.js";
import { panelsOf } from "board/views/run_panels.js";
import { timeline } from "board/views/run_timeline.js";
import { causeText, sentence } from "board/views/run_words.js";

const [LARGE, SMALL] = [300, 190];
// Of the window, where that is more.
const LARGE_SHARE = 0.32;
const MOST_DOTS = 60;

/** @param {import("board/views/run.js").Place} place */
export async function showCurves(place) {
  const page = new CurvesPart(place);
  await page.load();
  return page;
}

class CurvesPart {
  /** @type {Map<string, any>} */
  #charts = new Map();
  #turn = 0;

  /** @param {import("board/views/run.js").Place} place */
  constructor({ element, run, params, setParams }) {
    this.run = run;
    this.setParams = setParams;
    this.axis = AXES.find((axis) => axis === params.get("x")) ?? "step";
    /** @type {boolean|null} null until the values have been seen */
    this.isLog = params.has("log") ? params.get("log") === "1" : null;
    this.bar = h("div.toolbar");
    this.main = h("div.run-main-chart");
    this.line = h("div");
    this.grid = h("div.charts");
    element.append(this.bar, this.main, this.line, this.grid);
    this.timeline = timeline(this.line);
    this.#showBar();
  }

  #showBar() {
    const axes = AXES.map((axis) => button(sentence(axis), () => this.#setAxis(axis), {
      "aria-pressed": String(axis === this.axis),
    }));
    clear(this.bar,
      h("span.segments", { role: "group", "aria-label": "Horizontal axis" }, axes),
      checkbox("Log loss", this.isLog === true, (isChecked) => this.#setLog(isChecked)),
      isReport ? null : h("a.toolbar-end", {
        href: href("curves", { run: this.run.row.id, metric: [this.run.row.monitor, "train/loss"] }),
      }, "Open in curves"));
  }

  /** @param {typeof AXES[number]} axis */
  #setAxis(axis) {
    this.axis = axis;
    this.setParams({ x: axis === "step" ? null : axis });
    this.#rebuild();
  }

  /** @param {boolean} isLog */
  #setLog(isLog) {
    this.isLog = isLog;
    this.setParams({ log: isLog ? "1" : "0" });
    this.#rebuild();
  }

  #rebuild() {
    this.#showBar();
    this.#clearCharts();
    this.load();
  }

  async load() {
    this.#turn += 1;
    const turn = this.#turn;
    const curves = await loadCurves(this.run, this.axis);
    if (turn !== this.#turn) return;
    this.#chooseScale(curves);
    const panels = panelsOf([...curves.series.keys()]);
    if (!panels.length) return this.#showNothing();
    const isSame = panels.map(({ name }) => name).join("\n") === [...this.#charts.keys()].join("\n");
    if (!isSame) this.#clearCharts();
    panels.forEach((panel, i) => this.#showPanel(panel, curves, i === 0));
    this.timeline.update(this.run, curves.toX);
  }

  /** A loss that varies over decades is only readable on a log scale. */
  #chooseScale(/** @type {import("board/views/run_data.js").Curves} */ { series }) {
    if (this.isLog !== null || !series.size) return;
    this.isLog = hasSteepLoss(series);
    if (this.isLog) this.#showBar();
  }

  #showNothing() {
    clear(this.main, h("p.card.muted", null, nothingText(this.run)));
    this.timeline.update(this.run, (step) => step);
  }

  /** @param {import("board/views/run_panels.js").Panel} panel @param {import("board/views/run_data.js").Curves} curves @param {boolean} isMain */
  #showPanel(panel, curves, isMain) {
    const series = panel.lines.flatMap((line) => seriesOf(line, /** @type {any} */ (curves.series.get(line.metric))));
    const marks = this.#marks(curves.toX);
    const x = { label: sentence(this.axis), unit: AXIS_UNITS[this.axis], ...this.#range(curves) };
    const chart = this.#charts.get(panel.name);
    if (chart) return chart.update(series, { marks, x });
    const element = h("div");
    if (isMain) clear(this.main, element);
    else this.grid.append(element);
    this.#charts.set(panel.name, lineChart(element, {
      title: panel.title,
      x,
      y: yAxis(panel, this.isLog === true),
      series,
      marks,
      height: isMain ? Math.max(LARGE, Math.round(innerHeight * LARGE_SHARE)) : SMALL,
      sync: `run ${this.run.row.id}`,
      onRange: isMain ? (/** @type {any} */ range) => this.timeline.align(range) : undefined,
    }));
  }

  /**
   * All charts and the time line begin and end together; findings and the end of the run count.
   * @param {import("board/views/run_data.js").Curves} curves
   */
  #range({ series, toX }) {
    const marked = [...this.run.findings, ...this.run.events].map((/** @type {any} */ { step }) => toX(step ?? NaN));
    return rangeOf([...[...series.values()].flatMap(({ x, not_finite }) => [...x, ...not_finite]), ...marked]);
  }

  /** @param {(step: number) => number} toX */
  #marks(toX) {
    const findings = this.run.findings.filter((/** @type {any} */ { severity }) => severity !== "info");
    return findings.map((/** @type {any} */ { step, cause, severity }) => ({
      x: toX(step), label: causeText(cause), severity,
    })).filter(({ x }) => Number.isFinite(x));
  }

  #clearCharts() {
    for (const chart of this.#charts.values()) chart.destroy();
    this.#charts.clear();
    clear(this.main);
    clear(this.grid);
  }

  /** @param {any} run */
  update(run) {
    this.run = run;
    this.load();
  }

  destroy() {
    this.#turn += 1;
    this.timeline.destroy();
    this.#clearCharts();
  }
}

/** @param {any} run */
function nothingText({ row, settings }) {
  if (row.state !== "running") return "This run ended before it wrote a number.";
  return `No numbers yet: the first ones come at step ${settings["training.report_every"] ?? 1}.`;
}

/**
 * Return the vertical axis of a panel.
 * @param {import("board/views/run_panels.js").Panel} panel
 * @param {boolean} isLog of the loss
 */
export function yAxis({ name, title, lines }, isLog) {
  return { label: title, unit: unitOf(lines[0].metric), isLog: name === "loss" && isLog, isRobust: name === "loss" };
}

/**
 * Return the line of a metric, with dots where an evaluation stands.
 * @param {{label: string, color: string, isCoarse: boolean}} line
 * @param {import("board/views/run_data.js").Series} series
 */
export function seriesOf({ label, color, isCoarse }, { x, y, low, high, not_finite }) {
  const line = { label, color, x, y, low, high, notFinite: not_finite, key: label };
  if (!isCoarse || x.length > MOST_DOTS) return [line];
  return [line, { label, color, x, y, key: label, points: true }];
}
