// @ts-check
/** Parallel coordinates: a line for each trial over an axis for each setting, metric last. */

import { makeBrush } from "board/brush.js";
import { button, clear, h, svg } from "board/dom.js";
import { isWithin, nearest, pathData, rangeOf, valuesOf } from "board/parallel_lines.js";
import { makeScale, wordOf } from "board/scale.js";

const HEIGHT = 400;
const TOP = 12;
const BOTTOM = 14;
const SIDE = 70;
/** Below the axes stand the values that have no place on them. */
const OFF_AXIS = 24;
const OFF_ROOM = 34;
/** From so many lines on they are drawn thinner. */
const MANY = 150;

/**
 * @typedef {object} Axis
 * @property {string} name
 * @property {import("board/scale.js").Kind} kind
 * @property {unknown[]} values All values that occur.
 * @property {string} missing What a line without a value is called, such as "none".
 * @property {boolean} canToggle Whether it may be shown both linear and logarithmic.
 * @typedef {object} Line
 * @property {string} id
 * @property {string} label
 * @property {number | null} bin Step of the color scale, null where it has no metric.
 * @property {Record<string, unknown>} values By axis.
 * @typedef {import("board/brush.js").Range} Range
 * @typedef {object} Options
 * @property {string} label Accessible name.
 * @property {Axis[]} axes
 * @property {Line[]} lines In the order in which they are drawn, the best last.
 * @property {{bin: number, low: number, high: number}[]} bins Colors along the last axis.
 * @property {Record<string, [unknown, unknown]>} brushes Chosen values by axis, lowest first.
 * @property {(chosen: Set<string> | null, brushes: Record<string, [unknown, unknown]>) => void} onSelect
 * @property {(id: string | null) => void} onHover
 * @property {(id: string) => void} onOpen
 * @property {(name: string) => void} onToggle Asks for the other kind of axis.
 */

/**
 * Draw parallel coordinates into an element.
 * @param {HTMLElement} element
 * @param {Options} options
 */
