// @ts-check
/** The rows of all runs, kept up to date by asking for those that changed. */

import { get } from "board/source.js";

/** So many changed runs are asked for by name, more by asking for all. */
const MOST_BY_NAME = 100;

export class RunStore {
  /** @param {() => void} onNews The rows are others now. */
  constructor(onNews) {
    this.onNews = onNews;
    /** @type {any[]} */
    this.rows = [];
    /** @type {Record<string, any>} */
    this.common = {};
    /** @type {{run: string, file: string, line: number, text: string}[]} */
    this.damage = [];
    this.root = "runs";
    /** @type {Set<string>} */
    this.old = new Set();
    this.isAllOld = false;
    this.isAsking = false;
  }

  async load() {
    const { runs, root, common, damage } = await get("/api/runs");
    Object.assign(this, { root, common, damage: damage ?? [] });
    this.#take(runs);
  }

  /** @param {any[]} runs */
  #take(runs) {
    // A row that stayed as it was keeps its object, so that the table leaves its elements alone.
    const before = new Map(this.rows.map((row) => [row.id, row]));
    this.rows = runs.map((row) => {
      const old = before.get(row.id);
      return old && old !== row && JSON.stringify(old) === JSON.stringify(row) ? old : row;
    });
    this.onNews();
  }

  /**
   * Take what was saved into the row of a run.
   * @param {string} id
   * @param {Record<string, any>} changes
   */
  change(id, changes) {
    this.#take(this.rows.map((row) => (row.id === id ? { ...row, ...changes } : row)));
  }

  /**
   * Ask for what changed on disk.
   * @param {import("board/source.js").Changes} changes
   */
  async renew({ changed, added, removed, isAll }) {
    if (isAll || added.length || removed.length || changed.length > MOST_BY_NAME) this.isAllOld = true;
    for (const id of changed) this.old.add(id);
    // One question at a time; what changes meanwhile is asked for after it.
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      while (this.isAllOld || this.old.size) await this.#ask();
    } finally {
      this.isAsking = false;
    }
  }

  async #ask() {
    const [isAll, ids] = [this.isAllOld, [...this.old]];
    this.isAllOld = false;
    this.old.clear();
    if (isAll) return this.load();
    const { runs } = await get("/api/runs", { run: ids });
    const fresh = new Map(runs.map((row) => [row.id, row]));
    return this.#take(this.rows.map((row) => fresh.get(row.id) ?? row));
  }
}
