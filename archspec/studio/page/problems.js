/** Problems in the text: wavy lines, signs beside them, and cards below; where they are moves with what is typed. */

import {
  Annotation,
  Decoration,
  EditorView,
  GutterMarker,
  RangeSet,
  StateEffect,
  StateField,
  WidgetType,
  gutter,
} from "./codemirror.js";
import {button, h} from "./dom.js";
import {changesOf, range} from "./places.js";
import {plural} from "./words.js";

/** Cards below lines, for so many problems at most. */
const CARDS = 20;

/**
 * @typedef {{severity: "error" | "warning", code: string, message: string, notes: string[], hint: string,
 *   here: import("./places.js").Span, place: import("./places.js").Place, path: string,
 *   fix: {label: string, edits: import("./places.js").Edit[]} | null}} Problem
 * @typedef {{from: number, to: number, shown: boolean, problem: Problem,
 *   changes: Array<{from: number, to: number, insert: string}> | null}} Found
 */

/** What a check found; that all of it is told; a change that takes a guess. */
export const setFound = StateEffect.define();
export const reveal = StateEffect.define();
export const fixing = Annotation.define();

/** One problem in words, below its line. */
class Card extends WidgetType {
  /** @param {Problem} problem @param {boolean} current @param {string} behind what is said after the last card */
  constructor(problem, fixable, behind) {
    super();
    Object.assign(this, {problem, fixable, behind});
  }

  eq(other) {
    const [a, b] = [this.problem, other.problem];
    return (
      a.message === b.message &&
      a.hint === b.hint &&
      a.severity === b.severity &&
      a.fix?.label === b.fix?.label &&
      this.fixable === other.fixable &&
      this.behind === other.behind
    );
  }

  toDOM(view) {
    const {message, notes, hint, fix, severity, place} = this.problem;
    const take = () => {
      const found = view.state
        .field(problems)
        .list.find(
          (each) => each.problem === this.problem || new Card(each.problem, true, "").eq(new Card(this.problem, true, "")),
        );
      if (found) takeFix(view, found);
      view.focus();
    };
    return h(
      "div",
      {class: "msg-line"},
      h(
        "div",
        {class: `msg ${severity}`, role: "note"},
        h("b", {}, h("span", {class: "unseen"}, `${severity}: `), message),
        place.file === null ? null : h("div", {class: "dim"}, `${place.file}, line ${place.line}`),
        ...notes.map((note) => h("div", {}, note)),
        hint ? h("div", {}, hint) : null,
        fix && this.fixable ? button(fix.label[0].toUpperCase() + fix.label.slice(1), take, "Alt Enter", {class: "fix"}) : null,
        this.behind ? h("div", {class: "dim"}, this.behind) : null,
      ),
    );
  }

  get estimatedHeight() {
    return 52 + (this.problem.fix ? 34 : 0) + 18 * this.problem.notes.length;
  }

  ignoreEvent() {
    return true;
  }
}

class Sign extends GutterMarker {
  constructor(severity) {
    super();
    this.severity = severity;
  }

  eq(other) {
    return other.severity === this.severity;
  }

  toDOM() {
    return document.createTextNode(this.severity === "error" ? "✕" : "!");
  }

  get elementClass() {
    return `sign-${this.severity}`;
  }
}

const SIGNS = {error: new Sign("error"), warning: new Sign("warning")};

/** Puts the guess of a problem into the text. */
export function takeFix(view, found) {
  if (!found.changes) return false;
  view.dispatch({changes: found.changes, userEvent: "input.complete", annotations: fixing.of(true)});
  return true;
}

/** What a problem is known by in the next answer. */
const key = (found, doc) => `${found.problem.message}\n${doc.lineAt(found.from).number}`;

/** Problems moved along with what is typed; those of the lines that are typed in are not told for a while. */
function moved(list, {changes, state: {doc}}) {
  const edited = [];
  changes.iterChangedRanges((_a, _b, from, to) => edited.push([doc.lineAt(from).number, doc.lineAt(to).number]));
  return list.map((each) => {
    const from = changes.mapPos(each.from, 1),
      to = Math.max(from, changes.mapPos(each.to, -1)),
      line = doc.lineAt(from).number,
      typedOver = edited.some(([first, last]) => first <= line && line <= last);
    const fix = typedOver && changes.touchesRange(each.from, each.to) ? null : each.changes;
    return {...each, from, to, changes: fix && fix.map((change) => shifted(change, changes)), shown: each.shown && !typedOver};
  });
}

