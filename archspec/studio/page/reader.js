/** A text that is read: how a spec looks, lines that are marked, a tab to read. */

import {
  Decoration,
  EditorSelection,
  EditorState,
  EditorView,
  HighlightStyle,
  StateEffect,
  StateField,
  ViewPlugin,
  defaultKeymap,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  indentService,
  indentUnit,
  keymap,
  lineNumbers,
  search,
  searchKeymap,
  syntaxHighlighting,
  tags,
  yaml,
} from "./codemirror.js";
import {offset} from "./places.js";

// -- lines that the picture speaks of ------------------------------------------------------------------------------------

const setSaid = StateEffect.define();

export const said = StateField.define({
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

/** Marks lines. @param {number[]} lines */
export const marking = (lines) => ({effects: setSaid.of(lines)});

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

/** What every text has. @param {string} nonce */
export const looks = (nonce) => [
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
// -- a text to read ------------------------------------------------------------------------------------------------------

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
          EditorView.contentAttributes.of({"aria-label": label, "aria-readonly": "true", tabindex: "0"}),
        ],
      }),
    });
  }

  /** Puts the cursor there and shows the line. @param {import("./places.js").Span} place */
  goTo(place, {focus = true} = {}) {
    const at = offset(this.view.state.doc, place.line, place.column);
    this.view.dispatch({selection: EditorSelection.cursor(at), effects: EditorView.scrollIntoView(at, {y: "center"})});
    if (focus) this.view.focus();
  }

  /** Marks lines. @param {number[]} lines */
  mark(lines) {
    this.view.dispatch(marking(lines));
  }

  destroy() {
    this.view.destroy();
  }
}
