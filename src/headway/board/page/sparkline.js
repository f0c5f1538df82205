// @ts-check
/** A curve as small as a word. */

import { svg } from "board/dom.js";
import { quantile } from "board/statistics.js";

const WIDTH = 96;
const HEIGHT = 20;
const AIR = 2.5;

/**
 * Return a drawing of `values`, from left to right.
 * @param {(number|null)[]} values
 * @param {string} [color]
 */
export function sparkline(values, color = "var(--faint)") {
  const finite = values.filter((value) => typeof value === "number");
  const frame = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, "aria-hidden": "true" };
  if (!finite.length) return svg("svg.sparkline", frame);
  // A single huge value at the start would make a flat line of all others.
  const [low, high] = [quantile(finite, 0.02), quantile(finite, 0.98)];
  const place = (value) => {
    const part = high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5;
    return HEIGHT - AIR - part * (HEIGHT - 2 * AIR);
  };
  const step = (WIDTH - 2 * AIR) / Math.max(1, finite.length - 1);
  const points = finite.map((value, i) => [AIR + i * step, place(value)]);
  const [x, y] = points[points.length - 1];
  return svg("svg.sparkline", frame,
    svg("polyline", {
      points: points.map((point) => point.map((each) => each.toFixed(1)).join(",")).join(" "),
      fill: "none", stroke: color, "stroke-width": 1.4, "stroke-linejoin": "round",
    }),
    svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 1.8, fill: color }));
}
