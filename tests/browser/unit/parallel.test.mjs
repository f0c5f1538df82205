import assert from "node:assert/strict";
import test from "node:test";

import { isWithin, nearest, pathData, rangeOf, valuesOf } from "board/parallel_lines.js";
import { makeScale } from "board/scale.js";

const places = { x: [0, 100], y: new Map([["flat", [50, 50]], ["rising", [90, 10]]]) };

test("a line is level where it crosses an axis", () => {
  assert.equal(pathData([0, 100], [90, 10]), "M0,90C50,90 50,10 100,10");
});

test("the nearest line is found on the curve, not on the straight way between the axes", () => {
  assert.equal(nearest(places, 20, 82, null), "rising");
  assert.equal(nearest(places, 20, 55, null), "flat");
});

test("right of the last axis its points are the nearest", () => {
  const three = { x: [0, 100, 200], y: new Map([["a", [10, 10, 90]], ["b", [90, 90, 10]]]) };
  assert.equal(nearest(three, 204, 90, null), "a");
});

test("no line is near a point far from all", () => {
  assert.equal(nearest(places, 50, 99, null), null);
});

test("lines outside of the range are never near", () => {
  assert.equal(nearest(places, 1, 90, new Set(["flat"])), null);
});

test("a range of values holds its ends", () => {
  const scale = makeScale("log", [0.01, 0.1, 1]);
  assert.deepEqual([0.01, 0.1, 1].map((value) => isWithin(scale, value, [0.1, 1])), [false, true, true]);
});

test("a range over one choice holds that choice alone", () => {
  const scale = makeScale("choice", ["a", "b", "c"]);
  assert.deepEqual(["a", "b", "c"].map((value) => isWithin(scale, value, ["b", "b"])), [false, true, false]);
});

test("a range whose ends have no place holds everything", () => {
  assert.equal(rangeOf(makeScale("number", [1, 2]), ["x", "y"]), null);
  assert.equal(isWithin(makeScale("number", [1, 2]), 1, ["x", "y"]), true);
});

test("a range becomes values and positions again", () => {
  const numbers = makeScale("log", [0.01, 0.1, 1]);
  assert.deepEqual(valuesOf(numbers, [0, 1]).map((value) => Number(value.toFixed(9))), [0.01, 1]);
  assert.equal(isWithin(numbers, 1, valuesOf(numbers, [0.5, 1])), true);
  const choices = makeScale("choice", ["a", "b", "c", "d"]);
  assert.deepEqual(valuesOf(choices, [0.25, 0.5]), ["b", "b"]);
  assert.deepEqual(rangeOf(choices, ["b", "b"]), [0.25, 0.5]);
});
