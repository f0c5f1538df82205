// @ts-check
/** Which metrics stand in one chart: the same number of training, validation and test. */
import { sentence } from "board/views/run_words.js";

const PARTS = ["train", "train_eval", "val", "test"];
const PART_WORDS = {
  train: "train, batch by batch",
  train_eval: "train",
  val: "validation",
  test: "test",
};
const TITLES = {
  loss: "Loss",
  accuracy: "Accuracy",
  lr: "Learning rate",
  grad_norm: "Gradient norm",
  samples_per_second: "Throughput",
};
// From first to last; what is not named comes between accuracy and the gradient.
const ORDER = ["loss", "accuracy", "", "grad_norm", "lr", "samples_per_second"];
const COLORS = { train: 5, train_eval: 0, val: 1, test: 2 };

/**
 * @typedef {{name: string, title: string,
 *   lines: {metric: string, label: string, color: string, isCoarse: boolean}[]}} Panel
 */

/**
 * Return the charts for these metrics, the most telling first.
 * @param {string[]} metrics
 * @returns {Panel[]}
 */
export function panelsOf(metrics) {
  const names = [...new Set(metrics.map(nameOf))];
  return names
    .sort((a, b) => rank(a) - rank(b))
    .map((name) => ({
      name,
      title: TITLES[name] ?? sentence(name),
      lines: metrics.filter((metric) => nameOf(metric) === name).sort(byPart).map(lineOf),
    }));
}

/** @param {string} metric */
function partOf(metric) {
  const [part] = metric.split("/");
  return PARTS.includes(part) ? part : "";
}

/** @param {string} metric */
function nameOf(metric) {
  const part = partOf(metric);
  return part ? metric.slice(part.length + 1) : metric;
}

/** @param {string} metric */
function lineOf(metric) {
  const part = partOf(metric);
  return {
    metric,
    label: PART_WORDS[part] ?? metric,
    color: `var(--series-${COLORS[part] ?? 0})`,
    isCoarse: part !== "" && part !== "train",
  };
}

/** @param {string} a @param {string} b */
function byPart(a, b) {
  return PARTS.indexOf(partOf(a)) - PARTS.indexOf(partOf(b));
}

/** @param {string} name */
function rank(name) {
  const place = ORDER.indexOf(name);
  return place < 0 ? ORDER.indexOf("") : place;
}
