// @ts-check
/** Notes and tags of a run: read in a report, written on a live page. */
import { button, clear, h, icon, newId, toast } from "board/dom.js";
import { isReport, post } from "board/source.js";

/**
 * @param {HTMLElement} element
 * @param {any} row
 */
export function showNotes(element, row) {
  if (isReport) return showRead(element, row);
  let tags = [...row.tags];
  let saved = { note: row.note, tags: row.tags };
  const note = /** @type {HTMLTextAreaElement} */ (h("textarea", {
    id: newId(), rows: 3, value: row.note, placeholder: "What was tried, what came out", oninput: () => mark(),
  }));
  const entry = /** @type {HTMLInputElement} */ (h("input", {
    type: "text", placeholder: "Add a tag", "aria-label": "Add a tag", onkeydown: onEntryKey, onblur: addTag,
  }));
  const chips = h("span.tag-list");
  const save = button("Save", store, { class: "primary" });
  const isChanged = () => note.value !== saved.note || tags.join("\n") !== saved.tags.join("\n");
  const mark = () => { save.disabled = !isChanged(); };

  function draw() {
    clear(chips, tags.map((tag) => h("span.chip", null, h("bdi", null, tag),
      button(icon("close"), () => { tags = tags.filter((each) => each !== tag); draw(); },
        { class: "chip-remove", "aria-label": `Remove the tag ${tag}` }))));
    mark();
  }
  function addTag() {
    const tag = entry.value.trim();
    entry.value = "";
    if (tag && !tags.includes(tag)) tags = [...tags, tag];
    draw();
  }
  function onEntryKey(/** @type {KeyboardEvent} */ event) {
    if (event.key === "Enter" || event.key === ",") { event.preventDefault(); addTag(); }
    if (event.key === "Backspace" && !entry.value) { tags = tags.slice(0, -1); draw(); }
  }
  async function store() {
    addTag();
    try {
      saved = await post("/api/notes", { run: row.id, note: note.value, tags });
      tags = [...saved.tags];
      toast("Saved.");
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "error");
    }
    draw();
  }
  note.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) store();
  });
  clear(element,
    h("label.hidden", { for: note.id }, "Note"), note,
    h("div.tag-line", null, chips, entry, save));
  draw();
}

/** @param {HTMLElement} element @param {any} row */
function showRead(element, row) {
  const tags = row.tags.map((/** @type {string} */ tag) => h("span.chip", null, h("bdi", null, tag)));
  clear(element,
    row.note ? h("p.note", null, row.note) : null,
    tags.length ? h("div.tag-line", null, tags) : null,
    row.note || tags.length ? null : h("p.muted", null, "No note."));
}
