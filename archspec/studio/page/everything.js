/** What Ctrl K finds by name: commands, views, files of the folder, sections, blocks, layers, networks. */

import {keyList} from "./dialogs.js";
import {byId} from "./dom.js";
import {toLine} from "./cursor.js";
import {save} from "./files.js";
import {LIST} from "./keys.js";
import {palette} from "./palette.js";
import {showStart} from "./start.js";
import {VIEWS, parts, state} from "./state.js";
import {THEMES, setTheme} from "./theme.js";
import {openView, setView, step} from "./views.js";

/** Opens the list. */
export function everything() {
  const {zoo} = parts,
    entry = ([label, about, run]) => ({label, about, run});
  palette(
    [...commands().map(entry), ...zoo.own(), ...(state.doc ? named().map(entry) : [])],
    (query) => zoo.named(query),
  );
}

/** Label, what is told of it, what it does. @returns {Array<[string, string, () => void]>} */
const commands = () => [
  ["Save", "write the file", save],
  ["Zoo", "begin with another network", showStart],
  ["Export", "SVG, PNG, LaTeX, Markdown, the command", () => byId("export-button").click()],
  ["Next problem", "F8", () => step(1)],
  ["Keys", "the list of keys", () => keyList(LIST)],
  ...VIEWS.map(([kind, words], number) => [words, `view, Alt ${number + 1}`, () => openView(kind)]),
  ...THEMES.map(([theme, words]) => [`Colours: ${words}`, "", () => setTheme(theme)]),
];

/** The same of what the text has. @returns {Array<[string, string, () => void]>} */
function named() {
  const {valid} = state;
  return [
    ...(valid?.sections ?? []).map((name) => [name, "section", () => toSection(name)]),
    ...(valid?.blocks ?? []).map((name) => [name, "block", () => setView({kind: "block", block: name})]),
    ...Object.entries(valid?.elements ?? {})
      .filter(([key]) => !key.startsWith("section:"))
      .map(([key, each]) => [key, each.lines[0] ?? "layer", () => toLine(key)]),
  ];
}

/** To a section in the picture; where that has none of it, in the full one. @param {string} name */
function toSection(name) {
  const {picture} = parts,
    key = `section:${name}`;
  if (state.valid.elements?.[key]) {
    picture.select(key);
    picture.to(picture.elements.get(key)?.[0]);
  } else setView({kind: "full", stage: name});
}
