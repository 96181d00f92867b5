/** What the modules of the page share: what is open, what is shown of it, and the parts of the page. */

import {byId} from "./dom.js";

/** The views: what the server calls each, and the words of its tab. @type {Array<[string, string]>} */
export const VIEWS = [
  ["network", "Network"],
  ["block", "Block"],
  ["full", "Full"],
  ["table", "Table"],
  ["diff", "Diff"],
  ["runs", "Runs"],
];

/** Lets styles in that the editor makes. */
export const nonce = document.querySelector("meta[name=nonce]")?.getAttribute("content") ?? "";
/** Which tab this is, for the server. */
export const tab = Math.random().toString(36).slice(2, 12);

export const state = {
  /**
   * What is open: null at the start.
   * @type {null | {path: string | null, name: string, saved: string | null, digest: string | null, readOnly: boolean}}
   */
  doc: null,
  /** Counts the texts, so that an answer is known to be about this one. */
  version: 0,
  /** What is asked to be drawn. @type {any} */
  view: {kind: "network"},
  /** The view that Escape goes back to. @type {any} */
  before: {kind: "network"},
  /** The element from which a block was opened, and the one to go to once its picture is there. */
  left: null,
  returning: null,
  /** The last answer without problems, and when it came. @type {any} */
  valid: null,
  validAt: 0,
  /** The view whose picture is shown, as JSON. */
  drawn: "",
  /** Of the word at the cursor. */
  path: "",
  /** Whether the server does not answer. */
  gone: false,
  /** What the server says of itself. */
  config: {folder: "", file: null, version: ""},
};

/**
 * The parts of the page, as main.js makes them.
 * @type {{editor: import("./editor.js").Editor, picture: import("./picture.js").Picture,
 *   details: import("./details.js").Details, card: import("./card.js").CursorCard, readers: import("./readers.js").Readers,
 *   runs: import("./runs.js").Runs, zoo: import("./zoo.js").Zoo, checker: import("./check.js").Checker}}
 */
export const parts = /** @type {any} */ ({});

/** What the document is called. */
export const label = () => (state.doc ? (state.doc.path ?? `${state.doc.name}.yaml`) : "");

/** What every question about the text says. */
export const asked = () => ({
  tab,
  path: state.doc?.path ?? null,
  name: state.doc?.name ?? "",
  text: parts.editor.text,
  digest: state.doc?.digest ?? null,
});

/** Whether one chooses where to begin. */
export const atStart = () => byId("app").dataset.state === "start";
