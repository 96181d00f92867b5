/** The text of the spec: CodeMirror with problems below their lines, completion, and lines that the picture speaks of. */

import {
  Annotation,
  Decoration,
  EditorSelection,
  EditorState,
  EditorView,
  GutterMarker,
  HighlightStyle,
  Prec,
  RangeSet,
  StateEffect,
  StateField,
  Transaction,
  ViewPlugin,
  WidgetType,
  acceptCompletion,
  autocompletion,
  bracketMatching,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  completionStatus,
  defaultKeymap,
  drawSelection,
  gutter,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  history,
  historyKeymap,
  indentService,
  indentUnit,
  indentWithTab,
  keymap,
  lineNumbers,
  search,
  searchKeymap,
  startCompletion,
  syntaxHighlighting,
  tags,
  yaml,
} from "./codemirror.js";
import {button, h, prose} from "./dom.js";
import {plural} from "./words.js";

/** Cards below lines, for so many problems at most. */
const CARDS = 20;
/** Milliseconds without a key until what was typed over is told of again. */
export const REST = 600;
/** Milliseconds after Escape in which Tab leaves the text: as CodeMirror has it. */
const LEAVABLE = 2000;

/**
 * @typedef {{line: number, column: number, end_line: number, end_column: number}} Span counted from 1, columns in UTF-16 units
 * @typedef {Span & {file: string | null}} Place
 * @typedef {Span & {text: string}} Edit
 * @typedef {{severity: "error" | "warning", code: string, message: string, notes: string[], hint: string, here: Span,
 *   place: Place, path: string, fix: {label: string, edits: Edit[]} | null}} Problem
 * @typedef {{from: number, to: number, shown: boolean, problem: Problem,
 *   changes: Array<{from: number, to: number, insert: string}> | null}} Found
 */

const setFound = StateEffect.define();
const reveal = StateEffect.define();
const setSaid = StateEffect.define();
const fixing = Annotation.define();

/** The place of a line and column in a text, moved into it. */
function offset(doc, line, column) {
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(at.from + Math.max(column - 1, 0), at.to);
}

/** Where a place lies in a text: at least one sign wide, where there is one. */
function range(doc, place) {
  const from = offset(doc, place.line, place.column);
  const to = Math.max(from, offset(doc, place.end_line, place.end_column));
  if (to > from) return {from, to};
  const line = doc.lineAt(from);
  return from < line.to ? {from, to: from + 1} : {from: Math.max(line.from, from - 1), to: from};
}

// -- problems ------------------------------------------------------------------------------------------------------------

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
function takeFix(view, found) {
  if (!found.changes) return false;
  view.dispatch({changes: found.changes, userEvent: "input.complete", annotations: fixing.of(true)});
  return true;
}

function key(found, doc) {
  return `${found.problem.message}\n${doc.lineAt(found.from).number}`;
}

/** The problems of the text with their places, moved along with what is typed. */
const problems = StateField.define({
  create: () => ({list: [], more: 0}),
  update(value, transaction) {
    let {list, more} = value;
    const doc = transaction.state.doc;
    if (transaction.docChanged) {
      const edited = [];
      transaction.changes.iterChangedRanges((_a, _b, from, to) =>
        edited.push([doc.lineAt(from).number, doc.lineAt(to).number]),
      );
      list = list.map((each) => {
        const from = transaction.changes.mapPos(each.from, 1),
          to = Math.max(from, transaction.changes.mapPos(each.to, -1));
        const line = doc.lineAt(from).number,
          typedOver = edited.some(([first, last]) => first <= line && line <= last);
        const changes =
          typedOver && transaction.changes.touchesRange(each.from, each.to)
            ? null
            : (each.changes?.map((change) => ({
                from: transaction.changes.mapPos(change.from, 1),
                insert: change.insert,
                to: Math.max(transaction.changes.mapPos(change.from, 1), transaction.changes.mapPos(change.to, -1)),
              })) ?? null);
        return {...each, from, to, changes, shown: each.shown && !typedOver};
      });
    } else if (transaction.selection) {
      const line = doc.lineAt(transaction.selection.main.head).number;
      if (list.some((each) => !each.shown && doc.lineAt(each.from).number === line)) {
        list = list.map((each) => (doc.lineAt(each.from).number === line ? {...each, shown: true} : each));
      }
    }
    for (const effect of transaction.effects) {
      if (effect.is(setFound)) {
        const shown = new Set(list.filter((each) => each.shown).map((each) => key(each, doc)));
        more = effect.value.more;
        list = effect.value.problems.map((problem) => {
          const found = {
            ...range(doc, problem.here),
            problem,
            shown: false,
            changes:
              problem.fix?.edits.map((edit) => ({
                insert: edit.text,
                from: offset(doc, edit.line, edit.column),
                to: offset(doc, edit.end_line, edit.end_column),
              })) ?? null,
          };
          return {...found, shown: effect.value.rested || shown.has(key(found, doc))};
        });
      } else if (effect.is(reveal)) {
        list = list.map((each) => (each.shown ? each : {...each, shown: true}));
      }
    }
    return list === value.list && more === value.more ? value : {list, more};
  },
  provide: (field) =>
    EditorView.decorations.from(
      field,
      ({list, more}) =>
        (view) =>
          decorated(view.state.doc, list, more),
    ),
});

