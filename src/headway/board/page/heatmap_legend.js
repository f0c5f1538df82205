// @ts-check
/** The color bar under a heat map, with the numbers that the colors stand for. */
import { colorAt } from "board/heatmap_colors.js";
import { linearTicks, logTicks } from "board/heatmap_axes.js";
import { clear, h } from "board/dom.js";

const PIXELS = 256;
const MOST_TICKS = 5;

/**
 * Draw the color bar into `element`.
 * @param {Element} element
 * @param {{table: Uint32Array, domain: {low: number, high: number}, scale: "log"|"linear",
 *   unit: string, isClipped?: boolean}} options `domain` in values
 */
export function legend(element, { table, domain, scale, unit, isClipped }) {
  const bar = /** @type {HTMLCanvasElement} */ (
    h("canvas.heat-bar", { width: PIXELS, height: 1, "aria-hidden": "true" })
  );
  const pen = /** @type {CanvasRenderingContext2D} */ (bar.getContext("2d"));
  for (let x = 0; x < PIXELS; x += 1) {
    pen.fillStyle = colorAt(table, x / (PIXELS - 1));
    pen.fillRect(x, 0, 1, 1);
  }
  const ticks = scale === "log" ? logTicks(domain.low, domain.high, MOST_TICKS)
    : linearTicks(domain.low, domain.high, MOST_TICKS);
  const marks = ticks.map((tick) => mark(tick, placeOf(tick, domain, scale)));
  clear(
    element,
    h("div.heat-scale", null, bar, h("div.heat-ticks", null, marks)),
    h("div.heat-unit", null, describe(unit, scale, isClipped), h("span.heat-none", null, "no value")),
  );
}

/**
 * @param {number} tick
 * @param {number} share
 */
function mark(tick, share) {
  return h("span.heat-tick", { style: { left: `${100 * share}%` } }, tickText(tick));
}

/** @param {number} tick */
function tickText(tick) {
  const isPlain = tick === 0 || (Math.abs(tick) >= 1e-3 && Math.abs(tick) < 1e5);
  const text = isPlain ? String(Number(tick.toPrecision(3))) : tick.toExponential().replace("+", "");
  return text.replaceAll("-", "−");
}

/**
 * Return where on the bar a value stands, from 0 to 1.
 * @param {number} value
 * @param {{low: number, high: number}} domain
 * @param {"log"|"linear"} scale
 */
function placeOf(value, { low, high }, scale) {
  if (high === low) return 0.5;
  const share = scale === "log" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.min(1, Math.max(0, share));
}

/**
 * @param {string} unit
 * @param {"log"|"linear"} scale
 * @param {boolean} [isClipped]
 */
function describe(unit, scale, isClipped) {
  const parts = [unit, scale === "log" ? "log scale" : ""].filter(Boolean).join(", ");
  if (!isClipped) return parts ? h("span", null, parts) : null;
  return h("span", { title: "The few values beyond both ends have the colors of the ends." },
    [parts, "ends clipped"].filter(Boolean).join(", "));
}
