// @ts-check
/**
 * Colors of runs: eight that stay apart for color-blind eyes (after Okabe and Ito), each in three
 * shades. They are names of CSS variables, so that light and dark have their own.
 */

const NUM_SHADES = 3;
const NUM_HUES = 8;

/** Colors in the order to hand them out. */
export const palette = Array.from({ length: NUM_SHADES * NUM_HUES }, (_, i) => `var(--series-${i})`);

/**
 * Return the color of a run: the same on every view and every day.
 * @param {string} id
 */
export function runColor(id) {
  return palette[hash(id) % NUM_HUES];
}

/**
 * Return a color for each run, different ones as far as there are.
 *
 * A run gets its own color, or the next free one where an earlier run of the list has that.
 * @param {string[]} ids
 * @returns {Map<string, string>}
 */
export function runColors(ids) {
  const numUses = palette.map(() => 0);
  const colors = new Map();
  for (const id of ids) {
    const least = Math.min(...numUses);
    let i = hash(id) % NUM_HUES;
    while (numUses[i] > least) i = (i + 1) % palette.length;
    numUses[i] += 1;
    colors.set(id, palette[i]);
  }
  return colors;
}

/**
 * Return a color as a canvas knows it, such as "#0072b2" for "var(--series-0)".
 * @param {string} color
 */
export function resolveColor(color) {
  const name = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
  return name ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : color;
}

/**
 * Return the value of the style sheet's variable `--name`.
 * @param {string} name Without the dashes.
 */
export function themeColor(name) {
  return resolveColor(`var(--${name})`);
}

// FNV-1a: short, and spreads names that differ in their last letter.
function hash(/** @type {string} */ text) {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return (value ^ (value >>> 15)) >>> 0;
}

/** @type {Set<() => void>} */
const listeners = new Set();

/**
 * Call `callback` when light became dark or the other way round: canvases draw anew.
 * @param {() => void} callback
 * @returns {() => void} Ends the calls.
 */
export function onThemeChange(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

/**
 * Make the page light or dark.
 * @param {"light"|"dark"} theme
 */
export function setTheme(theme) {
  if (document.documentElement.dataset.theme === theme) return;
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}
