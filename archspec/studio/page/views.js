/** Which view is shown, and the ways from one to the next. */

import {Refused} from "./api.js";
import {against, stepDifference} from "./against.js";
import {pale} from "./answers.js";
import {failed} from "./bars.js";
import {choices, parent} from "./choices.js";
import {byId, say} from "./dom.js";
import {isNarrow, openSheet, showPane} from "./narrow.js";
import {VIEWS, atStart, label, parts, state} from "./state.js";

/** Shows another view, or the same of another part. @param {any} wanted */
export function setView(wanted) {
  state.view = wanted;
  const {kind} = wanted;
  for (const [number, each] of [...byId("views").children].entries()) {
    const chosen = VIEWS[number][0] === kind;
    each.setAttribute("aria-selected", String(chosen));
    each.setAttribute("tabindex", chosen ? "0" : "-1");
  }
  byId("app").dataset.view = kind;
  byId("picture").setAttribute("aria-label", `Picture: ${VIEWS.find(([each]) => each === kind)?.[1]}`);
  if (isNarrow()) showPane("picture");
  choices();
  if (kind !== "diff") against(null);
  else if (parts.readers.current !== null) parts.readers.show(null); // both texts stand at the left: the own one above
  if (kind === "runs") showRuns();
  else parts.checker.now();
}

/** A view as its tab opens it. @param {string} kind */
export function openView(kind) {
  if (kind === state.view.kind) return;
  const {selected} = parts.picture;
  if (state.view.kind !== "block") [state.before, state.left] = [state.view, selected];
  if (kind === "block") setView({kind, ...blockOf(selected)});
  else if (kind === "diff") setView({kind, other: state.doc?.saved === null ? (parent() ?? {saved: true}) : {saved: true}});
  else setView({kind});
}

/** The block that the view begins with: that of the selected element, else the first. */
function blockOf(key) {
  const {valid} = state,
    element = key ? valid?.elements?.[key] : null;
  if (element?.block && valid?.repeats?.[element.section]) return {stage: element.section, repeat: repeatOf(key, element)};
  return {block: element?.block ?? valid?.blocks?.[0] ?? null};
}

/** The block of an element, by itself. @param {string} key */
export function openBlock(key) {
  const element = state.valid?.elements?.[key];
  if (!element?.block) return;
  if (state.view.kind !== "block") [state.before, state.left] = [state.view, key];
  const stage = key.startsWith("section:") ? key.slice("section:".length) : element.section;
  setView(
    state.valid.repeats?.[stage]
      ? {kind: "block", stage, repeat: repeatOf(key, element)}
      : {kind: "block", block: element.block},
  );
  parts.picture.focus();
}

/** Which of a stage's repeats an element shows. */
const repeatOf = (key, element) => (key.startsWith("section:") ? 1 : element.repeat || 1);

/** Back from a block to where one was, or from a file that is only read. @returns {boolean} whether there was a way back */
export function back() {
  const {editor, picture, readers} = parts;
  if (atStart()) return false;
  if (readers.current !== null && byId("spec").contains(document.activeElement)) {
    readers.show(null);
    editor.leavable();
  } else if (state.view.kind === "block") {
    state.returning = state.left;
    setView(state.before);
    picture.focus();
  } else return false;
  return true;
}

/** To the next problem, or in a difference to the next one. @param {number} by */
export function step(by) {
  const {editor, readers} = parts;
  if (state.view.kind === "diff" && !editor.found.length && stepDifference(by)) return;
  if (isNarrow()) showPane("spec");
  if (readers.current !== null) readers.show(null);
  const problem = editor.step(by);
  say(problem ? `line ${editor.cursor.line}: ${problem.message}. ${problem.hint}` : "no problems");
}

/** From spec to picture to details and round. */
export function turn() {
  const focus = document.activeElement,
    at = ["spec", "picture", "side"].findIndex((id) => byId(id).contains(focus)),
    next = at < 0 ? 0 : (at + 1) % 3;
  if (isNarrow()) showPane(next === 0 ? "spec" : "picture");
  if (next === 0) {
    if (parts.readers.current !== null) parts.readers.show(null);
    parts.editor.focus();
  } else if (next === 1) parts.picture.focus();
  else {
    openSheet(true);
    byId("details").focus();
  }
}

// -- runs ----------------------------------------------------------------------------------------------------------------

/** Looks at the runs of the folder again. */
export async function showRuns() {
  try {
    await parts.runs.load();
  } catch (error) {
    if (!(error instanceof Refused && error.status === 404)) failed(error);
  }
  tellRuns();
}

/** What is known of runs: their number in the tab, the view if it is open, the small chart. */
export function tellRuns() {
  const {details, picture, runs} = parts;
  runs.fingerprint = state.valid?.cost.fingerprint ?? null;
  byId("views").lastElementChild.textContent = runs.runs.length ? `Runs ${runs.runs.length}` : "Runs";
  if (state.view.kind === "runs") {
    pale(false);
    picture.put(runs.view(tellRuns, label(), picture.room), "runs");
    state.drawn = "";
  }
  details.parts.runs.replaceChildren(...runs.small());
}
