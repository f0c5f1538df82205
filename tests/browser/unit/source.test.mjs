import assert from "node:assert/strict";
import { test } from "node:test";
import { isReport, reportKey } from "board/source.js";

test("an answer in a report is found whatever the order of the question", () => {
  const key = "/api/series?metric=val%2Floss&run=a%20b&x=step";
  assert.equal(reportKey("/api/series", [["x", "step"], ["run", "a b"], ["metric", "val/loss"]]), key);
  assert.equal(reportKey("/api/runs", []), "/api/runs");
});

test("equal names are sorted by their values", () => {
  assert.equal(reportKey("/p", [["run", "b"], ["run", "a"]]), "/p?run=a&run=b");
});

test("without embedded data the page is live", () => assert.equal(isReport, false));
