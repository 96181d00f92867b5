/** The panel at the right: the element under pointer or focus, the whole against what it was before, what training takes. */

import {failed} from "./bars.js";
import {FIGURES, budget, budgetForm, keepBudget, meter} from "./budget.js";
import {byId, button, fill, h} from "./dom.js";
import {count} from "./words.js";

/** @param {string} name @param {string} value */
const row = (name, value, aside = "") => [
  h("span", {}, name),
  h("span", {class: "figure"}, value, aside ? h("em", {}, ` ${aside}`) : null),
];

/** Where an element is said, in words: the lines of each file, that which says most first. */
function written(element, go) {
  /** @type {Map<string | null, Map<number, object>>} */
  const files = new Map();
  for (const place of [element.place, ...(element.chain ?? [])].filter(Boolean)) {
    const lines = files.get(place.file) ?? new Map();
    if (!lines.has(place.line)) lines.set(place.line, place);
    files.set(place.file, lines);
  }
  if (!files.size) return null;
  const told = [...files].map(([file, lines]) => [
    file === null ? (lines.size > 1 ? "lines " : "line ") : `${nameOf(file)}:`,
    ...[...lines].flatMap(([line, place], number) => [
      number ? ", " : null,
      button(String(line), () => go(place), "", {
        class: "link",
        "aria-label": `${file === null ? "line" : nameOf(file)} ${line}`,
      }),
    ]),
  ]);
  return h("div", {class: "written"}, "written in ", ...told.flatMap((each, number) => [number ? " and " : null, ...each]));
}

/** The last part of a file's name. @param {string} file */
export const nameOf = (file) =>
  file
    .replace(/^shipped:/, "")
    .split("/")
    .pop() ?? file;

export class Details {
  /** @param {{go: (place: object) => void, block: (key: string) => void}} listeners */
  constructor(listeners) {
    this.listeners = listeners;
    const part = (label) => h("section", {"aria-label": label});
    this.parts = {
      element: part("Element"),
      whole: part("Whole network"),
      training: part("Training"),
      costliest: part("Layers that cost most"),
      runs: part("Runs of this spec"),
    };
    byId("details").replaceChildren(...Object.values(this.parts));
    this.setting = false;
  }

  /** The element under pointer or focus. @param {string | null} key @param {any} element */
  element(key, element) {
    const part = this.parts.element;
    if (!element) {
      fill(part, h("h2", {}, "Element"), h("p", {class: "dim"}, "Point at the picture, or walk in it by arrow keys."));
      return;
    }
    const share = element.share ?? {};
    const percent = (value) => (value ? `${value >= 0.0095 ? Math.round(value * 100) : "< 1"}%` : "");
    const shapes = [element.shape_in, element.shape_out].filter(Boolean).join(" → ");
    part.replaceChildren(
      h("h2", {}, element.title),
      shapes ? h("div", {class: "dim"}, shapes) : "",
      h(
        "div",
        {class: "row"},
        ...row("parameters", element.parameters, percent(share.parameters)),
        ...row("multiply-adds", element.macs, percent(share.macs)),
        ...row("activations", element.activations, percent(share.activations)),
      ),
      ...element.lines.map((line) => h("div", {class: "dim"}, line)),
      written(element, this.listeners.go) ?? "",
      element.block
        ? button(`Block ${element.block}`, () => this.listeners.block(key), "Shift Enter", {class: "small framed"})
        : "",
    );
  }

  /** What the whole costs, and the same before the changes: parts of an answer to `check`. */
  cost(known) {
    this.known = known;
    const {cost, costliest} = known;
    if (!this.setting) this.whole(known);
    fill(
      this.parts.training,
      h("h2", {}, cost.batch ? `Training, batch ${count(cost.batch)}` : "Training"),
      h(
        "div",
        {class: "row"},
        ...row("memory", cost.words.training),
        h("em", {}, "weights, gradients, momentum, activations"),
        h("span"),
      ),
    );
    this.parts.costliest.replaceChildren(
      h("h2", {}, "Layers that cost most"),
      h(
        "div",
        {class: "row"},
        ...(costliest ?? []).flatMap((each) => [
          button(each.layer, () => this.listeners.go(each.place), "", {class: "link", disabled: !each.place}),
          h("span", {class: "figure"}, each.macs),
        ]),
      ),
    );
  }

  /** The figures of the whole, against those of the saved file or of the parent where it is another network. */
  whole({cost, before, parent, change}) {
    const limit = budget(),
      differs = before && before.fingerprint !== cost.fingerprint;
    const figures = FIGURES.map(({key, name, form}) =>
      h(
        "div",
        {class: "row"},
        ...row(name, cost.words[key]),
        differs
          ? [h("em", {}, `${parent ? "from" : "saved"} ${before.words[key]}`), h("span", {class: "figure up"}, change[key])]
          : null,
        limit[key] && cost[key] !== null ? meter(name, cost[key], limit[key], form) : null,
      ),
    );
    fill(
      this.parts.whole,
      h("h2", {}, differs ? `Whole network, against ${parent ?? "the saved file"}` : "Whole network"),
      ...figures,
      h(
        "div",
        {class: "row"},
        h("em", {}, Object.keys(limit).length ? "meters: share of the budget" : "no budget"),
        h("button", {type: "button", class: "small framed set", "aria-label": "Set the budget"}, "set"),
      ),
    );
    this.parts.whole.querySelector(".set").onclick = () => this.set();
  }

  /** Asks for a budget, in the place of the figures. */
  set() {
    this.setting = true;
    const form = budgetForm((wanted) => {
      if (wanted) keepBudget(wanted).catch(failed);
      this.setting = false;
      this.cost(this.known);
      this.parts.whole.querySelector(".set")?.focus();
    });
    this.parts.whole.replaceChildren(form);
    form.querySelector("input").focus();
  }
}
