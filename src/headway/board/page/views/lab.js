// @ts-check
/** The lab: published claims, whether they were reproduced, and the pictures. */

import { href, replace } from "board/address.js";
import { button, clear, h } from "board/dom.js";
import { duration } from "board/format.js";
import { get } from "board/source.js";
import { showClaim, verdictChip, VERDICTS } from "board/views/lab_claim.js";

const REFRESH_MILLISECONDS = 5000;

/**
 * Show all claims, or the one that the address names.
 * @param {HTMLElement} element
 * @param {URLSearchParams} params
 * @param {any} context
 */
export async function show(element, params, context) {
  let experiments = await read();
  const state = {
    name: params.get("name"),
    verdict: params.get("verdict"),
    search: params.get("search") ?? "",
  };
  draw();

  function draw() {
    if (!experiments.length) clear(element, empty());
    else if (state.name !== null) drawOne(state.name);
    else drawAll();
  }

  /** @param {string} name */
  function drawOne(name) {
    const chosen = experiments.filter(isChosen);
    const around = chosen.some((/** @type {any} */ each) => each.name === name) ? chosen : experiments;
    const place = around.findIndex((/** @type {any} */ each) => each.name === name);
    if (place < 0) throw new Error(`There is no experiment "${name}" in this lab. All of them: the menu's Lab.`);
    const at = (/** @type {number} */ index) => around[index] && href("lab", { ...filters(), name: around[index].name });
    const links = { all: href("lab", filters()), before: at(place - 1), next: at(place + 1) };
    context?.setTitle?.(`${name} · Lab`);
    context?.setShortcuts?.([
      ["j", "Next claim", links.next], ["k", "Claim before", links.before], ["u", "All claims", links.all],
    ].map(([key, label, link]) => ({ key, label, run: () => { if (link) location.hash = link; } })));
    clear(element, showClaim(around[place], links));
  }

  function drawAll() {
    context?.setTitle?.("Lab");
    const wasSearching = document.activeElement?.matches("main input[type=search]");
    const found = h("span.muted.push", { role: "status" });
    const cards = h("ul.claims");
    const chips = h("div.row");
    const drawCards = () => {
      const chosen = experiments.filter(isChosen);
      clear(found, chosen.length === experiments.length ? "" : `${chosen.length} of ${experiments.length} claims`);
      clear(cards, chosen.map((/** @type {any} */ each) => card(each, href("lab", { ...filters(), name: each.name }))));
      clear(chips, filterChips(), found);
      replace(filters());
    };
    const filterChips = () => [null, ...VERDICTS].map((verdict) => {
      const size = experiments.filter((/** @type {any} */ each) => verdict === null || each.verdict === verdict.name).length;
      const name = verdict?.name ?? null;
      return size ? button([verdict ? h("span.verdict-dot", { class: verdict.tone }) : null, `${verdict?.word ?? "All"} ${size}`], () => {
        state.verdict = name;
        drawCards();
      }, { class: "pill", "aria-pressed": String(state.verdict === name) }) : null;
    });
    const search = h("input", { type: "search", placeholder: "Search claims, sources", "aria-label": "Search", value: state.search,
      oninput: (/** @type {any} */ event) => {
        state.search = event.target.value;
        drawCards();
      } });
    clear(element,
      h("div.view-head", null, h("h1", null, "Lab"),
        h("span.muted", null, "published claims about trainability, put to the test"), h("span.push"), search),
      bar(experiments), chips, cards);
    drawCards();
    if (wasSearching) search.focus();
  }

  /** @param {any} each */
  function isChosen(each) {
    const text = [each.name, each.title, each.claim, each.source, each.note].join(" ").toLowerCase();
    const words = state.search.toLowerCase().split(/\s+/);
    return (state.verdict === null || each.verdict === state.verdict) && words.every((word) => text.includes(word));
  }

  function filters() {
    return { verdict: state.verdict, search: state.search };
  }

  // A verdict comes after the last run of its experiment, of which alone a change is told.
  // Where the board is gone, the header says so.
  const timer = setInterval(() => update().catch(() => {}), REFRESH_MILLISECONDS);

  async function update() {
    if (document.hidden) return;
    const next = await read();
    if (JSON.stringify(next) === JSON.stringify(experiments)) return;
    experiments = next;
    draw();
  }

  return {
    destroy() {
      clearInterval(timer);
      clear(element);
    },
  };
}

/** Return the experiments, those that have not run last. */
async function read() {
  const { experiments } = await get("/api/lab");
  const isIdle = (/** @type {any} */ each) => Number(each.verdict === "NOT RUN");
  return experiments.sort((/** @type {any} */ a, /** @type {any} */ b) => isIdle(a) - isIdle(b));
}

/** One strip that shows the share of each verdict. @param {any[]} experiments */
function bar(experiments) {
  const counted = VERDICTS.map((verdict) => ({ ...verdict, size: experiments.filter((each) => each.verdict === verdict.name).length }));
  const words = counted.filter(({ size }) => size).map(({ word, size }) => `${size} ${word.toLowerCase()}`).join(", ");
  return h("div.verdict-bar", { role: "img", "aria-label": `${experiments.length} claims: ${words}` },
    counted.filter(({ size }) => size).map(({ tone, size, word }) =>
      h("span", { class: tone, style: { flexGrow: String(size) }, title: `${size} ${word.toLowerCase()}` })));
}

/** @param {any} each @param {string} link */
function card(each, link) {
  const picture = each.picture
    ? h("img.claim-thumb", { src: `/api/lab/picture?name=${encodeURIComponent(each.name)}`, alt: "", loading: "lazy" })
    : h("div.claim-thumb.none", null, each.error ? "could not run" : "no picture yet");
  return h("li.panel.claim-card", null,
    picture,
    h("div.claim-text", null,
      h("div.row", null, verdictChip(each.verdict),
        h("span.push.small.muted", null, each.seconds ? duration(each.seconds) : "")),
      h("h2.claim-title", null, h("a", { href: link }, each.claim)),
      h("p.small.muted", null, each.name)));
}

function empty() {
  return h("div.panel.empty", null,
    h("h2", null, "No experiment has run yet"),
    h("p", null, "The lab puts published claims about trainability to the test. These two take about a minute:"),
    h("pre", { tabindex: 0 }, "headway lab run degradation he-initialization"),
    h("p", null, "All of them: headway lab run --all. They appear here as each comes out."));
}
