/** The page: what is open, what is shown of it, and who tells whom. */

import {Gone, Refused, get, listen, newest, onReached, post, superseded} from "./api.js";
import {bar, clearBars, unbar} from "./bars.js";
import {CursorCard} from "./card.js";
import {Checker} from "./check.js";
import {Details} from "./details.js";
import {askName, conflict, dialog, keyList, palette, unified} from "./dialogs.js";
import {differing} from "./difference.js";
import {button, byId, fill, h, say} from "./dom.js";
import {Editor, Reader} from "./editor.js";
import {exportMenu} from "./exporting.js";
import {LIST, keys} from "./keys.js";
import {divider, isNarrow, openSheet, sheet, showPane, tabs} from "./narrow.js";
import {Picture, tableOf} from "./picture.js";
import {Readers} from "./readers.js";
import {Runs} from "./runs.js";
import {ago, count, plural} from "./words.js";
import {Zoo} from "./zoo.js";

/** Milliseconds that the cursor rests until its word is asked for. */
const POINTED = 60;
/** Milliseconds between two tries to reach a server that is gone, and without a sign of life until one is made. */
const AGAIN = 2000;
const SILENT = 15000;
const VIEWS = [
  ["network", "Network"],
  ["block", "Block"],
  ["full", "Full"],
  ["table", "Table"],
  ["diff", "Diff"],
  ["runs", "Runs"],
];
const STYLES = ["resnet", "rows", "inception"];
const THEMES = [
  ["auto", "as the system"],
  ["light", "light"],
  ["dark", "dark"],
];

const nonce = document.querySelector("meta[name=nonce]")?.getAttribute("content") ?? "";
const tab = Math.random().toString(36).slice(2, 12);

/**
 * What is open: null at the start.
 * @type {null | {path: string | null, name: string, saved: string | null, digest: string | null, readOnly: boolean}}
 */
let doc = null;
/** What is asked to be drawn. @type {any} */
let view = {kind: "network"};
let before = view; // the view that Escape goes back to
let left = null; // the element from which a block was opened
let returning = null; // the one to go to once its picture is there
let version = 0;
/** The last answer without problems, and when it came. */
let valid = null,
  validAt = 0;
let drawn = ""; // the view whose picture is shown, as JSON
/** The last answer. */
let answer = null;
let config = {folder: "", file: null, version: ""};
let gone = false,
  heard = performance.now();
let path = ""; // of the word at the cursor
let looking = false; // whether the card is of a word under the pointer
let stopEvents = () => {};
/**
 * The text that a difference is against, at the left below the own.
 * @type {null | {reader: Reader, name: string, text: string, begins?: Array<[number, number]>}}
 */
let other = null;

/** What the document is called. */
const label = () => (doc ? (doc.path ?? `${doc.name}.yaml`) : "");

/** What every question about the text says. */
const asked = () => ({tab, path: doc?.path ?? null, name: doc?.name ?? "", text: editor.text, digest: doc?.digest ?? null});

const editor = new Editor(byId("code"), nonce, {
  edited: () => {
    version += 1;
    title();
    checker.typed();
    if (view.kind === "diff") markDifference();
  },
  moved: (typed) => {
    position();
    if (!typed) pointing(); // of what is typed the answer of the check asks
  },
  hovered: (place) => {
    if (place === null && !looking) return;
    looking = place !== null;
    lookAt(place);
  },
  complete: async (place, signal) => {
    try {
      return await post("complete", {...asked(), ...place}, signal);
    } catch (error) {
      if (!superseded(error)) failed(error);
      return null;
    }
  },
});
const picture = new Picture(byId("canvas"), {
  hovered: (key) => hovered(key),
  chosen: (key, tapped) => {
    if (tapped && isNarrow()) openSheet(true); // its links lead to the spec, which would take the place of the picture
    else toLine(key);
  },
  opened: (key) => openBlock(key),
});
const details = new Details({go, block: (key) => openBlock(key)});
const card = new CursorCard({go, rename, take: (change) => editor.write(change), text: () => editor.text});
const readers = new Readers(nonce, {title: label, go});
const runs = new Runs((run) => setView({kind: "diff", other: {run: run.name}}));
const zoo = new Zoo(
  (name) => open({zoo: name}),
  () => (doc ? label() : null),
  (draft) => (draft === null ? leaveStart() : open(ofDraft(draft))),
);
const checker = new Checker(() => ({...asked(), view: view.kind === "runs" ? {kind: "network"} : view, version}), {
  answered,
  failed,
  waiting,
});

// -- answers -------------------------------------------------------------------------------------------------------------

