// @ts-check
/** The table of all runs: find, sort, group, choose. */

import { href, replace } from "board/address.js";
import { runColors } from "board/colors.js";
import { button, clear, h, icon, renew } from "board/dom.js";
import { dataTable } from "board/table.js";
import { allColumns, cellOf, defaultColumns, leadingColumns } from "board/views/runs_columns.js";
import { chosenActions, runControls, searchBox } from "board/views/runs_controls.js";
import { emptyState } from "board/views/runs_empty.js";
import { groupCell, groupName } from "board/views/runs_group_cells.js";
import { Lines } from "board/views/runs_lines.js";
import { editNotes } from "board/views/runs_notes.js";
import { arranged, isMoreBetter, matching, nextSort, readState, writeState } from "board/views/runs_state.js";
import { RunStore } from "board/views/runs_store.js";

/** Width of a column that shows means with their deviations. */
const WITH_DEVIATION = 150;

/**
 * @param {HTMLElement} element
 * @param {URLSearchParams} params
 * @param {import("board/app.js").Context} context
 */
export async function show(element, params, context) {
  const view = new RunsView(element, params, context);
  clear(element, h("p.loading", { role: "status" }, "Reading the runs…"));
  await view.store.load();
  return {
    update: (/** @type {any} */ changes) => view.changed(changes),
    navigate: (/** @type {URLSearchParams} */ next) => view.navigate(next),
    destroy: () => view.destroy(),
  };
}

