// @ts-check
/** The sparklines of the rows in sight, asked for in one question and kept. */

import { get } from "board/source.js";

const PAUSE = 60;
const MOST_AT_ONCE = 80;

export class Lines {
  /** @param {(ids: string[]) => void} onArrived Those of these runs are there. */
  constructor(onArrived) {
    this.onArrived = onArrived;
    /** @type {Map<string, (number|null)[]>} */
    this.kept = new Map();
    /** @type {Set<string>} */
    this.old = new Set();
    this.isAsking = false;
    /** @type {string[]} */
    this.wanted = [];
  }

  /** @param {string} id */
  of(id) {
    return this.kept.get(id);
  }

  /** Ask again for these when they are wanted next. @param {string[]} ids */
  forget(ids) {
    for (const id of ids) this.old.add(id);
  }

  /** @param {string[]} ids */
  want(ids) {
    this.wanted = ids.filter((id) => !this.kept.has(id) || this.old.has(id)).slice(0, MOST_AT_ONCE);
    if (this.wanted.length && !this.isAsking) this.#ask();
  }

  async #ask() {
    this.isAsking = true;
    await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
    const ids = this.wanted;
    try {
      const { lines } = await get("/api/sparklines", { run: ids });
      for (const id of ids) {
        this.kept.set(id, lines[id] ?? []);
        this.old.delete(id);
      }
    } catch (error) {
      // The table is of use without its small curves; the next change asks again.
      console.warn(error);
    } finally {
      this.isAsking = false;
    }
    this.onArrived(ids);
  }
}
