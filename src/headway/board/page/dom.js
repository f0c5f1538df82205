// @ts-check
/** Building pages from elements: text from runs becomes text nodes, never markup. */

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "hidden", "indeterminate"]);

/**
 * Return a new element, such as `h("button.quiet", {onclick: save}, "Save")`.
 * @param {string} selector Tag name and classes.
 * @param {Record<string, any>|null} [attributes] `on…` are listeners, `style` and `dataset` are
 *   objects, null, undefined and false leave an attribute out.
 * @param {...any} children Elements, text, numbers, lists of these; null and false are nothing.
 * @returns {HTMLElement}
 */
export function h(selector, attributes, ...children) {
  const [tag, ...classes] = selector.split(".");
  return /** @type {HTMLElement} */ (
    fill(document.createElement(tag || "div"), classes, attributes, children)
  );
}

/**
 * Return a new SVG element; takes what `h` takes.
 * @param {string} selector
 * @param {Record<string, any>|null} [attributes]
 * @param {...any} children
 * @returns {SVGElement}
 */
export function svg(selector, attributes, ...children) {
  const [tag, ...classes] = selector.split(".");
  return /** @type {SVGElement} */ (
    fill(document.createElementNS(SVG, tag), classes, attributes, children)
  );
}

function fill(element, classes, attributes, children) {
  if (classes.length) element.classList.add(...classes);
  append(element, children);
  // After the children: the value of a <select> needs its options.
  for (const [name, value] of Object.entries(attributes ?? {})) setAttribute(element, name, value);
  return element;
}

function setAttribute(element, name, value) {
  if (name.startsWith("on")) element.addEventListener(name.slice(2).toLowerCase(), value);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "style") setStyle(element, value);
  else if (name === "class") element.classList.add(...String(value ?? "").split(" ").filter(Boolean));
  else if (PROPERTIES.has(name)) element[name] = value ?? "";
  else if (value === true) element.setAttribute(name, "");
  else if (value !== null && value !== undefined && value !== false) {
    element.setAttribute(name, String(value));
  }
}

function setStyle(element, style) {
  for (const [name, value] of Object.entries(style)) {
    if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.style[name] = value;
  }
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child instanceof Node) element.append(child);
    else if (child !== null && child !== undefined && child !== false) {
      element.append(document.createTextNode(String(child)));
    }
  }
}

/**
 * Remove everything in `element`, and put `children` there.
 * @param {Element} element
 * @param {...any} children
 */
