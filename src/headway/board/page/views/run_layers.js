// @ts-check
/** Depth over time: heat maps of every layer's numbers, and the curves of the layers pinned. */
import { button, checkbox, clear, h, icon, newId, select } from "board/dom.js";
import { count } from "board/format.js";
import { get } from "board/source.js";
import { heatmap } from "board/heatmap.js";
import { DepthView } from "board/heatmap_view.js";
import { layerFilter, splitGrids, TIMES } from "board/views/run_grids.js";
import { pinnedCurves } from "board/views/run_pins.js";
import { causeText, sentence } from "board/views/run_words.js";

// Between two fetches passes so many times what one took.
const PAUSE = 10;
const KIND_CHOICES = new Map([["main", "The main ones"], ["all", "All"]]);

/** @param {import("board/views/run.js").Place} place */
export async function showLayers(place) {
  if (!place.run.row.has_layers) return showNone(place);
  const answer = await get("/api/layers", { id: place.run.row.id, times: TIMES });
  if (!answer.layers.length || !answer.steps.length) return showNone(place);
  return new LayersPart(place, answer);
}

/** @param {import("board/views/run.js").Place} place */
function showNone(place) {
  const isRunning = place.run.row.state === "running";
  clear(place.element, h("div.empty", null,
    h("p", null, isRunning ? "No layer has been looked at yet." : "This run kept no numbers of its layers."),
    h("p.tip", null, "They are kept while headway train watches: ", h("code", null, "logging.watch = true"), " and ",
      h("code", null, "logging.layers = true"), ".")));
  return {};
}

class LayersPart {
  /** @type {Map<string, {update: (options: any) => void, destroy: () => void}>} */
  #maps = new Map();
  #turn = 0;

  /** @param {import("board/views/run.js").Place} place @param {any} answer */
  constructor({ element, run, params, setParams }, answer) {
    this.run = run;
    this.setParams = setParams;
    this.answer = answer;
    this.next = 0;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
    this.kind = params.get("kind") ?? "main";
    this.view = new DepthView(answer.layers.length);
    this.bar = h("div.toolbar.sticky");
    this.grid = h("div.heat-maps");
    this.element = element;
    element.append(this.bar, this.grid);
    this.pinned = pinnedCurves(element);
    this.#restore(params);
    this.#showBar();
    this.view.addEventListener("range", () => { this.#showRange(); this.#remember(); });
    this.view.addEventListener("pins", () => { this.#showPins(); this.#remember(); });
    this.#draw();
  }

  /** @param {URLSearchParams} params */
  #restore(params) {
    const [from, to] = (params.get("depth") ?? "").split("-").map(Number);
    if (from > 0 && to > from) this.view.show(from - 1, to);
    for (const name of params.getAll("layer")) {
      const layer = this.#find(name);
      if (layer >= 0) this.view.pin(layer);
    }
  }

  #remember() {
    const { view } = this;
    this.setParams({
      depth: view.isZoomed ? `${view.from + 1}-${view.to}` : null,
      layer: view.pins.map((pin) => this.answer.layers[pin].name),
    });
  }

  /** @param {string} name */
  #find(name) {
    return this.answer.layers.findIndex((/** @type {{name: string}} */ layer) => layer.name === name);
  }

  #showBar() {
    const { view } = this;
    const list = newId();
    const search = /** @type {HTMLInputElement} */ (h("input", {
      type: "search", list, placeholder: "Find a layer", "aria-label": "Find a layer",
      onchange: () => this.#pinNamed(search),
    }));
    this.range = h("span.muted", { role: "status" });
    clear(this.bar,
      search,
      h("datalist", { id: list }, this.answer.layers.map((/** @type {any} */ { name, kind }) => h("option", { value: name }, kind))),
      select("Layers", this.#kinds(), this.kind, (kind) => this.#chooseKind(kind)),
      h("span.segments", { role: "group", "aria-label": "Depth" },
        button("+", () => view.zoom(0.5), { "aria-label": "Show fewer layers, larger" }),
        button("−", () => view.zoom(2), { "aria-label": "Show more layers, smaller" }),
        button("All", () => view.showAll(), { "aria-label": "Show all layers" })),
      h("span.segments", { role: "group", "aria-label": "Move" },
        button(icon("up"), () => view.pan(-(view.to - view.from) / 2), { "aria-label": "Towards the input" }),
        button(icon("down"), () => view.pan((view.to - view.from) / 2), { "aria-label": "Towards the output" })),
      checkbox("Fit colors", view.isFitted, (isFitted) => view.fit(isFitted)),
      this.range,
      h("span.tip.toolbar-end", null, "Drag to enlarge, double click for all, click to pin a layer"));
    this.#showRange();
  }

  /** @returns {[string, string][]} */
  #kinds() {
    const kinds = [...new Set(this.answer.layers.map((/** @type {{kind: string}} */ layer) => layer.kind))].sort();
    return [...KIND_CHOICES, ...kinds.map((kind) => /** @type {[string, string]} */ ([kind, sentence(kind)]))];
  }

