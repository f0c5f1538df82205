import assert from "node:assert/strict";
import test from "node:test";

import { titlesOf } from "board/views/compare_words.js";
import { pairsOf, recallAndPrecision } from "board/views/run_classes.js";
import { hasSteepLoss, rangeOf, stepConverter } from "board/views/run_data.js";
import { diffSettings } from "board/views/run_diff.js";
import { sortFindings, whenText } from "board/views/run_findings.js";
import { blockOutputs, layerFilter } from "board/views/run_grids.js";
import { panelsOf } from "board/views/run_panels.js";
import { environmentFacts } from "board/views/run_record.js";
import { causeText, metricText } from "board/views/run_words.js";

test("training and validation of a metric stand in one chart, the loss first", () => {
  const panels = panelsOf(["lr", "train/grad_norm", "val/accuracy", "val/loss", "train_eval/loss", "train/loss", "samples_per_second"]);
  assert.deepEqual(panels.map(({ name }) => name), ["loss", "accuracy", "grad_norm", "lr", "samples_per_second"]);
  assert.deepEqual(panels[0].lines.map(({ metric }) => metric), ["train/loss", "train_eval/loss", "val/loss"]);
});

test("a metric with a slash of its own has its own chart", () => {
  assert.deepEqual(panelsOf(["gpu/memory"]).map(({ title }) => title), ["Gpu memory"]);
});

test("a step finds its place on another axis between the points that both have", () => {
  const toTime = stepConverter(new Map([["lr", { x: [10, 20, 40] }]]), new Map([["lr", { x: [1, 3, 4] }]]));
  assert.deepEqual([10, 15, 30, 60, 0].map(toTime), [1, 2, 3.5, 5, -1]);
});

test("series of other lengths do not tell where a step stands", () => {
  const toTime = stepConverter(new Map([["lr", { x: [10, 20, 40] }]]), new Map([["lr", { x: [1, 3] }]]));
  assert.ok(Number.isNaN(toTime(10)));
});

test("only a loss that explodes asks for a log scale", () => {
  const calm = [2.3, 1.2, 0.5, 0.2];
  assert.ok(!hasSteepLoss(new Map([["train/loss", { high: calm }], ["lr", { high: [1, 1, 1000] }]])));
  assert.ok(hasSteepLoss(new Map([["train/loss", { high: [...calm, 190] }]])));
});

test("a range is that of the finite numbers", () => {
  assert.deepEqual(rangeOf([3, NaN, -1, Infinity]), { min: -1, max: 3 });
  assert.deepEqual(rangeOf([NaN]), {});
});

test("settings differ where the values do, also where one is missing", () => {
  const rows = diffSettings({ lr: 0.1, betas: [0.9, 0.99], old: 1 }, { lr: 0.2, betas: [0.9, 0.99], new: 2 });
  assert.deepEqual(rows.filter(({ isEqual }) => !isEqual).map(({ name }) => name), ["lr", "old", "new"]);
});

test("errors come before warnings, then what came first", () => {
  const findings = [{ severity: "info", step: 0 }, { severity: "error", step: 9 }, { severity: "warning", step: 2 }, { severity: "error", step: 3 }];
  assert.deepEqual(sortFindings(findings).map(({ severity, step }) => `${severity} ${step}`), ["error 3", "error 9", "warning 2", "info 0"]);
});

test("a finding says since when, or from when to when", () => {
  assert.equal(whenText({ step: 0, is_over: false }), "before the first step");
  assert.equal(whenText({ step: 5, is_over: false }), "since step 5");
  assert.equal(whenText({ step: 5, is_over: true, until: 9 }), "step 5 to 9");
});

test("of a residual network the outputs of its blocks are the main layers", () => {
  const block = (i) => ["conv1", "relu1", "conv2", "relu2"].map((name) => ({ name: `stage1.${i}.${name}`, kind: name.startsWith("relu") ? "activation" : "convolution" }));
  const layers = [0, 1, 2, 3].flatMap(block);
  assert.deepEqual([...blockOutputs(layers)].map((i) => layers[i].name), [0, 1, 2, 3].map((i) => `stage1.${i}.relu2`));
});

test("of a plain chain all activations are main layers", () => {
  const layers = Array.from({ length: 10 }, (_, i) => ({ name: `layers.${i}`, kind: i % 2 ? "activation" : "linear" }));
  assert.deepEqual([...blockOutputs(layers)], [1, 3, 5, 7, 9]);
});

test("a kind of layers leaves the others out", () => {
  const layers = [{ name: "a", kind: "norm" }, { name: "b", kind: "linear" }];
  const isShown = layerFilter("norm", { isOfBlocks: true }, layers);
  assert.deepEqual([0, 1].map(isShown), [true, false]);
});

const confused = { classes: ["cat", "dog", "emu"], confusion: [[5, 3, 0], [1, 9, 0], [0, 0, 0]] };

test("the pair of classes that is mixed up most comes first", () => {
  assert.deepEqual(pairsOf(confused).map(({ target, prediction, value }) => [target, prediction, value]), [[0, 1, 3], [1, 0, 1]]);
});

test("pairs of a part of the classes bear the numbers of those classes", () => {
  const [pair] = pairsOf({ ...confused, confusion: [[1, 2], [0, 4]], confusion_classes: [2, 0] });
  assert.deepEqual([pair.target, pair.prediction], [2, 0]);
});

test("recall counts along the row and precision along the column", () => {
  const cat = recallAndPrecision(confused).find(({ name }) => name === "cat");
  assert.equal(cat.recall, 5 / 8);
  assert.equal(cat.precision, 5 / 6);
});

test("shares are percents and other numbers are not", () => {
  assert.equal(metricText("val/accuracy", 0.961), "96.1 %");
  assert.equal(metricText("val/loss", 0.25), "0.2500");
  assert.equal(metricText("val/accuracy", "nan"), "NaN");
});

test("a cause that is not known is said in its own words", () => {
  assert.equal(causeText("lr_high"), "Learning rate too high");
  assert.equal(causeText("new_cause"), "New cause");
});

test("an empty environment has nothing to say but that there is no repository", () => {
  assert.deepEqual(environmentFacts({}), [["Git", "not in a repository"]]);
});

test("runs of the same name are told apart by their place", () => {
  assert.deepEqual(titlesOf([{ id: "a/x", name: "x" }, { id: "b/x", name: "x" }]), ["a/x", "b/x"]);
  assert.deepEqual(titlesOf([{ id: "a/x", name: "x" }, { id: "b/y", name: "y" }]), ["x", "y"]);
});
