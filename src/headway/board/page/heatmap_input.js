// @ts-check
/** What the pointer and the keyboard do with a heat map. */

const DRAG_PIXELS = 5;
const FAST = 10;

/**
 * Hover points, click pins, dragging enlarges a range of depths, a double click shows all; the
 * wheel moves an enlarged map that has the focus, and zooms with Ctrl.
 * @param {any} map
 * @param {AbortSignal} signal
 */
export function followPointer(map, signal) {
  const { top: canvas } = map;
  /** @type {number|null} */
  let start = null;
  const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ act) =>
    canvas.addEventListener(name, act, { signal });
  on("pointerdown", (event) => {
    if (event.button === 0 && isInside(map, event)) start = event.offsetY;
  });
  on("pointermove", (event) => {
    if (isInside(map, event)) point(map, event);
    else map.options.view.point(null);
    if (start !== null && Math.abs(event.offsetY - start) > DRAG_PIXELS) {
      map.setBand(ordered(start, event.offsetY));
    }
  });
  on("pointerleave", () => map.options.view.point(null));
  on("pointerup", (event) => {
    if (start !== null && !map.band) map.options.view.pin(map.layerAt(event.offsetY));
    if (start !== null && map.band) enlarge(map);
    start = null;
  });
  addEventListener("pointerup", () => { start = null; map.setBand(null); }, { signal });
  on("dblclick", () => map.options.view.showAll());
  canvas.addEventListener("wheel", (event) => turn(map, event), { signal, passive: false });
}

/** @param {any} map @param {any} event */
function isInside({ box }, { offsetX, offsetY }) {
  return box && offsetX >= 0 && offsetX <= box.left + box.width && offsetY >= box.top
    && offsetY <= box.top + box.height;
}

/** @param {any} map @param {any} event */
function point(map, event) {
  map.options.view.point({ layer: map.layerAt(event.offsetY), step: map.stepAt(event.offsetX) });
}

/** @param {any} map */
function enlarge(map) {
  map.options.view.show(map.layerAt(map.band.from), map.layerAt(map.band.to) + 1);
  map.setBand(null);
}

/** @param {any} map @param {WheelEvent} event */
function turn(map, event) {
  const { view } = map.options;
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    view.zoom(event.deltaY > 0 ? 1.25 : 0.8, map.layerAt(event.offsetY));
  } else if (view.isZoomed && document.activeElement === map.top) {
    const before = view.from;
    view.pan(Math.sign(event.deltaY) * Math.max(1, Math.round((view.to - view.from) / 12)));
    if (view.from !== before) event.preventDefault();
  }
}

/** @param {number} a @param {number} b */
function ordered(a, b) {
  return { from: Math.min(a, b), to: Math.max(a, b) };
}

/**
 * Arrows move the cross (faster with Shift), Page keys move an enlarged map, plus and minus zoom,
 * 0 shows all, Enter pins, Escape lets go.
 * @param {any} map
 * @param {AbortSignal} signal
 */
export function followKeys(map, signal) {
  map.top.addEventListener("focus", () => map.readout.setAttribute("aria-live", "polite"), { signal });
  map.top.addEventListener("blur", () => map.readout.setAttribute("aria-live", "off"), { signal });
  map.top.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const act = actionOf(map, event);
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }, { signal });
}

/** @param {any} map @param {KeyboardEvent} event @returns {(() => void)|undefined} */
function actionOf(map, event) {
  const { view } = map.options;
  const far = event.shiftKey ? FAST : 1;
  const page = view.to - view.from;
  const pin = () => view.cursor && view.pin(map.nearestLayer(view.cursor.layer));
  return {
    ArrowUp: () => move(map, -far, 0),
    ArrowDown: () => move(map, far, 0),
    ArrowLeft: () => move(map, 0, -far),
    ArrowRight: () => move(map, 0, far),
    PageUp: () => view.pan(-page),
    PageDown: () => view.pan(page),
    "+": () => view.zoom(0.5, view.cursor?.layer),
    "-": () => view.zoom(2, view.cursor?.layer),
    0: () => view.showAll(),
    Enter: pin,
    " ": pin,
    Escape: view.cursor ? () => view.point(null) : undefined,
  }[event.key];
}

/** @param {any} map @param {number} down @param {number} right */
function move(map, down, right) {
  const { view, steps } = map.options;
  const { chosen } = map;
  const cursor = view.cursor ?? { layer: view.from, step: steps[steps.length - 1] };
  const row = clamp(chosen.indexOf(map.nearestLayer(cursor.layer)) + down, chosen.length);
  const column = clamp(steps.indexOf(cursor.step) + right, steps.length);
  const layer = chosen[row];
  if (layer < view.from) view.pan(layer - view.from);
  if (layer >= view.to) view.pan(layer - view.to + 1);
  view.point({ layer, step: steps[column] });
}

/** @param {number} index @param {number} length */
function clamp(index, length) {
  return Math.min(length - 1, Math.max(0, index));
}
