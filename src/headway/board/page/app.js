// @ts-check
/** Start of the page: header, the view that the address names, and the keyboard. */

import { href, read } from "board/address.js";
import { setTheme } from "board/colors.js";
import { button, clear, h, icon, svg, toast } from "board/dom.js";
import { openHelp } from "board/help.js";
import { get, isReport, onChange, onStatus } from "board/source.js";

/**
 * @typedef {object} View
 * @property {(changes: import("board/source.js").Changes) => void} [update] Runs changed on disk.
 * @property {(params: URLSearchParams) => boolean} [navigate] The address changed within the view;
 *   true if the view took care, otherwise it is shown anew.
 * @property {() => void} destroy
 */

/**
 * @typedef {object} Shortcut
 * @property {string} key As in KeyboardEvent.key, such as "j".
 * @property {string} label What it does, for the help.
 * @property {(event: KeyboardEvent) => void} run
 */

/**
 * @typedef {object} Context
 * @property {{version: string, root: string, csrf: string, is_report: boolean, start?: string}} session
 * @property {(title: string) => void} setTitle
 * @property {(shortcuts: Shortcut[]) => void} setShortcuts Keys of the view.
 * @property {(text: string, kind?: "info"|"error") => void} toast
 */

/** @type {Record<string, {title: string, load: () => Promise<any>, isInMenu: boolean, isInReport: boolean}>} */
const VIEWS = {
  runs: { title: "Runs", load: () => import("board/views/runs.js"), isInMenu: true, isInReport: true },
  curves: { title: "Curves", load: () => import("board/views/curves.js"), isInMenu: true, isInReport: true },
  sweep: { title: "Sweeps", load: () => import("board/views/sweep.js"), isInMenu: true, isInReport: false },
  lab: { title: "Lab", load: () => import("board/views/lab.js"), isInMenu: true, isInReport: false },
  run: { title: "Run", load: () => import("board/views/run.js"), isInMenu: false, isInReport: true },
  compare: { title: "Compare", load: () => import("board/views/compare.js"), isInMenu: false, isInReport: true },
};
const THEME = "headway-theme";

/** @type {View|null} */
let present = null;
let presentName = "";
let numShown = 0;
let isBehind = false;
/** @type {Shortcut[]} */
let viewShortcuts = [];
/** @type {Context} */
let context;

/** Address of the page to begin with. */
let home = href("runs");

const isDark = matchMedia("(prefers-color-scheme: dark)");

function chosenTheme() {
  try {
    return localStorage.getItem(THEME);
  } catch {
    return null; // a report opened from disk may have no storage
  }
}

function applyTheme() {
  setTheme((chosenTheme() ?? (isDark.matches ? "dark" : "light")) === "dark" ? "dark" : "light");
}

function toggleTheme() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(THEME, next);
  } catch {
    // holds until the page is closed
  }
  setTheme(next);
}

function showHeader() {
  const header = /** @type {HTMLElement} */ (document.getElementById("header"));
  const status = h("span.status", { role: "status" });
  const names = Object.keys(VIEWS).filter(isInMenu);
  const links = names.map((name) => h("a", { href: href(name), dataset: { view: name } }, VIEWS[name].title));
  clear(
    header,
    h("a.brand", { href: home }, logo(), h("span", null, "headway")),
    h("nav.nav", { "aria-label": "Views" }, links),
    h("div.header-end", null,
      context.session.root ? h("span.root", { title: context.session.root }, h("bdi", null, context.session.root)) : null,
      status,
      button([icon("moon")], toggleTheme, { class: "quiet", "aria-label": "Switch between light and dark", title: "Light or dark (t)" }),
      button("?", () => openHelp(viewShortcuts, SHORTCUTS), { class: "quiet", "aria-label": "Keys and help", title: "Keys (?)" })),
  );
  onStatus((each) => showStatus(status, each));
}

/** A report of one run needs no menu: the run is all there is. */
function isInMenu(name) {
  const { isInMenu: isListed, isInReport } = VIEWS[name];
  return isListed && (!isReport || (isInReport && !home.startsWith("#/run?")));
}

