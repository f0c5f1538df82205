// @ts-check
/** A sweep: how its settings and its metric hang together, trial by trial. */

import { showList } from "board/views/sweep_list.js";
import { showSweep } from "board/views/sweep_page.js";

/**
 * Show the sweep that the address names, or the list of all.
 * @param {HTMLElement} element
 * @param {URLSearchParams} params
 * @param {any} context
 */
export async function show(element, params, context) {
  return params.get("id") === null ? showList(element, params) : showSweep(element, params, context);
}
