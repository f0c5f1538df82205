// @ts-check
/** The first part of a run's page: curves with the time line below, and what the run is. */
import { clear, h } from "board/dom.js";
import { card, factList } from "board/views/run_card.js";
import { showCurves } from "board/views/run_curves.js";
import { copyable } from "board/views/run_copy.js";
import { showFindings } from "board/views/run_findings.js";
import { showNotes } from "board/views/run_notes.js";

/** @param {import("board/views/run.js").Place} place */
export async function showOverview({ element, run, params, setParams }) {
  const curves = h("div.run-curves");
  const findings = h("div");
  const facts = h("div");
  const notes = h("div");
  const resume = h("div");
  element.append(h("div.overview", null,
    curves,
    h("div.overview-side", null,
      card("The doctor's findings", findings), card("Start", facts), card("Note and tags", notes), resume)));
  const draw = (/** @type {any} */ current) => {
    showFindings(findings, current);
    clear(facts, factList([...current.facts, ...remarks(current)]));
    clear(resume, resumeCard(current));
  };
  draw(run);
  showNotes(notes, run.row);
  const shown = await showCurves({ element: curves, run, params, setParams });
  return {
    update: (/** @type {any} */ current) => { draw(current); shown.update(current); },
    destroy: () => shown.destroy(),
  };
}

/** @param {any} run @returns {[string, string][]} */
function remarks({ environment }) {
  return (environment.notes ?? []).map((/** @type {string} */ note) => ["remark", note]);
}

/** @param {any} run */
function resumeCard(run) {
  if (!run.resume) return null;
  return card("Go on with it",
    h("p.muted", null, "Continues exactly where the newest checkpoint left it."),
    copyable(run.resume, "command to resume"));
}
