/** Lets node find the page's modules under the names that the page's import map gives them. */

import { register } from "node:module";

const PAGE = new URL("../../../src/headway/board/page/", import.meta.url).href;

const hooks = `
  export async function resolve(name, context, next) {
    if (!name.startsWith("board/")) return next(name, context);
    return { url: ${JSON.stringify(PAGE)} + name.slice(6), format: "module", shortCircuit: true };
  }
`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`);
