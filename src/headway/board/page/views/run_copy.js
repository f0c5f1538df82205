// @ts-check
/** A command that one can copy. */
import { button, h } from "board/dom.js";

const SHOWN_SECONDS = 2;

/**
 * Return `text` in a box with a button that copies it.
 * @param {string} text
 * @param {string} name what it is, such as "command to resume"
 */
export function copyable(text, name) {
  const code = h("code", { tabindex: 0, "aria-label": name }, text);
  const copy = button("Copy", async () => {
    copy.textContent = (await copyText(text, code)) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { copy.textContent = "Copy"; }, SHOWN_SECONDS * 1000);
  }, { "aria-label": `Copy the ${name}`, "aria-live": "polite" });
  return h("div.copyable", null, code, copy);
}

/**
 * A page that was opened from disk may not write to the clipboard: there the text is selected.
 * @param {string} text
 * @param {HTMLElement} element
 */
async function copyText(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    return false;
  }
}
