/** Where one is: the word at the cursor and its card, the element under the pointer and its lines, and the ways between. */

import {newest, post} from "./api.js";
import {failed} from "./bars.js";
import {dialog} from "./dialogs.js";
import {byId, h} from "./dom.js";
import {isNarrow, showPane} from "./narrow.js";
import {asked, parts, state} from "./state.js";

/** Milliseconds that the cursor rests until its word is asked for. */
const POINTED = 60;

const askAt = newest("at");
let timer = 0,
  acting = false, // whether a key waits for the card
  /** The place under the pointer that the card is of. @type {{line: number, column: number} | null} */
  looking = null,
  /** Ends with the question about the cursor that is under way. @type {Promise<unknown>} */
  atWork = Promise.resolve();

// -- from the picture to the spec ----------------------------------------------------------------------------------------

/** An element under pointer or focus: its details, and its lines. @param {string | null} key */
export function hovered(key) {
  const shown = key ?? parts.picture.selected,
    element = shown ? state.valid?.elements?.[shown] : null;
  parts.details.element(shown, element);
  const places = element ? [element.place, ...(element.chain ?? [])] : [];
  parts.editor.mark(places.filter((place) => place?.file === null).map((place) => place.line));
}

/** Goes to the line that says an element. @param {string} key */
export function toLine(key) {
  const element = state.valid?.elements?.[key];
  if (element?.place) go(element.place, element.chain);
}

/** Goes to a place: in the document, or in a tab to read. @param {any} place @param {any[]} [chain] */
export function go(place, chain = []) {
  const {editor, readers} = parts;
  if (isNarrow()) showPane("spec");
  if (place.file === null) {
    if (readers.current !== null) readers.show(null);
    editor.goTo(place);
  } else readers.at(place, chain.length ? chain : [place]).catch(failed);
}

// -- from the spec to card and picture -----------------------------------------------------------------------------------

/** Asks what the word at the cursor means, once it rests. */
export function pointing() {
  clearTimeout(timer);
  if (acting) return;
  timer = setTimeout(lookAtCursor, POINTED);
}

/** The pointer rests at a place of the text, or has left it. @param {{line: number, column: number} | null} place */
export async function pointed(place) {
  const before = looking;
  looking = place;
  if (place === null) {
    if (before) lookAtCursor();
    return;
  }
  await atWork; // or its answer, which outlines the picture, would be given up
  if (looking === place) lookAt(place);
}

/** Tells of the word at the cursor, and outlines in the picture what it speaks of. Whether it could. */
function lookAtCursor() {
  const found = lookAt(parts.editor.cursor, ({path, elements}) => {
    state.path = path ?? "";
    position();
    parts.picture.outline(elements);
  });
  atWork = found;
  return found;
}

/** Tells of the word at a place. Whether it could. */
async function lookAt(place, then = (_found) => {}) {
  if (!state.doc || state.gone) return false;
  try {
    const found = await askAt({...asked(), ...place});
    if (!found) return false;
    parts.card.show(found.card);
    then(found);
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

/** The card of the word at the cursor, for a key that acts on it: what is shown may still be of the place before. */
async function atCursor() {
  clearTimeout(timer);
  acting = true; // or an answer of the check would ask anew, and this question be given up
  try {
    return (await lookAtCursor()) ? parts.card.card : null;
  } finally {
    acting = false;
  }
}

/** Where the cursor is, in the bottom line. */
export function position() {
  if (!state.doc) return;
  const {line, column} = parts.editor.cursor;
  byId("position").textContent = `line ${line}, column ${column}${state.path ? `, ${state.path}` : ""}`;
}

/** Goes to the definition of the name at the cursor. */
export async function define() {
  const told = await atCursor();
  if (told?.definition) go(told.definition);
}

/** Asks for another name of what is named at the cursor. */
export async function renameAtCursor() {
  const told = await atCursor();
  if (told?.rename) rename(told.rename);
}

/** Asks for another name. @param {{old: string}} named */
export function rename({old}) {
  const input = h("input", {type: "text", class: "q", id: "rename-new", value: old, autocomplete: "off", spellcheck: "false"});
  const wrong = h("p", {class: "wrong", role: "alert"}),
    place = parts.editor.cursor;
  const onsubmit = async (event) => {
    event.preventDefault();
    try {
      const {edits} = await post("rename", {...asked(), ...place, new: input.value.trim()});
      asking.close();
      parts.editor.apply(edits);
    } catch (error) {
      wrong.textContent = error.message;
    }
  };
  const form = h(
    "form",
    {onsubmit},
    h("label", {for: "rename-new"}, `New name of ${old}`),
    input,
    wrong,
    h("div", {class: "buttons"}, h("button", {type: "submit", class: "framed main-action"}, "Rename")),
  );
  const asking = dialog("Rename", [form], {class: "narrow"});
  input.select();
}
