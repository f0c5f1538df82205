// @ts-check
/** One sweep: parallel coordinates, a scatter for each setting, the decisions, the trials. */

import { go, href, replace } from "board/address.js";
import { button, clear, h, select } from "board/dom.js";
import { parallelCoordinates } from "board/parallel.js";
import { bestKind, canBeLog, wordOf } from "board/scale.js";
import { get } from "board/source.js";
import { readState, stateParams } from "board/views/sweep_address.js";
import { binsOf, firstGroups, groupsOf, nameOf, settingsOf, titleOf, trialsOf } from "board/views/sweep_data.js";
import { scatterGrid } from "board/views/sweep_scatter.js";
import { stepList } from "board/views/sweep_steps.js";
import { trialTable } from "board/views/sweep_trials.js";

/** More axes than these do not fit; the rest can be switched on. */
const MOST_AXES = 7;
const MOST_GROUPS = 12;
/** A decision is written after the last of its trials, of which alone a change is told. */
const AFTERWARDS_MILLISECONDS = 4000;

/**
 * Show one sweep.
 * @param {HTMLElement} element
 * @param {URLSearchParams} params
 * @param {any} context
 */
export async function showSweep(element, params, context) {
  const state = readState(params);
  const parts = {
    head: h("div.view-head"),
    filters: h("div.row"),
    parallel: h("section.panel.pc-panel", { "aria-label": "Parallel coordinates" }),
    scatter: h("section", { "aria-label": "Metric by setting" }),
    steps: h("section.panel", { "aria-label": "Decisions", hidden: true }),
    table: h("section.panel", { "aria-label": "Trials" }),
  };
  let answer = await get("/api/sweep", { id: state.id, metric: state.metric });
  element.append(...Object.values(parts));
  state.groups ??= firstGroups(answer);

  let shown = shownOf(answer, state);
  const open = (/** @type {string} */ id) => go("run", { id });
  const hover = (/** @type {string | null} */ id) => {
    chart.highlight(id);
    scatters.highlight(id);
    table.highlight(id);
  };
  const chart = parallelCoordinates(parts.parallel, {
    ...chartOptions(), brushes: state.brushes, onHover: hover, onOpen: open,
    onSelect: (chosen, brushes) => {
      state.brushes = brushes;
      onSelect(chosen);
    },
    onToggle: (name) => {
      state.kinds[name] = shown.axes.find((axis) => axis.name === name)?.kind === "log" ? "number" : "log";
      draw();
    },
  });
  const scatters = scatterGrid(parts.scatter, { onHover: hover, onOpen: open });
  const table = trialTable(parts.table, { onHover: hover });
  let chosen = /** @type {Set<string> | null} */ (null);
  let later = 0;
  draw();

  function chartOptions() {
    const { axes, trials } = shown;
    return {
      label: `Parallel coordinates of ${trials.length} trials`,
      axes,
      bins: binsOf(trials),
      lines: trials.map((trial) => ({
        id: trial.id, label: trial.label, bin: trial.bin,
        values: { ...trial.settings, [answer.metric]: trial.value },
      })),
    };
  }

  function draw() {
    shown = shownOf(answer, state);
    drawHead();
    drawFilters();
    scatters.update(answer, shown);
    table.update(answer, shown);
    chart.update({ ...chartOptions(), brushes: state.brushes });
    drawSteps();
    replace(stateParams(state, firstGroups(answer)));
  }

  /** @param {Set<string> | null} next */
  function onSelect(next) {
    chosen = next;
    scatters.select(chosen);
    table.select(chosen);
    drawFilters();
    replace(stateParams(state, firstGroups(answer)));
  }

  function drawHead() {
    const best = shown.trials.at(-1);
    const title = titleOf(state.id);
    clear(parts.head,
      h("a.button.quiet", { href: href("sweep") }, "All sweeps"),
      h("h1", null, title),
      h("span.muted", null, countWords(shown.trials)),
      best?.value == null ? null : h("span.sweep-best", null, "best ", h("a", { href: href("run", { id: best.id }) }, best.label),
        ` with ${wordOf(best.value)}`),
      h("span.push"),
      select("Metric", answer.metrics, answer.metric, (metric) => {
        state.metric = metric;
        delete state.brushes[answer.metric];
        void refetch();
      }),
      button("Curves", () => go("curves", { run: shown.trials.filter((trial) => !chosen || chosen.has(trial.id))
        .map((trial) => trial.id).reverse().slice(0, 50) }), { title: "Overlay the curves of the chosen trials, at most 50" }));
    context?.setTitle?.(title);
  }

  function drawFilters() {
    const groups = groupsOf(answer);
    const isGrouped = groups.size > 1 && groups.size <= MOST_GROUPS && answer.kind !== "folder";
    const numChosen = chosen ? chosen.size : shown.trials.length;
    clear(parts.filters,
      isGrouped ? h("span.label", null, "Trials") : null,
      isGrouped ? [...groups].map(([group, size]) => button(`${group} ${size}`, () => toggleGroup(group, [...groups.keys()]),
        { class: "pill", "aria-pressed": String(state.step === null && isOn(state.groups, group)) })) : null,
      shown.hidden.length ? h("span.label", null, "More axes") : null,
      shown.hidden.map((setting) => button(setting.name, () => {
        state.axes = [...(state.axes ?? shown.axes.slice(0, -1).map((axis) => axis.name)), setting.name];
        draw();
      }, { class: "pill" })),
      h("span.push.muted", { role: "status" }, chosen ? `${numChosen} of ${shown.trials.length} trials chosen` : ""),
      chosen ? button("Clear ranges", () => {
        state.brushes = {};
        draw();
      }) : null);
  }

  /** @param {string} group @param {string[]} all */
  function toggleGroup(group, all) {
    const now = all.filter((each) => isOn(state.groups, each));
    const next = state.step !== null ? [group] : now.includes(group) ? now.filter((each) => each !== group) : [...now, group];
    state.groups = next.length ? next : all;
    state.step = null;
    draw();
  }

  function drawSteps() {
    const decisions = answer.decisions ?? [];
    parts.steps.hidden = decisions.length === 0;
    const ids = new Map(answer.trials.map((/** @type {any} */ trial) => [nameOf(trial.id), trial.id]));
    clear(parts.steps,
      h("div.panel-head", null, h("h2", null, "What headway tune decided, and why")),
      stepList(decisions, { chosen: state.step, ids, onChoose: (step) => {
        state.step = step;
        draw();
      } }));
  }

  async function refetch() {
    try {
      answer = await get("/api/sweep", { id: state.id, metric: state.metric });
    } catch (error) {
      context.toast(error instanceof Error ? error.message : String(error), "error");
      return;
    }
    draw();
  }

  return {
    /** @param {{changed: string[], added: string[], removed: string[], isAll?: boolean}} changes */
    update({ changed, added, removed, isAll }) {
      const known = new Set(answer.trials.map((/** @type {any} */ trial) => trial.id));
      const isMine = (/** @type {string} */ id) => known.has(id) || state.id === "." || id.startsWith(`${state.id}/`);
      if (!isAll && ![...changed, ...added, ...removed].some(isMine)) return;
      void refetch();
      clearTimeout(later);
      later = setTimeout(refetch, AFTERWARDS_MILLISECONDS);
    },
    destroy() {
      clearTimeout(later);
      chart.destroy();
      scatters.destroy();
    },
  };
}