export function clear(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/**
 * Do what `clear` does, leave an open panel alone, and give the focus to the control of the same
 * name as the one that had it.
 * @param {Element} element
 * @param {...any} children
 */
export function renew(element, ...children) {
  if (element.querySelector(":popover-open")) return;
  const active = document.activeElement;
  const name = active && element.contains(active) ? controlName(active) : null;
  clear(element, ...children);
  if (name === null) return;
  const controls = /** @type {HTMLElement[]} */ ([...element.querySelectorAll("button, select, input, a")]);
  controls.find((each) => controlName(each) === name)?.focus();
}

/** @param {Element} control */
function controlName(control) {
  const label = control.getAttribute("aria-label") ?? control.closest("label")?.firstElementChild?.textContent;
  return `${control.tagName} ${label || (control.tagName === "BUTTON" ? control.textContent?.replace(/\d+/g, "") : "")}`;
}

/**
 * Return a button.
 * @param {any} label Text or elements.
 * @param {(event: Event) => void} onclick
 * @param {Record<string, any>} [attributes] `class`, `title`, `aria-label` and others.
 */
export function button(label, onclick, attributes = {}) {
  return /** @type {HTMLButtonElement} */ (
    h("button.button", { type: "button", onclick, ...attributes }, label)
  );
}

/**
 * Return a labelled drop-down list.
 * @param {string} label Shown before the list.
 * @param {(string|[string, string])[]} options Values, or pairs of value and text.
 * @param {string} value
 * @param {(value: string) => void} onchange
 * @param {{isLabelHidden?: boolean}} [options2]
 */
export function select(label, options, value, onchange, { isLabelHidden = false } = {}) {
  const list = options.map((option) => {
    const [name, text] = Array.isArray(option) ? option : [option, option];
    return h("option", { value: name }, text);
  });
  const field = /** @type {HTMLSelectElement} */ (
    h("select", { value, onchange: () => onchange(field.value) }, list)
  );
  return h("label.field", null, h(isLabelHidden ? "span.hidden" : "span.label", null, label), field);
}

/**
 * Return a labelled check box.
 * @param {string} label
 * @param {boolean} isChecked
 * @param {(isChecked: boolean) => void} onchange
 */
export function checkbox(label, isChecked, onchange) {
  const field = /** @type {HTMLInputElement} */ (
    h("input", { type: "checkbox", checked: isChecked, onchange: () => onchange(field.checked) })
  );
  return h("label.check", null, field, h("span", null, label));
}

const ICONS = {
  menu: "M3 8h.01M8 8h.01M13 8h.01",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9zM10.5 10.5L14 14",
  up: "M4 10l4-4 4 4",
  down: "M4 6l4 4 4-4",
  right: "M6 4l4 4-4 4",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6a2 2 0 1 0 0 4a2 2 0 0 0 0-4z",
  tag: "M2.5 2.5h5l6 6-5 5-6-6zM5.2 5.2h.01",
  note: "M3 2.5h10v7.5l-3.5 3.5H3zM13 10H9.5v3.5M5.5 5.5h5M5.5 8h3",
  columns: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
  expand: "M9.5 2.5h4v4M13.5 2.5L9 7M6.5 13.5h-4v-4M2.5 13.5L7 9",
  moon: "M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z",
  sun: "M8 5a3 3 0 1 0 0 6a3 3 0 0 0 0-6zM8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M3.2 12.8l1.1-1.1M11.7 4.3l1.1-1.1",
  warning: "M8 2.2L14.6 13.5H1.4zM8 6.5v3.2M8 11.6v.01",
  download: "M8 2v8M4.8 7L8 10.2 11.2 7M2.5 13.5h11",
};

/**
 * Return a small drawing that says nothing to screen readers.
 * @param {keyof typeof ICONS} name
 */
export function icon(name) {
  return svg("svg.icon", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
}

let numIds = 0;

/** Return an id that no other element has. */
export function newId() {
  numIds += 1;
  return `id-${numIds}`;
}

/**
 * Return a button that opens a panel below it; Escape and a click elsewhere close it.
 * @param {any} label
 * @param {(close: () => void) => any} content Called at each opening.
 * @param {Record<string, any>} [attributes] Of the button.
 */
export function popover(label, content, attributes = {}) {
  const panel = h("div.popover", { popover: "auto", id: newId(), role: "dialog" });
  const opener = button(label, () => panel.togglePopover(), { "aria-haspopup": "dialog", "aria-expanded": "false", ...attributes });
  panel.setAttribute("aria-label", attributes["aria-label"] ?? opener.textContent);
  panel.addEventListener("beforetoggle", (/** @type {any} */ event) => {
    if (event.newState === "open") clear(panel, content(() => panel.hidePopover()));
  });
  panel.addEventListener("toggle", (/** @type {any} */ event) => {
    const isOpen = event.newState === "open";
    opener.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) place(panel, opener);
  });
  return h("span.popover-holder", null, opener, panel);
}

function place(panel, opener) {
  const anchor = opener.getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const left = Math.min(anchor.left, window.innerWidth - width - 8);
  const isBelow = anchor.bottom + height + 8 < window.innerHeight || anchor.top < height;
  panel.style.left = `${Math.max(8, left)}px`;
  panel.style.top = `${Math.max(8, isBelow ? anchor.bottom + 4 : anchor.top - height - 4)}px`;
}

/**
 * Show a sentence at the edge of the page for a few seconds.
 * @param {string} text
 * @param {"info"|"error"} [kind]
 */
export function toast(text, kind = "info") {
  const area = document.getElementById("toasts") ?? document.body;
  const message = h("div.toast", { class: kind, role: kind === "error" ? "alert" : "status" }, text);
  area.append(message);
  setTimeout(() => message.remove(), kind === "error" ? 9000 : 4000);
}

/**
 * Let the browser save `blob` as a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name.replace(/[^\w.+-]+/g, "-") }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
