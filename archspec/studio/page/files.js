/** The document: what is opened, what of it is not saved, and how it is written. */

import {Gone, post} from "./api.js";
import {bar, clearBars, failed, unbar} from "./bars.js";
import {askName, conflict, dialog, unified} from "./dialogs.js";
import {lineDifference} from "./difference.js";
import {button, byId, h, say} from "./dom.js";
import {showPane} from "./narrow.js";
import {subscribe} from "./news.js";
import {leaveStart, showStart} from "./start.js";
import {asked, label, parts, state, tab} from "./state.js";
import {setView, showRuns} from "./views.js";
import {instant, moment} from "./words.js";

/** Bars that speak of the text as it was before it was saved or taken from the disk. */
const OF_TEXT = ["disk", "draft", "failed"];
/** Lines of a difference that name its two texts, which the dialog says itself. */
const NAMES = 2;

/** Says what is open and whether it is saved. @returns {boolean} whether it is not */
export function title() {
  const {doc} = state,
    unsaved = doc !== null && !doc.readOnly && parts.editor.text !== doc.saved;
  byId("file-name").textContent = label();
  byId("file-state").textContent = doc === null ? "" : doc.readOnly ? "read only" : unsaved ? "● not saved" : "saved";
  byId("file-state").className = unsaved ? "unsaved" : "";
  document.title = doc ? `${unsaved ? "● " : ""}${label()} – archspec studio` : "archspec studio";
  return unsaved;
}

// -- opening -------------------------------------------------------------------------------------------------------------

/** What is asked for to go on with an unsaved text. @param {{path: string | null, name: string, draft: string}} draft */
export const ofDraft = ({path, name, draft}) => (path ? {file: path, draft} : {name, draft});

/** Opens what is named, with the unsaved text that was kept of it. @param {any} wanted */
export async function open(wanted) {
  if (state.doc?.path && wanted.file === state.doc.path && !wanted.draft) {
    leaveStart(); // it is open, with what was typed
    parts.readers.show(null);
    showPane("spec");
    return;
  }
  parts.zoo.askNamed.stop();
  let found;
  try {
    found = await post("open", {tab, ...wanted});
  } catch (error) {
    failed(error);
    if (!state.doc) await showStart();
    return;
  }
  if (found.path === null || state.doc?.path !== found.path) keepTyped();
  forget(found);
  const kept = found.draft && found.draft.text !== found.text ? found.draft : null;
  parts.editor.open(kept ? kept.text : found.text, found.read_only);
  tellOfOpened(found, kept);
  const named = found.path ? {file: found.path} : found.read_only ? wanted : {name: found.name, ...wanted};
  history.replaceState(null, "", `#${new URLSearchParams(named)}`);
  title();
  leaveStart();
  setView(state.view);
  showPane("spec");
  if (found.path === null && !found.read_only) beginNew();
  parts.editor.focus();
  subscribe();
  showRuns();
  parts.zoo.list();
}

/** Another document takes the place of the one before, of which nothing is shown any more. @param {any} found */
function forget(found) {
  clearBars();
  const {card, details, picture, readers} = parts;
  state.doc = {path: found.path, name: found.name, saved: found.saved, digest: found.digest, readOnly: found.read_only};
  state.version += 1;
  Object.assign(state, {valid: null, view: {kind: "network"}, before: {kind: "network"}, path: "", drawn: ""});
  picture.forget();
  readers.clear();
  card.tries = [];
  card.show(null);
  for (const part of Object.values(details.parts)) part.replaceChildren();
}

/** What there is to know of what was opened, in bars. @param {any} found @param {any} kept the unsaved text that is shown */
function tellOfOpened(found, kept) {
  if (kept) {
    const drop = () => {
      parts.editor.replace(found.text);
      unbar("draft");
    };
    bar("draft", `Your text of ${moment(kept.at)}, which was not saved, is here again.`, [
      [found.saved === null ? "Begin anew" : "Take the saved file", drop],
    ]);
    if (kept.digest !== found.digest) {
      state.doc.digest = kept.digest;
      changedOnDisk({digest: found.digest, gone: found.saved === null && !found.unread});
    }
  }
  if (found.unread) bar("unread", `${found.unread}. What was not saved of it is here.`, [], {tone: "bad"});
  if (found.drafts?.length) {
    const older = found.drafts.slice(0, 5).map((each) => [instant(each.at), () => open(ofDraft(each))]);
    bar("drafts", "There are more texts of it that were not saved:", older);
  }
  if (found.read_only)
    bar("shipped", `${found.name} ships with archspec and cannot be changed.`, [
      ["Write one that extends it", () => open({zoo: found.name})],
    ]);
}

