import assert from "node:assert/strict";
import { test } from "node:test";
import { href, read } from "board/address.js";

test("an address returns what it was made of", () => {
  const params = { run: ["lab/a b/x", "c&d=e"], metric: "val/loss", smooth: 0.5 };
  const back = read(href("curves", params));
  assert.equal(back.view, "curves");
  assert.deepEqual(back.params.getAll("run"), params.run);
  assert.equal(back.params.get("metric"), "val/loss");
  assert.equal(back.params.get("smooth"), "0.5");
});

test("names of runs stay readable in it", () => {
  assert.equal(href("run", { id: "lab/x/trials/a-1" }), "#/run?id=lab/x/trials/a-1");
});

test("what is empty is left out", () => {
  assert.equal(href("runs", { search: "", state: null, in: undefined, run: [] }), "#/runs");
});

test("an empty address is the table of runs", () => {
  assert.equal(read("").view, "runs");
  assert.equal(read("#/").view, "runs");
});

test("a question mark inside a value does not cut it", () => {
  assert.equal(read("#/runs?search=what?").params.get("search"), "what?");
});
