import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "board/format.js";

const cases = (name, call, pairs) => test(name, () => {
  for (const [value, expected] of pairs) assert.equal(call(value), expected, `of ${value}`);
});

cases("numbers have four significant digits and few zeros", (x) => format.number(x), [
  [0, "0"], [0.25, "0.2500"], [12.34567, "12.35"], [3, "3"], [1234, "1\u2009234"], [0.000012345, "1.234e−5"],
  [-0.5, "−0.5000"], [2.5e9, "2.5e9"], [1000.04, "1000"],
]);
cases("numbers that JSON lacks are read and named", (x) => format.number(x), [
  ["nan", "NaN"], ["inf", "∞"], ["-inf", "−∞"], [null, "–"], [undefined, "–"], ["text", "text"],
]);
cases("settings stand as in a recipe", format.setting, [
  [0.025, "0.025"], [true, "yes"], [0.1, "0.1"], [1e-8, "1e−8"], [[0.9, 0.999], "[0.9,0.999]"], [null, "–"], ["sgd", "sgd"], [128, "128"],
]);
cases("times are as long as they need to be", format.duration, [
  [0.25, "0.3 s"], [9, "9 s"], [59.4, "59 s"], [61, "1 min 01 s"], [3 * 3600 + 65, "3 h 01 min"], [90_000, "1 d 01 h"], [null, "–"],
]);
cases("sizes have units", format.bytes, [[0, "0 B"], [999, "999 B"], [1500, "1.5 kB"], [3_250_000, "3.25 MB"]]);
cases("large counts are short", format.short, [[950, "950"], [12_345, "12.3k"], [3e20, "3e20"], [1_720_000, "1.72M"], [41e9, "41G"]]);

test("what was is told from now on", () => {
  assert.equal(format.ago(100, 103), "now");
  assert.equal(format.ago(100, 400), "5 min ago");
  assert.equal(format.ago(0, 3 * 86_400), "3 d ago");
});

test("only numbers are numbers", () => {
  assert.ok(Number.isNaN(format.toNumber("nan")));
  assert.equal(format.toNumber("-inf"), -Infinity);
  assert.equal(format.toNumber("sgd"), null);
});

test("of a loss less is better, of an accuracy more", () => {
  assert.equal(format.isHigherBetter("val/accuracy"), true);
  assert.equal(format.isHigherBetter("val/loss"), false);
});

test("of a path the last part is shown", () => {
  assert.equal(format.fileName("/home/me/nets.py:wide"), "nets.py:wide");
  assert.equal(format.fileName("resnet-20"), "resnet-20");
});
