/** The other text of a difference, at the left below the own; what differs is marked in both. */

import {differing} from "./difference.js";
import {byId, h, say} from "./dom.js";
import {besideTexts} from "./narrow.js";
import {Reader} from "./reader.js";
import {nonce, parts} from "./state.js";

/** @type {null | {reader: Reader, name: string, text: string, begins: Array<[number, number]>}} */
let other = null;

/**
 * Shows the other text; null for none.
 * @param {{name: string, text: string} | null} found
 * @param {number} wide pixels of the picture
 */
export function against(found, wide = 0) {
  besideTexts(wide);
  byId("spec").classList.toggle("split", found !== null);
  if (found && other?.text === found.text && other.name === found.name) {
    markDifference();
    return;
  }
  if (!found && !other) return;
  other?.reader.destroy();
  byId("spec").querySelector(".against")?.remove();
  other = null;
  parts.editor.mark([]);
  if (!found) return;
  const host = h("div", {class: "code reader"});
  byId("card").before(h("div", {class: "against"}, h("div", {class: "against-head"}, `Against ${found.name}`), host));
  other = {reader: new Reader(host, found.text, `${found.name}, read only`, nonce), ...found, begins: []};
  markDifference();
}

/** Marks the lines that only one of two texts has. */
export function markDifference() {
  if (!other) return;
  const found = differing(parts.editor.text, other.text);
  parts.editor.mark(found.a);
  other.reader.mark(found.b);
  other.begins = found.begins;
}

/** To the next difference, or the previous one, around the end. @param {number} by @returns {boolean} whether there is one */
export function stepDifference(by) {
  const all = other?.begins ?? [];
  if (!other || !all.length) return false;
  const {line} = parts.editor.cursor,
    next = by > 0 ? (all.find(([a]) => a > line) ?? all[0]) : (all.findLast(([a]) => a < line) ?? all[all.length - 1]);
  parts.editor.goTo({line: next[0], column: 1, end_line: next[0], end_column: 1});
  other.reader.goTo({line: next[1], column: 1, end_line: next[1], end_column: 1}, {focus: false});
  say(`difference in line ${next[0]}`);
  return true;
}