/** What a check said of the text. */
function answered(found, request) {
  if (found.version !== version || !doc) return;
  answer = found;
  if (found.unkept) bar("unkept", found.unkept, [], {tone: "bad"});
  else unbar("unkept");
  const keyed = editor.keyed;
  editor.show(found.problems, found.more);
  performance.measure("studio: problems", {start: keyed, detail: found.version});
  const errors = found.problems.filter((each) => each.severity === "error").length + (found.cost ? 0 : found.more);
  status(errors, found.problems.length - errors + (found.cost ? found.more : 0));
  byId("timing").textContent = `checked in ${Math.max(1, Math.round(found.seconds * 1000))} ms`;
  if (found.cost) {
    valid = {...found, pictures: valid?.version === found.version ? valid.pictures : new Map()};
    validAt = Date.now();
    cost();
  }
  if (view.kind !== "runs") {
    const wanted = JSON.stringify(request.view);
    if (found.picture) valid.pictures.set(wanted, found.picture);
    const elsewhere = wanted !== drawn,
      fits = found.picture ?? (elsewhere ? valid?.pictures.get(wanted) : null);
    if (fits) {
      drawn = wanted;
      draw(fits);
    } else if (elsewhere) empty();
  }
  pale(!found.cost, errors);
  choices();
  pointing();
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => performance.measure("studio: picture", {start: keyed, detail: found.version});
    channel.port2.postMessage(null);
  });
}

function failed(error) {
  if (error instanceof Gone || superseded(error)) return;
  const words = error instanceof Refused && error.hint ? `${error.message}. ${error.hint}` : error.message;
  bar("failed", words, [], {tone: "bad"});
}

