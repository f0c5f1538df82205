// @ts-check
/** The confusion matrix: a row for each true class, a column for each prediction. */
import { onThemeChange } from "board/colors.js";
import { clear, h } from "board/dom.js";
import { count, percent } from "board/format.js";
import { colorAt, colorTable, needsDarkText } from "board/heatmap_colors.js";

const MOST_WITH_NUMBERS = 25;
const MOST_WITH_NAMES = 50;
const LONG_NAME = 3;
// A share of errors that deserves the strongest color even if there is no larger one.
const LEAST_WORST = 0.15;

/**
 * Return the classes of the rows and columns, as places in the list of classes.
 * @param {any} answer
 * @returns {number[]}
 */
export function matrixClasses({ confusion, confusion_classes }) {
  return confusion_classes ?? confusion.map((/** @type {number[]} */ _, /** @type {number} */ i) => i);
}

/**
 * @param {HTMLElement} element
 * @param {any} answer of /api/predictions
 * @param {(pair: {target: number, prediction: number}|null) => void} onChoose
 */
export function confusionMatrix(element, answer, onChoose) {
  const readout = h("p.confusion-readout", { role: "status" });
  const holder = h("div.scroll", { tabindex: 0, role: "region", "aria-label": "Confusion matrix" });
  const places = matrixClasses(answer);
  const names = places.map((place) => String(answer.classes[place] ?? place));
  const hint = "Point at a cell for its count; click one to see its mistakes below. Errors stand out the more of a class they take.";
  element.append(h("p.tip", null, whole(answer, places), hint), holder, readout);
  const draw = () => clear(holder, tableOf(answer.confusion, names));
  draw();
  const cellOf = (/** @type {Event} */ event) => /** @type {HTMLElement|null} */ (
    /** @type {HTMLElement} */ (event.target).closest("td"));
  holder.addEventListener("mouseover", (event) => say(readout, cellOf(event), answer.confusion, names));
  holder.addEventListener("mouseleave", () => clear(readout));
  holder.addEventListener("click", (event) => {
    const cell = cellOf(event);
    const [row, column] = placeOf(cell);
    const isError = cell && row !== column && answer.confusion[row][column] > 0;
    onChoose(isError ? { target: places[row], prediction: places[column] } : null);
  });
  const destroy = onThemeChange(draw);
  return {
    destroy,
    /** @param {{target: number, prediction: number}|null} pair */
    mark: (pair) => {
      holder.querySelector("td.chosen")?.classList.remove("chosen");
      if (!pair) return;
      const [row, column] = [places.indexOf(pair.target), places.indexOf(pair.prediction)];
      holder.querySelector(`td[data-place="${row} ${column}"]`)?.classList.add("chosen");
    },
  };
}

/** @param {any} answer @param {number[]} places */
function whole({ classes }, places) {
  if (places.length === classes.length) return "";
  return `The ${count(places.length)} most confused of ${count(classes.length)} classes. `;
}

/** @param {number[][]} counts @param {string[]} names */
function tableOf(counts, names) {
  const size = names.length;
  const table = colorTable("amount");
  const sums = counts.map((row) => row.reduce((sum, value) => sum + value, 0));
  const worst = worstShare(counts, sums);
  const hasNames = size <= MOST_WITH_NAMES;
  const isLong = names.some((name) => name.length > LONG_NAME);
  const head = hasNames ? h("thead", null, h("tr", null,
    h("td.corner", null, "true ↓ said →"),
    names.map((name) => h("th", { scope: "col", title: name }, h("span", { class: isLong ? "upright" : "" }, name))))) : null;
  const rows = counts.map((row, i) => h("tr", null,
    hasNames ? h("th", { scope: "row", title: names[i] }, h("span", null, names[i])) : null,
    row.map((value, j) => cell(value, { i, j, sum: sums[i], size }, worst, table))));
  return h("table.confusion", { "aria-label": "Confusion matrix", class: sizeClass(size) }, head, h("tbody", null, rows));
}

/** @param {number} size */
function sizeClass(size) {
  if (size <= 12) return "large";
  return size <= MOST_WITH_NUMBERS ? "middle" : "small";
}

/** @param {number[][]} counts @param {number[]} sums */
function worstShare(counts, sums) {
  let worst = LEAST_WORST;
  counts.forEach((row, i) => row.forEach((value, j) => {
    if (i !== j && sums[i] > 0) worst = Math.max(worst, value / sums[i]);
  }));
  return worst;
}

/**
 * @param {number} value
 * @param {{i: number, j: number, sum: number, size: number}} place
 * @param {number} worst
 * @param {Uint32Array} table
 */
function cell(value, { i, j, sum, size }, worst, table) {
  const share = sum > 0 ? value / sum : 0;
  const element = h("td", { dataset: { place: `${i} ${j}` } }, size <= MOST_WITH_NUMBERS && value > 0 ? String(value) : null);
  if (i === j) {
    element.classList.add("right");
    element.style.setProperty("--share", `${Math.round(14 + 50 * share)}%`);
  } else if (value > 0) {
    // The root, so that single errors stay visible beside frequent ones.
    const place = 0.1 + 0.7 * Math.sqrt(share / worst);
    element.style.backgroundColor = colorAt(table, place);
    element.style.color = needsDarkText(table, place) ? "#000" : "#fff";
  }
  return element;
}

/** @param {HTMLElement|null} cell */
function placeOf(cell) {
  return (cell?.dataset.place ?? "").split(" ").map(Number);
}

/** @param {HTMLElement} readout @param {HTMLElement|null} cell @param {number[][]} counts @param {string[]} names */
function say(readout, cell, counts, names) {
  const [row, column] = placeOf(cell);
  if (!cell?.dataset.place) return clear(readout);
  const sum = counts[row].reduce((total, value) => total + value, 0);
  const value = counts[row][column];
  const share = sum > 0 ? `, ${percent(value / sum)}` : "";
  const what = row === column ? "are recognized" : `are taken for “${names[column]}”`;
  clear(readout, `${count(value)} of ${count(sum)} “${names[row]}” ${what}${share}`);
}
