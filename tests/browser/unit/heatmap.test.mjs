import assert from "node:assert/strict";
import test from "node:test";

import { groupNames, linearTicks, logTicks, nearestIndex } from "board/heatmap_axes.js";
import { cellValue, coloredLevels, extremes, filledRows, levelOf, levelQuantiles, NO_VALUE, poolRows, unpackGrid, valueOf } from "board/heatmap_grid.js";
import { DepthView, MOST_PINS } from "board/heatmap_view.js";

const log = { scale: "log", low: 1e-4, high: 1, has_zero: false };
const grid = (rows, more = {}) => ({
  ...log, title: "", unit: "", rows: rows.length, columns: rows[0].length, cells: Uint16Array.from(rows.flat()), ...more,
});

test("a grid comes out of base64 as it was packed, least byte first", () => {
  const { cells, rows } = unpackGrid({ ...log, rows: 1, columns: 3, data: btoa("\x00\x00\x01\x02\xff\xff") });
  assert.deepEqual([...cells], [0, 513, NO_VALUE]);
  assert.equal(rows, 1);
});

test("levels stand for values evenly on a log scale", () => {
  assert.equal(valueOf(log, 0), 1e-4);
  assert.ok(Math.abs(valueOf(log, 65534 / 2) - 1e-2) < 1e-9);
  assert.equal(valueOf(log, 65534), 1);
});

test("the highest number stands for no value", () => {
  assert.ok(Number.isNaN(valueOf(log, NO_VALUE)));
});

test("the lowest level of a grid with zeros is exactly zero", () => {
  assert.equal(valueOf({ ...log, has_zero: true }, 0), 0);
});

test("a value finds its level again, and those outside the nearest end", () => {
  for (const level of [0, 1, 4711, 65534]) assert.equal(levelOf(log, valueOf(log, level)), level);
  assert.equal(levelOf(log, 1e-9), 0);
  assert.equal(levelOf({ scale: "linear", low: 0, high: 1 }, 7), 65534);
});

test("rows without any value are left out", () => {
  assert.deepEqual([...filledRows(grid([[NO_VALUE, NO_VALUE], [NO_VALUE, 3]]))], [1]);
});

test("quantiles are those of the sorted levels", () => {
  const levels = Array.from({ length: 101 }, (_, i) => 100 - i);
  assert.deepEqual(levelQuantiles(grid([levels]), [0], [0, 0.25, 0.5, 1]), [0, 25, 50, 100]);
});

test("quantiles count only the rows asked for, and cells with a value", () => {
  const cells = grid([[9, 9, 9], [5, NO_VALUE, 7]]);
  assert.deepEqual(levelQuantiles(cells, [1], [0, 1]), [5, 7]);
  assert.equal(levelQuantiles(grid([[NO_VALUE]]), [0], [0.5]), null);
});

test("a few wild cells among thousands do not take the colors, among a few they count", () => {
  const many = grid([Array.from({ length: 2000 }, (_, i) => (i < 3 ? 60_000 : 100 + (i % 2)))]);
  assert.deepEqual(coloredLevels(many, [0]).at(-1), 101);
  assert.deepEqual(coloredLevels(grid([[5, 6, 60_000]]), [0]), [5, 6, 60_000]);
});

test("one sick layer among many stays visible where they share a row of pixels", () => {
  const cells = grid([[100, 100], [101, NO_VALUE], [99, 60_000], [98, 100]]);
  const line = poolRows(cells, [0, 1, 2, 3], 100, new Uint16Array(2));
  assert.deepEqual([...line], [98, 60_000]);
});

test("a row of pixels without a value has none", () => {
  const line = poolRows(grid([[NO_VALUE], [NO_VALUE]]), [0, 1], 5, new Uint16Array(1));
  assert.deepEqual([...line], [NO_VALUE]);
});

test("the extremes tell their layer and sample", () => {
  const found = extremes(grid([[5, NO_VALUE], [3, 65_534]]), [0, 1]);
  assert.deepEqual([found.lowest.row, found.lowest.column], [1, 0]);
  assert.deepEqual([found.highest.row, found.highest.column, found.highest.value], [1, 1, 1]);
});

test("a cell outside of the grid has no value", () => {
  assert.ok(Number.isNaN(cellValue(grid([[1]]), 3, 0)));
});

test("layers are grouped as finely as there is room", () => {
  const names = ["stem.0", "stage1.0.conv1", "stage1.0.conv2", "stage1.1.conv1", "stage2.0.conv1"];
  assert.deepEqual(groupNames(names, 3).map(({ name }) => name), ["stem", "stage1", "stage2"]);
  assert.deepEqual(groupNames(names, 4).map(({ name }) => name), ["stem.0", "stage1.0", "stage1.1", "stage2.0"]);
  assert.deepEqual(groupNames(names, 3)[1], { name: "stage1", from: 1, to: 4 });
});

test("names without structure give no groups where there is no room", () => {
  assert.deepEqual(groupNames(["0", "1", "2"], 2), []);
});

test("ticks are round numbers within the range", () => {
  assert.deepEqual(linearTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(logTicks(1e-4, 1, 5), [1e-4, 1e-3, 1e-2, 1e-1, 1]);
  assert.deepEqual(logTicks(0.9, 21, 5), [1, 2, 5, 10, 20]);
  assert.deepEqual(linearTicks(3, 3, 5), [3]);
});

test("the nearest of sorted numbers is found, also beyond the ends", () => {
  assert.deepEqual([-1, 0.4, 0.6, 99].map((value) => nearestIndex([0, 1, 5], value)), [0, 0, 1, 2]);
  assert.equal(nearestIndex([7], 3), 0);
});

test("zooming keeps the layer under the pointer where it is", () => {
  const view = new DepthView(1000);
  view.zoom(0.5, 250);
  assert.deepEqual([view.from, view.to], [125, 625]);
});

test("a view never leaves the network, nor gets too small to read", () => {
  const view = new DepthView(100);
  view.show(95, 120);
  assert.deepEqual([view.from, view.to], [75, 100]);
  view.pan(50);
  assert.deepEqual([view.from, view.to], [75, 100]);
  view.show(10, 10);
  assert.deepEqual([view.from, view.to], [10, 14]);
});

test("pinning twice lets go, and the oldest pin gives way", () => {
  const view = new DepthView(100);
  view.pin(3);
  view.pin(3);
  assert.deepEqual(view.pins, []);
  for (let layer = 0; layer <= MOST_PINS; layer += 1) view.pin(layer);
  assert.equal(view.pins.length, MOST_PINS);
  assert.ok(!view.pins.includes(0));
});

test("a view tells of a change once, and not of none", () => {
  const view = new DepthView(100);
  let told = 0;
  view.addEventListener("cursor", () => { told += 1; });
  view.point({ layer: 1, step: 5 });
  view.point({ layer: 1, step: 5 });
  view.point(null);
  assert.equal(told, 2);
});