/** What was typed last, if it is not saved, is sent to be kept before another document takes its place. */
function keepTyped() {
  const {doc} = state;
  if (!doc || doc.readOnly || state.gone || parts.editor.text === doc.saved) return;
  post("check", {...asked(), view: {kind: "network"}, version: state.version}).catch(() => {});
}

/** A text that is new has a description to fill in, which is selected, and changes to try. */
function beginNew() {
  const {card, editor} = parts,
    at = /^description: *(.*)$/m.exec(editor.text);
  if (at) {
    const end = at.index + at[0].length;
    editor.view.dispatch({selection: {anchor: end - at[1].length, head: end}});
  }
  const {doc} = state;
  post("tries", asked()).then(({tries}) => {
    if (state.doc !== doc) return; // another one was opened meanwhile
    card.tries = tries;
    card.show(card.card);
  }, failed);
}

// -- saving --------------------------------------------------------------------------------------------------------------

/** Writes the text, and asks for a name where it has none. */
export async function save() {
  const {doc} = state;
  if (!doc || doc.readOnly) return;
  if (doc.path === null) askName(`${doc.name}.yaml`, state.config.folder, (name) => write(name, null));
  else if (!title()) say("nothing to save");
  else await writeOver(doc.path, doc.digest);
}

/** Writes a file that has its name; what went wrong stands in a bar. */
async function writeOver(to, digest) {
  const wrong = await write(to, digest);
  if (wrong) bar("failed", `${label()} is not written: ${wrong}`, [], {tone: "bad"});
}

/** Writes the file, if it is what it was. @returns {Promise<string | null>} what went wrong, in words */
async function write(to, digest) {
  const {doc} = state,
    {text} = parts.editor;
  let found;
  try {
    found = await post("save", {tab, path: to, ...(doc.path === null ? {name: doc.name} : {}), text, digest});
  } catch (error) {
    return refused(error);
  }
  if (found.conflict) return conflicting(to, found);
  const moved = doc.path !== found.path;
  Object.assign(doc, {path: found.path, name: found.name, digest: found.digest, saved: text});
  for (const kind of OF_TEXT) unbar(kind);
  parts.card.tries = [];
  say(`saved ${doc.path}`);
  title();
  if (moved) {
    history.replaceState(null, "", `#${new URLSearchParams({file: doc.path})}`);
    subscribe();
  }
  parts.checker.now();
  return null;
}

/** The file on the disk is another one: null where a dialog asks what to do, else words. @param {any} found */
function conflicting(to, {error, disk, digest: theirs, difference}) {
  if (state.doc.path === null) return `${error}. Choose another name.`;
  const acts = {overwrite: () => writeOver(to, theirs ?? null), reload: () => take(disk, theirs)};
  conflict(disk === null ? null : difference.slice(NAMES), acts, label());
  return null;
}

/** Why a file is not written, in words. @param {any} error */
function refused(error) {
  if (error instanceof Gone) return "The server does not answer; nothing was written.";
  return error.hint ? `${error.message}; ${error.hint}` : error.message;
}

// -- the disk ------------------------------------------------------------------------------------------------------------

/** Takes the text of the disk in place of the own, which can be undone. */
function take(text, digest) {
  Object.assign(state.doc, {saved: text, digest});
  parts.editor.replace(text);
  for (const kind of OF_TEXT) unbar(kind);
  title();
}

/**
 * Tells of a file that is another one on the disk than it was opened as, unless the user has passed that by.
 * @param {{digest: string | null, gone: boolean}} found
 */
export function changedOnDisk({digest, gone: deleted}) {
  const {doc} = state;
  if (!doc || doc.path === null || [doc.digest, doc.passed].includes(digest)) {
    unbar("disk");
    return;
  }
  const keep = () => {
    doc.passed = digest;
    unbar("disk");
  };
  if (deleted) {
    bar("disk", `${label()} is no longer on the disk. Your text is kept here.`, [
      ["Write it again", () => writeOver(doc.path, null)],
      ["Keep", keep],
    ]);
    return;
  }
  bar("disk", `${label()} was changed on the disk.`, [
    ["Reload", () => reload().catch(failed)],
    ["Compare", () => compare().catch(failed)],
    ["Keep mine", keep],
  ]);
}

async function reload() {
  const found = await post("open", {file: state.doc.path});
  if (found.saved === null) changedOnDisk({digest: null, gone: true});
  else take(found.saved, found.digest);
}

async function compare() {
  const found = await post("open", {file: state.doc.path}),
    lines = lineDifference(found.saved ?? "", parts.editor.text);
  const load = () => {
    made.close();
    reload().catch(failed);
  };
  const buttons = h("div", {class: "buttons"}, button("Load the file, drop my text", load, "", {class: "framed"}));
  const made = dialog(`${label()}: from the file on the disk (−) to your text (+)`, [unified(lines), buttons], {class: "wide"});
}
