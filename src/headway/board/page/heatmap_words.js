// @ts-check
/** What a heat map says in words: the value under the cross, and the highest and lowest of all. */
import { nearestIndex } from "board/heatmap_axes.js";
import { cellValue } from "board/heatmap_grid.js";
import { clear, h } from "board/dom.js";
import { count, number } from "board/format.js";

/**
 * @typedef {{row: number, column: number, value: number}} Place
 * @typedef {import("board/heatmap.js").Options} Options
 */

/**
 * Return what a map shows, for those who do not see it.
 * @param {Options} options
 * @param {number} numLayers
 * @param {{highest: Place, lowest: Place}|null} found
 */
export function spokenSummary({ title, layers, steps }, numLayers, found) {
  const at = ({ row, column, value }) => `${number(value, 3)} in ${layers[row].name} at step ${count(steps[column])}`;
  const text = found ? `highest ${at(found.highest)}, lowest ${at(found.lowest)}` : "no values";
  return `${title}, ${count(numLayers)} layers, ${count(steps.length)} samples, ${text}. `
    + "Arrow keys move, plus and minus zoom, Enter pins a layer.";
}

/**
 * Write the same below the map, with the layers to click.
 * @param {Element} element
 * @param {Options} options
 * @param {number} numLayers
 * @param {{highest: Place, lowest: Place}|null} found
 */
export function showSummary(element, options, numLayers, found) {
  const size = h("span", null, `${count(numLayers)} layers, ${count(options.steps.length)} samples`);
  if (!found) return clear(element, size);
  const isEven = found.highest.value === found.lowest.value;
  clear(element, size, isEven
    ? h("span", null, `everywhere ${number(found.highest.value, 3)}`)
    : [extreme("highest", found.highest, options), extreme("lowest", found.lowest, options)]);
}

/** @param {string} word @param {Place} place @param {Options} options */
function extreme(word, { row, column, value }, { layers, steps, view }) {
  const show = () => {
    if (!view.pins.includes(row)) view.pin(row);
    view.point({ layer: row, step: steps[column] });
  };
  return h("span", null, `${word} ${number(value, 3)} in `,
    h("button.heat-link", { type: "button", onclick: show, title: "Pin this layer" }, h("bdi", null, layers[row].name)),
    `, step ${count(steps[column])}`);
}

/**
 * Write the value under the cross; nothing where there is no cross.
 * @param {Element} element
 * @param {Options} options
 * @param {number|null} layer
 */
export function showReadout(element, { grid, layers, steps, view, marks = [] }, layer) {
  if (layer === null || !view.cursor) return clear(element);
  const { step } = view.cursor;
  const column = nearestIndex(steps, step);
  const value = cellValue(grid, layer, column);
  const { name, kind } = layers[layer];
  const near = marks.filter((mark) => mark.layer === layer && Math.abs(nearestIndex(steps, mark.step) - column) <= 1);
  clear(element,
    h("b", null, Number.isNaN(value) ? "no value" : number(value, 4)),
    h("bdi", null, name),
    h("span.muted", null, `${kind}, layer ${count(layer + 1)}, step ${count(step)}`),
    near.map(({ label, severity }) => h("span.chip", { class: severity }, label)));
}
