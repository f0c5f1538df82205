// @ts-check
/**
 * Colors of heat maps. Both scales rise evenly in lightness, so that they also read in grey and
 * for eyes that see fewer colors.
 */

// Viridis: van der Walt and Smith, 2015, dedicated to the public domain (CC0).
const LEVEL = [
  "#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c",
  "#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725",
];
// Nothing is the color of the paper: what stands out is what there is much of.
const AMOUNT_ON_LIGHT = [
  "#f3f1ec", "#fbdcbd", "#f9bd8b", "#f2935f", "#e2663f", "#c23b35", "#93213c", "#5c1139", "#2b0625",
];
const AMOUNT_ON_DARK = [
  "#23262f", "#472a52", "#6e2a66", "#98305f", "#c2404f", "#e4623a", "#f58f33", "#fbc25a", "#fdf3b5",
];

/** Whether the page is dark now. */
export function isDark() {
  return document.documentElement.dataset.theme === "dark";
}

/**
 * Return 256 colors as ABGR words, ready for the pixels of a canvas.
 * @param {"level"|"amount"} kind "amount" for shares of something that should not be
 */
export function colorTable(kind) {
  const stops = stopsOf(kind).map(parse);
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i += 1) {
    const place = (i / 255) * (stops.length - 1);
    const first = Math.min(stops.length - 2, Math.floor(place));
    const [r, g, b] = mix(stops[first], stops[first + 1], place - first);
    table[i] = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }
  return table;
}

/**
 * Return the CSS color of a share of the scale.
 * @param {Uint32Array} table
 * @param {number} share from 0 to 1
 */
export function colorAt(table, share) {
  const word = table[Math.round(Math.min(1, Math.max(0, share)) * 255)];
  return `rgb(${word & 255}, ${(word >> 8) & 255}, ${(word >> 16) & 255})`;
}

/**
 * Whether black text reads better than white text on this share of the scale.
 * @param {Uint32Array} table
 * @param {number} share from 0 to 1
 */
export function needsDarkText(table, share) {
  const word = table[Math.round(Math.min(1, Math.max(0, share)) * 255)];
  const channels = [word & 255, (word >> 8) & 255, (word >> 16) & 255].map(linearized);
  const luminance = 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2];
  return luminance > 0.179; // where both have the same contrast
}

/** @param {number} channel from 0 to 255 */
function linearized(channel) {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

/** @param {"level"|"amount"} kind */
function stopsOf(kind) {
  if (kind === "level") return LEVEL;
  return isDark() ? AMOUNT_ON_DARK : AMOUNT_ON_LIGHT;
}

/** @param {string} color */
function parse(color) {
  return [1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16));
}

/**
 * @param {number[]} from
 * @param {number[]} to
 * @param {number} share
 */
function mix(from, to, share) {
  return from.map((x, i) => Math.round(x + (to[i] - x) * share));
}