/**
 * Return what is drawn: trials, axes with the metric last, and the settings without an axis.
 * @param {any} answer
 * @param {import("board/views/sweep_address.js").State} state
 */
function shownOf(answer, state) {
  const decision = state.step === null ? null : answer.decisions[state.step];
  const trials = trialsOf(answer, (trial) =>
    decision ? decision.trials.includes(trial.label) : isOn(state.groups, trial.group));
  const settings = settingsOf(answer, trials).map((setting) => ({
    ...setting, kind: state.kinds[setting.name] ?? bestKind(setting.kind, setting.values),
  }));
  const isShown = (/** @type {any} */ setting, /** @type {number} */ place) =>
    state.axes ? state.axes.includes(setting.name) : place < MOST_AXES;
  const values = trials.map((trial) => trial.value);
  const metric = {
    name: answer.metric, values, missing: "no value", kind: state.kinds[answer.metric] ?? /** @type {const} */ ("number"),
    canToggle: canBeLog(values),
  };
  const axes = settings.filter(isShown).map((setting) => ({
    ...setting, missing: "none", canToggle: setting.kind !== "choice" && canBeLog(setting.values),
  }));
  return {
    trials, settings, metric, axes: [...axes, metric],
    hidden: settings.filter((setting, place) => !isShown(setting, place)),
  };
}

/** @param {string[] | null} groups @param {string} group */
function isOn(groups, group) {
  return !groups?.length || groups.includes(group);
}

/** @param {{state: string}[]} trials */
function countWords(trials) {
  const counts = new Map();
  for (const { state } of trials) counts.set(state, (counts.get(state) ?? 0) + 1);
  const others = [...counts].filter(([state]) => state !== "done").map(([state, size]) => `${size} ${state}`);
  return [`${trials.length} trials`, ...others].join(", ");
}
