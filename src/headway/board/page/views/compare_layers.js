// @ts-check
/** The heat maps of two runs next to each other, with the same colors for the same numbers. */
import { clear, h } from "board/dom.js";
import { heatmap } from "board/heatmap.js";
import { coloredLevels, filledRows, valueOf } from "board/heatmap_grid.js";
import { DepthView } from "board/heatmap_view.js";
import { get } from "board/source.js";
import { titlesOf } from "board/views/compare_words.js";
import { layerFilter, splitGrids, TIMES } from "board/views/run_grids.js";

export class CompareLayers {
  /** @type {{destroy: () => void}[]} */
  #maps = [];
  #turn = 0;

  /** @param {HTMLElement} element @param {any[]} runs */
  constructor(element, runs) {
    this.element = element;
    this.runs = runs;
  }

  async load() {
    this.#turn += 1;
    const turn = this.#turn;
    const answers = await Promise.all(this.runs.map(({ row }) =>
      (row.has_layers ? get("/api/layers", { id: row.id, times: TIMES }) : null)));
    if (turn !== this.#turn) return;
    this.#destroyMaps();
    const known = answers.filter((answer) => answer?.steps.length);
    if (!known.length) return;
    this.#draw(answers);
  }

  /** @param {any[]} answers */
  #draw(answers) {
    const views = viewsOf(answers);
    const drawn = answers.map((answer) => (answer?.steps.length ? splitGrids(answer.grids).drawn : []));
    const names = [...new Set(drawn.flat().map(({ name }) => name))];
    const titles = titlesOf(this.runs.map(({ row }) => row));
    clear(this.element, h("h2", null, "Layers"), names.map((name) => {
      const pair = drawn.map((list) => list.find((each) => each.name === name));
      const domain = pair.find((each) => each?.domain)?.domain ?? commonDomain(pair);
      return h("div.compare-two", null, pair.map((each, i) => {
        const section = h("section.card.heat");
        if (each) this.#show(section, each, { answer: answers[i], view: views[i], title: titles[i], domain });
        else section.append(h("p.muted", null, `${titles[i]} has no such numbers.`));
        return section;
      }));
    }));
  }

  /** @param {HTMLElement} section @param {any} drawn @param {any} rest */
  #show(section, drawn, { answer, view, title, domain }) {
    const { title: what, grid, colors } = drawn;
    const { layers, steps } = answer;
    const isShown = layerFilter("main", drawn, layers);
    this.#maps.push(heatmap(section, { title: `${what}, ${title}`, grid, layers, steps, view, colors, domain, isShown }));
  }

  #destroyMaps() {
    for (const map of this.#maps) map.destroy();
    this.#maps = [];
    clear(this.element);
  }

  /** @param {any[]} runs */
  update(runs) {
    this.runs = runs;
    this.load();
  }

  destroy() {
    this.#turn += 1;
    this.#destroyMaps();
  }
}

/**
 * Networks of the same layers are enlarged and pointed at together.
 * @param {any[]} answers
 */
function viewsOf([first, second]) {
  const names = (/** @type {any} */ answer) => answer?.layers.map((/** @type {{name: string}} */ layer) => layer.name).join("\n");
  const view = new DepthView(first?.layers.length ?? 1);
  return [view, names(first) === names(second) ? view : new DepthView(second?.layers.length ?? 1)];
}

/**
 * Return the range of values that both maps color.
 * @param {(import("board/views/run_grids.js").Drawn|undefined)[]} pair
 */
function commonDomain(pair) {
  const ranges = pair.flatMap((each) => {
    const levels = each ? coloredLevels(each.grid, filledRows(each.grid)) : null;
    return each && levels ? [levels.map((level) => valueOf(each.grid, level))] : [];
  });
  return { low: Math.min(...ranges.map(([low]) => low)), high: Math.max(...ranges.map(([, , high]) => high)) };
}