/** Wavy and dotted lines; block widgets have to come from the state itself. */
function decorated(doc, list, more) {
  const marks = list
    .filter((each) => each.to > each.from)
    .map((each) => Decoration.mark({class: `cm-${each.problem.severity}`}).range(each.from, Math.min(each.to, doc.length)));
  return Decoration.set(marks, true);
}

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

// -- lines that the picture speaks of ------------------------------------------------------------------------------------

const said = StateField.define({
  create: () => Decoration.none,
  update(value, transaction) {
    value = value.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setSaid)) continue;
      const lines = [...new Set(effect.value)].filter((line) => line >= 1 && line <= transaction.state.doc.lines);
      value = Decoration.set(
        lines
          .sort((a, b) => a - b)
          .map((line) => Decoration.line({class: "cm-said"}).range(transaction.state.doc.line(line).from)),
      );
    }
    return value;
  },
  provide: (field) => EditorView.decorations.from(field),
});

// -- how it looks --------------------------------------------------------------------------------------------------------

/** What a spec computes, $name and $(…), in a colour of its own. */
const expressions = ViewPlugin.fromClass(
  class {
    constructor(view) {
      this.decorations = this.found(view);
    }

    update(update) {
      if (update.docChanged || update.viewportChanged) this.decorations = this.found(update.view);
    }

    found(view) {
      const ranges = [];
      for (const {from, to} of view.visibleRanges) {
        const text = view.state.doc.sliceString(from, to),
          start = /\$(?:[A-Za-z_]\w*|\()/g;
        for (let match = start.exec(text); match; match = start.exec(text)) {
          let end = match.index + match[0].length;
          for (let depth = match[0] === "$(" ? 1 : 0; depth && end < text.length && text[end] !== "\n"; end += 1) {
            depth += text[end] === "(" ? 1 : text[end] === ")" ? -1 : 0;
          }
          ranges.push(Decoration.mark({class: "cm-expression"}).range(from + match.index, from + end));
          start.lastIndex = end;
        }
      }
      return Decoration.set(ranges);
    }
  },
  {decorations: (plugin) => plugin.decorations},
);

const colours = HighlightStyle.define([
  {tag: [tags.definition(tags.propertyName), tags.propertyName], class: "hl-key"},
  {tag: tags.comment, class: "hl-comment"},
]);

/** A line begins where the one before begins; behind a key without a value one level further in. */
const indents = indentService.of((context, at) => {
  const {text} = context.lineAt(at, -1);
  const [, blanks, dashes] = /^( *)((?:- +)*)/.exec(text) ?? ["", "", ""];
  return /:\s*(?:#.*)?$/.test(text) ? blanks.length + dashes.length + 2 : blanks.length;
});

const looks = (nonce) => [
  EditorView.cspNonce.of(nonce),
  syntaxHighlighting(colours),
  yaml(),
  indents,
  expressions,
  highlightSpecialChars(),
  drawSelection(),
  EditorState.allowMultipleSelections.of(true),
  EditorState.tabSize.of(2),
  indentUnit.of("  "),
  EditorView.lineWrapping,
  EditorState.phrases.of({"Control character": "control character"}),
  search({top: true}),
];

// -- the editor ----------------------------------------------------------------------------------------------------------

/** A text to read, in a host of its own. */
export class Reader {
  /** @param {HTMLElement} host @param {string} text @param {string} label @param {string} nonce */
  constructor(host, text, label, nonce) {
    this.view = new EditorView({
      parent: host,
      state: EditorState.create({
        doc: text,
        extensions: [
          looks(nonce),
          lineNumbers(),
          said,
          EditorState.readOnly.of(true),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          keymap.of([...searchKeymap, ...defaultKeymap]),
          EditorView.contentAttributes.of({"aria-label": label, "aria-readonly": "true"}),
        ],
      }),
    });
  }

  /** Puts the cursor there and shows the line. @param {Span} place */
  goTo(place, {focus = true} = {}) {
    const at = offset(this.view.state.doc, place.line, place.column);
    this.view.dispatch({selection: EditorSelection.cursor(at), effects: EditorView.scrollIntoView(at, {y: "center"})});
    if (focus) this.view.focus();
  }

  /** Marks lines. @param {number[]} lines */
  mark(lines) {
    this.view.dispatch({effects: setSaid.of(lines)});
  }

  destroy() {
    this.view.destroy();
  }
}

/**
 * @typedef {{
 *   edited: (text: string) => void, moved: (typed: boolean) => void,
 *   hovered: (place: {line: number, column: number} | null) => void,
 *   complete: (place: {line: number, column: number}, signal: AbortSignal) => Promise<any>,
 * }} Listeners
 */

/** The text that is written. */
export class Editor {
  /** @param {HTMLElement} host @param {string} nonce @param {Listeners} listeners */
  constructor(host, nonce, listeners) {
    this.nonce = nonce;
    this.listeners = listeners;
    this.rested = true;
    /** When the last key was pressed, by the clock of performance.now(). */
    this.keyed = 0;
    this.timer = 0;
    this.view = new EditorView({parent: host, state: this.fresh("", false)});
    this.view.dom.addEventListener(
      "keydown",
      (event) => {
        this.keyed = event.timeStamp;
      },
      {capture: true},
    );
    this.view.dom.addEventListener("mousemove", (event) => this.hover(event));
    this.view.dom.addEventListener("mouseleave", () => this.hover(null));
  }

  fresh(text, readOnly) {
    const update = EditorView.updateListener.of((change) => {
      if (change.docChanged) {
        this.rested = false;
        this.rest(change.transactions.some((each) => each.annotation(fixing)) ? 0 : REST);
        if (!change.transactions.some((each) => each.annotation(Transaction.remote))) this.listeners.edited(this.text);
      }
      if (change.docChanged || change.selectionSet) this.listeners.moved(change.docChanged);
    });
    const complete = autocompletion({
      override: [(context) => this.suggest(context)],
      icons: false,
      maxRenderedOptions: 60,
      optionClass: (option) => `is-${option.type}`,
      addToOptions: [{position: 80, render: (option) => h("span", {class: "cm-kind"}, option.type)}],
    });
    return EditorState.create({
      doc: text,
      extensions: [
        looks(this.nonce),
        problems,
        cards,
        signs,
        lineNumbers(),
        said,
        history(),
        bracketMatching(),
        closeBrackets(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        complete,
        update,
        EditorState.readOnly.of(readOnly),
        Prec.highest(
          keymap.of([
            {key: "Tab", run: acceptCompletion},
            {key: "Alt-Enter", run: () => this.take()},
          ]),
        ),
        keymap.of([
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...searchKeymap,
          ...historyKeymap,
          ...defaultKeymap,
          indentWithTab,
        ]),
        EditorView.contentAttributes.of({
          "aria-label": "Spec",
          "aria-describedby": "problems",
          spellcheck: "false",
          autocorrect: "off",
          autocapitalize: "off",
          "data-gramm": "false",
        }),
      ],
    });
  }

  /** Tells of what was typed over after a while; where one chooses a word, after that. @param {number} milliseconds */
  rest(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.completing) {
        this.rest(REST);
        return;
      }
      this.rested = true;
      this.view.dispatch({effects: reveal.of(null)});
    }, milliseconds);
  }

  /** @returns {string} */
  get text() {
    return this.view.state.doc.toString();
  }

  get cursor() {
    const {head} = this.view.state.selection.main,
      line = this.view.state.doc.lineAt(head);
    return {line: line.number, column: head - line.from + 1};
  }

  get readOnly() {
    return this.view.state.readOnly;
  }

  /** Another document: nothing can be undone into the one before. @param {string} text */
  open(text, readOnly = false) {
    clearTimeout(this.timer);
    this.rested = true;
    this.view.setState(this.fresh(text, readOnly));
  }

  /** Another text of the same document, which can be undone. @param {string} text */
  replace(text) {
    this.view.dispatch({changes: {from: 0, to: this.view.state.doc.length, insert: text}, userEvent: "input"});
  }

  /** Changes of the text as one step. @param {Edit[]} edits */
  apply(edits) {
    const doc = this.view.state.doc;
    const changes = edits.map((edit) => ({
      insert: edit.text,
      from: offset(doc, edit.line, edit.column),
      to: offset(doc, edit.end_line, edit.end_column),
    }));
    this.view.dispatch({changes, userEvent: "input.complete", annotations: fixing.of(true)});
  }

  /**
   * Writes a key with its value into a section, or anew; the cursor stands behind it.
   * @param {{section: string, key: string, value: string}} change
   */
  write({section, key: name, value}) {
    const doc = this.view.state.doc,
      text = doc.toString(),
      said = `${name}: ${value}`;
    const at = section ? new RegExp(`^${section}:[ \\t]*$`, "m").exec(text) : null;
    const end = text.trimEnd().length,
      begins = end ? "\n" : "";
    const change = at
      ? {from: at.index + at[0].length, insert: `\n  ${said}`}
      : {from: end, to: doc.length, insert: `${begins}${section ? `${section}:\n  ` : ""}${said}\n`};
    const cursor = change.from + change.insert.trimEnd().length;
    this.view.dispatch({
      changes: change,
      selection: EditorSelection.cursor(cursor),
      userEvent: "input.complete",
      annotations: fixing.of(true),
      effects: EditorView.scrollIntoView(cursor),
    });
    this.view.focus();
  }

  /** What a check found in the text as it is. @param {Problem[]} found @param {number} more */
  show(found, more) {
    this.view.dispatch({effects: setFound.of({problems: found, more, rested: this.rested})});
  }

  /** Problems with their places now. @returns {Found[]} */
  get found() {
    return this.view.state.field(problems).list;
  }

  /** The next or previous problem, around the end. @param {number} by 1 or -1 @returns {Problem | null} */
  step(by) {
    const places = [...this.found].sort((a, b) => a.from - b.from),
      {head} = this.view.state.selection.main;
    if (!places.length) return null;
    const next =
      by > 0
        ? (places.find((each) => each.from > head) ?? places[0])
        : (places.findLast((each) => each.from < head) ?? places[places.length - 1]);
    this.view.dispatch({
      selection: EditorSelection.cursor(next.from),
      effects: EditorView.scrollIntoView(next.from, {y: "center"}),
    });
    this.view.focus();
    return next.problem;
  }

  /** Takes the guess of the cursor's line, or else of the first problem that has one. */
  take() {
    const {head} = this.view.state.selection.main,
      doc = this.view.state.doc,
      line = doc.lineAt(head).number;
    const possible = this.found.filter((each) => each.changes);
    const best =
      possible.find((each) => each.from <= head && head <= each.to) ??
      possible.find((each) => doc.lineAt(each.from).number === line) ??
      possible[0];
    return best ? takeFix(this.view, best) : false;
  }

  /** Puts the cursor there and shows the line. @param {Span} place */
  goTo(place, {focus = true} = {}) {
    const at = offset(this.view.state.doc, place.line, place.column);
    this.view.dispatch({
      selection: EditorSelection.cursor(at),
      effects: EditorView.scrollIntoView(at, {y: "nearest", yMargin: 60}),
    });
    if (focus) this.view.focus();
  }

  /** Marks the lines that the picture speaks of. @param {number[]} lines */
  mark(lines) {
    this.view.dispatch({effects: setSaid.of(lines)});
  }

  focus() {
    this.view.focus();
  }

  /** The focus, come by Escape: as after an Escape in the text the next Tab leaves it, and writes nothing. */
  leavable() {
    this.view.focus();
    this.view.setTabFocusMode(LEAVABLE);
  }

  complete() {
    this.view.focus();
    return startCompletion(this.view);
  }

  get completing() {
    return completionStatus(this.view.state) === "active";
  }

  async suggest(context) {
    const before = context.matchBefore(/[\w.$]*/);
    if (!context.explicit && !/^[A-Za-z_$]/.test(before?.text ?? "")) return null;
    const abort = new AbortController();
    context.addEventListener("abort", () => abort.abort(), {onDocChange: true});
    const doc = context.state.doc,
      line = doc.lineAt(context.pos);
    const answer = await this.listeners.complete({line: line.number, column: context.pos - line.from + 1}, abort.signal);
    if (!answer || context.aborted) return null;
    return {
      from: offset(doc, answer.from.line, answer.from.column),
      validFor: /^[\w.$-]*$/,
      to: offset(doc, answer.to.line, answer.to.column),
      options: answer.options.map((each, number) => ({
        label: each.label,
        type: each.kind,
        apply: each.text,
        boost: -number / 1000,
        info: each.about ? () => h("div", {}, ...prose(each.about)) : undefined,
      })),
    };
  }

  /** Tells of the word under a pointer that rests. */
  hover(event) {
    clearTimeout(this.hovering);
    if (!event) {
      this.listeners.hovered(null);
      return;
    }
    const {clientX: x, clientY: y} = event;
    this.hovering = setTimeout(() => {
      const at = this.view.posAtCoords({x, y});
      if (at === null) return;
      const line = this.view.state.doc.lineAt(at),
        end = this.view.coordsAtPos(line.to);
      if (end && x > end.right + 4) this.listeners.hovered(null);
      else this.listeners.hovered({line: line.number, column: at - line.from + 1});
    }, 350);
  }
}
