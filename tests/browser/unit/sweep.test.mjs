import assert from "node:assert/strict";
import test from "node:test";

import { readState, stateParams } from "board/views/sweep_address.js";
import { binsOf, firstGroups, groupsOf, settingsOf, trialsOf } from "board/views/sweep_data.js";

const answer = (values, more = {}) => ({
  metric: "val/accuracy",
  is_smaller_better: false,
  settings: [
    { name: "lr", kind: "log", values: [0.1, 1] },
    { name: "seed", kind: "number", values: [0] },
  ],
  trials: values.map((value, i) => ({
    id: `tuned/trials/coarse-0000000${i}`,
    state: value === null ? "diverged" : "done",
    values: { "val/accuracy": value },
    settings: { lr: i % 2 ? 0.1 : 1, seed: 0 },
  })),
  importance: null,
  ...more,
});
const all = () => true;

test("trials come the worst first, those without the metric before all", () => {
  const trials = trialsOf(answer([0.9, null, 0.5, 0.7]), all);
  assert.deepEqual(trials.map((trial) => trial.value), [null, 0.5, 0.7, 0.9]);
  assert.deepEqual(trials.map((trial) => trial.bin), [null, 0, 4, 8]);
});

test("of a loss the smallest is the best", () => {
  const trials = trialsOf(answer([0.9, 0.5], { is_smaller_better: true }), all);
  assert.equal(trials.at(-1).value, 0.5);
});

test("equal trials have the same color", () => {
  const bins = trialsOf(answer([0.5, 0.5, 0.5, 0.9]), all).map((trial) => trial.bin);
  assert.deepEqual(bins, [0, 0, 0, 8]);
});

test("a number that is not finite is none", () => {
  assert.equal(trialsOf(answer(["nan", 0.5]), all)[0].value, null);
});

test("the colors along the axis leave no gap", () => {
  const bins = binsOf(trialsOf(answer([0.1, 0.4, 0.9]), all));
  assert.deepEqual(bins.map(({ low, high }) => [low, high]), [[0.1, 0.1], [0.1, 0.4], [0.4, 0.9]]);
});

test("settings that are the same in all trials are left out, the most important come first", () => {
  const importance = [{ name: "lr", importance: 0.2 }, { name: "width", importance: 0.7 }];
  const given = answer([0.1, 0.2], { importance });
  given.settings.push({ name: "width", kind: "number", values: [1, 2] });
  given.trials.forEach((trial, i) => { trial.settings.width = i; });
  assert.deepEqual(settingsOf(given, trialsOf(given, all)).map((each) => each.name), ["width", "lr"]);
});

test("trials are grouped by what their name begins with", () => {
  const given = answer([0.1, 0.2]);
  given.trials[0].id = "lab/x/trials/far too high-seed-2-ddbb1161";
  assert.deepEqual([...groupsOf(given)], [["far too high", 1], ["coarse", 1]]);
});

test("of a tuning those trials are shown first that may be compared", () => {
  const given = answer([0.1, 0.2], { decisions: [{}] });
  given.trials[0].id = "tuned/trials/overfit-00000000";
  assert.deepEqual(firstGroups(given), ["coarse"]);
  assert.deepEqual(firstGroups({ ...given, decisions: [] }), []);
});

test("the address holds the whole view", () => {
  const state = {
    id: "a/b", metric: "val/loss", groups: ["coarse"], step: 2, axes: ["lr"],
    kinds: { lr: "log", seed: "number" }, brushes: { lr: [0.1, 1], "model.name": ["a", "b:[c"] },
  };
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(stateParams(state, []))) {
    for (const each of [value].flat()) params.append(name, String(each));
  }
  assert.deepEqual(readState(params), state);
});

test("a range that was cut off is passed over", () => {
  assert.deepEqual(readState(new URLSearchParams("id=a&range=lr:[0.1,")).brushes, {});
});
