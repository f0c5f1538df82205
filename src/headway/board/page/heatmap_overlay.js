// @ts-check
/** What lies over a heat map and moves: the cross under the pointer, pins, findings, a selection. */
import { nearestIndex } from "board/heatmap_axes.js";
import { paintProfile, xOfStep } from "board/heatmap_paint.js";
import { palette, resolveColor } from "board/colors.js";

// White with a dark rim stands out from every color of a map.
const RIM = "rgba(0, 0, 0, 0.55)";
const CORE = "#ffffff";

/**
 * Draw all of it.
 * @param {CanvasRenderingContext2D} pen
 * @param {any} map
 * @returns {number|null} the layer under the cross
 */
export function paintOverlay(pen, map) {
  paintMarks(pen, map);
  paintPins(pen, map);
  paintBand(pen, map);
  return paintCross(pen, map);
}

/** @param {CanvasRenderingContext2D} pen @param {any} map */
function paintMarks(pen, map) {
  for (const { layer, step } of map.options.marks ?? []) {
    const x = xOfStep(map.box, map.edges, step);
    const y = layer === null ? null : map.yOfLayer(layer);
    if (y === null) continue;
    withRim(pen, 2, () => {
      pen.beginPath();
      pen.arc(x, y, 5, 0, 2 * Math.PI);
      pen.stroke();
    });
  }
}

/** @param {CanvasRenderingContext2D} pen @param {any} map */
function paintPins(pen, map) {
  const { left } = map.box;
  map.options.view.pins.forEach((/** @type {number} */ layer, /** @type {number} */ i) => {
    const y = map.yOfLayer(layer);
    if (y === null) return;
    pen.fillStyle = resolveColor(palette[i]);
    pen.beginPath();
    pen.moveTo(left + 1, y);
    pen.lineTo(left - 7, y - 5);
    pen.lineTo(left - 7, y + 5);
    pen.fill();
  });
}

/** @param {CanvasRenderingContext2D} pen @param {any} map */
function paintBand(pen, { band, box }) {
  if (!band) return;
  pen.fillStyle = "rgba(128, 128, 128, 0.4)";
  pen.fillRect(box.left, band.from, box.width, band.to - band.from);
}

/** @param {CanvasRenderingContext2D} pen @param {any} map */
function paintCross(pen, map) {
  const { box, side, edges, scene } = map;
  const { cursor } = map.options.view;
  const layer = cursor && map.nearestLayer(cursor.layer);
  const y = layer === null ? null : map.yOfLayer(layer);
  if (y === null) return null;
  const x = xOfStep(box, edges, cursor.step);
  withRim(pen, 1, () => {
    pen.beginPath();
    pen.moveTo(x, box.top);
    pen.lineTo(x, box.top + box.height);
    pen.moveTo(box.left, y);
    pen.lineTo(box.left + box.width, y);
    pen.stroke();
  });
  if (side.width > 0) {
    pen.strokeStyle = resolveColor(palette[1]);
    pen.lineWidth = 1.5;
    paintProfile(pen, side, scene, nearestIndex(map.options.steps, cursor.step));
  }
  return layer;
}

/** @param {CanvasRenderingContext2D} pen @param {number} width @param {() => void} draw */
function withRim(pen, width, draw) {
  pen.strokeStyle = RIM;
  pen.lineWidth = width + 2;
  draw();
  pen.strokeStyle = CORE;
  pen.lineWidth = width;
  draw();
}
