import assert from "node:assert/strict";
import { test } from "node:test";
import { settingNames, shortName, tellingSettings } from "board/settings.js";
import { grouped, sorted, summarize } from "board/views/runs_groups.js";
import { arranged, matching, nextSort, readState, writeState } from "board/views/runs_state.js";

const column = { key: "value:loss", title: "loss", width: 80, isNumber: true, value: (row) => row.loss };

test("runs without a value come last in both orders", () => {
  const rows = [{ loss: 2 }, { loss: null }, { loss: 1 }, { loss: NaN }];
  const order = (isDescending) => sorted(rows, column.value, isDescending).map((row) => row.loss);
  assert.deepEqual(order(false), [1, 2, null, NaN]);
  assert.deepEqual(order(true), [2, 1, null, NaN]);
});

test("names sort by the numbers in them", () => {
  const names = sorted(["resnet-110", "resnet-20"], (name) => name, false);
  assert.deepEqual(names, ["resnet-20", "resnet-110"]);
});

test("groups keep the order of their first runs", () => {
  const rows = [{ model: "b" }, { model: "a" }, { model: "b" }, {}];
  const groups = grouped(rows, { key: "model", title: "", width: 0, value: (row) => row.model });
  assert.deepEqual(groups.map((group) => [group.name, group.rows.length]), [["b", 2], ["a", 1], ["none", 1]]);
});

test("a group has the mean, deviation and best of its finite values", () => {
  const group = { isGroup: true, id: "", name: "", rows: [{ loss: 1 }, { loss: 3 }, { loss: Infinity }, {}] };
  assert.deepEqual(summarize(group, column, false), { mean: 2, deviation: Math.SQRT2, best: 1, count: 2 });
  assert.equal(summarize(group, column, true).best, 3);
  assert.equal(summarize({ ...group, rows: [{}] }, column, true), null);
});

test("settings that differ and matter come first, those that say where come never", () => {
  const rows = [0.1, 0.2].map((lr, i) => ({
    settings: { "machine.threads": i, "augmentation.noise": i, "optimizer.lr": lr, "training.epochs": 3, "data.root": `/${i}` },
  }));
  assert.deepEqual(tellingSettings(rows), ["optimizer.lr", "augmentation.noise"]);
  assert.equal(settingNames(rows).length, 5);
});

test("short names say what is meant", () => {
  assert.equal(shortName("optimizer.lr"), "lr");
  assert.equal(shortName("optimizer.name"), "optimizer");
});

const state = (query) => readState(new URLSearchParams(query));
const COLUMNS = new Map([
  ["best", { key: "best", title: "", width: 0, isNumber: true, value: (row) => row.value }],
  ["model", { key: "model", title: "", width: 0, value: (row) => row.model }],
]);
const ROWS = [
  { id: "a", name: "a", model: "mlp", state: "done", value: 0.5, monitor: "val/accuracy", group: null },
  { id: "b", name: "b", model: "gru", state: "diverged", value: 0.9, monitor: "val/accuracy", group: "lab/x" },
  { id: "c", name: "c", model: "mlp", state: "done", value: 0.8, monitor: "val/accuracy", group: null },
];

test("the state of the table goes into the address and back", () => {
  const query = "search=mlp&state=done&in=lab/x&group=model&show=best&sort=-best&columns=best,model&run=a&run=c";
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(writeState(state(query)))) {
    for (const each of [value].flat()) written.append(name, each);
  }
  assert.equal(decodeURIComponent(written.toString()), query);
  assert.deepEqual(Object.values(writeState(state(""))).flat().filter(Boolean), []);
});

test("search, state and folder all must fit", () => {
  const ids = (query) => matching(ROWS, state(query), {}).map((row) => row.id);
  assert.deepEqual(ids("search=mlp"), ["a", "c"]);
  assert.deepEqual(ids("state=diverged"), ["b"]);
  assert.deepEqual(ids("in=."), ["a", "c"]);
  assert.deepEqual(ids("in=lab/x&search=mlp"), []);
});

test("groups are sorted by their mean or best, and open ones show their runs", () => {
  const ids = (query, open = []) => arranged(ROWS, state(query), COLUMNS, new Set(open)).map((row) => row.id);
  assert.deepEqual(ids("sort=-best"), ["b", "c", "a"]);
  assert.deepEqual(ids("sort=best&group=model"), ["group:mlp", "group:gru"]);
  assert.deepEqual(ids("sort=-best&group=model", ["group:mlp"]), ["group:gru", "group:mlp", "c", "a"]);
});

test("the first click on a column puts the best first, the second turns it round", () => {
  const first = nextSort(state(""), "best", COLUMNS.get("best"), ROWS);
  assert.deepEqual(first, { column: "best", isDescending: true });
  assert.deepEqual(nextSort({ ...state(""), sort: first }, "best", COLUMNS.get("best"), ROWS).isDescending, false);
  assert.equal(nextSort(state(""), "model", COLUMNS.get("model"), ROWS).isDescending, false);
});
