// @ts-check
/** Tables that hold only the rows one sees, so that ten thousand of them scroll smoothly. */

import { button, clear, h, icon } from "board/dom.js";

const OVERSCAN = 6;

/**
 * @template T
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {string} [hint] Longer title, shown on hover.
 * @property {"left"|"right"|"center"} [align]
 * @property {number} [width] In pixels; the widest content decides in tables without it.
 * @property {boolean} [isSticky] Stays at the left while the table scrolls sideways.
 * @property {boolean} [isUnsortable]
 * @property {() => any} [header] Instead of the title.
 * @property {(row: T) => any} render Text or elements.
 */

/**
 * @template T
 * @typedef {object} TableOptions
 * @property {string} label Accessible name.
 * @property {Column<T>[]} columns
 * @property {T[]} rows
 * @property {(row: T) => string} keyOf
 * @property {{column: string, isDescending: boolean}|null} [sort] What the header shows.
 * @property {(column: string) => void} [onSort] Headers are buttons if given.
 * @property {(row: T) => string} [rowClass]
 * @property {(row: T, event: Event) => void} [onOpen] Click on a row.
 * @property {() => void} [onDrawn] Other rows may be in sight.
 * @property {number} [rowHeight]
 */

/**
 * Put a table into `element`, which scrolls it.
 * @template T
 * @param {HTMLElement} element
 * @param {TableOptions<T>} options
 */
export function dataTable(element, options) {
  const table = new DataTable(element, options);
  return {
    /** @param {Partial<TableOptions<T>>} changes */
    update: (changes) => table.update(changes),
    /**
     * Draw rows anew, such as after the selection changed.
     * @param {Iterable<string>} [keys] All rows when left out.
     */
    refresh: (keys) => table.refresh(keys),
    /** @param {number} delta Move the current row by so many. */
    move: (delta) => table.move(delta),
    /** The row that `move` reached. */
    current: () => table.currentRow(),
    /** The rows in sight. */
    inSight: () => table.inSight(),
    destroy: () => table.destroy(),
  };
}

