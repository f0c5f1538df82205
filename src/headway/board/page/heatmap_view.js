// @ts-check
/**
 * What several heat maps of one network show together: the range of depths, the place under the
 * pointer and the pinned layers. Depth counts layers from the input.
 */

const LEAST_LAYERS = 4;
export const MOST_PINS = 6;

/** Tells "range", "cursor" and "pins" to whoever listens. */
export class DepthView extends EventTarget {
  /** @param {number} depth number of layers */
  constructor(depth) {
    super();
    this.depth = depth;
    this.from = 0;
    this.to = depth;
    /** @type {{layer: number, step: number}|null} */
    this.cursor = null;
    /** @type {number[]} */
    this.pins = [];
    /** Whether the colors are spread over the layers in sight alone. */
    this.isFitted = false;
  }

  /** Whether only a part of the layers is shown. */
  get isZoomed() {
    return this.to - this.from < this.depth;
  }

  /**
   * Show the layers from `from` up to, without, `to`.
   * @param {number} from
   * @param {number} to
   */
  show(from, to) {
    const size = Math.min(this.depth, Math.max(LEAST_LAYERS, Math.round(to - from)));
    const start = Math.min(this.depth - size, Math.max(0, Math.round(from)));
    if (start === this.from && start + size === this.to) return;
    this.from = start;
    this.to = start + size;
    this.#tell("range");
  }

  /** Show every layer. */
  showAll() {
    this.show(0, this.depth);
  }

  /**
   * Show `factor` times as many layers around `layer`, which stays where it is.
   * @param {number} factor
   * @param {number} [layer] the middle where left out
   */
  zoom(factor, layer = (this.from + this.to) / 2) {
    const size = (this.to - this.from) * factor;
    const share = (layer - this.from) / (this.to - this.from);
    this.show(layer - share * size, layer - share * size + size);
  }

  /**
   * Move by so many layers towards the output.
   * @param {number} layers
   */
  pan(layers) {
    const size = this.to - this.from;
    const from = Math.min(this.depth - size, Math.max(0, this.from + layers));
    this.show(from, from + size);
  }

  /** @param {boolean} isFitted */
  fit(isFitted) {
    this.isFitted = isFitted;
    this.#tell("range");
  }

  /**
   * Point at a layer and a step; null points at nothing.
   * @param {{layer: number, step: number}|null} place
   */
  point(place) {
    const isSame = place?.layer === this.cursor?.layer && place?.step === this.cursor?.step;
    if (isSame) return;
    this.cursor = place;
    this.#tell("cursor");
  }

  /**
   * Pin a layer, or let go of it; the oldest goes where there are too many.
   * @param {number} layer
   */
  pin(layer) {
    const others = this.pins.filter((pinned) => pinned !== layer);
    this.pins = others.length < this.pins.length ? others : [...others, layer].slice(-MOST_PINS);
    this.#tell("pins");
  }

  /** Let go of every layer. */
  unpinAll() {
    this.pins = [];
    this.#tell("pins");
  }

  /** @param {string} what */
  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}
