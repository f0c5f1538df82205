// @ts-check
/** Curves of several runs over each other: one chart for each metric. */

import { href, replace } from "board/address.js";
import { lineChart } from "board/chart.js";
import { button, clear, h, icon, renew } from "board/dom.js";
import { unitOf } from "board/format.js";
import { get } from "board/source.js";
import { curveControls } from "board/views/curves_controls.js";
import { chartGrid, xRange } from "board/views/curves_grid.js";
import { CurveData } from "board/views/curves_data.js";
import { curveLegend } from "board/views/curves_legend.js";
import { groupingsOf, linesOf } from "board/views/curves_lines.js";
import { baseOf, byChart, defaultCharts, partOf, partsOf } from "board/views/curves_metrics.js";
import { seriesOf } from "board/views/curves_series.js";

const NUM_NEWEST = 10;
/** More lines than so many say nothing, and are slow to draw. */
const MOST_RUNS = 200;
const X_LABELS = { step: ["step", ""], epoch: ["epoch", ""], time: ["time", "s"], samples: ["samples seen", ""] };
const WIDE_HEIGHT = 400;
/** What the page shows above the charts, in pixels. */
const ABOVE = 130;
/** Changes that come within this time are shown together, in milliseconds. */
const REST = 300;
/** Part of the x range over which a point loses most of its weight. */
const SMOOTHING = 0.01;

/**
 * @param {HTMLElement} element
 * @param {URLSearchParams} params
 * @param {import("board/app.js").Context} context
 */
export async function show(element, params, context) {
  const view = new CurvesView(element, params, context);
  await view.load();
  return { update: (/** @type {any} */ changes) => view.changed(changes), destroy: () => view.destroy() };
}

class CurvesView {
  /** @param {HTMLElement} element @param {URLSearchParams} params @param {import("board/app.js").Context} context */
  constructor(element, params, context) {
    this.element = element;
    this.context = context;
    this.data = new CurveData();
    /** @type {Map<string, any>} */
    this.rows = new Map();
    /** @type {Map<string, import("board/chart.js").Chart>} */
    this.drawn = new Map();
    this.controls = h("div.row.curve-controls");
    this.metricCount = h("span.count");
    this.aside = h("div.legend-head");
    this.grid = h("div.charts");
    /** @type {import("board/views/curves_series.js").Line[]} */
    this.lines = [];
    /** @type {any[]} */
    this.answers = [];
    /** @type {Map<string, string[]>} */
    this.available = new Map();
    this.wide = new Set();
    /** @type {Set<string>} */
    this.old = new Set();
    this.isNewList = false;
    this.asked = params.getAll("run");
    this.chosenCharts = params.has("metric") ? params.getAll("metric") : null;
    this.chosenParts = params.has("part") ? params.getAll("part") : null;
    this.x = params.get("x") ?? "step";
    this.smoothing = Number(params.get("smooth") ?? SMOOTHING);
    this.isLogX = params.has("logx");
    this.isLogY = params.has("logy");
    this.isRobust = params.get("outliers") !== "yes";
    this.hasDots = params.get("dots") !== "no";
    this.grouping = params.get("group") ?? "";
    this.band = /** @type {"deviation"|"range"} */ (params.get("band") ?? "deviation");
    this.hidden = new Set(params.getAll("hide"));
    this.height = 0;
    this.onResize = () => this.#drawCharts();
    window.addEventListener("resize", this.onResize);
    context.setShortcuts([
      { key: "l", label: "Log y", run: () => this.change({ isLogY: !this.isLogY }) },
      { key: "o", label: "Outliers inside, or not", run: () => this.change({ isRobust: !this.isRobust }) },
      { key: "a", label: "Show all", run: () => this.#hide(new Set()) },
    ]);
  }

  #write() {
    replace({
      run: this.asked, metric: this.chosenCharts ?? [], part: this.chosenParts ?? [], x: this.x === "step" ? "" : this.x,
      smooth: this.smoothing === SMOOTHING ? "" : String(this.smoothing), logx: this.isLogX ? "1" : "", logy: this.isLogY ? "1" : "", outliers: this.isRobust ? "" : "yes",
      dots: this.hasDots ? "" : "no", group: this.grouping, band: this.band === "deviation" ? "" : this.band, hide: [...this.hidden],
    });
  }