function logo() {
  return svg("svg", { viewBox: "0 0 32 32", "aria-hidden": "true" },
    svg("rect", { width: 32, height: 32, rx: 7, fill: "var(--accent)" }),
    svg("path", { d: "M6 24C12 24 12 9 26 8", fill: "none", stroke: "var(--on-accent)", "stroke-width": 3.2, "stroke-linecap": "round" }));
}

function showStatus(element, status) {
  element.className = `status ${status}`;
  clear(element, { live: "Live", lost: "Connection lost, trying again", report: `Report, headway ${context.session.version}` }[status]);
}

async function showView() {
  const asked = read();
  const isKnown = asked.view in VIEWS && (!isReport || VIEWS[asked.view].isInReport);
  const { view: name, params } = isKnown && location.hash ? asked : read(home);
  if (name === presentName && present?.navigate?.(params)) return;
  numShown += 1;
  const turn = numShown;
  leave();
  presentName = name;
  const main = /** @type {HTMLElement} */ (document.getElementById("main"));
  const element = h("div.view", { dataset: { view: name } });
  clear(main, element);
  window.scrollTo(0, 0);
  markMenu(name);
  context.setTitle(VIEWS[name].title);
  const next = await load(name, element, params);
  // Another address may have been opened while this view was loading.
  if (turn !== numShown) {
    next?.destroy();
    return;
  }
  present = next;
  if (isBehind) present?.update?.({ changed: [], added: [], removed: [], isAll: true });
  isBehind = false;
}

/** Tell the view what changed; a view that is still loading hears of it afterwards. */
function tellView(/** @type {import("board/source.js").Changes} */ changes) {
  if (present) present.update?.(changes);
  else isBehind = true;
}

async function load(name, element, params) {
  try {
    const { show } = await VIEWS[name].load();
    return await show(element, params, context);
  } catch (error) {
    console.warn(error);
    clear(element, h("p.problem", { role: "alert" }, error instanceof Error ? error.message : String(error)),
      h("p", null, h("a", { href: href("runs") }, "All runs")));
    return null;
  }
}

function leave() {
  present?.destroy();
  present = null;
  viewShortcuts = [];
}

function markMenu(name) {
  for (const link of document.querySelectorAll(".nav a")) {
    if (/** @type {HTMLElement} */ (link).dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function focusSearch() {
  const field = /** @type {HTMLInputElement|null} */ (document.querySelector("main input[type=search]"));
  field?.focus();
  field?.select();
}

/** @type {Shortcut[]} */
const SHORTCUTS = [
  { key: "?", label: "This help", run: () => openHelp(viewShortcuts, SHORTCUTS) },
  { key: "/", label: "Search", run: focusSearch },
  { key: "t", label: "Light or dark", run: toggleTheme },
  ...(isReport ? [] : ["runs", "curves", "sweep", "lab"].map((name, i) => (
    { key: String(i + 1), label: VIEWS[name].title, run: () => { location.hash = href(name); } }))),
];

function onKey(/** @type {KeyboardEvent} */ event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest("input:not([type=checkbox]), select, textarea, dialog, [popover], [contenteditable]")) return;
  if (event.key === "Enter" && target.closest("a, button, input")) return;
  const shortcut = [...viewShortcuts, ...SHORTCUTS].find(({ key }) => key === event.key);
  if (!shortcut) return;
  event.preventDefault();
  shortcut.run(event);
}

async function start() {
  applyTheme();
  isDark.addEventListener("change", applyTheme);
  // Its modules arrive while the server answers; `showView` says what is wrong if they do not.
  VIEWS[read().view]?.load().catch(() => undefined);
  const session = await get("/api/session");
  context = {
    session,
    setTitle: (title) => { document.title = `${title} · headway`; },
    setShortcuts: (shortcuts) => { viewShortcuts = shortcuts; },
    toast,
  };
  if (isReport) home = session.start;
  showHeader();
  document.addEventListener("keydown", onKey);
  window.addEventListener("hashchange", showView);
  onChange(tellView);
  await showView();
}

start().catch((error) => {
  clear(/** @type {HTMLElement} */ (document.getElementById("main")),
    h("p.problem", { role: "alert" }, error instanceof Error ? error.message : String(error)));
});
