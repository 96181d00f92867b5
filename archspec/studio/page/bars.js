/** Bars below the top: what a person should know and may act on. One of a kind; a newer takes its place. */

import {Gone, Refused, superseded} from "./api.js";
import {byId, button, h} from "./dom.js";

/**
 * Shows a bar.
 * @param {string} kind
 * @param {string} words
 * @param {Array<[string, () => void]>} [actions] label and what it does
 * @param {{closes?: boolean, tone?: "info" | "bad"}} [options]
 */
export function bar(kind, words, actions = [], {closes = true, tone = "info"} = {}) {
  const made = h(
    "div",
    {class: `bar ${tone}`, "data-bar": kind},
    h("span", {}, words),
    ...actions.map(([label, run]) => button(label, run, "", {class: "small framed"})),
    closes ? button("✕", () => unbar(kind), "", {class: "small", "aria-label": "Close this notice"}) : null,
  );
  const before = byId("bars").querySelector(`[data-bar="${kind}"]`);
  if (before?.isEqualNode(made)) return;
  if (before) before.replaceWith(made);
  else byId("bars").append(made);
}

/** Takes a bar away. @param {string} kind */
export function unbar(kind) {
  byId("bars").querySelector(`[data-bar="${kind}"]`)?.remove();
}

/** All bars that speak of a document. */
export function clearBars() {
  for (const each of byId("bars").querySelectorAll("[data-bar]")) if (each.getAttribute("data-bar") !== "gone") each.remove();
}

/** What went wrong, in a bar; of a server that is gone another one tells. @param {any} error */
export function failed(error) {
  if (error instanceof Gone || superseded(error)) return;
  const words = error instanceof Refused && error.hint ? `${error.message}. ${error.hint}` : error.message;
  bar("failed", words, [], {tone: "bad"});
}
