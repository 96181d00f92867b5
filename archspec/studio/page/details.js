/** The panel at the right: the element under pointer or focus, the whole against the saved file, what training takes. */

import {byId, button, fill, h} from "./dom.js";
import {count, memory, readCount, readMemory, short} from "./words.js";

/** What a budget can be set for: the key of the cost, its name, how it is written and read. */
const FIGURES = [
  ["trainable", "parameters", short, readCount],
  ["macs", "multiply-adds", short, readCount],
  ["activations", "activations", memory, readMemory],
];
const BUDGET = "archspec.budget";

/** The budget that was set, kept in the browser. @returns {Record<string, number>} */
export function budget() {
  try {
    return JSON.parse(localStorage.getItem(BUDGET) ?? "{}");
  } catch {
    return {};
  }
}

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
  /** @param {{go: (place: object) => void, block: (key: string) => void, batch: (size: number | null) => void}} listeners */
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

  /** What the whole costs, and the same of the saved file: parts of an answer to `check`. */
  cost({cost, saved, change, costliest}) {
    this.known = {cost, saved, change, costliest};
    const limit = budget();
    const against = saved && saved.fingerprint !== cost.fingerprint;
    const figures = FIGURES.map(([key, name, form]) =>
      h(
        "div",
        {class: "row"},
        ...row(name, cost.words[key]),
        against ? [h("em", {}, `saved ${saved.words[key]}`), h("span", {class: "figure up"}, change[key])] : null,
        limit[key] && cost[key] !== null ? meter(name, cost[key], limit[key], form) : null,
      ),
    );
    if (!this.setting) {
      fill(
        this.parts.whole,
        h("h2", {}, against ? "Whole network, against the saved file" : "Whole network"),
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

  /** Asks for a budget, in the place of the figures. */
  set() {
    this.setting = true;
    const limit = budget();
    const inputs = FIGURES.map(([key, name, form]) => [
      key,
      h("input", {
        type: "text",
        id: `budget-${key}`,
        class: "q",
        size: "9",
        autocomplete: "off",
        value: limit[key] ? form(limit[key]) : "",
        placeholder: key === "activations" ? "220 MiB" : "25 M",
      }),
      name,
    ]);
    const wrong = h("p", {class: "wrong", role: "alert"});
    const done = (keep) => {
      if (keep) {
        const wanted = {};
        for (const [key, input] of inputs) {
          const [, , , read] = FIGURES.find(([each]) => each === key);
          const value = read(input.value);
          if (value) wanted[key] = value;
          else if (input.value.trim()) {
            wrong.textContent = `'${input.value.trim().slice(0, 20)}' is no number above 0, such as ${input.placeholder}.`;
            for (const [, other] of inputs) other.removeAttribute("aria-invalid");
            input.setAttribute("aria-invalid", "true");
            input.focus();
            return;
          }
        }
        localStorage.setItem(BUDGET, JSON.stringify(wanted));
      }
      this.setting = false;
      this.cost(this.known);
      this.parts.whole.querySelector(".set")?.focus();
    };
    const form = h(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          done(true);
        },
        onkeydown: (event) => {
          if (event.key === "Escape") done(false);
        },
      },
      h("h2", {}, "Budget"),
      ...inputs.map(([key, input, name]) => h("div", {class: "field"}, h("label", {for: `budget-${key}`}, name), input)),
      h(
        "div",
        {class: "buttons"},
        h("button", {type: "submit", class: "small framed"}, "Set"),
        button("Cancel", () => done(false), "", {class: "small"}),
      ),
      wrong,
      h("p", {class: "dim"}, "Such as 25 M, 4.1 G, 220 MiB; empty for none."),
      h("p", {class: "dim"}, "The browser keeps it for this port: --port gives the studio the same one again."),
    );
    this.parts.whole.replaceChildren(form);
    inputs[0][1].focus();
  }

  /** Pale while the text has problems. @param {boolean} pale */
  pale(pale) {
    byId("details").classList.toggle("pale", pale);
  }
}

/** A meter against a budget. */
function meter(name, value, limit, form) {
  const share = value / limit,
    shown = h("div", {class: share > 1 ? "over" : ""});
  shown.style.setProperty("width", `${Math.min(100, share * 100)}%`);
  return h(
    "div",
    {
      class: "meter",
      role: "meter",
      "aria-label": `${name}, share of the budget of ${form(limit)}`,
      "aria-valuemin": "0",
      "aria-valuemax": "100",
      "aria-valuenow": String(Math.min(100, Math.round(share * 100))),
      "aria-valuetext": `${Math.round(share * 100)} % of ${form(limit)}`,
    },
    shown,
    share > 1
      ? h("span", {class: "over-words"}, `${form(value - limit)} over the budget of ${form(limit)}`)
      : h("span", {class: "dim"}, `of ${form(limit)}`),
  );
}
