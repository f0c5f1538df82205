// @ts-check
/** A range chosen on a vertical axis, by dragging or with the arrow keys. */

import { svg } from "board/dom.js";
import { wordOf } from "board/scale.js";

/** A drag shorter than this many pixels is a click, which clears the range. */
const LEAST_DRAG = 4;
const HALF_WIDTH = 9;

/**
 * @typedef {[number, number]} Range Positions from 0 (bottom) to 1 (top).
 * @typedef {object} Brush
 * @property {SVGElement} element
 * @property {() => Range | null} range
 */

/**
 * Make the brush of one axis.
 * @param {object} options
 * @param {string} options.label What the axis shows.
 * @param {import("board/scale.js").Scale} options.scale
 * @param {number} options.top Pixel of position 1.
 * @param {number} options.height Pixels from 0 to 1.
 * @param {Range | null} options.range Where it stands at first.
 * @param {(range: Range | null) => void} options.onChange
 * @returns {Brush}
 */
export function makeBrush({ label, scale, top, height, range, onChange }) {
  let current = range;
  const y = (/** @type {number} */ position) => top + (1 - position) * height;
  const area = svg("rect.pc-hit", { x: -16, y: top - 8, width: 32, height: height + 16 });
  const bar = svg("rect.pc-brush", { x: -HALF_WIDTH, width: 2 * HALF_WIDTH, rx: 3 });
  const ends = [makeEnd(0, "from"), makeEnd(1, "to")];
  const element = svg("g.pc-brushing", {}, area, bar, ...ends);

  /** @param {number} side @param {string} word */
  function makeEnd(side, word) {
    return svg("rect.pc-end", {
      x: -HALF_WIDTH - 2,
      width: 2 * HALF_WIDTH + 4,
      height: 7,
      rx: 3,
      tabindex: 0,
      role: "slider",
      "aria-label": `${label} ${word}`,
      "aria-orientation": "vertical",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      onkeydown: (/** @type {KeyboardEvent} */ event) => onKey(event, side),
    });
  }

  function draw() {
    const [low, high] = current ?? [0, 1];
    element.classList.toggle("is-set", current !== null);
    bar.setAttribute("y", String(y(high)));
    bar.setAttribute("height", String(Math.max(2, y(low) - y(high))));
    ends.forEach((end, side) => {
      const position = [low, high][side];
      end.setAttribute("y", String(y(position) - (side ? 7 : 0)));
      end.setAttribute("aria-valuenow", String(Math.round(100 * position)));
      end.setAttribute("aria-valuetext", wordOf(scale.invert(position)));
    });
  }

  /** @param {Range | null} next */
  function set(next) {
    current = next && next[0] <= 0 && next[1] >= 1 ? null : next;
    draw();
    onChange(current);
  }

  /** @param {KeyboardEvent} event @param {number} side */
  function onKey(event, side) {
    const step = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape" && current) set(null);
    else if (step === undefined) return;
    else set(moved(current ?? [0, 1], side, step * scale.step));
    event.preventDefault();
    event.stopPropagation();
  }

  area.addEventListener("pointerdown", (/** @type {any} */ start) => {
    if (start.button !== 0) return;
    const origin = area.getBoundingClientRect();
    const at = (/** @type {PointerEvent} */ event) =>
      clamp(1 - (event.clientY - origin.top - 8) / height);
    const from = at(start);
    area.setPointerCapture(start.pointerId);
    const move = (/** @type {any} */ event) => {
      if (Math.abs(event.clientY - start.clientY) < LEAST_DRAG) return;
      const to = at(event);
      set([Math.min(from, to), Math.max(from, to)]);
    };
    const stop = (/** @type {any} */ event) => {
      area.removeEventListener("pointermove", move);
      if (Math.abs(event.clientY - start.clientY) < LEAST_DRAG && current) set(null);
    };
    area.addEventListener("pointermove", move);
    area.addEventListener("pointerup", stop, { once: true });
    start.preventDefault();
  });

  draw();
  return { element, range: () => current };
}

/** @param {Range} range @param {number} side @param {number} by @returns {Range} */
function moved(range, side, by) {
  const next = /** @type {Range} */ ([...range]);
  next[side] = clamp(next[side] + by);
  return next[0] > next[1] ? range : next;
}

/** @param {number} position */
function clamp(position) {
  return Math.min(1, Math.max(0, position));
}
