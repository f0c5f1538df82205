// @ts-check
/** Where answers come from: the server, or the data inside a one-file report. */

const holder = globalThis.document?.getElementById("board-data") ?? null;

/** Whether this page is a one-file report, which has no server. */
export const isReport = holder !== null;

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

/** An answer that says what went wrong, in words for the user. */
export class SourceError extends Error {
  /**
   * @param {string} message
   * @param {number} status HTTP status; 0 where there was no answer.
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** @typedef {Record<string, any>|URLSearchParams} Params */

/**
 * Return the answer to a question such as `get("/api/run", {id})`.
 * @param {string} path
 * @param {Params} [params] Lists become repeated names.
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 */
export async function get(path, params = {}, { signal } = {}) {
  const list = pairs(params);
  if (isReport) return answerFromReport(path, list);
  const query = new URLSearchParams(list).toString();
  return ask(query ? `${path}?${query}` : path, { signal });
}

/**
 * Send `body` as JSON and return the answer.
 * @param {string} path
 * @param {Record<string, any>} body
 */
export async function post(path, body) {
  if (isReport) throw new SourceError("A report is read-only. Edit on the live page: headway board.", 0);
  const { csrf } = await get("/api/session");
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Headway-CSRF": csrf },
    body: JSON.stringify(body),
  });
}

/** @param {Params} params @returns {[string, string][]} */
function pairs(params) {
  const list = params instanceof URLSearchParams ? [...params] : Object.entries(params);
  return list.flatMap(([name, value]) =>
    [value].flat().filter((each) => each !== null && each !== undefined)
      .map((each) => /** @type {[string, string]} */ ([name, String(each)])));
}

async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") throw error;
    throw new SourceError("The board does not answer. Is `headway board` still running?", 0);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new SourceError(answer.error ?? `The board answered ${response.status}.`, response.status);
  return answer;
}

/** @type {Promise<{session: any, answers: Record<string, any>}>|undefined} */
let unpacked;

/** Return the data of a report: gzip in base64, unpacked once. */
function embedded() {
  unpacked ??= unpack(holder?.textContent ?? "");
  return unpacked;
}

async function unpack(text) {
  const packed = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

/**
 * Return the name of an answer inside a report: the path and the sorted query.
 * @param {string} path
 * @param {[string, string][]} list
 */
export function reportKey(path, list) {
  const sorted = [...list].sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)));
  const query = sorted.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
  return query ? `${path}?${query}` : path;
}

function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}

/** @param {string} path @param {[string, string][]} list */
async function answerFromReport(path, list) {
  const { session, answers } = await embedded();
  if (path === "/api/session") return session;
  if (path === "/api/series") return { series: seriesFromReport(answers, list) };
  if (path === "/api/runs") return rowsFromReport(answers, list);
  if (path === "/api/sparklines") return { lines: linesFromReport(answers, list) };
  const answer = answers[reportKey(path, list.filter(([name]) => name !== "points" && name !== "times"))];
  if (answer === undefined) throw new SourceError("That is not in this report: see it with `headway board`.", 404);
  return answer;
}

function rowsFromReport(answers, list) {
  const [answer, ids] = [answers["/api/runs"], all(list, "run")];
  return ids.length ? { ...answer, runs: answer.runs.filter((row) => ids.includes(row.id)) } : answer;
}

// A report holds each run's metrics once; any choice of them is put together here.
function seriesFromReport(answers, list) {
  const x = all(list, "x")[0] ?? "step";
  return all(list, "run").flatMap((run) => all(list, "metric").flatMap((metric) =>
    answers[reportKey("/api/series", [["run", run], ["metric", metric], ["x", x]])]?.series ?? []));
}

function linesFromReport(answers, list) {
  const lines = all(list, "run").map((run) => answers[reportKey("/api/sparklines", [["run", run]])]?.lines);
  return Object.assign({}, ...lines);
}

function all(list, name) {
  return list.filter(([each]) => each === name).map(([, value]) => value);
}

/** @typedef {{changed: string[], added: string[], removed: string[], isAll: boolean}} Changes */
/** @type {Set<(changes: Changes) => void>} */
const listeners = new Set();
/** @type {Set<(status: "live"|"lost"|"report") => void>} */
const watchers = new Set();
/** @type {EventSource|null} */
let stream = null;
let wait = FIRST_WAIT;
let wasConnected = false;
/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer;
/** @type {"live"|"lost"|"report"} */
let status = isReport ? "report" : "live";

/**
 * Call `callback` when runs changed on disk; `isAll` after a pause in which any may have.
 * @param {(changes: Changes) => void} callback
 * @returns {() => void} Ends the calls.
 */
export function onChange(callback) {
  listeners.add(callback);
  if (!isReport && !stream) start();
  return () => listeners.delete(callback);
}

/**
 * Call `callback` now and whenever the connection to the board is lost or found again.
 * @param {(status: "live"|"lost"|"report") => void} callback
 */
export function onStatus(callback) {
  watchers.add(callback);
  callback(status);
}

function start() {
  // A page that was opened hidden hears nothing until it is looked at.
  wasConnected = document.hidden;
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  connect();
}

function connect() {
  clearTimeout(timer);
  if (stream || document.hidden) return;
  stream = new EventSource("/api/changes");
  stream.addEventListener("open", connected);
  stream.addEventListener("runs", (event) => tell({ ...JSON.parse(event.data), isAll: false }));
  stream.addEventListener("error", lost);
}

// A browser opens six connections to one host: hidden pages give theirs back.
function disconnect() {
  clearTimeout(timer);
  stream?.close();
  stream = null;
}

function connected() {
  wait = FIRST_WAIT;
  setStatus("live");
  if (wasConnected) tell({ changed: [], added: [], removed: [], isAll: true });
  wasConnected = true;
}

function lost() {
  disconnect();
  setStatus("lost");
  timer = setTimeout(connect, wait);
  wait = Math.min(2 * wait, LONGEST_WAIT);
}

/** @param {Changes} changes */
function tell(changes) {
  for (const listener of listeners) listener(changes);
}

/** @param {"live"|"lost"} next */
function setStatus(next) {
  if (next === status) return;
  status = next;
  for (const watcher of watchers) watcher(status);
}
