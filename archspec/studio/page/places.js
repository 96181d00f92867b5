/** Places of a text as the server counts them, and as CodeMirror does. */

/**
 * @typedef {{line: number, column: number, end_line: number, end_column: number}} Span counted from 1, columns in UTF-16 units
 * @typedef {Span & {file: string | null}} Place
 * @typedef {Span & {text: string}} Edit
 */

/** The place of a line and column in a text, moved into it. */
export function offset(doc, line, column) {
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(at.from + Math.max(column - 1, 0), at.to);
}

/** Where a place lies in a text: at least one sign wide, where there is one. */
export function range(doc, place) {
  const from = offset(doc, place.line, place.column);
  const to = Math.max(from, offset(doc, place.end_line, place.end_column));
  if (to > from) return {from, to};
  const line = doc.lineAt(from);
  return from < line.to ? {from, to: from + 1} : {from: Math.max(line.from, from - 1), to: from};
}

/** Edits as changes of a text. @param {Edit[]} edits */
export const changesOf = (doc, edits) =>
  edits.map((edit) => ({
    insert: edit.text,
    from: offset(doc, edit.line, edit.column),
    to: offset(doc, edit.end_line, edit.end_column),
  }));