  async load() {
    clear(this.element, h("p.loading", { role: "status" }, "Reading the curves…"));
    await this.#loadRows();
    if (!this.ids.length) {
      clear(this.element, this.#nothing());
      return;
    }
    this.#build();
    await this.draw();
  }

  async #loadRows() {
    const asked = this.asked.slice(0, MOST_RUNS);
    const { runs } = await get("/api/runs", { run: asked });
    this.rows = new Map(runs.map((row) => [row.id, row]));
    const known = asked.filter((id) => this.rows.has(id));
    this.missing = asked.length - known.length;
    this.ids = this.asked.length ? known : runs.slice(0, NUM_NEWEST).map((row) => row.id);
  }

  async #renewRows(ids) {
    const { runs } = await get("/api/runs", { run: ids });
    for (const row of runs) this.rows.set(row.id, row);
  }

  #nothing() {
    const why = this.asked.length ? "None of these runs is here any more." : "There are no runs yet.";
    return h("section.panel.empty", null, h("h2", null, "No curves"), h("p", null, why), h("a.button", { href: href("runs") }, "All runs"));
  }

  #build() {
    this.legend = curveLegend({
      toggle: (key) => {
        const next = new Set(this.hidden);
        if (!next.delete(key)) next.add(key);
        this.#hide(next);
      },
      only: (key) => {
        const others = this.lines.map((line) => line.key).filter((each) => each !== key);
        this.#hide(others.every((each) => this.hidden.has(each)) && !this.hidden.has(key) ? new Set() : new Set(others));
      },
      point: (key) => this.#point(key),
    });
    clear(this.element,
      h("div.view-head", null, h("h1", null, "Curves"), this.controls),
      h("div.curves", null,
        h("aside.panel.legend", { "aria-label": "Runs" }, this.aside, this.legend.search, this.legend.list),
        this.grid));
  }

  /** @param {Record<string, any>} changes */
  change(changes) {
    Object.assign(this, changes);
    this.#write();
    this.draw({ areControlsKept: "smoothing" in changes }).catch((error) => this.context.toast(error.message, "error"));
  }

  #hide(hidden) {
    this.hidden = hidden;
    this.#write();
    this.#drawLegend();
    this.#drawCharts();
  }

  #point(key) {
    for (const chart of this.drawn.values()) chart.highlight(key);
    this.legend?.mark(key);
  }

  async draw({ areControlsKept = false } = {}) {
    const shown = this.ids.map((id) => this.rows.get(id));
    this.available = byChart([...new Set(shown.flatMap((row) => Object.keys(row.values ?? {})))].filter((name) => name !== "epoch"));
    this.lines = linesOf(shown, this.grouping);
    const metrics = this.#metrics();
    clear(this.metricCount, `${this.charts.length} of ${this.available.size}`);
    if (!areControlsKept) this.#drawControls();
    this.#drawLegend();
    this.answers = await this.data.of(this.ids, metrics, this.x);
    this.#drawCharts();
  }

  /** Charts that are shown, in order. */
  get charts() {
    const names = this.chosenCharts ?? defaultCharts(this.available);
    // An address may name a chart, "loss", or a metric of it, "train/loss".
    const bases = names.map((name) => (this.available.has(name) ? name : baseOf(name)));
    return [...new Set(bases)].filter((base) => this.available.has(base));
  }

  /** Parts that are shown. */
  get parts() {
    const parts = partsOf(this.#allMetrics());
    return this.chosenParts ?? this.#partsOfAddress() ?? parts.filter((part) => part !== "train_eval");
  }

  /** Parts that the address asks for by naming metrics; naming a chart asks for the usual ones. */
  #partsOfAddress() {
    const names = this.chosenCharts ?? [];
    const isChart = (name) => this.available.get(name)?.some((metric) => partOf(metric));
    return !names.length || names.some(isChart) ? null : partsOf(names);
  }

  #allMetrics() {
    return this.charts.flatMap((base) => this.available.get(base) ?? []);
  }

  #metrics() {
    const parts = this.parts;
    return this.#allMetrics().filter((metric) => !partOf(metric) || parts.includes(partOf(metric)));
  }

  #drawControls() {
    renew(this.controls, curveControls(this, {
      charts: [...(this.available.keys() ?? [])], parts: partsOf(this.#allMetrics()), groupings: groupingsOf(this.ids.map((id) => this.rows.get(id))),
    }, (changes) => this.change(changes)));
  }

  #drawLegend() {
    const isNewest = !this.asked.length && this.rows.size > this.ids.length;
    clear(this.aside,
      h("strong", null, this.grouping ? `${this.lines.length} groups, ${this.ids.length} runs` : isNewest ? `Newest ${this.ids.length} runs` : `${this.ids.length} runs`),
      this.context.session.is_report ? null : h("a.push", { href: href("runs", { run: this.ids }) }, "Choose"),
      this.hidden.size ? button("Show all", () => this.#hide(new Set()), { class: "quiet" }) : null,
      this.asked.length > MOST_RUNS ? h("p.hint.small", null, `The first ${MOST_RUNS} of ${this.asked.length} runs are drawn.`) : null,
      this.missing ? h("p.hint.small", null, `${this.missing} runs of this address are not here any more.`) : null,
      h("p.dash-key", null, partsOf(this.#metrics()).map((part) => h("span", null,
        h("span.chart-key", { class: this.#isSolid(part) ? "" : "dashed" }), part.replace("_", " ")))));
    this.legend?.update(this.lines, this.hidden, this.rows);
  }

  #isSolid(part) {
    return part === partsOf(this.#metrics())[0];
  }

  #drawCharts() {
    const bases = this.charts;
    for (const [base, chart] of this.drawn) {
      if (!bases.includes(base)) {
        chart.destroy();
        this.drawn.delete(base);
      }
    }
    const shown = this.#metrics();
    this.#layOut();
    this.range = xRange(this.answers);
    for (const base of bases) this.#drawChart(base, shown.filter((metric) => baseOf(metric) === base));
    const order = bases.map((base) => this.drawn.get(base)?.figure);
    if (order.some((figure, i) => figure && this.grid.children[i] !== figure)) this.grid.append(.../** @type {any} */ (order));
  }

  #drawChart(base, metrics) {
    const answers = this.answers.filter((answer) => metrics.includes(answer.metric));
    const series = seriesOf(answers, metrics, this.lines, this);
    const options = this.#chartOptions(base);
    const chart = this.drawn.get(base);
    if (chart) chart.update(series, options);
    else this.drawn.set(base, lineChart(this.grid, { ...options, series, tools: [this.#wideButton(base)] }));
    this.drawn.get(base)?.figure.classList.toggle("wide", this.wide.has(base));
  }

  /** Put the charts into so many columns of such a height that they fill the screen. */
  #layOut() {
    const { numColumns, height } = chartGrid(this.charts.length, this.grid.clientWidth, window.innerHeight - ABOVE);
    this.grid.style.gridTemplateColumns = `repeat(${numColumns}, minmax(0, 1fr))`;
    this.height = height;
  }

  #chartOptions(base) {
    const [label, unit] = X_LABELS[this.x] ?? X_LABELS.step;
    return {
      title: base, height: this.wide.has(base) ? Math.max(this.height, WIDE_HEIGHT) : this.height, sync: "curves", hasLegend: false,
      x: { label, unit, isLog: this.isLogX, ...this.range }, y: { label: base, unit: unitOf(base), isLog: this.isLogY, isRobust: this.isRobust },
      onHover: (key) => this.#point(key),
    };
  }

  #wideButton(base) {
    return button([icon("expand")], () => {
      if (!this.wide.delete(base)) this.wide.add(base);
      this.#drawCharts();
    }, { class: "quiet", "aria-label": `Make the chart of ${base} larger or smaller`, title: "Larger or smaller" });
  }

  /** @param {import("board/source.js").Changes} changes */
  changed(changes) {
    const ours = changes.isAll ? this.ids : this.ids.filter((id) => changes.changed.includes(id));
    this.isNewList ||= changes.isAll || (!this.asked.length && changes.added.length + changes.removed.length > 0);
    if (!ours.length && !this.isNewList) return;
    for (const id of ours) this.old.add(id);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#refresh().catch((error) => console.warn(error)), REST);
  }

  async #refresh() {
    const [isNewList, ids] = [this.isNewList, [...this.old]];
    this.isNewList = false;
    this.old.clear();
    this.data.forget(ids);
    if (!this.legend) return this.load();
    await (isNewList ? this.#loadRows() : this.#renewRows(ids));
    return this.draw({ areControlsKept: !isNewList });
  }

  destroy() {
    clearTimeout(this.timer);
    window.removeEventListener("resize", this.onResize);
    for (const chart of this.drawn.values()) chart.destroy();
  }
}