/** A change of the guess, behind what was typed. */
function shifted(change, changes) {
  const from = changes.mapPos(change.from, 1);
  return {from, insert: change.insert, to: Math.max(from, changes.mapPos(change.to, -1))};
}

/** The problems of the line that the cursor has come to are told. */
function visited(list, {state: {doc}, selection}) {
  const line = doc.lineAt(selection.main.head).number,
    here = (each) => doc.lineAt(each.from).number === line;
  return list.some((each) => !each.shown && here(each))
    ? list.map((each) => (here(each) ? {...each, shown: true} : each))
    : list;
}

/** What a check found, with its places. @returns {Found[]} */
function placed(found, {rested}, list, doc) {
  const shown = new Set(list.filter((each) => each.shown).map((each) => key(each, doc)));
  return found.map((problem) => {
    const each = {...range(doc, problem.here), problem, changes: problem.fix ? changesOf(doc, problem.fix.edits) : null};
    return {...each, shown: rested || shown.has(key(each, doc))};
  });
}

/** The problems of the text with their places, moved along with what is typed. */
const problems = StateField.define({
  create: () => ({list: [], more: 0}),
  update(value, transaction) {
    let {list, more} = value;
    if (transaction.docChanged) list = moved(list, transaction);
    else if (transaction.selection) list = visited(list, transaction);
    for (const effect of transaction.effects) {
      if (effect.is(setFound)) {
        more = effect.value.more;
        list = placed(effect.value.problems, effect.value, list, transaction.state.doc);
      } else if (effect.is(reveal)) list = list.map((each) => (each.shown ? each : {...each, shown: true}));
    }
    return list === value.list && more === value.more ? value : {list, more};
  },
  provide: (field) => EditorView.decorations.from(field, ({list}) => (view) => underlined(view.state.doc, list)),
});

/** Wavy and dotted lines. */
function underlined(doc, list) {
  const marks = list
    .filter((each) => each.to > each.from)
    .map((each) => Decoration.mark({class: `cm-${each.problem.severity}`}).range(each.from, Math.min(each.to, doc.length)));
  return Decoration.set(marks, true);
}

/** Cards below lines: block widgets have to come from the state itself. */
const cards = StateField.define({
  create: () => Decoration.none,
  update(value, transaction) {
    const now = transaction.state.field(problems);
    if (now === transaction.startState.field(problems, false))
      return transaction.docChanged ? value.map(transaction.changes) : value;
    const doc = transaction.state.doc,
      told = now.list.slice(0, CARDS),
      rest = now.list.length + now.more - told.length;
    return Decoration.set(
      told.flatMap((each, number) => {
        if (!each.shown) return [];
        const behind = rest > 0 && number + 1 === told.length ? `and ${plural(rest, "problem")} more` : "";
        const widget = new Card(each.problem, Boolean(each.changes), behind);
        return [Decoration.widget({widget, block: true, side: 1}).range(doc.lineAt(each.from).to)];
      }),
      true,
    );
  },
  provide: (field) => EditorView.decorations.from(field),
});

const signs = gutter({
  class: "cm-signs",
  markers: (view) => {
    const {list} = view.state.field(problems),
      doc = view.state.doc,
      lines = new Map();
    for (const {from, problem} of list) {
      const at = doc.lineAt(Math.min(from, doc.length)).from;
      if (lines.get(at) !== "error") lines.set(at, problem.severity);
    }
    return RangeSet.of([...lines].sort(([a], [b]) => a - b).map(([at, severity]) => SIGNS[severity].range(at)));
  },
  initialSpacer: () => SIGNS.error,
});

/** All of it, for an editor. */
export const problemsOf = [problems, cards, signs];

/** The problems of a state with their places now. @returns {Found[]} */
export const foundIn = (state) => state.field(problems).list;
