// @ts-check
/** What lies in the run's folder: environment, files, events and damage. */
import { clear, h } from "board/dom.js";
import { bytes, count, setting, time } from "board/format.js";
import { card, factList } from "board/views/run_card.js";
import { copyable } from "board/views/run_copy.js";
import { causeText, sentence } from "board/views/run_words.js";

const NOT_SHOWN = new Set(["event", "time", "step", "pid", "host"]);
const MOST_EVENTS = 300;

/** @param {import("board/views/run.js").Place} place */
export async function showRecord({ element, run }) {
  const draw = (/** @type {any} */ current) => clear(element, h("div.record", null,
    h("div.record-column", null, environmentCard(current.environment), packagesCard(current.environment)),
    h("div.record-column", null, filesCard(current), damageCard(current.damage), eventsCard(current.events))));
  draw(run);
  return { update: draw };
}

/** @param {any} environment */
function environmentCard(environment) {
  const command = environment.command ?? [];
  return card("Environment",
    factList(environmentFacts(environment)),
    command.length ? h("p.muted", null, "Started with") : null,
    command.length ? copyable(command.map(quoted).join(" "), "command that started the run") : null);
}

/**
 * Return the facts about machine, programs and code as pairs of label and text.
 * @param {any} environment
 * @returns {[string, string][]}
 */
export function environmentFacts(environment) {
  const { cpu, git, data } = environment;
  /** @type {[string, any][]} */
  const facts = [
    ["headway", environment.headway],
    ["Python", environment.python],
    ["Platform", environment.platform],
    ["Processor", cpu && `${cpu.model}, ${cpu.usable_cores} of ${cpu.cores} cores`],
    ["Git", git ? `${git.commit}${git.is_dirty ? ", with changes that are not committed" : ""}` : "not in a repository"],
    ["Data", data && `${data.name}: ${data.num_train} train, ${data.num_val} validation, ${data.num_test} test`],
    ["Fingerprint of the data", environment.data_fingerprint],
    ["Initial weights", environment.initial_weights],
    ["Processor features", environment.engine?.cpu_capability],
    ["Threads", environment.engine?.torch_threads],
    ["Created", environment.created ? time(environment.created) : null],
  ];
  return facts.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([label, value]) => [label, String(value)]);
}

/** @param {any} environment */
function packagesCard({ packages }) {
  const rows = Object.entries(packages ?? {}).sort(([a], [b]) => a.localeCompare(b));
  if (!rows.length) return null;
  return card("Packages", h("table.listing", { "aria-label": "Packages" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Package"), h("th", { scope: "col" }, "Version"))),
    h("tbody", null, rows.map(([name, version]) =>
      h("tr", null, h("th", { scope: "row" }, name), h("td", null, String(version)))))));
}

/** @param {any} run */
function filesCard({ files }) {
  const total = files.reduce((/** @type {number} */ sum, /** @type {any} */ file) => sum + file.bytes, 0);
  return card("Files", h("table.listing", { "aria-label": "Files" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "File"), h("th.number", { scope: "col" }, "Size"))),
    h("tbody", null, files.map((/** @type {any} */ file) =>
      h("tr", null, h("th", { scope: "row" }, h("bdi", null, file.name)), h("td.number", null, bytes(file.bytes))))),
    h("tfoot", null, h("tr", null, h("th", { scope: "row" }, `${count(files.length)} files`), h("td.number", null, bytes(total))))));
}

/** @param {any[]} damage */
function damageCard(damage) {
  if (!damage.length) return null;
  return card("Damage",
    h("p.muted", null, "These places could not be read and are left out. They do no harm to the rest."),
    h("table.listing", { "aria-label": "Damage" },
      h("thead", null, h("tr", null, ["File", "Line", "What stands there"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", null, damage.map(({ file, line, text }) =>
        h("tr", null, h("th", { scope: "row" }, file), h("td.number", null, line ?? "–"), h("td", null, h("code", null, text)))))));
}

/** @param {any[]} events */
function eventsCard(events) {
  const shown = events.slice(-MOST_EVENTS).reverse();
  return card("Events", h("div.scroll", { tabindex: 0, role: "region", "aria-label": "Events" },
    h("table.listing", { "aria-label": "Events" },
      h("thead", null, h("tr", null, ["Time", "Step", "Event", "Details"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", null, shown.map((event) => h("tr", null,
        h("td.nowrap", null, time(event.time)), h("td.number", null, event.step ?? "–"),
        h("th", { scope: "row" }, sentence(event.event)), h("td", null, detailsOf(event))))))));
}

/** @param {any} event */
function detailsOf(event) {
  if (["finding", "alarm"].includes(event.event)) return findingText(event);
  return Object.entries(event)
    .filter(([name, value]) => !NOT_SHOWN.has(name) && value !== null && value !== "" && !isEmpty(value))
    .map(([name, value]) => `${sentence(name)}: ${detail(value)}`)
    .join(" · ");
}

/** @param {any} value */
function isEmpty(value) {
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** @param {any} event */
function findingText({ cause, is_over, layer, evidence }) {
  const where = layer ? ` in ${layer}` : "";
  return `${causeText(cause)}${where}${is_over ? " is over" : `: ${evidence}`}`;
}

/** @param {any} value @returns {string} */
function detail(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return setting(value);
  return Object.entries(value).map(([name, each]) => `${name} ${setting(each)}`).join(", ");
}

/** @param {string} word */
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