class RunsView {
  /** @param {HTMLElement} element @param {URLSearchParams} params @param {import("board/app.js").Context} context */
  constructor(element, params, context) {
    this.element = element;
    this.context = context;
    this.state = readState(params);
    this.store = new RunStore(() => this.#draw());
    this.lines = new Lines((ids) => this.table?.refresh(ids));
    /** @type {Set<string>} */
    this.open = new Set();
    /** @type {any} */
    this.table = null;
    /** @type {Map<string, import("board/views/runs_columns.js").RunColumn>} */
    this.columns = new Map();
    this.colors = new Map();
    this.controls = h("span.controls");
    this.chosenBar = h("div.chosen-bar", { hidden: true, role: "region", "aria-label": "Chosen runs" });
    this.search = searchBox(this.state.text, (text) => this.#change({ text }));
    context.setShortcuts(this.#shortcuts());
  }

  #shortcuts() {
    return [
      { key: "j", label: "Next run", run: () => this.table?.move(1) },
      { key: "k", label: "Previous run", run: () => this.table?.move(-1) },
      { key: "Enter", label: "Open the run", run: () => this.#openRow(this.table?.current()) },
      { key: "x", label: "Choose the run, or let it go", run: () => this.#toggle(this.table?.current()) },
      { key: "e", label: "Edit note and tags", run: () => this.#edit(this.table?.current()) },
      { key: "c", label: "Curves of the chosen runs", run: () => this.#openChosen("curves") },
      { key: "d", label: "Compare the chosen runs", run: () => this.#openChosen("compare") },
      { key: "Escape", label: "Choose none", run: () => this.#select([...this.state.selected], false) },
    ];
  }

  /** @param {URLSearchParams} params */
  navigate(params) {
    this.state = readState(params);
    this.search.value = this.state.text;
    this.#draw();
    this.table?.refresh();
    return true;
  }

  /** @param {import("board/source.js").Changes} changes */
  changed(changes) {
    this.lines.forget(changes.isAll ? this.store.rows.map((row) => row.id) : changes.changed);
    this.store.renew(changes).catch((error) => this.context.toast(error.message, "error"));
  }

  /** @param {Partial<import("board/views/runs_state.js").RunsState>} changes */
  #change(changes) {
    Object.assign(this.state, changes);
    replace(writeState(this.state));
    if (!("text" in changes)) this.#drawControls();
    this.#drawTable();
  }

  #draw() {
    if (!this.store.rows.length) {
      this.table?.destroy();
      this.table = null;
      clear(this.element, emptyState(this.store.root));
      return;
    }
    this.#findColumns();
    if (!this.table) this.#build();
    this.#drawControls();
    this.#drawTable();
  }

  /** Columns that are the same keep their objects, and with them the elements of the table. */
  #findColumns() {
    const next = allColumns(this.store.rows, (row) => this.lines.of(row.id), (row) => this.colors.get(row.id) ?? "var(--faint)");
    const isSame = next.size === this.columns.size && [...next.keys()].every((key) => this.columns.has(key));
    if (!isSame) this.columns = next;
    this.firstColumns = defaultColumns(this.store.rows);
  }

  #build() {
    const holder = h("div.panel.table-panel");
    clear(this.element,
      h("div.view-head", null, h("h1", null, "Runs"), h("span.search", null, icon("search"), this.search), this.controls),
      holder, this.chosenBar);
    this.table = dataTable(holder, {
      label: "Runs", columns: [], rows: /** @type {any[]} */ ([]), keyOf: (row) => row.id,
      onSort: (key) => this.#change({ sort: nextSort(this.state, key, this.columns.get(key), this.store.rows) }),
      rowClass: (row) => `${row.isGroup ? "group" : this.state.grouping ? "inner" : ""} ${this.state.selected.has(row.id) ? "chosen" : ""}`,
      onOpen: (row) => this.#openRow(row),
      onDrawn: () => this.#askLines(),
    });
  }

  #drawControls() {
    const { rows, damage } = this.store;
    const table = { rows, damage, columns: [...this.columns.values()], shown: () => this.#keys() };
    renew(this.controls, runControls(this.state, table, (changes) => this.#change(changes)));
  }

  #drawTable() {
    this.matching = matching(this.store.rows, this.state, this.store.common);
    const rows = arranged(this.matching, this.state, this.columns, this.open);
    const chosen = [...this.state.selected];
    this.colors = runColors(chosen);
    this.table?.update({ rows, sort: this.state.sort, columns: this.#tableColumns() });
    this.chosenBar.hidden = !chosen.length;
    clear(this.chosenBar, chosenActions(chosen, () => this.#select(chosen, false)));
    this.#askLines();
  }

  #askLines() {
    const rows = this.table?.inSight() ?? [];
    if (this.#keys().includes("curve")) this.lines.want(rows.filter((row) => !row.isGroup).map((row) => row.id));
  }

  #keys() {
    return (this.state.columns ?? this.firstColumns ?? []).filter((key) => this.columns.has(key));
  }

  #tableColumns() {
    const keys = this.#keys();
    const signature = [this.state.grouping, this.state.isBest, ...keys].join("\n");
    if (signature !== this.signature || this.madeOf !== this.columns) this.made = this.#makeColumns(keys);
    this.signature = signature;
    this.madeOf = this.columns;
    return this.made;
  }

  #makeColumns(keys) {
    const { grouping, isBest } = this.state;
    const isWide = grouping && !isBest;
    const [choose, name] = leadingColumns({
      isSelected: (row) => idsOf(row).every((id) => this.state.selected.has(id)),
      colorOf: (row) => this.colors.get(row.id),
      toggle: (row, isChosen) => this.#select(idsOf(row), isChosen),
      header: () => this.#chooseAll(),
    });
    return [
      choose,
      { ...name, render: (row) => (row.isGroup ? groupName(row, this.open.has(row.id), () => this.#openRow(row)) : this.#nameCell(name, row)) },
      ...keys.map((key) => /** @type {any} */ (this.columns.get(key))).map((column) => ({
        ...column, isUnsortable: column.key === "curve", width: isWide && column.isNumber ? Math.max(column.width, WITH_DEVIATION) : column.width,
        render: (row) => (row.isGroup ? groupCell(row, column, isBest, isMoreBetter(column, row.rows[0])) : cellOf(column, row)),
      })),
    ];
  }

  #nameCell(column, row) {
    if (this.context.session.is_report) return column.render(row);
    return [column.render(row), button([icon("note")], () => this.#edit(row), {
      class: `quiet note-button${row.note ? " has-note" : ""}`, "aria-label": `Note and tags of ${row.name}`, title: row.note || "Note and tags (e)",
    })];
  }

  #chooseAll() {
    const ids = (this.matching ?? []).map((row) => row.id);
    const numChosen = ids.filter((id) => this.state.selected.has(id)).length;
    const box = /** @type {HTMLInputElement} */ (h("input", {
      type: "checkbox", "aria-label": "Choose all runs in the table", checked: ids.length > 0 && numChosen === ids.length,
      onchange: () => this.#select(ids, box.checked),
    }));
    box.indeterminate = numChosen > 0 && numChosen < ids.length;
    return h("span.choose", null, box);
  }

  #openRow(row) {
    if (!row) return;
    if (!row.isGroup) {
      location.assign(href("run", { id: row.id }));
      return;
    }
    if (!this.open.delete(row.id)) this.open.add(row.id);
    this.#drawTable();
  }

  #toggle(row) {
    if (row) this.#select(idsOf(row), !idsOf(row).every((id) => this.state.selected.has(id)));
  }

  #select(ids, isChosen) {
    for (const id of ids) {
      if (isChosen) this.state.selected.add(id);
      else this.state.selected.delete(id);
    }
    replace(writeState(this.state));
    this.#drawTable();
    this.table?.refresh();
  }

  #openChosen(view) {
    if (this.state.selected.size) location.assign(href(view, { run: [...this.state.selected] }));
    else this.context.toast("Choose runs first: the boxes at the left, or the key x.");
  }

  #edit(row) {
    if (!row || row.isGroup || this.context.session.is_report) return;
    const known = [...new Set(this.store.rows.flatMap((each) => each.tags ?? []))].sort();
    editNotes(row, known, (saved) => this.store.change(row.id, saved));
  }

  destroy() {
    this.table?.destroy();
  }
}

function idsOf(row) {
  return row.isGroup ? row.rows.map((each) => each.id) : [row.id];
}
