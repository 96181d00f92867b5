/** What a network may cost: set in a form in the place of the figures, kept by the server, shown as meters. */

import {post} from "./api.js";
import {button, h} from "./dom.js";
import {memory, readCount, readMemory, short} from "./words.js";

/** @typedef {Record<string, number>} Budget by the key of a figure */

/** What a budget can be set for: the key of the cost, its name, how it is written and read, an example. */
export const FIGURES = [
  {key: "trainable", name: "parameters", form: short, read: readCount, such: "25 M"},
  {key: "macs", name: "multiply-adds", form: short, read: readCount, such: "4.1 G"},
  {key: "activations", name: "activations", form: memory, read: readMemory, such: "220 MiB"},
];

/** @type {Budget} */
let kept = {};

/** The budget that was set last. */
export const budget = () => kept;

/** Asks the server for it. */
export async function loadBudget() {
  kept = (await post("budget", {})).budget;
}

/** Sets it, for all ports and folders. @param {Budget} wanted */
export async function keepBudget(wanted) {
  kept = wanted;
  await post("budget", {budget: wanted});
}

/** What stands in the fields; an error, with its field, where that is no number. @returns {Budget} */
function readFields(fields) {
  const found = {};
  for (const {key, read, such, input} of fields) {
    const value = read(input.value);
    input.removeAttribute("aria-invalid");
    if (value) found[key] = value;
    else if (input.value.trim()) {
      input.setAttribute("aria-invalid", "true");
      input.focus();
      throw new RangeError(`'${input.value.trim().slice(0, 20)}' is no number above 0, such as ${such}.`);
    }
  }
  return found;
}

/** The form. @param {(wanted: Budget | null) => void} done null where nothing is to be changed */
export function budgetForm(done) {
  const fields = FIGURES.map((figure) => ({...figure, id: `budget-${figure.key}`})).map((figure) => ({
    ...figure,
    input: h("input", {
      type: "text",
      id: figure.id,
      class: "q",
      size: "9",
      autocomplete: "off",
      value: kept[figure.key] ? figure.form(kept[figure.key]) : "",
      placeholder: figure.such,
    }),
  }));
  const wrong = h("p", {class: "wrong", role: "alert"});
  const onsubmit = (event) => {
    event.preventDefault();
    try {
      done(readFields(fields));
    } catch (error) {
      wrong.textContent = error.message;
    }
  };
  const onkeydown = (event) => {
    if (event.key === "Escape") done(null);
  };
  return h(
    "form",
    {onsubmit, onkeydown},
    h("h2", {}, "Budget"),
    ...fields.map(({id, name, input}) => h("div", {class: "field"}, h("label", {for: id}, name), input)),
    h(
      "div",
      {class: "buttons"},
      h("button", {type: "submit", class: "small framed"}, "Set"),
      button("Cancel", () => done(null), "", {class: "small"}),
    ),
    wrong,
    h("p", {class: "dim"}, "Such as 25 M, 4.1 G, 220 MiB; empty for none."),
  );
}

/** How much of a budget is used. @param {number} value @param {number} limit @param {(value: number) => string} form */
export function meter(name, value, limit, form) {
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
