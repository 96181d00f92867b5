/** What the page asks the server: JSON over POST below the page's own address, and one stream of events. */

const BASE = new URL("./", document.baseURI);

/** An answer that says no: words for the user, and the whole answer. */
export class Refused extends Error {
  /** @param {number} status @param {{error?: string, hint?: string}} answer */
  constructor(status, answer) {
    super(answer.error ?? `the server answers ${status}`);
    this.status = status;
    this.hint = answer.hint ?? "";
    this.answer = answer;
  }
}

/** No answer: the server has ended, or is not reached. */
export class Gone extends Error {}

/** @type {(reached: boolean) => void} */
let told = () => {};

/** Who is told after each request whether the server was reached. @param {(reached: boolean) => void} run */
export function onReached(run) {
  told = run;
}

/**
 * The answer to a request.
 * @param {string} name
 * @param {object | null} body null for GET
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {Refused | Gone | DOMException} the last, AbortError, if the signal says so
 */
async function ask(name, body, signal) {
  let response;
  try {
    response = await fetch(
      new URL(name, BASE),
      body === null
        ? {signal, cache: "no-store"}
        : {
            method: "POST",
            signal,
            cache: "no-store",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify(body),
          },
    );
  } catch (error) {
    if (signal?.aborted) throw error;
    told(false);
    throw new Gone("the server does not answer");
  }
  const text = await response.text();
  let answer;
  try {
    answer = text ? JSON.parse(text) : {};
  } catch {
    answer = {};
  }
  if (response.status === 404 && !text) {
    // another server, or the same with another token; or a request that there is not
    if (name !== "config") await ask("config", null);
    else {
      told(false);
      throw new Gone("another server answers at this address");
    }
  }
  told(true);
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

/** @param {string} name @param {object} body @param {AbortSignal} [signal] */
export const post = (name, body, signal) => ask(`api/${name}`, body, signal);
/** @param {string} name @param {AbortSignal} [signal] */
export const get = (name, signal) => ask(name, null, signal);

/** Whether an error only says that something newer was asked. @param {unknown} error */
export const superseded = (error) => error instanceof DOMException && error.name === "AbortError";

/**
 * A question of which only the newest counts: asking again gives up what was asked before.
 * @param {string} name
 * @returns {((body: object) => Promise<any>) & {stop: () => void}} null where something newer was asked, or it was stopped
 */
export function newest(name) {
  /** @type {AbortController | null} */
  let running = null;
  const asked = async (/** @type {object} */ body) => {
    running?.abort();
    const mine = (running = new AbortController());
    try {
      const answer = await post(name, body, mine.signal);
      return running === mine && !answer.superseded ? answer : null;
    } catch (error) {
      if (superseded(error) || running !== mine) return null;
      throw error;
    } finally {
      if (running === mine) running = null;
    }
  };
  asked.stop = () => running?.abort();
  return asked;
}

/** Tells something while the page ends: nobody waits for an answer. @param {string} name @param {object} body */
export const leave = (name, body) =>
  navigator.sendBeacon(new URL(`api/${name}`, BASE), new Blob([JSON.stringify(body)], {type: "application/json"}));

/** The address of a file that the server has. @param {string} name */
export const address = (name) => new URL(name, BASE).href;

/**
 * Listens to what happens to a document: one stream for all tabs of the browser, which has few connections to a server.
 * What is listened to later takes the place of this.
 * @param {string} tab
 * @param {string} path
 * @param {string} name what a text is called that is no file yet
 * @param {Record<string, (data: any) => void>} handlers
 */
export function listen(tab, path, name, handlers) {
  stream ??= shared(tab);
  stream.then((port) => {
    port.onmessage = ({data: {kind, data}}) => {
      if (kind === "error") get("config").catch(() => {}); // says whether it is only the stream that broke off
      else handlers[kind]?.(data);
    };
    port.postMessage({tab, path, name});
  });
}

/** @type {Promise<MessagePort> | null} */
let stream = null;

/** The way to the worker that has the stream; by a lock that this tab holds it knows when the tab is gone. */
async function shared(tab) {
  await new Promise((held) => {
    navigator.locks.request(tab, () => {
      held(null);
      return new Promise(() => {});
    });
  });
  return new SharedWorker(new URL("stream.js", BASE), {type: "module"}).port;
}
