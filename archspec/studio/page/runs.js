/** Runs: their curves, a table of their results, their pictures. */

import {address, post} from "./api.js";
import {chart, epochOf, number, stroke, words} from "./chart.js";
import {button, h} from "./dom.js";

/** Pixels of the chart, where there is room. */
const WIDE = 640;
const HIGH = 300;

/** The best column to begin with. */
function begin(columns) {
  return (
    ["test_top1", "accuracy", "test_loss", "loss"].find((each) => columns.includes(each)) ??
    columns.find((each) => /top1|accuracy/.test(each)) ??
    columns[0]
  );
}

export class Runs {
  /** @param {(run: any) => void} compare */
  constructor(compare) {
    this.compare = compare;
    this.runs = [];
    /** Folders that cannot be read, with why. */
    this.refused = [];
    this.column = "";
    this.hidden = new Set();
    /** Of the text: runs of the very same network are told apart. @type {string | null} */
    this.fingerprint = null;
  }

  /** Asks again. */
  async load() {
    const found = (await post("runs", {})).runs;
    this.runs = found.filter((run) => !run.refused);
    this.refused = found.filter((run) => run.refused);
  }

  /** Whether a run is one of the network of the text. */
  isMine(run) {
    return this.fingerprint !== null && run.fingerprint === this.fingerprint;
  }

  get columns() {
    const all = this.runs.flatMap((run) => run.columns.filter((_each, place) => place !== epochOf(run)));
    return [...new Set(all)].filter((column) =>
      this.runs.some((run) => run.rows.some((row) => typeof row[run.columns.indexOf(column)] === "number")),
    );
  }

  /**
   * The view of all runs.
   * @param {() => void} again what shows it anew
   * @param {string} file that could be trained
   * @param {number} room pixels from side to side
   */
  view(again, file, room) {
    if (!this.runs.length) return this.none(file);
    const columns = this.columns;
    if (!columns.length) return h("div", {class: "runs"}, h("p", {}, "No run has finished an epoch yet."), this.table(again));
    if (!columns.includes(this.column)) this.column = begin(columns);
    const choose = (event) => {
      this.column = event.target.value;
      again();
    };
    const axis = h(
      "select",
      {id: "runs-axis", onchange: choose},
      ...columns.map((column) => h("option", {value: column, selected: column === this.column}, words(column))),
    );
    const shown = this.runs.map((run) => (this.hidden.has(run.path) ? {...run, rows: []} : run));
    return h(
      "div",
      {class: "runs"},
      h("div", {class: "field inline"}, h("label", {for: "runs-axis"}, "Against the epoch"), axis),
      chart(shown, this.column, {wide: Math.min(WIDE, room), high: HIGH}),
      this.table(again),
      ...this.unread(),
      ...this.pictures(),
    );
  }

  /** How a run comes to be. @param {string} file that could be trained */
  none(file) {
    return h(
      "div",
      {class: "runs"},
      h("h2", {}, "No runs here yet"),
      h(
        "p",
        {},
        "A training leaves a folder below ",
        h("code", {}, "runs/"),
        ", and its curves show here while it goes on. In this folder:",
      ),
      h("pre", {}, `archspec train ${/^[\w./+-]+$/.test(file) ? file : `'${file}'`}`),
      ...this.unread(),
    );
  }

  /** Folders that cannot be read, with why. */
  unread() {
    return this.refused.map((run) => h("p", {class: "dim"}, `${run.name}: ${run.refused}`));
  }

  table(again) {
    const results = [...new Set(this.runs.flatMap((run) => Object.keys(run.results)))],
      unseen = (words) => h("span", {class: "unseen"}, words);
    const head = [unseen("shown"), "run", "epochs", ...results.map(words)];
    return h(
      "div",
      {class: "table", tabindex: "0", role: "region", "aria-label": "Runs"},
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ...head.map((cell) => h("th", {scope: "col"}, cell)))),
        h("tbody", {}, ...this.runs.map((run, place) => this.row(run, place, results, again))),
      ),
    );
  }

  /** @param {any} run @param {number} place @param {string[]} results @param {() => void} again */
  row(run, place, results, again) {
    const show = () => {
      if (!this.hidden.delete(run.path)) this.hidden.add(run.path);
      again();
    };
    const shown = {type: "checkbox", checked: !this.hidden.has(run.path), "aria-label": `Show ${run.name}`, onchange: show};
    return h(
      "tr",
      {},
      h("td", {}, h("input", shown), " ", stroke(place)),
      h("th", {scope: "row", abbr: run.name}, run.name, this.origin(run)),
      h("td", {}, run.finished ? number(run.epoch) : `${number(run.epoch)} of ${number(run.epochs)}`),
      ...results.map((name) => h("td", {class: "figure"}, number(run.results[name]))),
    );
  }

  /** What a run was begun with, and whether the spec is still that of its network. */
  origin(run) {
    return h(
      "div",
      {class: "dim"},
      `${this.isMine(run) ? "this spec" : "another spec"}, seed ${number(run.seed)}`,
      ...(run.data ? [", data ", h("code", {title: run.data}, run.data.slice(0, 8))] : []),
      ", ",
      button("compare", () => this.compare(run), "", {class: "link", "aria-label": `Compare with ${run.name}`}),
    );
  }

  pictures() {
    return this.runs
      .filter((run) => !this.hidden.has(run.path))
      .flatMap((run) =>
        Object.entries(run.images ?? {})
          .filter(([, file]) => file)
          .map(([name, file]) =>
            h(
              "figure",
              {},
              h("figcaption", {}, `${run.name}: ${name}`),
              h("img", {src: address(file), alt: `${name} of ${run.name}`, loading: "lazy"}),
            ),
          ),
      );
  }

  /** The runs of this very spec, small, for the panel. */
  small() {
    const mine = this.runs.filter((run) => this.isMine(run)),
      columns = this.columns;
    if (!mine.length || !columns.length) return [];
    const column = begin(columns);
    return [
      h("h2", {}, "Runs of this spec"),
      chart(mine, column, {wide: 208, high: 84, axes: false}),
      h(
        "div",
        {class: "row"},
        ...mine
          .slice(0, 6)
          .flatMap((run, place) => [
            h("span", {class: "run-name"}, stroke(place), ` ${run.name}`),
            h("span", {class: "figure"}, number(last(run, column))),
          ]),
        h("em", {}, words(column)),
        h("span"),
      ),
    ];
  }
}

const last = (run, column) =>
  run.rows.map((row) => row[run.columns.indexOf(column)]).findLast((value) => typeof value === "number");
