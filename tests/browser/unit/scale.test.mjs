import assert from "node:assert/strict";
import test from "node:test";

import { bestKind, canBeLog, makeScale, wordOf } from "board/scale.js";

const close = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("a linear axis reaches from the least to the largest value, with round ticks", () => {
  const scale = makeScale("number", [0.2, 1.0, 0.6]);
  assert.equal(scale.position(0.2), 0);
  assert.equal(scale.position(1.0), 1);
  close(scale.position(0.6), 0.5);
  assert.deepEqual(scale.ticks.map((tick) => tick.label), ["0.2", "0.4", "0.6", "0.8", "1.0"]);
});

test("whole numbers get whole ticks", () => {
  assert.deepEqual(makeScale("number", [0, 1, 2]).ticks.map((tick) => tick.label), ["0", "1", "2"]);
});

test("a logarithmic axis puts factors at equal distances", () => {
  const scale = makeScale("log", [0.001, 0.1]);
  close(scale.position(0.01), 0.5);
  close(scale.invert(0.5), 0.01);
});

test("zero has a place of its own below a logarithmic axis", () => {
  const scale = makeScale("log", [0, 1e-5, 1e-4]);
  assert.equal(scale.position(0), 0);
  assert.ok(scale.position(1e-5) > 0.1);
  assert.equal(scale.invert(0), 0);
  assert.equal(scale.ticks[0].label, "0");
});

test("an axis with negative numbers cannot be logarithmic", () => {
  assert.equal(canBeLog([-1, 1]), false);
  assert.equal(makeScale("log", [-1, 1]).kind, "number");
});

test("what is no number has no place on an axis of numbers", () => {
  const scale = makeScale("number", [1, 2, null, NaN]);
  assert.equal(scale.position(null), null);
  assert.equal(scale.position(NaN), null);
});

test("choices stand apart evenly, in the order of the numbers inside", () => {
  const scale = makeScale("choice", ["resnet-110", "resnet-20", "resnet-20"]);
  assert.equal(scale.position("resnet-20"), 0.25);
  assert.equal(scale.position("resnet-110"), 0.75);
  assert.equal(scale.invert(0.9), "resnet-110");
});

test("many choices are labelled in part", () => {
  const scale = makeScale("choice", Array.from({ length: 100 }, (_, i) => `v${i}`));
  assert.ok(scale.ticks.length <= 12);
});

test("one value alone stands in the middle", () => {
  close(makeScale("number", [3]).position(3), 0.5);
  close(makeScale("log", [3]).position(3), 0.5);
});

test("positive values far apart are shown on a logarithmic axis", () => {
  assert.equal(bestKind("number", [0, 1e-5, 1e-4]), "log");
  assert.equal(bestKind("number", [1, 2, 3]), "number");
  assert.equal(bestKind("choice", ["a"]), "choice");
});

test("numbers as words have no zeros at their end", () => {
  assert.equal(wordOf(0.1), "0.1");
  assert.equal(wordOf(100), "100");
  assert.equal(wordOf(null), "–");
});
