// @ts-check
/** Every setting of a run, and what differs from another run. */
import { href } from "board/address.js";
import { button, checkbox, clear, h, popover } from "board/dom.js";
import { setting } from "board/format.js";
import { get, isReport } from "board/source.js";
import { card } from "board/views/run_card.js";
import { titlesOf } from "board/views/compare_words.js";
import { diffSettings, settingsDiff } from "board/views/run_diff.js";
import { pickRun } from "board/views/run_picker.js";

/** @param {import("board/views/run.js").Place} place */
export async function showSettings({ element, run, params, setParams }) {
  const bar = h("div.toolbar");
  const body = h("div");
  element.append(bar, body);
  const search = /** @type {HTMLInputElement} */ (h("input", {
    type: "search", placeholder: "Search settings", "aria-label": "Search settings", oninput: () => draw(),
  }));
  /** @type {any} */
  let other = null;
  let isAll = false;

  async function choose(/** @type {string|null} */ id) {
    other = id ? await get("/api/run", { id }) : null;
    setParams({ with: id });
    showBar();
    draw();
  }
  function showBar() {
    clear(bar, search,
      isReport ? null : popover(other ? `Compared with ${other.row.name}` : "Compare with…", (close) => pickRun({
        except: run.row.id, onPick: (id) => { close(); choose(id); },
      })),
      other ? button("Stop comparing", () => choose(null)) : null,
      other ? checkbox("Also what is equal", isAll, (isChecked) => { isAll = isChecked; draw(); }) : null,
      other ? h("a.toolbar-end", { href: href("compare", { run: [run.row.id, other.row.id] }) }, "Compare everything") : null);
  }
  function draw() {
    const word = search.value.trim().toLowerCase();
    const hasWord = (/** @type {string} */ name, /** @type {any} */ value) =>
      `${name} ${setting(value)}`.toLowerCase().includes(word);
    clear(body, other
      ? card("Settings", settingsDiff(diffSettings(run.settings, other.settings), titlesOf([run.row, other.row]), { isAll, word }))
      : settingsTable(run.settings, hasWord));
  }
  showBar();
  draw();
  const asked = params.get("with");
  if (asked && !isReport) await choose(asked);
  return {};
}

/** @param {Record<string, any>} settings @param {(name: string, value: any) => boolean} isShown */
function settingsTable(settings, isShown) {
  const entries = Object.entries(settings).filter(([name, value]) => isShown(name, value));
  if (!entries.length) return h("p.muted", null, "No setting matches.");
  const groups = Map.groupBy(entries, ([name]) => (name.includes(".") ? name.split(".")[0] : ""));
  return h("div.setting-groups", null, [...groups].map(([group, list]) =>
    h("section.card", null,
      h("h2", null, group || "recipe"),
      h("dl.facts.mono", null, list.map(([name, value]) => h("div", null,
        h("dt", null, group ? name.slice(group.length + 1) : name),
        h("dd", null, h("bdi", null, setting(value)))))))));
}
