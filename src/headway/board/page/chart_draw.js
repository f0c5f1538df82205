// @ts-check
/** Lines, bands, dots and marks on the canvas of a chart. */

import { resolveColor, themeColor } from "board/colors.js";

const DIM = 0.14;
const BAND = 0.16;
/** So few dots can be large. */
const FEW = 60;

/**
 * Draw all series; where one is highlighted, it comes last and the others step back.
 * @param {any} plot
 * @param {import("board/chart.js").Series[]} series
 * @param {string|null} highlighted
 */
export function drawSeries(plot, series, highlighted) {
  const { ctx, bbox } = plot;
  const isIt = (each) => (each.key ?? each.label) === highlighted;
  const isAny = series.some(isIt);
  const isBack = (each) => isAny && !isIt(each);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const [back, front] = [series.filter(isBack), series.filter((each) => !isBack(each))];
  for (const each of back) drawOne(plot, each, { isBack: true, isFront: false });
  for (const each of front) drawOne(plot, each, { isBack: false, isFront: isAny });
  ctx.restore();
}

function drawOne(plot, series, { isBack, isFront }) {
  const { ctx } = plot;
  const color = resolveColor(series.color);
  const alpha = (series.alpha ?? 1) * (isBack ? DIM : 1);
  const place = { x: scaler(plot, "x"), y: scaler(plot, "y") };
  ctx.lineJoin = "round";
  ctx.lineCap = series.dash ? "butt" : "round";
  ctx.fillStyle = color;
  ctx.strokeStyle = color;
  if (series.low && series.high && !series.points && !isBack) {
    ctx.globalAlpha = BAND * (series.alpha ?? 1);
    fillBand(ctx, series, place);
  }
  ctx.globalAlpha = alpha;
  if (series.points) drawPoints(ctx, series, place);
  else strokeLine(ctx, series, place, isFront);
  drawNotFinite(plot, series, place);
  ctx.globalAlpha = 1;
}

/** Return where on the canvas a value lies. */
function scaler(plot, key) {
  const { min, max, distr } = plot.scales[key];
  const { left, top, width, height } = plot.bbox;
  // The lower edge of a band may be negative, and then lies below any log scale.
  const value = distr === 3 ? (x) => Math.log10(Math.max(x, min / 100)) : (x) => x;
  const [from, span] = [value(min), value(max) - value(min) || 1];
  return key === "x"
    ? (x) => left + ((value(x) - from) / span) * width
    : (y) => top + height - ((value(y) - from) / span) * height;
}

function strokeLine(ctx, { x, y, dash, width = 1.6 }, place, isFront) {
  const ratio = devicePixelRatio;
  ctx.lineWidth = (width + (isFront ? 0.9 : 0)) * ratio;
  ctx.setLineDash((dash ?? []).map((length) => length * ratio));
  ctx.beginPath();
  for (let i = 0; i < x.length; i += 1) ctx.lineTo(place.x(x[i]), place.y(y[i]));
  ctx.stroke();
  ctx.setLineDash([]);
  // A line of one point would not be seen.
  if (x.length === 1) dot(ctx, place.x(x[0]), place.y(y[0]), 3 * ratio);
}

function drawPoints(ctx, { x, y }, place) {
  const size = (x.length < FEW ? 5 : 2.4) * devicePixelRatio;
  for (let i = 0; i < x.length; i += 1) {
    ctx.fillRect(place.x(x[i]) - size / 2, place.y(y[i]) - size / 2, size, size);
  }
}

function fillBand(ctx, { x, low, high }, place) {
  ctx.beginPath();
  for (let i = 0; i < x.length; i += 1) ctx.lineTo(place.x(x[i]), place.y(high[i]));
  for (let i = x.length - 1; i >= 0; i -= 1) ctx.lineTo(place.x(x[i]), place.y(low[i]));
  ctx.closePath();
  ctx.fill();
}

function drawNotFinite(plot, { notFinite = [], points }, place) {
  if (points) return;
  const { ctx, bbox } = plot;
  const size = 5 * devicePixelRatio;
  for (const x of notFinite) {
    ctx.beginPath();
    ctx.moveTo(place.x(x), bbox.top + 2 * size);
    ctx.lineTo(place.x(x) - size, bbox.top);
    ctx.lineTo(place.x(x) + size, bbox.top);
    ctx.fill();
  }
}

function dot(ctx, x, y, radius) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

/**
 * Draw vertical lines and spans behind the series.
 * @param {any} plot
 * @param {import("board/chart.js").Mark[]} marks
 */
export function drawMarks(plot, marks) {
  const { ctx, bbox } = plot;
  const place = scaler(plot, "x");
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const mark of marks) {
    const color = themeColor({ error: "bad", warning: "warning" }[mark.severity ?? "info"] ?? "accent");
    ctx.fillStyle = color;
    if (mark.end !== undefined) {
      ctx.globalAlpha = 0.09;
      ctx.fillRect(place(mark.x), bbox.top, place(mark.end) - place(mark.x), bbox.height);
    }
    ctx.globalAlpha = 0.75;
    ctx.fillRect(place(mark.x) - devicePixelRatio / 2, bbox.top, devicePixelRatio, bbox.height);
  }
  ctx.restore();
}
