// @ts-check
/** Drawing of a heat map onto a canvas, in CSS pixels. */
import { groupNames, linearTicks, nearestIndex } from "board/heatmap_axes.js";
import { NO_VALUE, poolRows } from "board/heatmap_grid.js";
import { short } from "board/format.js";

const GROUP_PIXELS = 13;
const NAME_PIXELS = 11;
const TICK_PIXELS = 80;
const HATCH_PIXELS = 6;

/**
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 * @typedef {import("board/heatmap_grid.js").Grid} Grid
 * @typedef {{grid: Grid, rows: Int32Array, names: string[], steps: number[], edges: number[],
 *   domain: {low: number, high: number}, usual: number}} Scene `rows` are the layers in sight,
 *   `domain` is in levels, `edges` are the steps between which a sample stands.
 */

/**
 * Return the steps at which one sample gives way to the next.
 * @param {number[]} steps ascending
 */
export function stepEdges(steps) {
  const middles = steps.slice(1).map((step, i) => (step + steps[i]) / 2);
  const first = steps.length > 1 ? steps[0] - (middles[0] - steps[0]) : steps[0] - 1;
  const last = steps[steps.length - 1];
  const end = steps.length > 1 ? last + (last - middles[middles.length - 1]) : last + 1;
  return [first, ...middles, end];
}

/**
 * Return the sample that stands at each of `width` pixels.
 * @param {Scene} scene
 * @param {number} width
 */
function columnsAtPixels({ steps, edges }, width) {
  const columns = new Uint32Array(width);
  const scale = (edges[edges.length - 1] - edges[0]) / width;
  let column = 0;
  for (let x = 0; x < width; x += 1) {
    const step = edges[0] + (x + 0.5) * scale;
    while (column < steps.length - 1 && step >= edges[column + 1]) column += 1;
    columns[x] = column;
  }
  return columns;
}

/**
 * Return the color words of all levels, 0 (nothing) where there is no value.
 * @param {Uint32Array} table
 * @param {{low: number, high: number}} domain in levels
 */
export function wordsOfLevels(table, { low, high }) {
  const words = new Uint32Array(NO_VALUE + 1);
  const scale = 255 / Math.max(1, high - low);
  for (let level = 0; level < NO_VALUE; level += 1) {
    words[level] = table[Math.round(Math.min(255, Math.max(0, (level - low) * scale)))];
  }
  return words;
}

/**
 * Return the picture of the layers in sight, as large as it will be shown.
 * @param {Scene} scene
 * @param {Uint32Array} words
 * @param {number} width device pixels
 * @param {number} height device pixels
 */
export function paintCells(scene, words, width, height) {
  const { grid, rows, usual } = scene;
  const picture = new ImageData(width, height);
  const pixels = new Uint32Array(picture.data.buffer);
  const columns = columnsAtPixels(scene, width);
  const line = new Uint16Array(grid.columns);
  let last = -1;
  for (let y = 0; y < height; y += 1) {
    const first = Math.floor((y * rows.length) / height);
    const end = Math.max(first + 1, Math.floor(((y + 1) * rows.length) / height));
    if (rows.length <= height && first === last) {
      pixels.copyWithin(y * width, (y - 1) * width, y * width);
      continue;
    }
    last = first;
    poolRows(grid, rows.subarray(first, end), usual, line);
    for (let x = 0; x < width; x += 1) pixels[y * width + x] = words[line[columns[x]]];
  }
  const canvas = new OffscreenCanvas(width, height);
  /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(picture, 0, 0);
  return canvas;
}

/**
 * Hatch the map: what stays visible between the cells has no value.
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} box
 */
export function paintPaper(pen, box) {
  pen.save();
  pen.globalAlpha = 0.25;
  pen.beginPath();
  pen.rect(box.left, box.top, box.width, box.height);
  pen.clip();
  pen.beginPath();
  for (let x = box.left - box.height; x < box.left + box.width; x += HATCH_PIXELS) {
    pen.moveTo(x, box.top + box.height);
    pen.lineTo(x + box.height, box.top);
  }
  pen.stroke();
  pen.restore();
}