export function parallelCoordinates(element, options) {
  const titles = h("div.pc-titles");
  const tip = h("div.pc-tip", { hidden: true });
  const canvas = svg("svg.pc", { role: "group", "aria-label": options.label });
  const root = h("div.pc-frame", {}, titles, canvas, tip);
  element.append(root);

  /** @type {Map<string, SVGElement>} */
  let paths = new Map();
  /** @type {{x: number[], y: Map<string, number[]>}} */
  let places = { x: [], y: new Map() };
  let chosen = /** @type {Set<string> | null} */ (null);
  let hovered = /** @type {string | null} */ (null);
  let drawnWidth = 0;

  const room = HEIGHT - TOP - BOTTOM;
  const yOf = (/** @type {number | null} */ position) =>
    position === null ? TOP + room + OFF_AXIS : TOP + (1 - position) * room;

  function draw() {
    const { axes, lines } = options;
    drawnWidth = element.clientWidth;
    const width = Math.max(element.clientWidth, 120 * axes.length);
    canvas.setAttribute("width", String(width));
    const gap = (width - 2 * SIDE) / Math.max(1, axes.length - 1);
    const x = axes.map((_, index) => SIDE + index * gap);
    const scales = axes.map((axis) => makeScale(axis.kind, axis.values));
    const ys = new Map(
      lines.map((line) => [
        line.id,
        axes.map((axis, index) => yOf(scales[index].position(line.values[axis.name]))),
      ]),
    );
    places = { x, y: ys };
    paths = new Map(lines.map((line) => [line.id, pathOf(line, pathData(x, ys.get(line.id) ?? []))]));
    const hasOff = [...ys.values()].some((places) => places.includes(yOf(null)));
    canvas.setAttribute("height", String(HEIGHT + (hasOff ? OFF_ROOM : 0)));
    canvas.classList.toggle("many", lines.length > MANY);
    const focused = document.activeElement?.getAttribute("aria-label");
    clear(canvas);
    canvas.append(
      svg("g.pc-lines", {}, ...paths.values()),
      ...axes.map((axis, index) => axisOf(axis, scales[index], x[index], index)),
    );
    clear(titles);
    titles.style.width = `${width}px`;
    // A live update draws the axes anew under the hands of whoever moves a range.
    const again = [...canvas.querySelectorAll("[role=slider]")].find((each) => each.getAttribute("aria-label") === focused);
    /** @type {SVGElement | undefined} */ (again)?.focus();
    titles.append(...axes.map((axis, index) => titleOf(axis, x[index], gap)));
    select();
  }

  /** @param {Axis} axis @param {import("board/scale.js").Scale} scale @param {number} x @param {number} index */
  function axisOf(axis, scale, x, index) {
    const isLast = index === options.axes.length - 1;
    const group = svg("g.pc-axis", { transform: `translate(${x},0)` });
    group.append(svg("line", { y1: TOP, y2: TOP + room }));
    if (isLast) group.append(...options.bins.map((bin) => colorBar(bin, scale, yOf)));
    for (const tick of scale.ticks) {
      const y = yOf(tick.position);
      const side = isLast ? 1 : -1;
      group.append(
        svg("line", { x1: 0, x2: 6 * side, y1: y, y2: y }),
        svg("text", { x: (isLast ? 14 : -9), y, "text-anchor": isLast ? "start" : "end" }, tick.label),
      );
    }
    if (options.lines.some((line) => scale.position(line.values[axis.name]) === null)) {
      const y = yOf(null);
      group.append(
        svg("circle.pc-off", { r: 4, cy: y }),
        svg("text.pc-off-word", { y: y + 15, "text-anchor": "middle" }, axis.missing),
      );
    }
    const brush = makeBrush({
      label: axis.name,
      scale,
      top: TOP,
      height: room,
      range: rangeOf(scale, options.brushes[axis.name]),
      onChange: (range) => {
        if (range) options.brushes[axis.name] = valuesOf(scale, range);
        else delete options.brushes[axis.name];
        select();
      },
    });
    group.append(brush.element);
    return group;
  }

  /** @param {Axis} axis @param {number} x @param {number} gap */
  function titleOf(axis, x, gap) {
    const [last, ...before] = axis.name.split(".").reverse();
    const words = [h("span.pc-group", null, before.reverse().join(".")), h("span.pc-name", null, last)];
    const [kind, other] = axis.kind === "log" ? ["log", "linear"] : ["linear", "logarithmic"];
    const title = axis.canToggle
      ? button([...words, h("span.hidden", null, `, ${kind} axis`), h("span.pc-kind", { "aria-hidden": "true" }, kind)],
          () => options.onToggle(axis.name), { class: "pc-title", title: `${axis.name}: switch to a ${other} axis` })
      : h("div.pc-title", { title: axis.name }, words);
    title.style.left = `${x}px`;
    title.style.maxWidth = `${Math.max(90, gap - 8)}px`;
    return title;
  }

  /** Mark the lines within all ranges. */
  function select() {
    const scales = new Map(
      options.axes.map((axis) => [axis.name, makeScale(axis.kind, axis.values)]),
    );
    const brushed = Object.entries(options.brushes).filter(([name]) => scales.has(name));
    chosen = brushed.length
      ? new Set(
          options.lines
            .filter((line) =>
              brushed.every(([name, values]) =>
                isWithin(/** @type {any} */ (scales.get(name)), line.values[name], values),
              ),
            )
            .map((line) => line.id),
        )
      : null;
    for (const [id, path] of paths) path.classList.toggle("is-out", chosen !== null && !chosen.has(id));
    options.onSelect(chosen, options.brushes);
  }

  /** @param {string | null} id */
  function highlight(id) {
    if (id === hovered) return;
    if (hovered) paths.get(hovered)?.classList.remove("is-hovered");
    hovered = id;
    const path = id === null ? undefined : paths.get(id);
    path?.classList.add("is-hovered");
    if (path) path.parentNode?.append(path);
    canvas.classList.toggle("has-hovered", path !== undefined);
  }

  canvas.addEventListener("pointermove", (/** @type {any} */ event) => {
    const box = canvas.getBoundingClientRect();
    const id = nearest(places, event.clientX - box.left, event.clientY - box.top, chosen);
    if (id !== hovered) options.onHover(id);
    highlight(id);
    showTip(tip, options, id, event.clientX - root.getBoundingClientRect().left, event.clientY - root.getBoundingClientRect().top, root.clientWidth);
    canvas.classList.toggle("can-open", id !== null);
  });
  canvas.addEventListener("pointerleave", () => {
    options.onHover(null);
    highlight(null);
    tip.hidden = true;
  });
  canvas.addEventListener("click", (/** @type {any} */ event) => {
    if (hovered && !event.target.closest(".pc-brushing")) options.onOpen(hovered);
  });

  const observer = new ResizeObserver(() => {
    if (element.clientWidth !== drawnWidth) draw();
  });
  observer.observe(element);
  return {
    /** @param {Partial<Options>} changed */
    update(changed) {
      Object.assign(options, changed);
      draw();
    },
    highlight,
    destroy() {
      observer.disconnect();
      root.remove();
    },
  };
}

/** @param {Line} line @param {string} d */
function pathOf(line, d) {
  return svg(`path.pc-line.${line.bin === null ? "no-value" : `q${line.bin}`}`, { d });
}

/** @param {{bin: number, low: number, high: number}} bin @param {import("board/scale.js").Scale} scale @param {(p: number | null) => number} yOf */
function colorBar(bin, scale, yOf) {
  const ends = [bin.low, bin.high].map((value) => yOf(scale.position(value)));
  const height = Math.max(1, Math.abs(ends[0] - ends[1]));
  return svg(`rect.pc-color.q${bin.bin}`, { x: -5, width: 10, y: Math.min(...ends), height });
}

/** @param {HTMLElement} tip @param {Options} options @param {string | null} id @param {number} x @param {number} y @param {number} width */
function showTip(tip, options, id, x, y, width) {
  const line = options.lines.find((each) => each.id === id);
  tip.hidden = line === undefined;
  if (!line) return;
  clear(tip);
  const rows = [...options.axes].reverse().map((axis) => {
    const value = line.values[axis.name];
    const word = value === null || value === undefined ? axis.missing : wordOf(value);
    return h("div.pc-fact", {}, h("span", {}, axis.name), h("b", {}, word));
  });
  tip.append(h("div.pc-tip-name", {}, line.label), ...rows);
  tip.style.left = `${x > width / 2 ? x - tip.offsetWidth - 16 : x + 16}px`;
  tip.style.top = `${Math.max(0, y - 20)}px`;
}
