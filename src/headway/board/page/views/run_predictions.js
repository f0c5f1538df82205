// @ts-check
/** What the best weights say about the validation part: where they are right and where not. */
import { clear, h } from "board/dom.js";
import { count, percent } from "board/format.js";
import { get } from "board/source.js";
import { card } from "board/views/run_card.js";
import { confusionMatrix } from "board/views/run_confusion.js";
import { gallery } from "board/views/run_gallery.js";
import { residualCharts } from "board/views/run_residuals.js";
import { confusedPairs, classTable, labelTable } from "board/views/run_classes.js";
import { metricText, partWord, sentence } from "board/views/run_words.js";

/** @param {import("board/views/run.js").Place} place */
export async function showPredictions({ element, run }) {
  if (!run.row.has_predictions) return showNone(element, run);
  const answer = await get("/api/predictions", { id: run.row.id });
  element.append(h("p.muted.prediction-line", null, summary(answer)));
  const stops = [
    answer.labels?.length ? showLabels(element, answer) : null,
    answer.residuals?.length ? residualCharts(element, answer.residuals) : null,
    answer.confusion ? showConfusion(element, answer) : showGallery(element, answer),
  ];
  return { destroy: () => stops.forEach((stop) => stop?.()) };
}

/** @param {HTMLElement} element @param {any} run */
function showNone(element, run) {
  const text = run.row.state === "running"
    ? "Predictions come at the end of the training." : "This run kept no predictions.";
  clear(element, h("div.empty", null, h("p", null, text),
    h("p.tip", null, "headway train keeps them at its end: ", h("code", null, "logging.predictions = true"), ".")));
  return {};
}

/** @param {any} answer */
function summary({ part, step, num_samples, accuracy, values }) {
  const shown = Object.entries(values ?? {}).map(([name, value]) =>
    `${sentence(name.split("/").pop() ?? name).toLowerCase()} ${metricText(name, value)}`);
  const known = shown.length || accuracy === null || accuracy === undefined ? shown : [`accuracy ${percent(accuracy)}`];
  return [`${sentence(partWord(part))} part, ${count(num_samples)} samples, weights of step ${count(step)}`, ...known].join(" · ");
}

/** @param {HTMLElement} element @param {any} answer */
function showConfusion(element, answer) {
  const matrix = h("div");
  const shown = h("div");
  const pictures = gallery(shown, answer);
  const choose = (/** @type {{target: number, prediction: number}|null} */ pair) => {
    pictures.filter(pair);
    confusion.mark(pair);
  };
  const confusion = confusionMatrix(matrix, answer, choose);
  element.append(
    h("div.confusion-page", null,
      card("Confusion matrix", matrix),
      h("div.stack", null, card("Most confused", confusedPairs(answer, choose)), card("Classes", classTable(answer)))),
    card("Worst mistakes", shown));
  showUnsure(element, answer);
  return confusion.destroy;
}

/** @param {HTMLElement} element @param {any} answer */
function showGallery(element, answer) {
  const shown = h("div");
  gallery(shown, answer);
  element.append(card("Worst mistakes", shown));
  showUnsure(element, answer);
  return null;
}

/** @param {HTMLElement} element @param {any} answer */
function showUnsure(element, { unsure, classes }) {
  if (!unsure?.length) return;
  const shown = h("div");
  gallery(shown, { mistakes: unsure, classes });
  element.append(card("Right, but least sure", shown));
}

/** @param {HTMLElement} element @param {any} answer */
function showLabels(element, { labels }) {
  element.append(card("Labels", labelTable(labels)));
  return null;
}
