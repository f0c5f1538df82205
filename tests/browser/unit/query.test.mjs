import assert from "node:assert/strict";
import { test } from "node:test";
import { field, matcher } from "board/query.js";

const run = {
  id: "lab/x/plain-56-seed-1", model: "plain-56", data: "digits", state: "diverged", note: "too deep", tags: ["paper"],
  settings: { "optimizer.lr": 0.05, "optimizer.name": "sgd" }, values: { lr: 0.0001, "val/loss": "nan" },
  best: { values: { "val/accuracy": 0.91 } },
};

const found = ["", "plain", "PLAIN digits", '"too deep"', "lr>0.01", "lr=0.05", "val/accuracy>=0.91", "accuracy<1", "state:div",
  "tag:paper", 'note:"too deep"', '"too', "optimizer.name:sgd", "-resnet", "-lr>0.1", "epochs=3", "lr!=1"];
for (const text of found) test(`"${text}" finds the run`, () => assert.ok(matcher(text, { "training.epochs": 3 })(run)));

const missed = ["resnet", "plain resnet", "lr<0.01", "-plain", "val/loss<1", "width>2", "state=done", "lr>"];
for (const text of missed) test(`"${text}" does not find it`, () => assert.ok(!matcher(text)(run)));

test("a setting comes before the metric of the same name", () => assert.equal(field(run, "lr"), 0.05));