class DataTable {
  constructor(element, options) {
    this.options = { rowHeight: 32, ...options };
    /** @type {Map<string, {row: any, element: HTMLElement}>} */
    this.shown = new Map();
    this.current = -1;
    this.columnGroup = h("colgroup");
    this.head = h("tr");
    this.above = spacer();
    this.below = spacer();
    this.body = h("tbody", null, this.above, this.below);
    this.table = h("table.table", { "aria-label": options.label },
      this.columnGroup, h("thead", null, this.head), this.body);
    this.scroller = h("div.table-scroller", { tabindex: "0", role: "region", "aria-label": options.label, onscroll: () => this.#draw() }, this.table);
    this.body.addEventListener("click", (event) => this.#onClick(event));
    element.append(this.scroller);
    this.observer = new ResizeObserver(() => this.#draw());
    this.observer.observe(this.scroller);
    this.#drawHead();
    this.#draw();
  }

  update(changes) {
    const hasNewColumns = changes.columns && changes.columns !== this.options.columns;
    const key = this.currentRow() && this.options.keyOf(this.currentRow());
    Object.assign(this.options, changes);
    if (key) this.current = this.options.rows.findIndex((row) => this.options.keyOf(row) === key);
    this.#drawHead();
    if (hasNewColumns) this.refresh();
    else this.#draw();
  }

  /** @param {Iterable<string>} [keys] */
  refresh(keys = this.shown.keys()) {
    for (const key of keys) {
      const shown = this.shown.get(key);
      if (shown) shown.element.dataset.isOld = "yes";
    }
    this.#draw();
  }

  #drawHead() {
    const { columns } = this.options;
    clear(this.columnGroup, columns.map((column) => h("col", { style: column.width ? { width: `${column.width}px` } : {} })));
    this.table.style.width = columns.every((column) => column.width)
      ? `max(100%, ${columns.reduce((sum, column) => sum + column.width, 0)}px)` : "100%";
    let left = 0;
    this.lefts = columns.map((column) => {
      const at = column.isSticky ? left : null;
      if (column.isSticky) left += column.width ?? 0;
      return at;
    });
    const hadFocus = document.activeElement?.closest?.("th")?.getAttribute("data-key");
    clear(this.head, columns.map((column, i) => this.#headCell(column, i)));
    if (hadFocus && !this.head.contains(document.activeElement)) {
      /** @type {HTMLElement|null} */ (this.head.querySelector(`[data-key="${CSS.escape(hadFocus)}"] button`))?.focus();
    }
  }

  #headCell(column, i) {
    const { sort, onSort } = this.options;
    const direction = sort?.column === column.key ? (sort.isDescending ? "descending" : "ascending") : null;
    const title = column.header ? column.header() : column.title;
    const content = onSort && !column.isUnsortable && !column.header
      ? button([h("span", null, title), direction ? icon(direction === "descending" ? "down" : "up") : null],
        () => onSort(column.key), { class: "table-sort" })
      : title;
    return h("th", { scope: "col", class: this.#cellClass(column, i), title: column.hint, "aria-sort": direction, dataset: { key: column.key }, style: this.#cellStyle(i) }, content);
  }

  #cellClass(column, i) {
    return `${column.align ?? "left"}${this.lefts[i] === null ? "" : " sticky"}`;
  }

  #cellStyle(i) {
    return this.lefts[i] === null ? {} : { left: `${this.lefts[i]}px` };
  }

  /** First and last place of the rows to draw. */
  #window() {
    const { rows, rowHeight } = this.options;
    const from = Math.max(0, Math.floor(this.scroller.scrollTop / rowHeight) - OVERSCAN);
    const numSeen = Math.ceil(this.scroller.clientHeight / rowHeight) + 2 * OVERSCAN;
    return [Math.min(from, Math.max(0, rows.length - numSeen)), Math.min(rows.length, from + numSeen)];
  }

  #draw() {
    const { rows, rowHeight, keyOf } = this.options;
    const [from, to] = this.#window();
    const wanted = rows.slice(from, to);
    const keys = new Set(wanted.map(keyOf));
    for (const [key, { element }] of this.shown) {
      if (!keys.has(key)) {
        element.remove();
        this.shown.delete(key);
      }
    }
    let place = this.above.nextSibling;
    wanted.forEach((row, i) => {
      const before = this.shown.get(keyOf(row))?.element;
      const element = this.#rowElement(row, from + i);
      if (before && before === place) place = element;
      // Rows that are in place already are not touched: they may hold the focus.
      if (element === place) place = place.nextSibling;
      else this.body.insertBefore(element, place);
    });
    this.table.setAttribute("aria-rowcount", String(rows.length + 1));
    setHeight(this.above, from * rowHeight);
    setHeight(this.below, (rows.length - to) * rowHeight);
    this.options.onDrawn?.();
  }

  #rowElement(row, i) {
    const key = this.options.keyOf(row);
    const old = this.shown.get(key);
    if (old && old.row === row && !old.element.dataset.isOld) {
      old.element.setAttribute("aria-rowindex", String(i + 2));
      old.element.dataset.index = String(i);
      old.element.classList.toggle("current", i === this.current);
      return old.element;
    }
    const element = this.#newRow(row, i);
    if (old) {
      const hadFocus = old.element.contains(document.activeElement);
      const cell = /** @type {HTMLElement|null} */ (document.activeElement)?.closest("td")?.dataset.key;
      old.element.replaceWith(element);
      if (hadFocus) focusIn(element, cell);
    }
    this.shown.set(key, { row, element });
    return element;
  }

  #newRow(row, i) {
    const { columns, rowHeight, rowClass } = this.options;
    return h("tr", {
      class: `${rowClass?.(row) ?? ""} ${i === this.current ? "current" : ""}`, tabindex: "-1",
      "aria-rowindex": i + 2, dataset: { index: String(i) }, style: { height: `${rowHeight}px` },
    }, columns.map((column, at) => h("td", {
      class: this.#cellClass(column, at), style: this.#cellStyle(at), dataset: { key: column.key },
    }, column.render(row))));
  }

  #onClick(event) {
    // A click that marks text to copy it opens nothing.
    if (event.target.closest("a, button, input, label, select") || String(getSelection())) return;
    const row = this.options.rows[Number(event.target.closest("tr")?.dataset.index ?? -1)];
    if (row) this.options.onOpen?.(row, event);
  }

  move(delta) {
    const { rows, rowHeight } = this.options;
    if (!rows.length) return;
    this.current = Math.min(rows.length - 1, Math.max(0, this.current + delta));
    const top = this.current * rowHeight;
    const head = this.head.offsetHeight;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + rowHeight > scrollTop + clientHeight - head) this.scroller.scrollTop = top + rowHeight - clientHeight + head;
    this.#draw();
    this.shown.get(this.options.keyOf(rows[this.current]))?.element.focus({ preventScroll: true });
  }

  currentRow() {
    return this.options.rows[this.current] ?? null;
  }

  inSight() {
    return this.options.rows.slice(...this.#window());
  }

  destroy() {
    this.observer.disconnect();
    this.scroller.remove();
  }
}

function focusIn(row, key) {
  const cell = key ? row.querySelector(`td[data-key="${CSS.escape(key)}"]`) : null;
  (cell?.querySelector("a, button, input") ?? row).focus({ preventScroll: true });
}

function spacer() {
  return h("tr.table-spacer", { "aria-hidden": "true", hidden: true }, h("td", { colspan: 1000 }));
}

function setHeight(element, height) {
  element.hidden = height <= 0;
  element.firstElementChild.style.height = `${height}px`;
}
