// @ts-check
/** What the address says about the view of a sweep. */

/**
 * @typedef {object} State
 * @property {string} id
 * @property {string | null} metric
 * @property {string[] | null} groups Groups that are shown; null for those of the beginning.
 * @property {number | null} step Place of the decision whose trials are shown alone.
 * @property {string[] | null} axes Settings with an axis; null for the most important.
 * @property {Record<string, "number" | "log">} kinds Axes switched to another kind.
 * @property {Record<string, [unknown, unknown]>} brushes Ranges by axis, lowest first.
 */

/**
 * Return the state that an address asks for.
 * @param {URLSearchParams} params
 * @returns {State}
 */
export function readState(params) {
  const list = (/** @type {string} */ name) => (params.has(name) ? params.getAll(name) : null);
  const step = Number.parseInt(params.get("step") ?? "", 10);
  return {
    id: params.get("id") ?? ".",
    metric: params.get("metric"),
    groups: list("group"),
    step: step >= 0 ? step : null,
    axes: list("axis"),
    kinds: Object.fromEntries([
      ...params.getAll("log").map((name) => /** @type {const} */ ([name, "log"])),
      ...params.getAll("linear").map((name) => /** @type {const} */ ([name, "number"])),
    ]),
    brushes: Object.fromEntries(params.getAll("range").flatMap(readRange)),
  };
}

/**
 * Return the parameters that stand for a state.
 * @param {State} state
 * @param {string[]} usualGroups Groups that need not be named.
 */
export function stateParams(state, usualGroups) {
  const kinds = Object.entries(state.kinds);
  const named = (/** @type {string} */ kind) => kinds.filter(([, each]) => each === kind).map(([name]) => name);
  const isUsual = JSON.stringify(state.groups) === JSON.stringify(usualGroups);
  return {
    id: state.id,
    metric: state.metric,
    group: isUsual ? [] : (state.groups ?? []),
    step: state.step,
    axis: state.axes ?? [],
    log: named("log"),
    linear: named("number"),
    range: Object.entries(state.brushes).map(([name, range]) => `${name}:${JSON.stringify(range)}`),
  };
}

/** @param {string} text Such as `optimizer.lr:[0.01,0.1]`. @returns {[string, [unknown, unknown]][]} */
function readRange(text) {
  const colon = text.indexOf(":[");
  try {
    const range = JSON.parse(text.slice(colon + 1));
    return colon > 0 && range.length === 2 ? [[text.slice(0, colon), range]] : [];
  } catch {
    return []; // an address that was cut or typed: shown without that range
  }
}
