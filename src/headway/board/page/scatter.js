// @ts-check
/** A small scatter plot of a metric against one setting. */

import { clear, h, svg } from "board/dom.js";
import { makeScale, wordOf } from "board/scale.js";

const HEIGHT = 190;
const [LEFT, RIGHT, TOP, BOTTOM] = [46, 14, 10, 34];
const NEAR_PIXELS = 14;
/** Between the points and the edges. */
const ROOM = 9;
/** Points of a choice are spread sideways by up to this part of its width. */
const SPREAD = 0.5;
const TICK_PIXELS = 46;

/**
 * @typedef {import("board/scale.js").Scale} Scale
 * @typedef {object} Point
 * @property {string} id
 * @property {string} label
 * @property {unknown} x
 * @property {unknown} y
 * @property {number | null} bin Step of the color scale, null where there is no metric.
 * @typedef {object} Options
 * @property {string} label Accessible name.
 * @property {string} x Name of the setting.
 * @property {string} y Name of the metric.
 * @property {import("board/scale.js").Kind} kind
 * @property {import("board/scale.js").Kind} yKind
 * @property {Point[]} points
 * @property {(id: string | null) => void} onHover
 * @property {(id: string) => void} onOpen
 */

/**
 * Draw a scatter plot into an element.
 * @param {HTMLElement} element
 * @param {Options} options
 */
export function scatter(element, options) {
  const canvas = svg("svg.scatter", { height: HEIGHT, role: "img", "aria-label": options.label });
  const tip = h("div.pc-tip", { hidden: true });
  const root = h("div.scatter-frame", null, canvas, tip);
  element.append(root);
  /** @type {Map<string, {x: number, y: number, mark: SVGElement}>} */
  let marks = new Map();
  let hovered = /** @type {string | null} */ (null);
  let chosen = /** @type {Set<string> | null} */ (null);

  function draw() {
    const width = Math.max(180, element.clientWidth);
    canvas.setAttribute("width", String(width));
    const x = makeScale(options.kind, options.points.map((point) => point.x));
    const y = makeScale(options.yKind, options.points.map((point) => point.y));
    const hasOff = options.points.some((point) => y.position(point.y) === null);
    const hasOffX = options.points.some((point) => x.position(point.x) === null);
    const place = placing(x, y, width, hasOff);
    marks = new Map(options.points.map((point, index) => [point.id, markOf(point, place(point, index))]));
    clear(canvas, axes(x, y, width, options.x, hasOff, hasOffX), ...[...marks.values()].map(({ mark }) => mark));
    select(chosen);
  }

  /** @param {Set<string> | null} next */
  function select(next) {
    chosen = next;
    for (const [id, { mark }] of marks) mark.classList.toggle("is-out", next !== null && !next.has(id));
  }

  /** @param {string | null} id */
  function highlight(id) {
    if (hovered) marks.get(hovered)?.mark.classList.remove("is-hovered");
    hovered = id;
    const found = id === null ? undefined : marks.get(id);
    found?.mark.classList.add("is-hovered");
    if (found) canvas.append(found.mark);
  }

  canvas.addEventListener("pointermove", (/** @type {any} */ event) => {
    const box = canvas.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    const id = nearest(marks, left, top, chosen);
    if (id !== hovered) options.onHover(id);
    canvas.classList.toggle("can-open", id !== null);
    showTip(tip, options, id, left, top, box.width);
  });
  canvas.addEventListener("pointerleave", () => {
    options.onHover(null);
    tip.hidden = true;
  });
  canvas.addEventListener("click", () => hovered && options.onOpen(hovered));

  const observer = new ResizeObserver(draw);
  observer.observe(element);
  return {
    select,
    highlight,
    destroy() {
      observer.disconnect();
      root.remove();
    },
  };
}

/**
 * Return where points stand; one without a metric stands at the lower edge, without a setting at
 * the left one.
 * @param {Scale} x @param {Scale} y @param {number} width @param {boolean} hasOff
 */
