/** What can be chosen of a view, above its picture. */

import {post} from "./api.js";
import {failed} from "./bars.js";
import {button, byId, fill, h} from "./dom.js";
import {palette} from "./palette.js";
import {parts, state} from "./state.js";
import {back, setView, step} from "./views.js";

const STYLES = ["resnet", "rows", "inception"];

/** Shows them. */
export function choices() {
  const host = byId("choices"),
    known = state.valid ?? {blocks: [], sections: [], repeats: {}},
    found = OF[state.view.kind]?.(known) ?? [],
    focused = host.contains(document.activeElement) ? (document.activeElement?.id ?? "") : "";
  host.hidden = found.length === 0;
  fill(host, ...found);
  if (focused) byId(focused)?.focus();
}

/** A select with its label. @param {Array<[string, string]>} options value and words @param {(value: string) => void} choose */
const select = (id, label, options, chosen, choose) => [
  h("label", {for: id}, label),
  h(
    "select",
    {id, onchange: (event) => choose(event.target.value)},
    ...options.map(([value, words]) => h("option", {value, selected: value === chosen}, words)),
  ),
];

/** By the kind of the view. @type {Record<string, (known: any) => Node[]>} */
const OF = {block: ofBlock, full: ofFull, table: ofTable, diff: ofDifference};

function ofBlock(known) {
  const {view} = state,
    stages = Object.keys(known.repeats).filter((name) => known.repeats[name] > 0);
  const options = [
    ...known.blocks.map((name) => [`block ${name}`, name]),
    ...stages.map((name) => [`stage ${name}`, `${name} × ${known.repeats[name]}`]),
  ];
  const choose = (value) => {
    const [what, name] = value.split(" ");
    setView(what === "stage" ? {kind: "block", stage: name, repeat: 1} : {kind: "block", block: name});
  };
  return [
    ...select("choose-block", "Block", options, view.stage ? `stage ${view.stage}` : `block ${view.block}`, choose),
    ...repeats(known.repeats[view.stage] ?? 1),
    button("Back", back, "Escape", {class: "small framed"}),
  ];
}

/** The first, the second and the last repeat of a stage, and the one that is shown. @param {number} most */
function repeats(most) {
  const {view} = state;
  if (!view.stage || most <= 1) return [];
  const numbers = [...new Set([1, 2, view.repeat ?? 1, most])].sort((x, y) => x - y),
    options = numbers.map((each) => [String(each), each === most ? `${each}, the last` : String(each)]);
  return select("choose-repeat", "Repeat", options, String(view.repeat ?? 1), (value) =>
    setView({...view, repeat: Number(value)}),
  );
}

function ofFull({sections}) {
  const options = [["", "the whole"], ...sections.map((name) => [name, name])],
    choose = (value) => setView(value ? {kind: "full", stage: value} : {kind: "full"});
  return sections.length ? select("choose-stage", "Part", options, state.view.stage ?? "", choose) : [];
}

function ofTable() {
  const options = STYLES.map((name) => [name, name]);
  return select("choose-style", "Style", options, state.view.style ?? STYLES[0], (value) =>
    setView({...state.view, style: value}),
  );
}

function ofDifference() {
  const to = state.view.other,
    from = parent(),
    named = (each) => `${Object.keys(each)[0]} ${Object.values(each)[0]}`;
  const options = new Map(
    [
      ...(state.doc?.saved === null ? [] : [["saved true", "the saved file"]]),
      ...(from ? [[named(from), `${Object.values(from)[0]}, which it extends`]] : []),
      ...parts.runs.runs.map((run) => [`run ${run.name}`, `the run ${run.name}`]),
      [named(to), to.saved ? "the saved file" : Object.values(to)[0]],
      ["choose", "another network …"],
    ].toReversed(), // of two with one value the first has its words
  );
  const choose = (value) => {
    const [what, ...name] = value.split(" ");
    if (what === "choose") chooseOther();
    else setView({kind: "diff", other: {[what]: what === "saved" ? true : name.join(" ")}});
  };
  return [
    ...select("choose-other", "Against", [...options].toReversed(), named(to), choose),
    button("Next difference", () => step(1), "F8", {class: "small framed"}),
  ];
}

/** What the text extends, to compare with. */
export function parent() {
  const name = /^extends: *([\w./+-]+)/m.exec(parts.editor.text)?.[1];
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
