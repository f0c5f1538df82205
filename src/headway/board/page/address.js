// @ts-check
/** The address holds the view: `#/curves?run=a&run=b&metric=val/loss` can be sent to a colleague. */

/** @typedef {URLSearchParams|Record<string, any>} Params */

/**
 * Return what an address asks for.
 * @param {string} [hash] The part from "#" on; that of the page when left out.
 * @returns {{view: string, params: URLSearchParams}}
 */
export function read(hash = globalThis.location?.hash ?? "") {
  const [path, ...query] = hash.replace(/^#\/?/, "").split("?");
  return { view: path || "runs", params: new URLSearchParams(query.join("?")) };
}

/**
 * Return the address of a view.
 * @param {string} view
 * @param {Params} [params] Lists become repeated names; null, undefined and "" are left out.
 */
export function href(view, params = {}) {
  const query = encode(params);
  return `#/${view}${query ? `?${query}` : ""}`;
}

/**
 * Open a view; the browser's back button returns to the present one.
 * @param {string} view
 * @param {Params} [params]
 */
export function go(view, params = {}) {
  location.hash = href(view, params);
}

/**
 * Write `params` into the address of the present view without opening it anew.
 * @param {Params} params
 */
export function replace(params) {
  history.replaceState(null, "", href(read().view, params));
}

/** @param {Params} params */
function encode(params) {
  const pairs = new URLSearchParams();
  for (const [name, value] of entries(params)) {
    for (const each of [value].flat()) {
      if (each !== null && each !== undefined && each !== "") pairs.append(name, String(each));
    }
  }
  // These may stand in a fragment as they are, and are readable so.
  return pairs.toString().replace(/%2F/g, "/").replace(/%3A/g, ":").replace(/%2C/g, ",");
}

/** @param {Params} params */
function entries(params) {
  return params instanceof URLSearchParams ? [...params] : Object.entries(params);
}
