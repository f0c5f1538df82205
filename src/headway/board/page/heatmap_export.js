// @ts-check
/** Saving a heat map: as it is seen (PNG), as numbers (CSV). */
import { themeColor } from "board/colors.js";
import { button, download, icon, popover } from "board/dom.js";
import { number } from "board/format.js";
import { cellValue } from "board/heatmap_grid.js";

const HEAD = 34;
const FOOT = 44;
const BAR = { left: 14, width: 200, height: 10 };

/**
 * Return the menu of a heat map.
 * @param {any} map
 */
export function exportMenu(map) {
  const { title } = map.options;
  const item = (/** @type {string} */ label, /** @type {() => void} */ save, /** @type {() => void} */ close) =>
    button(label, () => { close(); save(); }, { class: "item" });
  return popover([icon("download")], (close) => [
    item("PNG picture", () => savePng(map), close),
    item("CSV numbers", () => saveCsv(map), close),
  ], { class: "quiet", "aria-label": `Save ${title}`, title: "Save as PNG or CSV" });
}

/** @param {any} map */
function savePng(map) {
  const { width, height } = map.base;
  const ratio = devicePixelRatio;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height + Math.round((HEAD + FOOT) * ratio);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.fillStyle = themeColor("panel");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(map.base, 0, Math.round(HEAD * ratio));
  pen.scale(ratio, ratio);
  pen.fillStyle = themeColor("text");
  pen.font = "600 14px system-ui, sans-serif";
  pen.fillText(map.options.title, BAR.left, 22);
  paintBar(pen, map, HEAD + height / ratio);
  canvas.toBlob((blob) => blob && download(blob, `${map.options.title}.png`), "image/png");
}

/** @param {CanvasRenderingContext2D} pen @param {any} map @param {number} top */
function paintBar(pen, map, top) {
  const { unit, scale } = map.options.grid;
  const bar = map.bar.querySelector("canvas");
  if (bar) pen.drawImage(bar, BAR.left, top + 8, BAR.width, BAR.height);
  pen.font = "12px system-ui, sans-serif";
  const ends = `${number(map.ends.low, 3)} to ${number(map.ends.high, 3)}`;
  const text = [unit, ends, scale === "log" ? "log scale" : ""].filter(Boolean).join(", ");
  pen.fillText(text, BAR.left + BAR.width + 12, top + 8 + BAR.height);
}

/** @param {any} map */
function saveCsv(map) {
  const { grid, layers, steps, title } = map.options;
  const lines = ["layer,kind,step,value"];
  for (const row of map.chosen) {
    const { name, kind } = layers[row];
    steps.forEach((/** @type {number} */ step, /** @type {number} */ column) => {
      const value = cellValue(grid, row, column);
      if (!Number.isNaN(value)) lines.push(`${quoted(name)},${quoted(kind)},${step},${Number(value.toPrecision(5))}`);
    });
  }
  download(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }), `${title}.csv`);
}

/**
 * A name that begins like a formula would be one in a spreadsheet.
 * @param {string} text
 */
function quoted(text) {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