/**
 * Write what stands left of the map: each layer's name where there is room, else the names of
 * groups of layers, else their numbers.
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} box of the map
 * @param {Scene} scene
 */
export function paintNames(pen, box, { rows, names }) {
  const pixels = box.height / rows.length;
  const shown = Array.from(rows, (row) => names[row]);
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  const marks = rowMarks(shown, rows, pixels, box.height);
  for (const { text, from, to, hasLine } of marks) {
    const y = box.top + ((from + to) / 2) * pixels;
    pen.fillText(fit(pen, text, box.left - 14), box.left - 8, y);
    if (!hasLine) continue;
    pen.fillRect(box.left - 5, box.top + from * pixels, 1, (to - from) * pixels - 1);
  }
}

/**
 * @param {string[]} names
 * @param {Int32Array} rows
 * @param {number} pixels height of a row
 * @param {number} height
 */
function rowMarks(names, rows, pixels, height) {
  if (pixels >= NAME_PIXELS) {
    return names.map((text, i) => ({ text, from: i, to: i + 1, hasLine: false }));
  }
  const groups = groupNames(names, Math.floor(height / GROUP_PIXELS));
  if (groups.length > 1) {
    return groups
      .filter(({ from, to }) => (to - from) * pixels >= GROUP_PIXELS * 0.8)
      .map(({ name, from, to }) => ({ text: name, from, to, hasLine: true }));
  }
  return linearTicks(0, rows.length - 1, Math.floor(height / 40)).filter(Number.isInteger)
    .map((i) => ({ text: `layer ${rows[i] + 1}`, from: i, to: i + 1, hasLine: false }));
}

/**
 * Return `text` with its beginning cut off where it is too wide: names of layers differ at the end.
 * @param {CanvasRenderingContext2D} pen
 * @param {string} text
 * @param {number} width
 */
function fit(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  let start = 1;
  while (start < text.length && pen.measureText(`…${text.slice(start)}`).width > width) start += 1;
  return `…${text.slice(start)}`;
}

/**
 * Write the steps below the map.
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} box
 * @param {Scene} scene
 */
export function paintSteps(pen, box, { steps, edges }) {
  const y = box.top + box.height;
  const ticks = linearTicks(steps[0], steps[steps.length - 1], Math.max(1, box.width / TICK_PIXELS));
  pen.textBaseline = "top";
  pen.textAlign = "right";
  pen.fillText("step", box.left - 8, y + 6);
  for (const tick of ticks) {
    const x = xOfStep(box, edges, tick);
    pen.textAlign = x > box.left + box.width - 20 ? "right" : x < box.left + 20 ? "left" : "center";
    pen.fillRect(Math.round(x), y, 1, 4);
    pen.fillText(short(tick), x, y + 6);
  }
}

/**
 * Draw one moment as a curve over the depth, in a box beside the map.
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} box
 * @param {Scene} scene
 * @param {number} column
 */
export function paintProfile(pen, box, { grid, rows, domain }, column) {
  const pixels = box.height / rows.length;
  const span = Math.max(1, domain.high - domain.low);
  let isDown = false;
  pen.beginPath();
  rows.forEach((row, i) => {
    const level = grid.cells[row * grid.columns + column];
    const share = Math.min(1, Math.max(0, (level - domain.low) / span));
    const x = box.left + share * box.width;
    const y = box.top + (i + 0.5) * pixels;
    if (level === NO_VALUE) isDown = false;
    else if (isDown) pen.lineTo(x, y);
    else pen.moveTo(x, y);
    isDown = level !== NO_VALUE;
  });
  pen.stroke();
}

/**
 * @param {Box} box
 * @param {number[]} edges
 * @param {number} step
 */
export function xOfStep(box, edges, step) {
  const first = edges[0];
  return box.left + ((step - first) / (edges[edges.length - 1] - first)) * box.width;
}

/**
 * @param {Box} box
 * @param {Scene} scene
 * @param {number} x
 */
export function stepAt(box, { steps, edges }, x) {
  const share = Math.min(1, Math.max(0, (x - box.left) / box.width));
  const step = edges[0] + share * (edges[edges.length - 1] - edges[0]);
  return steps[nearestIndex(steps, step)];
}
