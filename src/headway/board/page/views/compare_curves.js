// @ts-check
/** The curves of two runs in the same charts: a color for each run, dashes for training. */
import { lineChart } from "board/chart.js";
import { button, checkbox, clear, h } from "board/dom.js";
import { RUN_COLORS, titlesOf } from "board/views/compare_words.js";
import { seriesOf, yAxis } from "board/views/run_curves.js";
import { AXES, AXIS_UNITS, hasSteepLoss, loadCurves } from "board/views/run_data.js";
import { panelsOf } from "board/views/run_panels.js";
import { sentence } from "board/views/run_words.js";

const HEIGHT = 230;
const DASHES = [5, 4];

/**
 * Return the lines without the one batch by batch where the training part is evaluated, too.
 * @param {import("board/views/run_panels.js").Panel["lines"]} lines
 */
function fewLines(lines) {
  const isEvaluated = lines.some(({ metric }) => metric.startsWith("train_eval/"));
  return isEvaluated ? lines.filter(({ metric }) => !metric.startsWith("train/")) : lines;
}

export class CompareCurves {
  /** @type {Map<string, any>} */
  #charts = new Map();
  #turn = 0;
  /** @type {typeof AXES[number]} */
  #axis = "step";
  /** @type {boolean|null} null until the values have been seen */
  #isLog = null;

  /** @param {HTMLElement} element @param {any[]} runs */
  constructor(element, runs) {
    this.runs = runs;
    this.bar = h("div.toolbar");
    this.grid = h("div.charts");
    element.append(this.bar, this.grid);
    this.#showBar();
  }

  #showBar() {
    clear(this.bar,
      h("h2", null, "Curves"),
      h("span.segments", { role: "group", "aria-label": "Horizontal axis" },
        AXES.map((axis) => button(sentence(axis), () => this.#choose({ axis }), { "aria-pressed": String(axis === this.#axis) }))),
      checkbox("Log loss", this.#isLog === true, (isLog) => this.#choose({ isLog })),
      h("span.tip", null, "Solid: validation. Dashed: training."));
  }

  /** @param {{axis?: typeof AXES[number], isLog?: boolean}} chosen */
  #choose({ axis = this.#axis, isLog = this.#isLog }) {
    this.#axis = axis;
    this.#isLog = isLog;
    this.#showBar();
    this.#clearCharts();
    this.load();
  }

  async load() {
    this.#turn += 1;
    const turn = this.#turn;
    const curves = await Promise.all(this.runs.map((run) => loadCurves(run, this.#axis)));
    if (turn !== this.#turn) return;
    if (this.#isLog === null && curves.some(({ series }) => hasSteepLoss(series))) {
      this.#isLog = true;
      this.#showBar();
    }
    const metrics = [...new Set(curves.flatMap(({ series }) => [...series.keys()]))];
    for (const panel of panelsOf(metrics)) this.#showPanel(panel, curves);
  }

  /** @param {import("board/views/run_panels.js").Panel} panel @param {import("board/views/run_data.js").Curves[]} curves */
  #showPanel(panel, curves) {
    const titles = titlesOf(this.runs.map(({ row }) => row));
    const lines = fewLines(panel.lines);
    const hasBoth = lines.length > 1;
    const series = curves.flatMap(({ series: known }, i) => lines
      .filter(({ metric }) => known.has(metric))
      .flatMap((line) => this.#lines(line, /** @type {any} */ (known.get(line.metric)), titles[i], RUN_COLORS[i], hasBoth)));
    const chart = this.#charts.get(panel.name);
    if (chart) return chart.update(series);
    const element = h("div");
    this.grid.append(element);
    this.#charts.set(panel.name, lineChart(element, {
      title: panel.title,
      x: { label: sentence(this.#axis), unit: AXIS_UNITS[this.#axis] },
      y: yAxis(panel, this.#isLog === true),
      series,
      height: HEIGHT,
      sync: "compare",
    }));
  }

  /** @param {any} line @param {any} series @param {string} title @param {string} color @param {boolean} hasBoth */
  #lines(line, series, title, color, hasBoth) {
    const label = hasBoth ? `${title}, ${line.label}` : title;
    const isTraining = hasBoth && line.metric.startsWith("train");
    return seriesOf({ ...line, label, color }, series)
      .map((each) => ({ ...each, dash: isTraining ? DASHES : null, alpha: isTraining ? 0.75 : 1 }))
      .filter((each) => !(isTraining && each.points));
  }

  #clearCharts() {
    for (const chart of this.#charts.values()) chart.destroy();
    this.#charts.clear();
    clear(this.grid);
  }

  /** @param {any[]} runs */
  update(runs) {
    this.runs = runs;
    this.load();
  }

  destroy() {
    this.#turn += 1;
    this.#clearCharts();
  }
}
