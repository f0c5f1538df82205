// @ts-check
/** Saving a chart: as it is seen (PNG), as lines (SVG), as numbers (CSV). */

import { resolveColor, themeColor } from "board/colors.js";
import { button, download, icon, popover, svg } from "board/dom.js";

const HEAD = 34;
const LEGEND_LINE = 17;

/**
 * Return the menu of a chart.
 * @param {any} chart
 */
export function exportMenu(chart) {
  /** @type {[string, (chart: any) => void][]} */
  const kinds = [["PNG picture", savePng], ["SVG drawing", saveSvg], ["CSV numbers", saveCsv]];
  return popover([icon("download")], (close) => kinds.map(([label, save]) => button(label, () => {
    close();
    save(chart);
  }, { class: "item" })), { class: "quiet", "aria-label": `Save ${chart.options.title}`, title: "Save as PNG, SVG or CSV" });
}

/** Lines with one name each, as the legend of a saved picture lists them. */
function legendOf(chart) {
  const lines = chart.visible().filter((each) => !each.points);
  return [...new Map(lines.map((each) => [each.label, each])).values()];
}

function savePng(chart) {
  const source = chart.plot.ctx.canvas;
  const ratio = source.width / chart.plot.width;
  const legend = legendOf(chart);
  const canvas = document.createElement("canvas");
  canvas.width = source.width;
  canvas.height = source.height + (HEAD + legend.length * LEGEND_LINE + 8) * ratio;
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ctx.fillStyle = themeColor("panel");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.drawImage(source, 0, HEAD * ratio);
  ctx.scale(ratio, ratio);
  ctx.fillStyle = themeColor("text");
  ctx.font = "600 14px system-ui, sans-serif";
  ctx.fillText(chart.options.title, 12, 22);
  ctx.font = "12px system-ui, sans-serif";
  legend.forEach((each, i) => {
    const y = HEAD + chart.plot.height + (i + 0.8) * LEGEND_LINE;
    ctx.strokeStyle = resolveColor(each.color);
    ctx.lineWidth = 2.5;
    ctx.setLineDash(each.dash ?? []);
    ctx.beginPath();
    ctx.moveTo(14, y - 4);
    ctx.lineTo(32, y - 4);
    ctx.stroke();
    ctx.fillStyle = themeColor("text");
    ctx.fillText(each.label, 40, y);
  });
  canvas.toBlob((blob) => blob && download(blob, `${chart.options.title}.png`), "image/png");
}

function saveSvg(chart) {
  const text = new XMLSerializer().serializeToString(drawing(chart));
  download(new Blob([text], { type: "image/svg+xml" }), `${chart.options.title}.svg`);
}

/** Return a chart as an SVG element that stands for itself. */
function drawing(chart) {
  const { plot, options } = chart;
  const legend = legendOf(chart);
  const height = HEAD + plot.height + legend.length * LEGEND_LINE + 8;
  const area = {
    x: plot.over.offsetLeft, y: plot.over.offsetTop, width: plot.over.clientWidth, height: plot.over.clientHeight,
  };
  const clip = "plot-area";
  return svg("svg", {
    xmlns: "http://www.w3.org/2000/svg", width: plot.width, height, viewBox: `0 0 ${plot.width} ${height}`,
    "font-family": "system-ui, sans-serif", "font-size": 11,
  },
  svg("rect", { width: "100%", height: "100%", fill: themeColor("panel") }),
  svg("text", { x: 12, y: 22, "font-size": 14, "font-weight": 600, fill: themeColor("text") }, options.title),
  svg("g", { transform: `translate(0 ${HEAD})` },
    svg("clipPath", { id: clip }, svg("rect", area)),
    gridLines(plot, area),
    svg("g", { "clip-path": `url(#${clip})` }, chart.visible().map((each) => shapes(plot, area, each))),
    svg("text", { x: area.x + area.width / 2, y: plot.height - 4, "text-anchor": "middle", fill: themeColor("muted") }, options.x.label)),
  legend.map((each, i) => legendLine(each, HEAD + plot.height + (i + 0.8) * LEGEND_LINE)));
}

function legendLine(series, y) {
  return [
    svg("line", { x1: 14, x2: 32, y1: y - 4, y2: y - 4, stroke: resolveColor(series.color), "stroke-width": 2.5, "stroke-dasharray": series.dash?.join(" ") }),
    svg("text", { x: 40, y, "font-size": 12, fill: themeColor("text") }, series.label),
  ];
}

function gridLines(plot, area) {
  return plot.axes.map((axis, side) => (axis._splits ?? []).map((value, i) => {
    const label = axis._values?.[i];
    if (label === "" || label === null || label === undefined) return null;
    const at = plot.valToPos(value, axis.scale) + (side ? area.y : area.x);
    const ends = side ? { x1: area.x, x2: area.x + area.width, y1: at, y2: at }
      : { x1: at, x2: at, y1: area.y, y2: area.y + area.height };
    const where = side ? { x: area.x - 6, y: at + 4, "text-anchor": "end" }
      : { x: at, y: area.y + area.height + 16, "text-anchor": "middle" };
    return [svg("line", { ...ends, stroke: themeColor("grid") }), svg("text", { ...where, fill: themeColor("muted") }, label)];
  }));
}

function shapes(plot, area, { x, y, low, high, color, dash, points, width = 1.6, alpha = 1 }) {
  const at = (i, values) => `${(plot.valToPos(x[i], "x") + area.x).toFixed(1)} ${(plot.valToPos(values[i], "y") + area.y).toFixed(1)}`;
  const places = [...x.keys()];
  const stroke = resolveColor(color);
  if (points) {
    const d = places.map((i) => `M${at(i, y)}h.01`).join("");
    return svg("path", { d, stroke, opacity: alpha, "stroke-width": 2.4, fill: "none" });
  }
  const band = low && high && places.length
    ? svg("path", { d: `M${places.map((i) => at(i, high)).join("L")}L${places.reverse().map((i) => at(i, low)).join("L")}Z`, fill: stroke, opacity: 0.16 })
    : null;
  const line = [...x.keys()].map((i) => at(i, y)).join("L");
  return [band, svg("path", { d: `M${line}`, stroke, opacity: alpha, "stroke-width": width, "stroke-dasharray": dash?.join(" "), fill: "none", "stroke-linejoin": "round" })];
}

function saveCsv(chart) {
  const { x, y } = chart.options;
  const quote = (text) => (/[",\n]/.test(text) ? `"${String(text).replaceAll('"', '""')}"` : String(text));
  const lines = [["series", x.label, y.label, "low", "high"].map(quote).join(",")];
  for (const each of chart.visible()) {
    const name = quote(each.points ? `${each.label} (points)` : each.label);
    each.x.forEach((value, i) => lines.push([name, value, each.y[i], each.low?.[i] ?? "", each.high?.[i] ?? ""].join(",")));
  }
  download(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }), `${chart.options.title}.csv`);
}