  /** @param {string} kind */
  #chooseKind(kind) {
    this.kind = kind;
    this.setParams({ kind: kind === "main" ? null : kind });
    this.#draw();
  }

  /** @param {HTMLInputElement} search */
  #pinNamed(search) {
    const layer = this.#find(search.value);
    if (layer < 0) return;
    if (!this.view.pins.includes(layer)) this.view.pin(layer);
    this.view.point({ layer, step: this.answer.steps.at(-1) });
    search.value = "";
  }

  #showRange() {
    const { from, to, depth } = this.view;
    const text = this.view.isZoomed
      ? `layers ${count(from + 1)} to ${count(to)} of ${count(depth)}`
      : `all ${count(depth)} layers, input at the top`;
    clear(/** @type {HTMLElement} */ (this.range), text);
  }

  #draw() {
    const { steps, layers, grids } = this.answer;
    const { drawn, empty } = splitGrids(grids);
    this.shown = drawn;
    const names = this.shown.map(({ name }) => name);
    for (const [name, map] of this.#maps) {
      if (names.includes(name)) continue;
      map.destroy();
      this.#maps.delete(name);
    }
    for (const each of this.shown) this.#drawMap(each, { steps, layers, marks: this.#marks() });
    this.#showEmpty(empty);
    this.#showPins();
  }

  /** @param {import("board/views/run_grids.js").Drawn} drawn @param {any} rest */
  #drawMap(drawn, rest) {
    const { name, title, note, colors, domain, grid } = drawn;
    const isShown = layerFilter(this.kind, drawn, this.answer.layers);
    const map = this.#maps.get(name);
    if (map) return map.update({ grid, isShown, ...rest });
    const element = h("section.card.heat");
    this.grid.append(element);
    this.#maps.set(name, heatmap(element, { title, note, colors, domain, isShown, grid, view: this.view, ...rest }));
  }

  #marks() {
    return this.run.findings
      .filter((/** @type {any} */ { layer }) => layer)
      .map((/** @type {any} */ { layer, step, severity, cause }) => ({
        layer: this.#nearest(layer), step, severity, label: causeText(cause),
      }))
      .filter((/** @type {any} */ { layer }) => layer >= 0);
  }

  /** @param {string} name a finding may name a module inside a layer, or around it */
  #nearest(name) {
    const exact = this.#find(name);
    if (exact >= 0) return exact;
    return this.answer.layers.findIndex((/** @type {{name: string}} */ layer) =>
      layer.name.startsWith(`${name}.`) || name.startsWith(`${layer.name}.`));
  }

  /** @param {string[]} titles */
  #showEmpty(titles) {
    this.note?.remove();
    this.note = titles.length
      ? h("p.tip", null, `No layer of this network has: ${titles.join(", ").toLowerCase()}.`) : undefined;
    if (this.note) this.grid.after(this.note);
  }

  #showPins() {
    this.pinned.update({
      grids: this.shown ?? [], layers: this.answer.layers, steps: this.answer.steps, view: this.view,
    });
  }

  /**
   * A deep network's numbers are megabytes: they come anew at most so often that fetching takes a
   * small part of the time.
   * @param {any} run
   */
  update(run) {
    this.run = run;
    const rest = this.next - performance.now();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#fetch(), Math.max(0, rest));
  }

  async #fetch() {
    this.#turn += 1;
    const turn = this.#turn;
    const start = performance.now();
    const answer = await get("/api/layers", { id: this.run.row.id, times: TIMES });
    if (turn !== this.#turn) return;
    this.next = performance.now() + PAUSE * (performance.now() - start);
    const hasGrown = answer.layers.length !== this.answer.layers.length;
    this.answer = answer;
    if (hasGrown) this.#beginAnew();
    this.#draw();
  }

  #beginAnew() {
    this.view.depth = this.answer.layers.length;
    this.view.showAll();
    this.#showBar();
  }

  destroy() {
    this.#turn += 1;
    clearTimeout(this.timer);
    for (const map of this.#maps.values()) map.destroy();
    this.pinned.destroy();
  }
}
