// @ts-check
/** Editing the note and the tags of a run: the only thing that the page writes. */

import { button, h, icon, toast } from "board/dom.js";
import { post } from "board/source.js";

/**
 * Let the user change the note and the tags of a run.
 * @param {{id: string, name: string, note: string, tags: string[]}} row
 * @param {string[]} knownTags Offered while typing.
 * @param {(saved: {note: string, tags: string[]}) => void} onSaved
 */
export function editNotes(row, knownTags, onSaved) {
  const tags = /** @type {HTMLInputElement} */ (h("input", { type: "text", value: (row.tags ?? []).join(", "), placeholder: "baseline, paper" }));
  const note = /** @type {HTMLTextAreaElement} */ (h("textarea", { rows: 6, value: row.note ?? "", placeholder: "What this run is for, what it showed" }));
  const save = () => {
    const list = tags.value.split(",").map((tag) => tag.trim()).filter(Boolean);
    post("/api/notes", { run: row.id, note: note.value, tags: [...new Set(list)] }).then((saved) => {
      onSaved(saved);
      dialog.close();
    }, (error) => toast(error.message, "error"));
  };
  const dialog = /** @type {HTMLDialogElement} */ (h("dialog.dialog", {
    "aria-label": `Note and tags of ${row.name}`,
    onkeydown: (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(); },
    onclose: () => dialog.remove(),
  },
  h("div.dialog-head", null, h("h2", null, row.name),
    button([icon("close")], () => dialog.close(), { class: "quiet push", "aria-label": "Close" })),
  h("div.dialog-body.stack", null,
    h("label.stack", null, h("span.label", null, "Tags, between commas"), tags),
    knownTags.length ? h("div.row", null, knownTags.slice(0, 12).map((tag) => button(tag, () => addTag(tags, tag), { class: "chip-button" }))) : null,
    h("label.stack", null, h("span.label", null, "Note"), note),
    h("div.row", null, h("span.muted.small", null, "Kept in notes.json in the folder of the run"),
      h("span.push"), button("Cancel", () => dialog.close()), button("Save", save, { class: "primary", title: "Ctrl+Enter" })))));
  document.body.append(dialog);
  dialog.showModal();
  note.focus();
}

function addTag(field, tag) {
  const list = field.value.split(",").map((each) => each.trim()).filter(Boolean);
  if (!list.includes(tag)) field.value = [...list, tag].join(", ");
}
