// @ts-check
/** Two runs side by side: what differs in what they are, and in what became of them. */
import { href } from "board/address.js";
import { checkbox, clear, h, popover } from "board/dom.js";
import { duration } from "board/format.js";
import { get, isReport } from "board/source.js";
import { bestTable } from "board/views/compare_best.js";
import { CompareCurves } from "board/views/compare_curves.js";
import { CompareLayers } from "board/views/compare_layers.js";
import { RUN_COLORS, titlesOf } from "board/views/compare_words.js";
import { card } from "board/views/run_card.js";
import { diffSettings, settingsDiff } from "board/views/run_diff.js";
import { showFindings } from "board/views/run_findings.js";
import { startText } from "board/views/run_words.js";
import { pickRun } from "board/views/run_picker.js";
import { environmentFacts } from "board/views/run_record.js";

/**
 * Show the two runs that `params.run` names.
 * @param {HTMLElement} element
 * @param {URLSearchParams} params
 * @param {import("board/app.js").Context} context
 */
export async function show(element, params, context) {
  const ids = params.getAll("run");
  context.setTitle("Compare");
  if (ids.length < 2) {
    showChoice(element, ids);
    return { destroy: () => undefined };
  }
  const page = new ComparePage(element, ids, context);
  await page.open();
  return page;
}

/** @param {HTMLElement} element @param {string[]} ids */
function showChoice(element, ids) {
  const text = ids.length ? "Choose the run to compare it with." : "Choose the first of two runs.";
  element.append(h("h1", null, "Compare two runs"), card(text, pickRun({
    except: ids[0] ?? "",
    hrefOf: (id) => href("compare", { run: [...ids, id] }),
    onPick: () => undefined,
  })));
}

class ComparePage {
  #turn = 0;
  #hasEqual = false;

  /** @param {HTMLElement} element @param {string[]} ids @param {any} context */
  constructor(element, ids, context) {
    this.ids = ids.slice(0, 2);
    this.rest = ids.slice(2);
    this.context = context;
    this.heads = h("div.compare-heads");
    this.best = h("div");
    this.curves = h("div");
    this.settings = h("div");
    this.findings = h("div.compare-two");
    this.layers = h("div");
    this.environment = h("div");
    element.append(this.#title(), this.heads,
      h("div.compare-two", null, card("Best weights", this.best), card("Settings", this.settings)), this.curves,
      h("section", { "aria-label": "Findings" }, this.findings), this.layers, card("Environment", this.environment));
  }

  #title() {
    const { ids, rest } = this;
    return h("div.view-head", null, h("h1", null, "Compare"),
      h("a.button", { href: href("compare", { run: [ids[1], ids[0], ...rest] }) }, "Swap"),
      isReport ? null : h("a", { href: href("curves", { run: [...ids, ...rest] }) }, "Open in curves"),
      rest.length ? h("span.muted", null, "Two of the runs chosen; instead of the second: ",
        rest.map((id, i) => h("a.compare-rest", {
          href: href("compare", { run: [ids[0], id, ids[1], ...rest.filter((_, j) => j !== i)] }),
        }, h("bdi", null, id)))) : null);
  }

  async open() {
    const runs = await this.#ask();
    this.states = runs.map(() => h("div.compare-state"));
    clear(this.heads, runs.map(({ row }, i) => this.#head(row, i)));
    this.#show(runs);
    this.curvesPart = new CompareCurves(this.curves, this.runs);
    this.layersPart = new CompareLayers(this.layers, this.runs);
    await Promise.all([this.curvesPart.load(), this.layersPart.load()]);
  }

  #ask() {
    return Promise.all(this.ids.map((id) => get("/api/run", { id })));
  }

  /** @param {any[]} runs */
  #show(runs) {
    this.runs = runs;
    this.titles = titlesOf(runs.map(({ row }) => row));
    this.context.setTitle(this.titles.join(" and "));
    runs.forEach(({ row }, i) => clear(this.states[i], stateOf(row)));
    clear(this.best, bestTable(runs, this.titles));
    this.#showSettings();
    clear(this.findings, runs.map((run, i) => findingsCard(run, this.titles[i])));
    clear(this.environment, settingsDiff(
      diffSettings(...pair(runs.map(({ environment }) => flatEnvironment(environment)))), this.titles, { label: "Environment" }));
  }

  #showSettings() {
    const differences = diffSettings(...pair(this.runs.map(({ settings }) => settings)));
    clear(this.settings,
      checkbox("Also what is equal", this.#hasEqual, (isChecked) => { this.#hasEqual = isChecked; this.#showSettings(); }),
      settingsDiff(differences, this.titles, { isAll: this.#hasEqual }));
  }

  /** @param {any} row @param {number} i */
  #head(row, i) {
    const swatch = h("span.swatch", { style: { color: RUN_COLORS[i] } });
    return h("section.card.compare-head", { "aria-label": `Run ${i + 1}` },
      h("h2", null, swatch, h("a", { href: href("run", { id: row.id }) }, h("bdi", null, row.name))),
      this.states[i],
      isReport ? null : popover("Other run…", (close) => pickRun({
        except: row.id,
        hrefOf: (id) => href("compare", { run: i === 0 ? [id, this.ids[1]] : [this.ids[0], id] }),
        onPick: close,
      }), { class: "push" }));
  }

  /** @param {import("board/source.js").Changes} changes */
  async update({ changed, added, isAll }) {
    if (!isAll && ![...changed, ...added].some((id) => this.ids.includes(id))) return;
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const runs = await this.#ask();
      if (turn !== this.#turn) return;
      this.#show(runs);
    } catch (error) {
      return console.warn(error); // a folder that is being moved: the next change says more
    }
    this.curvesPart?.update(this.runs);
    this.layersPart?.update(this.runs);
  }

  destroy() {
    this.#turn += 1;
    this.curvesPart?.destroy();
    this.layersPart?.destroy();
  }
}

/** @param {any} row */
function stateOf(row) {
  const facts = [row.model, row.data, duration(row.seconds), startText(row)].filter(Boolean).join(" · ");
  return [
    h("div.row", null,
      h("span.state", { class: row.state }, row.state),
      h("span.muted", null, facts),
      row.tags.map((/** @type {string} */ tag) => h("span.chip", null, h("bdi", null, tag)))),
    row.note ? h("p.note", null, row.note) : null,
  ];
}

/** @param {any[]} list @returns {[any, any]} */
function pair([first, second]) {
  return [first, second];
}

/** @param {any} run @param {string} title */
function findingsCard(run, title) {
  const list = h("div");
  showFindings(list, run);
  return card(`Findings of ${title}`, list);
}

/** @param {any} environment */
function flatEnvironment(environment) {
  return { ...Object.fromEntries(environmentFacts(environment)), ...environment.packages };
}
