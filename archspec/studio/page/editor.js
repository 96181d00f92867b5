/** The text of the spec that is written: CodeMirror with problems, completion, and lines that the picture speaks of. */

import {
  EditorSelection,
  EditorState,
  EditorView,
  Prec,
  Transaction,
  acceptCompletion,
  autocompletion,
  bracketMatching,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  completionStatus,
  defaultKeymap,
  highlightActiveLine,
  highlightActiveLineGutter,
  history,
  historyKeymap,
  indentWithTab,
  keymap,
  lineNumbers,
  searchKeymap,
} from "./codemirror.js";
import {h, prose} from "./dom.js";
import {changesOf, offset} from "./places.js";
import {fixing, foundIn, problemsOf, reveal, setFound, takeFix} from "./problems.js";
import {looks, marking, said} from "./reader.js";

/** Milliseconds without a key until what was typed over is told of again. */
const REST = 600;
/** The same without a move of the pointer until the word under it is told of. */
const HOVERED = 350;
/** Milliseconds after Escape in which Tab leaves the text: as CodeMirror has it. */
const LEAVABLE = 2000;
/** Of the place where one writes. */
const ATTRIBUTES = {
  "aria-label": "Spec",
  "aria-describedby": "problems",
  tabindex: "0",
  spellcheck: "false",
  autocorrect: "off",
  autocapitalize: "off",
  "data-gramm": "false",
};

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

  /** @param {import("./codemirror.js").ViewUpdate} change */
  updated(change) {
    const some = (kind) => change.transactions.some((each) => each.annotation(kind));
    if (change.docChanged) {
      this.rested = false;
      this.rest(some(fixing) ? 0 : REST);
      if (!some(Transaction.remote)) this.listeners.edited(this.text);
    }
    if (change.docChanged || change.selectionSet) this.listeners.moved(change.docChanged);
  }

  /** The state of a text in which nothing was typed yet. @param {string} text @param {boolean} readOnly */
  fresh(text, readOnly) {
    return EditorState.create({
      doc: text,
      extensions: [
        looks(this.nonce),
        problemsOf,
        lineNumbers(),
        said,
        history(),
        bracketMatching(),
        closeBrackets(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        this.completion(),
        EditorView.updateListener.of((change) => this.updated(change)),
        EditorState.readOnly.of(readOnly),
        this.keys(),
        EditorView.contentAttributes.of(ATTRIBUTES),
      ],
    });
  }

  completion() {
    return autocompletion({
      override: [(context) => this.suggest(context)],
      icons: false,
      maxRenderedOptions: 60,
      optionClass: (option) => `is-${option.type}`,
      addToOptions: [{position: 80, render: (option) => h("span", {class: "cm-kind"}, option.type)}],
    });
  }

  keys() {
    return [
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
    ];
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

  /** Changes of the text as one step. @param {import("./places.js").Edit[]} edits */
  apply(edits) {
    const changes = changesOf(this.view.state.doc, edits);
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

  /** What a check found in the text as it is. @param {import("./problems.js").Problem[]} found @param {number} more */
  show(found, more) {
    this.view.dispatch({effects: setFound.of({problems: found, more, rested: this.rested})});
  }

  /** Problems with their places now. @returns {import("./problems.js").Found[]} */
  get found() {
    return foundIn(this.view.state);
  }

  /**
   * The next or previous problem, around the end.
   * @param {number} by 1 or -1
   * @returns {import("./problems.js").Problem | null}
   */
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

  /** Puts the cursor there and shows the line. @param {import("./places.js").Span} place */
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
    this.view.dispatch(marking(lines));
  }

  focus() {
    this.view.focus();
  }

  /** The focus, come by Escape: as after an Escape in the text the next Tab leaves it, and writes nothing. */
  leavable() {
    this.view.focus();
    this.view.setTabFocusMode(LEAVABLE);
  }

  /** Whether one chooses a word, or what can be chosen is still looked up. */
  get completing() {
    return completionStatus(this.view.state) !== null;
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
    }, HOVERED);
  }
}
