import assert from "node:assert/strict";
import { test } from "node:test";
import { extent, fullRange, padded, tick } from "board/chart_axes.js";
import { indexOf } from "board/chart_tooltip.js";

const series = (y) => [{ label: "", color: "", x: y.map((_, i) => i), y }];
const axis = { label: "", isRobust: true };

test("one value among hundreds far from the others does not stretch the axis", () => {
  const values = [...Array(99)].map((_, i) => 1 + i / 100);
  const { range, numOutside } = extent(series([1e9, ...values]), [0, 100], axis);
  assert.equal(numOutside, 1);
  assert.ok(range[1] < 3 && range[0] === 1);
});

test("a usual loss is shown whole", () => {
  const loss = [...Array(100)].map((_, i) => 2.3 * Math.exp(-i / 15));
  assert.equal(extent(series(loss), [0, 100], axis).numOutside, 0);
});

test("only what is in sight counts for the range", () => {
  assert.deepEqual(extent(series([9, 1, 2, 9]), [1, 2], { label: "" }).range, [1, 2]);
  assert.equal(extent(series([9]), [5, 6], { label: "" }).range, null);
});

test("a chart of one point has a width", () => {
  assert.deepEqual(fullRange([{ label: "", color: "", x: [3], y: [1] }]), [0, 3]);
  assert.deepEqual(fullRange([]), [0, 1]);
  assert.deepEqual(fullRange(series([1, 2]), { min: -1, max: 9 }), [-1, 9]);
});

test("values above zero stand on the axis, not above a gap", () => {
  assert.equal(padded([0.01, 1], { label: "" })[0], 0);
  assert.ok(padded([5, 6], { label: "" })[0] > 4.9);
});

test("marks of an axis are short, and neighbors differ", () => {
  assert.equal(tick(12_000), "12k");
  assert.equal(tick(0.5, "", [0, 0.5]), "0.5");
  assert.equal(tick(0.9995, "", [0.999, 0.9995]), "0.9995");
  assert.equal(tick(120, "s"), "2 min 00 s");
  assert.deepEqual([0.05, 0.1].map((x) => tick(x, "s", [0.05, 0.1])), ["0.05 s", "0.1 s"]);
});

test("the nearest value is found", () => {
  const places = [-5, 0.4, 0.6, 2.6, 99].map((x) => indexOf([0, 1, 2, 3], x));
  assert.deepEqual(places, [0, 0, 1, 3, 3]);
});