function placing(x, y, width, hasOff) {
  const [inner, room] = [width - LEFT - RIGHT - 2 * ROOM, HEIGHT - TOP - BOTTOM];
  return (/** @type {Point} */ point, /** @type {number} */ index) => {
    const [across, up] = [x.position(point.x), y.position(point.y)];
    const aside = x.kind === "choice" ? (((index * 0.618) % 1) - 0.5) * x.step * SPREAD : 0;
    return {
      x: LEFT + (across === null ? 0 : ROOM + (across + aside) * inner),
      y: up === null ? HEIGHT - BOTTOM - 4 : TOP + (1 - up) * (room - (hasOff ? 2 : 1) * ROOM),
    };
  };
}

/** @param {Point} point @param {{x: number, y: number}} place */
function markOf(point, { x, y }) {
  if (point.bin === null) {
    const d = `M${x - 3.5},${y - 3.5}l7,7m0,-7l-7,7`;
    return { x, y, mark: svg("path.scatter-cross", { d }) };
  }
  return { x, y, mark: svg(`circle.scatter-point.q${point.bin}`, { cx: x, cy: y, r: 4 }) };
}

/** @param {Scale} x @param {Scale} y @param {number} width @param {string} name @param {boolean} hasOff @param {boolean} hasOffX */
function axes(x, y, width, name, hasOff, hasOffX) {
  const [inner, floor] = [width - LEFT - RIGHT - 2 * ROOM, HEIGHT - BOTTOM];
  const room = HEIGHT - TOP - BOTTOM - (hasOff ? 2 : 1) * ROOM;
  const every = Math.ceil((x.ticks.length * TICK_PIXELS) / inner);
  const below = x.ticks.filter((_, index) => index % every === 0);
  return svg(
    "g.scatter-axes",
    null,
    y.ticks.map((tick) => {
      const top = TOP + (1 - tick.position) * room;
      return [
        svg("line.grid", { x1: LEFT, x2: width - RIGHT, y1: top, y2: top }),
        svg("text", { x: LEFT - 6, y: top, "text-anchor": "end" }, tick.label),
      ];
    }),
    svg("line", { x1: LEFT, x2: width - RIGHT, y1: floor, y2: floor }),
    below.map((tick) =>
      svg("text", { x: LEFT + ROOM + tick.position * inner, y: floor + 12, "text-anchor": "middle" }, tick.label),
    ),
    hasOffX ? svg("text", { x: LEFT, y: floor + 12, "text-anchor": "middle" }, "none") : null,
    svg("text.scatter-name", { x: LEFT + inner / 2, y: HEIGHT - 4, "text-anchor": "middle" },
      x.kind === "log" ? `${name} (log)` : name),
  );
}

/** @param {Map<string, {x: number, y: number}>} marks @param {number} x @param {number} y @param {Set<string> | null} chosen */
function nearest(marks, x, y, chosen) {
  let found = /** @type {string | null} */ (null);
  let least = NEAR_PIXELS;
  for (const [id, mark] of marks) {
    const distance = Math.hypot(mark.x - x, mark.y - y);
    if (distance < least && (!chosen || chosen.has(id))) [found, least] = [id, distance];
  }
  return found;
}

/** @param {HTMLElement} tip @param {Options} options @param {string | null} id @param {number} x @param {number} y @param {number} width */
function showTip(tip, options, id, x, y, width) {
  const point = options.points.find((each) => each.id === id);
  tip.hidden = point === undefined;
  if (!point) return;
  const facts = [[options.y, point.bin === null ? "none" : wordOf(point.y)], [options.x, wordOf(point.x)]];
  clear(
    tip,
    h("div.pc-tip-name", null, point.label),
    facts.map(([name, word]) => h("div.pc-fact", null, h("span", null, name), h("b", null, word))),
  );
  tip.style.left = `${x > width / 2 ? x - tip.offsetWidth - 12 : x + 12}px`;
  tip.style.top = `${Math.max(0, y - 16)}px`;
}
