import assert from "node:assert/strict";
import { test } from "node:test";
import { commonX, deviation, meanAndBand, quantile, smooth, valueAt } from "board/statistics.js";

const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("a quantile lies between the order statistics", () => {
  assert.equal(quantile([3, 1, 2], 0.5), 2);
  near(quantile([10, 0], 0.25), 2.5);
  assert.equal(quantile([7], 0.9), 7);
});

test("the deviation of a sample divides by one less than its size", () => {
  near(deviation([1, 3]), Math.SQRT2);
  assert.equal(deviation([5]), 0);
});

test("smoothing leaves a constant as it is, from the first value on", () => {
  assert.deepEqual(smooth([0, 1, 5, 6], [2, 2, 2, 2], 3), [2, 2, 2, 2]);
});

test("no smoothing returns the values", () => {
  assert.deepEqual(smooth([0, 1], [4, 8], 0), [4, 8]);
});

test("a smoothed value is the mean weighted by the distance on x", () => {
  const weight = Math.exp(-2 / 4);
  near(smooth([0, 2], [1, 3], 4)[1], (weight * 1 + 3) / (weight + 1));
});

test("a point far behind does not count", () => {
  near(smooth([0, 1000], [50, 3], 1)[1], 3);
});

test("smoothing does not depend on the unit of x", () => {
  const [steps, seconds] = [[0, 1, 2, 4], [0, 0.5, 1, 2]];
  assert.deepEqual(smooth(steps, [1, 5, 2, 8], 2), smooth(seconds, [1, 5, 2, 8], 1));
});

test("a value between two points lies on their line, and outside there is none", () => {
  near(valueAt([0, 10], [0, 5], 4), 2);
  assert.equal(valueAt([0, 10], [0, 5], 11), null);
  assert.equal(valueAt([], [], 0), null);
});

test("the mean of curves has a band of one deviation", () => {
  const { x, y, low, high, counts } = meanAndBand([{ x: [0, 1], y: [1, 2] }, { x: [0, 1], y: [3, 4] }]);
  assert.deepEqual([x, y, counts], [[0, 1], [2, 3], [2, 2]]);
  near(high[0] - 2, Math.SQRT2);
  near(2 - low[0], Math.SQRT2);
});

test("the band can be the smallest and largest value", () => {
  const { low, high } = meanAndBand([{ x: [0], y: [1] }, { x: [0], y: [5] }, { x: [0], y: [2] }], "range");
  assert.deepEqual([low, high], [[1], [5]]);
});

test("where a run ended, the mean is that of the others", () => {
  const { y, counts } = meanAndBand([{ x: [0, 1, 2], y: [0, 0, 0] }, { x: [0, 1], y: [2, 2] }]);
  assert.deepEqual([y, counts], [[1, 1, 0], [2, 2, 1]]);
});

test("the common x has the ends of the curves and no more points than asked", () => {
  const x = commonX([{ x: Array.from({ length: 1000 }, (_, i) => i), y: [] }], 11);
  assert.equal(x.length, 11);
  assert.deepEqual([x[0], x[10]], [0, 999]);
});