function waiting(state) {
  const timing = byId("timing");
  if (state === "late") timing.textContent = "checking …";
  else if (state === "long")
    timing.replaceChildren(
      "checking … ",
      button(
        "Stop",
        () => {
          checker.stop();
          post("stop", {tab}).catch(() => {});
          timing.textContent = "stopped; the next change is checked again";
        },
        "",
        {class: "small framed"},
      ),
    );
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

/** The picture as it was is pale while the text has problems, and a bar says so. */
function pale(on, errors = 0) {
  for (const id of ["canvas", "details"]) byId(id).classList.toggle("pale", on && valid !== null);
  byId("picture").classList.toggle("below", on && view.kind !== "runs");
  clearInterval(pale.timer);
  byId("old").hidden = !on || view.kind === "runs";
  if (!on) return;
  const words = h("span");
  const tell = () => {
    words.textContent = `${plural(errors, "problem")}. ${
      drawn
        ? `The picture shows the last version without any, from ${ago(Date.now() - validAt)} ago.`
        : "The picture comes with the first version without any."
    }`;
  };
  tell();
  pale.timer = setInterval(tell, 1000);
  byId("old").replaceChildren(
    words,
    " ",
    button("Next problem", () => step(1), "F8", {class: "small framed danger"}),
  );
}

/** Figures at the right and in the bottom line. */
function cost() {
  details.cost(valid);
  byId("totals").textContent = `${count(valid.cost.trainable)} parameters, ${valid.cost.words.macs} multiply-adds`;
  byId("sheet-handle").textContent =
    `Details: ${valid.cost.words.trainable} parameters, ${valid.cost.words.macs} multiply-adds`;
}

/** Before there is anything to draw of what is asked. */
function empty() {
  picture.put(h("p", {class: "dim nothing"}, "No picture yet."), "nothing");
  drawn = "";
  against(null);
  if (!valid) byId("totals").textContent = "";
}

function draw(shown) {
  const kind = [shown.kind, view.block, view.stage, view.repeat, JSON.stringify(view.other ?? null)].join(" ");
  if (shown.refused) {
    picture.put(
      h("div", {class: "nothing"}, h("p", {}, shown.refused), shown.hint ? h("p", {class: "dim"}, shown.hint) : null),
      kind,
    );
  } else if (shown.choose) {
    picture.put(
      h(
        "div",
        {class: "nothing"},
        h("p", {}, "The whole has too many boxes for one picture. Choose a part:"),
        h(
          "div",
          {class: "buttons"},
          ...Object.entries(shown.boxes).map(([name, boxes]) =>
            shown.choose.includes(name)
              ? button(name, () => setView({...view, stage: name}), "", {class: "framed"})
              : button(`${name}, one of its repeats`, () => setView({kind: "block", stage: name, repeat: 1}), "", {
                  class: "framed",
                  title: `${count(boxes)} boxes`,
                }),
          ),
        ),
      ),
      kind,
    );
  } else if (shown.html) picture.put(tableOf(shown.html), kind);
  else if (shown.equal)
    picture.put(h("div", {class: "nothing"}, h("p", {}, `Nothing differs from ${shown.other.name}.`)), kind);
  else picture.show(shown.svg, kind, shown.elements ?? {});
  byId("canvas").dataset.kind = shown.kind;
  against(shown.kind === "diff" ? (shown.other ?? null) : null);
  valid.elements = shown.elements ?? {};
  const to = shown.kind === before.kind ? picture.elements.get(returning)?.[0] : null;
  if (to) picture.to(to);
  if (shown.kind !== "block") returning = null;
  if (picture.selected && !valid.elements[picture.selected]) picture.select(null);
  const key = picture.selected ?? picture.pointed ?? null;
  details.element(key, key ? valid.elements[key] : null);
}

// -- picture and spec ----------------------------------------------------------------------------------------------------

/** An element under pointer or focus: its details, and its lines. */
function hovered(key) {
  const shown = key ?? picture.selected,
    element = shown ? valid?.elements?.[shown] : null;
  details.element(shown, element);
  const places = element ? [element.place, ...(element.chain ?? [])] : [];
  editor.mark(places.filter((place) => place?.file === null).map((place) => place.line));
}

/** Goes to the line that says an element. @param {string} key */
function toLine(key) {
  const element = valid?.elements?.[key];
  if (element?.place) go(element.place, element.chain);
}

/** Goes to a place: in the document, or in a tab to read. @param {any} place @param {any[]} [chain] */
function go(place, chain = []) {
  if (isNarrow()) showPane("spec");
  if (place.file === null) {
    if (readers.current !== null) readers.show(null);
    editor.goTo(place);
  } else readers.at(place, chain.length ? chain : [place]).catch(failed);
}

/** The block of an element, by itself. @param {string} key */
function openBlock(key) {
  const element = valid?.elements?.[key];
  if (!element?.block) return;
  if (view.kind !== "block") [before, left] = [view, key];
  const stage = key.startsWith("section:") ? key.slice("section:".length) : element.section;
  setView(
    valid.repeats?.[stage] ? {kind: "block", stage, repeat: repeatOf(key, element)} : {kind: "block", block: element.block},
  );
  picture.focus();
}

/** Which of a stage's repeats an element shows. */
const repeatOf = (key, element) => (key.startsWith("section:") ? 1 : element.repeat || 1);

let pointingTimer = 0,
  acting = false; // whether a key waits for the card
const askAt = newest("at");

/** Asks what the word at the cursor means, once it rests. */
function pointing() {
  clearTimeout(pointingTimer);
  if (acting) return;
  pointingTimer = setTimeout(() => lookAt(null), POINTED);
}

/** Tells of the word at a place, or else at the cursor; only of the latter the picture is outlined. Whether it could. */
async function lookAt(place) {
  if (!doc || gone) return false;
  const asks = place ?? editor.cursor;
  try {
    const found = await askAt({...asked(), ...asks});
    if (!found) return false;
    card.show(found.card);
    if (place === null) {
      path = found.path ?? "";
      position();
      picture.outline(found.elements);
    }
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

/** The card of the word at the cursor, for a key that acts on it: what is shown may still be of the place before. */
async function atCursor() {
  clearTimeout(pointingTimer);
  acting = true; // or an answer of the check would ask anew, and this question be given up
  try {
    return (await lookAt(null)) ? card.card : null;
  } finally {
    acting = false;
  }
}

function position() {
  if (!doc) return;
  const {line, column} = editor.cursor;
  byId("position").textContent = `line ${line}, column ${column}${path ? `, ${path}` : ""}`;
}

async function rename({old}) {
  const input = h("input", {type: "text", class: "q", id: "rename-new", value: old, autocomplete: "off", spellcheck: "false"});
  const wrong = h("p", {class: "wrong", role: "alert"}),
    place = editor.cursor;
  const form = h(
    "form",
    {
      onsubmit: async (event) => {
        event.preventDefault();
        try {
          const {edits} = await post("rename", {...asked(), ...place, new: input.value.trim()});
          asking.close();
          editor.apply(edits);
        } catch (error) {
          wrong.textContent = error.message;
        }
      },
    },
    h("label", {for: "rename-new"}, `New name of ${old}`),
    input,
    wrong,
    h("div", {class: "buttons"}, h("button", {type: "submit", class: "framed main-action"}, "Rename")),
  );
  const asking = dialog("Rename", [form], {class: "narrow"});
  input.select();
}

// -- views ---------------------------------------------------------------------------------------------------------------

/** Shows another view, or the same of another part. @param {any} wanted */
function setView(wanted) {
  view = wanted;
  for (const [number, each] of [...byId("views").children].entries()) {
    const chosen = VIEWS[number][0] === view.kind;
    each.setAttribute("aria-selected", String(chosen));
    each.setAttribute("tabindex", chosen ? "0" : "-1");
  }
  byId("app").dataset.view = view.kind;
  byId("picture").setAttribute("aria-label", `Picture: ${VIEWS.find(([kind]) => kind === view.kind)?.[1]}`);
  if (isNarrow()) showPane("picture");
  choices();
  if (view.kind !== "diff") against(null);
  else if (readers.current !== null) readers.show(null); // both texts stand at the left: the own one above
  if (view.kind === "runs") showRuns();
  else checker.now();
}

/** A view as its tab opens it. @param {string} kind */
function openView(kind) {
  if (kind === view.kind) return;
  if (view.kind !== "block") [before, left] = [view, picture.selected];
  if (kind === "block") setView({kind, ...blockOf(picture.selected)});
  else if (kind === "diff") setView({kind, other: doc?.saved === null ? (parent() ?? {saved: true}) : {saved: true}});
  else setView({kind});
}

/** The block that the view begins with: that of the selected element, else the first. */
function blockOf(key) {
  const element = key ? valid?.elements?.[key] : null;
  if (element?.block && valid?.repeats?.[element.section]) return {stage: element.section, repeat: repeatOf(key, element)};
  return {block: element?.block ?? valid?.blocks?.[0] ?? null};
}

/** What can be chosen of a view, above it. */
function choices() {
  const host = byId("choices"),
    known = valid ?? {blocks: [], sections: [], repeats: {}};
  const select = (id, label, options, chosen, choose) => [
    h("label", {for: id}, label),
    h(
      "select",
      {id, onchange: (event) => choose(event.target.value)},
      ...options.map(([value, words]) => h("option", {value, selected: value === chosen}, words)),
    ),
  ];
  const parts = [];
  if (view.kind === "block") {
    const stages = Object.keys(known.repeats).filter((name) => known.repeats[name] > 0);
    const options = [
      ...known.blocks.map((name) => [`block ${name}`, name]),
      ...stages.map((name) => [`stage ${name}`, `${name} × ${known.repeats[name]}`]),
    ];
    parts.push(
      ...select("choose-block", "Block", options, view.stage ? `stage ${view.stage}` : `block ${view.block}`, (value) => {
        const [what, name] = value.split(" ");
        setView(what === "stage" ? {kind: "block", stage: name, repeat: 1} : {kind: "block", block: name});
      }),
    );
    const most = known.repeats[view.stage] ?? 1;
    if (view.stage && most > 1) {
      const numbers = [...new Set([1, 2, view.repeat ?? 1, most])].sort((x, y) => x - y);
      parts.push(
        ...select(
          "choose-repeat",
          "Repeat",
          numbers.map((each) => [String(each), each === most ? `${each}, the last` : String(each)]),
          String(view.repeat ?? 1),
          (value) => setView({...view, repeat: Number(value)}),
        ),
      );
    }
    parts.push(button("Back", back, "Escape", {class: "small framed"}));
  } else if (view.kind === "full" && known.sections.length) {
    parts.push(
      ...select(
        "choose-stage",
        "Part",
        [["", "the whole"], ...known.sections.map((name) => [name, name])],
        view.stage ?? "",
        (value) => setView(value ? {kind: "full", stage: value} : {kind: "full"}),
      ),
    );
  } else if (view.kind === "table") {
    parts.push(
      ...select(
        "choose-style",
        "Style",
        STYLES.map((name) => [name, name]),
        view.style ?? STYLES[0],
        (value) => setView({...view, style: value}),
      ),
    );
  } else if (view.kind === "diff") {
    const to = view.other,
      from = parent(),
      named = (each) => `${Object.keys(each)[0]} ${Object.values(each)[0]}`;
    const options = new Map(
      [
        ...(doc?.saved === null ? [] : [["saved true", "the saved file"]]),
        ...(from ? [[named(from), `${Object.values(from)[0]}, which it extends`]] : []),
        ...runs.runs.filter((run) => !run.refused).map((run) => [`run ${run.name}`, `the run ${run.name}`]),
        [named(to), to.saved ? "the saved file" : Object.values(to)[0]],
        ["choose", "another network …"],
      ].toReversed(),
    );
    parts.push(
      ...select("choose-other", "Against", [...options].toReversed(), named(to), (value) => {
        const [what, ...name] = value.split(" ");
        if (what === "choose") chooseOther();
        else setView({kind: "diff", other: {[what]: what === "saved" ? true : name.join(" ")}});
      }),
      button("Next difference", () => step(1), "F8", {class: "small framed"}),
    );
  }
  const focused = host.contains(document.activeElement) ? document.activeElement?.id : "";
  host.hidden = parts.length === 0;
  fill(host, ...parts);
  if (focused) document.getElementById(focused)?.focus();
}

/** What the text extends, to compare with. */
function parent() {
  const name = /^extends: *([\w./+-]+)/m.exec(editor.text)?.[1];
  return !name ? null : /\.ya?ml$/.test(name) ? {file: name} : {zoo: name};
}

/** Chooses a network to compare with. */
function chooseOther() {
  choices();
  const found = async (query) =>
    (await post("zoo", {query})).specs.slice(0, 30).map((spec) => ({
      label: spec.name,
      about: spec.description,
      run: () => setView({kind: "diff", other: {zoo: spec.name}}),
    }));
  found("")
    .then((entries) => palette(entries, found))
    .catch(failed);
}

/** The other text of a difference, at the left below the own. @param {{name: string, text: string} | null} found */
function against(found) {
  byId("spec").classList.toggle("split", found !== null);
  if (found && other?.text === found.text && other.name === found.name) {
    markDifference();
    return;
  }
  if (!found && !other) return;
  other?.reader.destroy();
  byId("spec").querySelector(".against")?.remove();
  other = null;
  editor.mark([]);
  if (!found) return;
  const host = h("div", {class: "code reader"});
  byId("card").before(h("div", {class: "against"}, h("div", {class: "against-head"}, `Against ${found.name}`), host));
  other = {reader: new Reader(host, found.text, `${found.name}, read only`, nonce), ...found};
  markDifference();
}

/** Marks the lines that only one of two texts has. */
function markDifference() {
  if (!other) return;
  const found = differing(editor.text, other.text);
  editor.mark(found.a);
  other.reader.mark(found.b);
  other.begins = found.begins;
}

/** To the next problem, or in a difference to the next one. @param {number} by */
function step(by) {
  if (view.kind === "diff" && other?.begins?.length && !editor.found.length) {
    const {line} = editor.cursor,
      all = other.begins;
    const next = by > 0 ? (all.find(([a]) => a > line) ?? all[0]) : (all.findLast(([a]) => a < line) ?? all[all.length - 1]);
    editor.goTo({line: next[0], column: 1, end_line: next[0], end_column: 1});
    other.reader.goTo({line: next[1], column: 1}, {focus: false});
    say(`difference in line ${next[0]}`);
    return;
  }
  if (isNarrow()) showPane("spec");
  if (readers.current !== null) readers.show(null);
  const problem = editor.step(by);
  say(problem ? `line ${editor.cursor.line}: ${problem.message}. ${problem.hint}` : "no problems");
}

async function showRuns() {
  try {
    await runs.load(valid?.cost?.fingerprint ?? null);
  } catch (error) {
    if (!(error instanceof Refused && error.status === 404)) failed(error);
  }
  tellRuns();
}

/** What is known of runs: their number in the tab, the view if it is open, the small chart. */
function tellRuns() {
  byId("views").lastElementChild.textContent = runs.runs.length ? `Runs ${runs.runs.length}` : "Runs";
  if (view.kind === "runs") {
    pale(false);
    picture.put(runs.view(tellRuns, label()), "runs");
    drawn = "";
  }
  details.parts.runs.replaceChildren(...runs.small());
}

// -- files ---------------------------------------------------------------------------------------------------------------

function title() {
  const unsaved = doc !== null && !doc.readOnly && editor.text !== doc.saved;
  byId("file-name").textContent = label();
  byId("file-state").textContent = doc === null ? "" : doc.readOnly ? "read only" : unsaved ? "● not saved" : "saved";
  byId("file-state").className = unsaved ? "unsaved" : "";
  document.title = doc ? `${unsaved ? "● " : ""}${label()} – archspec studio` : "archspec studio";
  return unsaved;
}

/** What is asked for to go on with an unsaved text. @param {{path: string | null, name: string, draft: string}} draft */
const ofDraft = ({path, name, draft}) => (path ? {file: path, draft} : {name, draft});

/** Opens what is named, with the unsaved text that was kept of it. @param {any} wanted */
async function open(wanted) {
  if (doc?.path && wanted.file === doc.path) {
    leaveStart(); // it is open, with what was typed
    return;
  }
  zoo.askNamed.stop();
  let found;
  try {
    found = await post("open", {tab, ...wanted});
  } catch (error) {
    failed(error);
    if (!doc) await showStart();
    return;
  }
  keepTyped();
  clearBars();
  doc = {path: found.path, name: found.name, saved: found.saved, digest: found.digest, readOnly: found.read_only};
  version += 1;
  [valid, answer, view, before, path, drawn] = [null, null, {kind: "network"}, {kind: "network"}, "", ""];
  picture.forget();
  readers.clear();
  card.tries = [];
  card.show(null);
  for (const part of Object.values(details.parts)) part.replaceChildren();
  const kept = found.draft && found.draft.text !== found.text ? found.draft : null;
  editor.open(kept ? kept.text : found.text, found.read_only);
  if (kept) {
    const when = new Date(kept.at).toLocaleString([], {dateStyle: "medium", timeStyle: "short"});
    const restored = `Your text of ${when}, which was not saved, is here again.`;
    const drop = () => {
      editor.replace(found.text);
      unbar("draft");
    };
    bar("draft", restored, [[found.saved === null ? "Begin anew" : "Take the saved file", drop]]);
    if (kept.digest !== found.digest) {
      doc.digest = kept.digest;
      changedOnDisk({digest: found.digest, gone: found.saved === null && !found.unread});
    }
  }
  if (found.unread) bar("unread", `${found.unread}. What was not saved of it is here.`, [], {tone: "bad"});
  if (found.drafts?.length) {
    const older = found.drafts.slice(0, 5).map((each) => [
      new Date(each.at).toLocaleString([], {dateStyle: "medium", timeStyle: "short"}),
      () => open(ofDraft(each)),
    ]);
    bar("drafts", "There are more texts of it that were not saved:", older);
  }
  if (found.read_only) {
    bar("shipped", `${found.name} ships with archspec and cannot be changed.`, [
      ["Write one that extends it", () => open({zoo: found.name})],
    ]);
  }
  history.replaceState(
    null,
    "",
    `#${new URLSearchParams(found.path ? {file: found.path} : found.read_only ? wanted : {name: found.name, ...wanted})}`,
  );
  title();
  leaveStart();
  setView(view);
  showPane("spec");
  if (found.path === null && !found.read_only) {
    selectDescription();
    post("tries", asked()).then(({tries}) => {
      card.tries = tries;
      card.show(card.card);
    }, failed);
  }
  editor.focus();
  subscribe();
  showRuns();
  zoo.list();
}

/** What was typed last, if it is not saved, is sent to be kept before another document takes its place. */
function keepTyped() {
  if (!doc || doc.readOnly || gone || editor.text === doc.saved) return;
  post("check", {...asked(), view: {kind: "network"}, version}).catch(() => {});
}

/** A text that is new has a description to fill in: it is selected. */
function selectDescription() {
  const at = /^description: *(.*)$/m.exec(editor.text);
  if (!at) return;
  const end = at.index + at[0].length;
  editor.view.dispatch({selection: {anchor: end - at[1].length, head: end}});
}

async function save() {
  if (!doc || doc.readOnly) return;
  if (doc.path === null) {
    askName(`${doc.name}.yaml`, config.folder, (name) => write(name, null));
    return;
  }
  if (!title()) {
    say("nothing to save");
    return;
  }
  await writeOver(doc.path, doc.digest);
}

/** Writes a file that has its name; what went wrong stands in a bar. */
async function writeOver(to, digest) {
  const wrong = await write(to, digest);
  if (wrong) bar("failed", `${label()} is not written: ${wrong}`, [], {tone: "bad"});
}

/** Writes the file, if it is what it was. @returns {Promise<string | null>} what went wrong, in words */
async function write(to, digest) {
  const text = editor.text;
  try {
    const found = await post("save", {tab, path: to, ...(doc.path === null ? {name: doc.name} : {}), text, digest});
    const moved = doc.path !== found.path;
    Object.assign(doc, {path: found.path, name: found.name, digest: found.digest, saved: text});
    for (const kind of ["disk", "draft", "failed"]) unbar(kind);
    card.tries = [];
    say(`saved ${doc.path}`);
    title();
    if (moved) {
      history.replaceState(null, "", `#${new URLSearchParams({file: doc.path})}`);
      subscribe();
    }
    checker.now();
    return null;
  } catch (error) {
    if (error instanceof Refused && error.answer.conflict) {
      const {disk, digest: theirs, difference} = error.answer;
      if (doc.path === null) return `${error.message}. Choose another name.`;
      conflict(
        disk === null ? null : (difference ?? []),
        {overwrite: () => writeOver(to, theirs ?? null), reload: () => take(disk, theirs)},
        label(),
      );
      return null;
    }
    return error instanceof Gone
      ? "The server does not answer; nothing was written."
      : error.hint
        ? `${error.message}; ${error.hint}`
        : error.message;
  }
}

/** Takes the text of the disk in place of the own, which can be undone. */
function take(text, digest) {
  Object.assign(doc, {saved: text, digest});
  editor.replace(text);
  for (const kind of ["disk", "draft", "failed"]) unbar(kind);
  title();
}

// -- what the server tells -----------------------------------------------------------------------------------------------

function subscribe() {
  stopEvents();
  heard = performance.now();
  const alive = (run) => (data) => {
    heard = performance.now();
    run(data);
  };
  stopEvents = listen(tab, doc?.path ?? "", doc?.name ?? "", {
    alive: alive(() => {}),
    tabs: alive(({others}) => {
      if (others)
        bar(
          "tabs",
          `${label()} is open in ${plural(others, "other tab")} too; none writes over what another saves without asking.`,
        );
      else unbar("tabs");
    }),
    disk: alive((data) => changedOnDisk(data)),
    runs: alive(() => showRuns()),
  });
}

function changedOnDisk({digest, gone: deleted}) {
  if (!doc || doc.path === null || digest === doc.digest) {
    unbar("disk");
    return;
  }
  if (deleted) {
    bar("disk", `${label()} is no longer on the disk. Your text is kept here.`, [
      ["Write it again", () => writeOver(doc.path, null)],
      ["Keep", () => unbar("disk")],
    ]);
    return;
  }
  const reload = async () => {
    const found = await post("open", {file: doc.path});
    if (found.saved === null) changedOnDisk({digest: null, gone: true});
    else take(found.saved, found.digest);
  };
  bar("disk", `${label()} was changed on the disk.`, [
    ["Reload", () => reload().catch(failed)],
    [
      "Compare",
      async () => {
        try {
          const found = await post("open", {file: doc.path}),
            lines = lineDifference(found.saved ?? "", editor.text);
          dialog(`${label()}: from the file on the disk (−) to your text (+)`, [unified(lines)], {class: "wide"});
        } catch (error) {
          failed(error);
        }
      },
    ],
    ["Keep mine", () => unbar("disk")],
  ]);
}

/** The lines of two texts, each with the sign of where it stands. */
function lineDifference(a, b) {
  const [x, y] = [a.split("\n"), b.split("\n")],
    found = differing(a, b),
    [gone_, come] = [new Set(found.a), new Set(found.b)],
    lines = [];
  for (let i = 1, j = 1; i <= x.length || j <= y.length;) {
    if (gone_.has(i)) lines.push(`-${x[i++ - 1]}`);
    else if (come.has(j)) lines.push(`+${y[j++ - 1]}`);
    else {
      if (i <= x.length) lines.push(` ${x[i - 1]}`);
      i += 1;
      j += 1;
    }
  }
  return lines;
}

onReached((reached) => {
  if (reached === !gone) return;
  gone = !reached;
  byId("app").classList.toggle("gone", gone);
  if (!gone) {
    unbar("gone");
    if (doc) {
      checker.now();
      subscribe();
    }
    return;
  }
  for (const kind of ["tabs", "disk"]) unbar(kind);
  byId("problems").className = "problems wa";
  byId("problems").textContent = "! not checked";
  bar(
    "gone",
    "The server has ended or is not reached. Your text stays here; it cannot be checked or saved until the server is back.",
    [["Copy the text", () => navigator.clipboard.writeText(editor.text).then(() => say("copied"), failed)]],
    {closes: false, tone: "bad"},
  );
  waiting("");
  const retry = () =>
    setTimeout(async () => {
      await get("config").catch(() => {});
      if (gone) retry();
    }, AGAIN);
  retry();
});

setInterval(() => {
  if (!gone && doc && performance.now() - heard > SILENT) get("config").catch(() => {});
}, SILENT / 3);

addEventListener("beforeunload", (event) => {
  if (gone && doc && title()) event.preventDefault();
});

// -- start, and what is everywhere ---------------------------------------------------------------------------------------

async function showStart() {
  byId("app").dataset.state = "start";
  byId("start").hidden = false;
  if (!doc) title();
  let drafts = [];
  try {
    drafts = ((await post("open", {tab})).drafts ?? []).filter(
      (draft) => !doc || draft.draft !== tab || draft.path !== doc.path || (!draft.path && draft.name !== doc.name),
    );
  } catch (error) {
    failed(error);
  }
  await zoo.show(drafts);
}

function leaveStart() {
  byId("app").dataset.state = "open";
  byId("start").hidden = true;
  editor.view.requestMeasure();
  editor.focus();
}

function setTheme(theme) {
  const [, words] = THEMES.find(([name]) => name === theme) ?? THEMES[0];
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.querySelector("meta[name=color-scheme]")?.setAttribute("content", theme === "auto" ? "light dark" : theme);
  localStorage.setItem("archspec.theme", theme);
  byId("theme-button").textContent = `Colours: ${words}`;
  picture.setTheme(theme);
  zoo.setTheme(theme);
}

/** From spec to picture to details and round. */
function turn() {
  const focus = document.activeElement,
    at = byId("spec").contains(focus) ? 0 : byId("picture").contains(focus) ? 1 : byId("side").contains(focus) ? 2 : 2;
  const next = (at + 1) % 3;
  if (isNarrow()) showPane(next === 0 ? "spec" : "picture");
  if (next === 0) {
    if (readers.current !== null) readers.show(null);
    editor.focus();
  } else if (next === 1) picture.focus();
  else {
    openSheet(true);
    byId("details").focus();
  }
}

function everything() {
  const entry = ([label, about, run]) => ({label, about, run});
  const commands = [
    ["Save", "write the file", save],
    ["Zoo", "begin with another network", showStart],
    ["Export", "SVG, PNG, LaTeX, Markdown, the command", () => byId("export-button").click()],
    ["Next problem", "F8", () => step(1)],
    ["Keys", "the list of keys", () => keyList(LIST)],
    ...VIEWS.map(([kind, words], number) => [words, `view, Alt ${number + 1}`, () => openView(kind)]),
    ...THEMES.map(([theme, words]) => [`Colours: ${words}`, "", () => setTheme(theme)]),
  ];
  const named = doc
    ? [
        ...(valid?.sections ?? []).map((name) => [
          name,
          "section",
          () => {
            const key = `section:${name}`;
            if (valid.elements?.[key]) {
              picture.select(key);
              picture.to(picture.elements.get(key)?.[0]);
            } else setView({kind: "full", stage: name});
          },
        ]),
        ...(valid?.blocks ?? []).map((name) => [name, "block", () => setView({kind: "block", block: name})]),
        ...Object.entries(valid?.elements ?? {})
          .filter(([key]) => !key.startsWith("section:"))
          .map(([key, each]) => [key, each.lines[0] ?? "layer", () => toLine(key)]),
      ]
    : [];
  palette(
    [...commands.map(entry), ...zoo.own(), ...named.map(entry)],
    (query) => zoo.named(query),
  );
}

/** Back from a block to where one was, or from a file that is only read. */
function back() {
  if (byId("app").dataset.state === "start") return false;
  if (readers.current !== null && byId("spec").contains(document.activeElement)) {
    readers.show(null);
    editor.leavable();
  } else if (view.kind === "block") {
    returning = left;
    setView(before);
    picture.focus();
  } else return false;
  return true;
}

function begin() {
  byId("views").append(
    ...VIEWS.map(([kind, words], number) =>
      h(
        "button",
        {
          type: "button",
          role: "tab",
          "data-view": kind,
          "aria-selected": "false",
          "aria-controls": "picture",
          "aria-keyshortcuts": `Alt+${number + 1}`,
          tabindex: "-1",
        },
        words,
      ),
    ),
  );
  tabs(byId("views"), (each) => openView(each.dataset.view ?? "network"));
  tabs(byId("panes"), (each) => showPane(/** @type {"spec" | "picture"} */ (each.dataset.pane)));
  divider();
  sheet();
  byId("save-button").onclick = save;
  byId("zoo-button").onclick = () => (byId("app").dataset.state === "start" && doc ? leaveStart() : showStart());
  byId("export-button").onclick = () => exportMenu(byId("export-button"), () => ({...asked(), view}), failed);
  byId("keys-button").onclick = () => keyList(LIST);
  byId("theme-button").onclick = () => {
    const at = THEMES.findIndex(([theme]) => theme === (localStorage.getItem("archspec.theme") ?? "auto"));
    setTheme(THEMES[(at + 1) % THEMES.length][0]);
  };
  setTheme(localStorage.getItem("archspec.theme") ?? "auto");
  keys({
    save,
    step,
    take: () => editor.take(),
    turn,
    palette: everything,
    list: () => keyList(LIST),
    back,
    define: async () => {
      const told = await atCursor();
      if (told?.definition) go(told.definition);
    },
    rename: async () => {
      const told = await atCursor();
      if (told?.rename) rename(told.rename);
    },
    view: (number) => {
      if (doc) openView(VIEWS[number - 1][0]);
    },
  });
}

async function start() {
  begin();
  try {
    config = await get("config");
  } catch (error) {
    failed(error);
    return;
  }
  const wanted = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (wanted.file || wanted.zoo || wanted.shipped || wanted.name) await open(wanted);
  else if (config.file) await open({file: config.file});
  else await showStart();
}

start();
