// @ts-check
/** The curves that were asked for, kept so that only what changed is asked for again. */

import { get } from "board/source.js";

// So that an address stays well below what servers take.
const MOST_RUNS_AT_ONCE = 40;
const MOST_POINTS = 600;
const LEAST_POINTS = 150;
const ALL_POINTS = 12_000;

export class CurveData {
  constructor() {
    /** @type {Map<string, any>} */
    this.kept = new Map();
    this.x = "";
    this.points = 0;
  }

  /**
   * Return the answers for each run and metric, asking for those that are missing.
   * @param {string[]} runs
   * @param {string[]} metrics
   * @param {string} x
   */
  async of(runs, metrics, x) {
    const points = Math.round(Math.min(MOST_POINTS, Math.max(LEAST_POINTS, ALL_POINTS / Math.max(1, runs.length))));
    if (x !== this.x || points > this.points) this.kept.clear();
    this.x = x;
    this.points = Math.max(points, this.points);
    const missing = runs.filter((run) => metrics.some((metric) => !this.kept.has(keyOf(run, metric))));
    const questions = chunks(missing, MOST_RUNS_AT_ONCE).map((some) => this.#ask(some, metrics));
    await Promise.all(questions);
    return metrics.flatMap((metric) => runs.map((run) => this.kept.get(keyOf(run, metric)))).filter(Boolean);
  }

  async #ask(runs, metrics) {
    const x = this.x;
    const { series } = await get("/api/series", { run: runs, metric: metrics, x, points: this.points });
    if (x !== this.x) return;
    for (const run of runs) for (const metric of metrics) this.kept.set(keyOf(run, metric), null);
    for (const each of series) this.kept.set(keyOf(each.run, each.metric), each);
  }

  /**
   * Ask for these anew next time.
   * @param {string[]} runs
   */
  forget(runs) {
    const old = new Set(runs);
    for (const key of this.kept.keys()) {
      if (old.has(key.slice(key.indexOf("\n") + 1))) this.kept.delete(key);
    }
  }
}

function keyOf(run, metric) {
  return `${metric}\n${run}`;
}

function chunks(list, size) {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}
