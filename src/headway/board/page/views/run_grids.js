// @ts-check
/** Which numbers of layers there are, what they mean and how they are colored. */
import { filledRows, unpackGrid } from "board/heatmap_grid.js";
import { sentence } from "board/views/run_words.js";

/** Samples over time to ask for. */
export const TIMES = 300;

const LEAST_BLOCKS = 4;
const SHARE = { low: 0, high: 1 };

/** @type {Record<string, {title: string, note: string, colors: "level"|"amount", domain?: {low: number, high: number}, isOfBlocks?: boolean}>} */
const KINDS = {
  activation_std: {
    title: "Activation size",
    note: "Standard deviation of each layer's output. Even from top to bottom is healthy: a signal that fades or grows with depth is lost.",
    colors: "level",
    isOfBlocks: true,
  },
  dead_fraction: {
    title: "Dead units",
    note: "Share of a rectifier's units that were 0 for every sample. They do not learn any more.",
    colors: "amount",
    domain: SHARE,
  },
  saturated_fraction: {
    title: "Saturated values",
    note: "Share of values where a bounded function is nearly flat, so that hardly any gradient passes.",
    colors: "amount",
    domain: SHARE,
  },
  grad_norm: {
    title: "Gradient norm",
    note: "Norm of the gradient of each layer's weights. Fading towards the input, at the top, is a vanishing gradient.",
    colors: "level",
  },
  update_ratio: {
    title: "Update-to-weight ratio",
    note: "Change of the weights in one step over their size. About 0.001 is usual: ten times more is restless, a hundred times less stands still.",
    colors: "level",
  },
};

/**
 * @typedef {{name: string, title: string, note: string, colors: "level"|"amount",
 *   domain?: {low: number, high: number}, isOfBlocks?: boolean,
 *   grid: import("board/heatmap_grid.js").Grid}} Drawn With `isOfBlocks` the outputs of blocks say
 *   most: the layers inside of them have other sizes, and would make stripes.
 */

/**
 * Return the grids that hold a value, unpacked and in a fixed order, and the titles of the others.
 * @param {Record<string, import("board/heatmap_grid.js").PackedGrid>} grids
 * @returns {{drawn: Drawn[], empty: string[]}}
 */
export function splitGrids(grids) {
  const all = namesOf(grids).map((name) => ({ name, ...kindOf(name, grids[name]), grid: unpackGrid(grids[name]) }));
  const hasValue = (/** @type {Drawn} */ { grid }) => filledRows(grid).length > 0;
  return {
    drawn: all.filter(hasValue),
    empty: all.filter((each) => !hasValue(each)).map(({ title }) => title),
  };
}

/** @param {Record<string, any>} grids */
function namesOf(grids) {
  const known = Object.keys(KINDS);
  return [...known.filter((name) => name in grids), ...Object.keys(grids).filter((name) => !known.includes(name))];
}

/** @param {string} name @param {{title: string}} grid */
function kindOf(name, { title }) {
  return KINDS[name] ?? { title: title || sentence(name), note: "", colors: /** @type {const} */ ("level") };
}

/**
 * Return the layers that end a block: of neighbours below one name the last activation, or the last
 * layer where none is an activation. All layers where the network has no blocks.
 * @param {{name: string, kind: string}[]} layers
 * @returns {Set<number>}
 */
export function blockOutputs(layers) {
  const activations = layers.flatMap(({ kind }, i) => (kind === "activation" ? [i] : []));
  const known = activations.length >= LEAST_BLOCKS ? activations : [...layers.keys()];
  const parent = (/** @type {number} */ i) => layers[i].name.split(".").slice(0, -1).join(".");
  const ends = known.filter((i, place) => place === known.length - 1 || parent(known[place + 1]) !== parent(i));
  return new Set(ends.length >= LEAST_BLOCKS ? ends : known);
}

/**
 * Return which layers a map shows.
 * @param {string} choice "main", "all" or a kind of layers
 * @param {Drawn} drawn
 * @param {{name: string, kind: string}[]} layers
 * @returns {(layer: number) => boolean}
 */
export function layerFilter(choice, { isOfBlocks }, layers) {
  if (choice === "all" || (choice === "main" && !isOfBlocks)) return () => true;
  if (choice !== "main") return (layer) => layers[layer].kind === choice;
  const outputs = blockOutputs(layers);
  return (layer) => outputs.has(layer);
}
