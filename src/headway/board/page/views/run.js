// @ts-check
/** One run: what it is, how it went, what the doctor says, its layers and its mistakes. */
import { href, replace } from "board/address.js";
import { clear, h, newId } from "board/dom.js";
import { get } from "board/source.js";
import { makeHead } from "board/views/run_head.js";
import { showLayers } from "board/views/run_layers.js";
import { showOverview } from "board/views/run_overview.js";
import { showPredictions } from "board/views/run_predictions.js";
import { showRecord } from "board/views/run_record.js";
import { showSettings } from "board/views/run_settings.js";

// Milliseconds without an answer before the page says that it waits.
const PATIENCE = 250;
const TABS = [
  { name: "overview", title: "Overview", show: showOverview },
  { name: "layers", title: "Layers", show: showLayers },
  { name: "predictions", title: "Predictions", show: showPredictions },
  { name: "settings", title: "Settings", show: showSettings },
  { name: "record", title: "Record", show: showRecord },
];

/**
 * @typedef {{element: HTMLElement, run: any, params: URLSearchParams,
 *   setParams: (changed: Record<string, any>) => void}} Place What a tab is shown with.
 * @typedef {{update?: (run: any) => void, destroy?: () => void}} Tab Without `update` it is made
 *   anew when the run gets layers or predictions.
 */

/**
 * Show the run that `params.id` names.
 * @param {HTMLElement} element
 * @param {URLSearchParams} params
 * @param {import("board/app.js").Context} context
 */
export async function show(element, params, context) {
  const page = new RunPage(element, params, context);
  await page.open();
  return page;
}

class RunPage {
  /** @type {Tab|null} */
  #tab = null;
  #turn = 0;

  /** @param {HTMLElement} element @param {URLSearchParams} params @param {any} context */
  constructor(element, params, context) {
    this.params = params;
    this.context = context;
    this.head = h("div.run-head");
    this.body = h("div.run-body", { role: "tabpanel", id: newId(), tabindex: -1 });
    this.tabs = h("div.tabs", { role: "tablist", "aria-label": "Parts of the run" });
    element.append(this.head, this.tabs, this.body);
  }

  get id() {
    return this.params.get("id") ?? ".";
  }

  async open() {
    this.run = await get("/api/run", { id: this.id });
    this.context.setTitle(this.run.row.name);
    this.context.setShortcuts(this.#shortcuts());
    this.showHead = makeHead(this.head, this.run.row);
    this.showHead(this.run);
    this.#showTabs();
    await this.#showTab();
  }

  #shortcuts() {
    const step = (/** @type {number} */ by) => () => {
      const i = TABS.indexOf(this.#chosen()) + by;
      this.#choose(TABS[(i + TABS.length) % TABS.length].name);
    };
    return [
      { key: "]", label: "Next part of the run", run: step(1) },
      { key: "[", label: "Previous part of the run", run: step(-1) },
      // These the map itself listens to; here they are only for the help.
      { key: "← ↑ ↓ →", label: "In a heat map: move the cross, Enter pins the layer", run: () => undefined },
      { key: "+ − 0", label: "In a heat map: enlarge, reduce, show all layers", run: () => undefined },
    ];
  }

  #chosen() {
    return TABS.find(({ name }) => name === this.params.get("tab")) ?? TABS[0];
  }

  #showTabs() {
    const chosen = this.#chosen();
    const links = TABS.map(({ name, title }) => {
      const isChosen = name === chosen.name;
      return h("a.tab", {
        role: "tab",
        id: `tab-${name}`,
        href: href("run", { id: this.id, tab: name }),
        "aria-selected": String(isChosen),
        "aria-controls": this.body.id,
        tabindex: isChosen ? 0 : -1,
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
      }, title);
    });
    this.body.setAttribute("aria-labelledby", `tab-${chosen.name}`);
    clear(this.tabs, links);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const i = TABS.indexOf(this.#chosen()) + by;
    this.#choose(TABS[(i + TABS.length) % TABS.length].name);
    /** @type {HTMLElement|null} */ (this.tabs.querySelector("[aria-selected=true]"))?.focus();
  }

  /** @param {string} name */
  #choose(name) {
    this.params = new URLSearchParams({ id: this.id, tab: name });
    replace(this.params);
    this.#showTabs();
    this.#showTab();
  }

  async #showTab() {
    this.#turn += 1;
    const turn = this.#turn;
    this.#tab?.destroy?.();
    this.#tab = null;
    const element = h("div.run-part");
    clear(this.body, element);
    const waiting = setTimeout(() => element.prepend(h("p.loading.muted", null, "Loading…")), PATIENCE);
    const tab = await this.#load(element);
    clearTimeout(waiting);
    element.querySelector(":scope > .loading")?.remove();
    // Another part may have been chosen while this one was loading.
    if (turn === this.#turn) this.#tab = tab;
    else tab?.destroy?.();
  }

  /** @param {HTMLElement} element @returns {Promise<Tab|null>} */
  async #load(element) {
    const setParams = (/** @type {Record<string, any>} */ changed) => this.#setParams(changed);
    try {
      return await this.#chosen().show({ element, run: this.run, params: this.params, setParams });
    } catch (error) {
      console.warn(error);
      clear(element, h("p.problem", { role: "alert" }, error instanceof Error ? error.message : String(error)));
      return null;
    }
  }

  /** @param {Record<string, any>} changed */
  #setParams(changed) {
    const kept = new URLSearchParams(this.params);
    for (const [name, value] of Object.entries(changed)) {
      kept.delete(name);
      for (const each of [value].flat()) if (each !== null && each !== "") kept.append(name, String(each));
    }
    this.params = kept;
    replace(kept);
  }

  /** @param {URLSearchParams} params Another part of the same run is opened in place. */
  navigate(params) {
    if ((params.get("id") ?? ".") !== this.id) return false;
    this.params = params;
    this.#showTabs();
    this.#showTab();
    return true;
  }

  /** @param {import("board/source.js").Changes} changes */
  async update({ changed, added, isAll }) {
    if (!isAll && ![...changed, ...added].includes(this.id)) return;
    const before = this.run.row;
    try {
      this.run = await get("/api/run", { id: this.id });
    } catch (error) {
      return console.warn(error); // a folder that is being moved: the next change says more
    }
    this.showHead?.(this.run);
    const { row } = this.run;
    const isNew = row.has_layers !== before.has_layers || row.has_predictions !== before.has_predictions;
    if (isNew && this.#tab?.update === undefined) this.#showTab();
    else this.#tab?.update?.(this.run);
  }

  destroy() {
    this.#turn += 1;
    this.#tab?.destroy?.();
  }
}
