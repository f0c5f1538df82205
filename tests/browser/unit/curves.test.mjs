import assert from "node:assert/strict";
import { test } from "node:test";
import { chartGrid, xRange } from "board/views/curves_grid.js";
import { armOf, groupingsOf, linesOf } from "board/views/curves_lines.js";
import { byChart, dashOf, defaultCharts, partsOf } from "board/views/curves_metrics.js";
import { seriesOf } from "board/views/curves_series.js";

const METRICS = ["train/loss", "lr", "val/accuracy", "val/loss", "train/grad_norm"];
const options = { smoothing: 0, hasDots: true, hidden: new Set(), band: "deviation" };
const curve = (run, metric, y) => {
  const x = y.map((_, i) => i);
  return { run, metric, x, y, low: y, high: y, not_finite: [] };
};
const line = (key, runs) => ({ key, label: key, color: "red", runs });

test("training and validation share a chart, validation first and solid", () => {
  const charts = byChart(METRICS);
  assert.deepEqual([...charts.keys()], ["loss", "accuracy", "lr", "grad_norm"]);
  assert.deepEqual(charts.get("loss"), ["val/loss", "train/loss"]);
  assert.equal(dashOf("val/loss", charts.get("loss")), null);
  assert.ok(dashOf("train/loss", charts.get("loss")));
  assert.deepEqual(partsOf(METRICS), ["val", "train"]);
});

test("unknown metrics have charts too", () => {
  assert.deepEqual(defaultCharts(byChart(["a/x", "b/y"])), ["x", "y"]);
});

test("a run is one line, named by its part where there are several", () => {
  const answers = [curve("a", "val/loss", [1, 2]), curve("a", "train/loss", [3, 4])];
  const series = seriesOf(answers, ["val/loss", "train/loss"], [line("a", ["a"])], options);
  assert.deepEqual(series.map((each) => each.label), ["a · val", "a · train"]);
});

test("smoothing draws dots behind the line, unless points are too far apart for it", () => {
  const answers = [curve("a", "loss", [...Array(200)].map((_, i) => i % 2))];
  const smoothed = seriesOf(answers, ["loss"], [line("a", ["a"])], { ...options, smoothing: 0.1 });
  assert.deepEqual(smoothed.map((each) => Boolean(each.points)), [true, false]);
  assert.ok(Math.abs(smoothed[1].y[199] - 0.5) < 0.1);
  const rough = seriesOf(answers, ["loss"], [line("a", ["a"])], { ...options, smoothing: 0.001 });
  assert.deepEqual(rough.map((each) => each.y), [answers[0].y]);
});

test("a group is its mean with a band", () => {
  const answers = [curve("a", "loss", [1, 1]), curve("b", "loss", [3, 3])];
  const [series] = seriesOf(answers, ["loss"], [line("g", ["a", "b"])], options);
  assert.deepEqual(series.y, [2, 2]);
  assert.ok(series.low[0] < 1 && series.high[0] > 3);
});

test("hidden lines are not drawn, and runs without the metric are left out", () => {
  const answers = [curve("a", "loss", [1])];
  const lines = [line("a", ["a"]), line("b", ["b"])];
  assert.equal(seriesOf(answers, ["loss"], lines, options).length, 1);
  assert.equal(seriesOf(answers, ["loss"], lines, { ...options, hidden: new Set(["a"]) }).length, 0);
});

test("names without seed and number are the arms of an experiment", () => {
  assert.equal(armOf("plain-56-seed-2-ab12cd34"), "plain-56");
  assert.equal(armOf("far too high-seed-0-b3fc3f55"), "far too high");
  assert.equal(armOf("digits"), "digits");
});

test("runs are lines of their own, or groups in the order of their names", () => {
  const rows = ["b-10-seed-1", "b-9-seed-1", "b-9-seed-2"].map((name) => ({ id: `x/${name}`, name, model: "mlp", settings: {} }));
  assert.deepEqual(linesOf(rows, "").map((each) => each.runs), [["x/b-10-seed-1"], ["x/b-9-seed-1"], ["x/b-9-seed-2"]]);
  assert.deepEqual(linesOf(rows, "arm").map((each) => [each.label, each.runs.length]), [["b-9", 2], ["b-10", 1]]);
  assert.deepEqual(groupingsOf(rows).map(([name]) => name), ["", "arm"]);
});

test("no two of twenty runs have the same color", () => {
  const lines = linesOf([...Array(20)].map((_, i) => ({ id: `run-${i}`, name: "a" })), "");
  assert.equal(new Set(lines.map((each) => each.color)).size, 20);
});

test("charts fill a wall, a laptop and a phone", () => {
  const columns = (num, width, height) => chartGrid(num, width, height).numColumns;
  assert.equal(columns(4, 2140, 1310), 2);
  assert.equal(columns(4, 1122, 770), 2);
  assert.equal(columns(1, 1122, 770), 1);
  assert.equal(columns(5, 360, 700), 1);
  assert.equal(columns(30, 1122, 770), 2);
  assert.ok(chartGrid(30, 1122, 770).height >= 210);
});

test("all charts have one x range", () => {
  assert.deepEqual(xRange([{ x: [3, 5] }, { x: [] }, { x: [1, 4] }]), { min: 1, max: 5 });
  assert.deepEqual(xRange([]), {});
});
