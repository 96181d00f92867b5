/** What a check says of the text: problems in the bottom line, cost, the picture; and what is told while it takes its time. */

import {post} from "./api.js";
import {against} from "./against.js";
import {bar, unbar} from "./bars.js";
import {choices} from "./choices.js";
import {pointing} from "./cursor.js";
import {button, byId, h} from "./dom.js";
import {parts, state, tab} from "./state.js";
import {tableOf} from "./table.js";
import {setView, step, tellRuns} from "./views.js";
import {ago, count, plural} from "./words.js";

/** What a check said of the text. */
export function answered(found, request) {
  if (found.version !== state.version || !state.doc) return;
  if (found.unkept) bar("unkept", found.unkept, [], {tone: "bad"});
  else unbar("unkept");
  const {keyed} = parts.editor;
  parts.editor.show(found.problems, found.more);
  performance.measure("studio: problems", {start: keyed, detail: found.version});
  const errors = found.problems.filter((each) => each.severity === "error").length + (found.cost ? 0 : found.more);
  status(errors, found.problems.length - errors + (found.cost ? found.more : 0));
  byId("timing").textContent = `checked in ${Math.max(1, Math.round(found.seconds * 1000))} ms`;
  if (found.cost) {
    state.valid = {...found, pictures: state.valid?.version === found.version ? state.valid.pictures : new Map()};
    state.validAt = Date.now();
    cost();
  }
  if (state.view.kind !== "runs") picture(found, JSON.stringify(request.view));
  pale(!found.cost, errors);
  choices();
  pointing();
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => performance.measure("studio: picture", {start: keyed, detail: found.version});
    channel.port2.postMessage(null);
  });
}

/** While an answer takes its time. @param {"" | "late" | "long"} how */
export function waiting(how) {
  const timing = byId("timing");
  const stop = () => {
    parts.checker.stop();
    post("stop", {tab}).catch(() => {});
    timing.textContent = "stopped; the next change is checked again";
  };
  if (how === "late") timing.textContent = "checking …";
  else if (how === "long") timing.replaceChildren("checking … ", button("Stop", stop, "", {class: "small framed"}));
  else if (/^checking/.test(timing.textContent ?? "")) timing.textContent = "";
}

/** The line of problems. */
function status(errors, warnings) {
  const words = errors
    ? `✕ ${plural(errors, "problem")}${warnings ? `, ${plural(warnings, "warning")}` : ""}`
    : warnings
      ? `! ${plural(warnings, "warning")}`
      : "✓ no problems";
  const line = byId("problems");
  line.className = `problems ${errors ? "er" : warnings ? "wa" : "ok"}`;
  if (line.textContent !== words) line.textContent = words;
}

let telling = 0; // the timer of the bar's words

/** The picture as it was is pale while the text has problems, and a bar says so. */
export function pale(on, errors = 0) {
  const shown = on && state.view.kind !== "runs";
  for (const id of ["canvas", "details"]) byId(id).classList.toggle("pale", on && state.valid !== null);
  byId("picture").classList.toggle("below", shown);
  byId("old").hidden = !shown;
  clearInterval(telling);
  if (!on) return;
  const words = h("span");
  const tell = () => {
    words.textContent = `${plural(errors, "problem")}. ${
      state.drawn
        ? `The picture shows the last version without any, from ${ago(Date.now() - state.validAt)} ago.`
        : "The picture comes with the first version without any."
    }`;
  };
  tell();
  telling = setInterval(tell, 1000);
  byId("old").replaceChildren(
    words,
    " ",
    button("Next problem", () => step(1), "F8", {class: "small framed danger"}),
  );
}

/** Figures at the right and in the bottom line. */
function cost() {
  const {valid} = state;
  parts.details.cost(valid);
  if (parts.runs.fingerprint !== valid.cost.fingerprint) tellRuns();
  byId("totals").textContent = `${count(valid.cost.trainable)} parameters, ${valid.cost.words.macs} multiply-adds`;
  byId("sheet-handle").textContent =
    `Details: ${valid.cost.words.trainable} parameters, ${valid.cost.words.macs} multiply-adds`;
}

// -- the picture ---------------------------------------------------------------------------------------------------------

/** Shows the picture of a view, or else what was drawn of it since the text was last without problems. */
function picture(found, wanted) {
  if (found.picture) state.valid.pictures.set(wanted, found.picture);
  const elsewhere = wanted !== state.drawn,
    fits = found.picture ?? (elsewhere ? state.valid?.pictures.get(wanted) : null);
  if (fits) {
    state.drawn = wanted;
    draw(fits);
  } else if (elsewhere) empty();
}

/** Before there is anything to draw of what is asked. */
function empty() {
  parts.picture.put(h("p", {class: "dim nothing"}, "No picture yet."), "nothing");
  state.drawn = "";
  against(null);
  if (!state.valid) byId("totals").textContent = "";
}

function draw(shown) {
  const {block, stage, repeat, other = null} = state.view,
    kind = [shown.kind, block, stage, repeat, JSON.stringify(other)].join(" "),
    instead = inWords(shown);
  if (instead) parts.picture.put(instead, kind);
  else parts.picture.show(shown.svg, kind, shown.elements ?? {});
  byId("canvas").dataset.kind = shown.kind;
  if (shown.kind === "diff") against(shown.other ?? null, parts.picture.wide);
  else against(null);
  state.valid.elements = shown.elements ?? {};
  elements(shown.kind);
}

/** What is no picture: why there is none, the parts to choose from, a table; null for a picture. */
function inWords(shown) {
  if (shown.refused)
    return h("div", {class: "nothing"}, h("p", {}, shown.refused), shown.hint ? h("p", {class: "dim"}, shown.hint) : null);
  if (shown.choose) return partsOf(shown);
  if (shown.html) return tableOf(shown.html);
  if (shown.equal) {
    const {name, text} = shown.other,
      same = text === parts.editor.text;
    const words = same ? `Nothing differs from ${name}.` : `The text differs from ${name}, the network does not.`;
    return h("div", {class: "nothing"}, h("p", {}, words));
  }
  return null;
}

/** The parts of what is too large for one picture. */
function partsOf({boxes, choose}) {
  const part = (name) =>
    choose.includes(name)
      ? button(name, () => setView({...state.view, stage: name}), "", {class: "framed"})
      : button(`${name}, one of its repeats`, () => setView({kind: "block", stage: name, repeat: 1}), "", {
          class: "framed",
          title: `${count(boxes[name])} boxes`,
        });
  return h(
    "div",
    {class: "nothing"},
    h("p", {}, "The whole has too many boxes for one picture. Choose a part:"),
    h("div", {class: "buttons"}, ...Object.keys(boxes).map(part)),
  );
}

/** The element that one comes back to, that is selected or pointed at, in a picture that is new. @param {string} kind */
function elements(kind) {
  const {picture: shown} = parts,
    known = state.valid.elements,
    to = kind === state.before.kind ? shown.elements.get(state.returning)?.[0] : null;
  if (to) shown.to(to);
  if (kind !== "block") state.returning = null;
  if (shown.selected && !known[shown.selected]) shown.select(null);
  const key = shown.selected ?? shown.pointed ?? null;
  parts.details.element(key, key ? known[key] : null);
}
