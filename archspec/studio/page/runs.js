/** Runs: one line each against the epoch, told apart by their strokes besides their colours, and a table. */

import {address, post} from "./api.js";
import {h, s} from "./dom.js";

/** Strokes of lines, in the order of the runs. */
const DASHES = ["", "7 4", "2 3", "9 3 2 3", "12 3", "4 2"];
const COLOURS = 4;

/** How the line of a run is stroked. @param {number} place */
const dashes = (place) => (DASHES[place % DASHES.length] ? {"stroke-dasharray": DASHES[place % DASHES.length]} : {});

/** Whole numbers without digits behind the point, others with four. @param {unknown} value */
function number(value) {
  if (typeof value !== "number") return value === null || value === undefined ? "" : String(value);
  return Number.isInteger(value)
    ? String(value)
    : Math.abs(value) >= 0.001
      ? value
          .toPrecision(4)
          .replace(/(\.\d*?)0+$/, "$1")
          .replace(/\.$/, "")
      : value.toExponential(2);
}

/** A column's name in words. @param {string} column */
const words = (column) => column.replaceAll("_", " ");

/** A round step between values of an axis. */
function stepOf(low, high) {
  const raw = (high - low) / 4 || 1,
    size = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 2.5, 5, 10].map((each) => each * size).find((each) => each >= raw) ?? raw;
}

/** Round values of an axis between two numbers. */
function ticks(low, high) {
  const found = [],
    step = stepOf(low, high);
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-6; value += step)
    found.push(Number(value.toPrecision(12)));
  return found;
}

/** The column of a run that counts epochs. */
const epochOf = (run) => Math.max(0, run.columns.indexOf("epoch"));

/**
 * The curves of runs.
 * @param {any[]} runs
 * @param {string} column
 * @param {{wide: number, high: number, names?: boolean}} size
 */
export function chart(runs, column, {wide, high, names = true}) {
  const series = runs
    .map((run, place) => {
      const at = run.columns.indexOf(column),
        x = epochOf(run);
      return {
        run,
        place,
        points:
          at < 0 ? [] : run.rows.map((row) => [row[x], row[at]]).filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b)),
      };
    })
    .filter((each) => each.points.length);
  const ends = series.map(({run, points}) => `${run.name} ${number(points.at(-1)[1])}`).join(", ") || "no values";
  const label = `${words(column)} against epoch: ${ends}`;
  const svg = s("svg", {
    viewBox: `0 0 ${wide} ${high}`,
    width: wide,
    height: high,
    role: "img",
    "aria-label": label,
    class: "chart",
  });
  if (!series.length) return svg;
  const values = series.flatMap(({points}) => points.map(([, y]) => y)),
    epochs = series.flatMap(({points}) => points.map(([x]) => x));
  let [low, high_] = [Math.min(...values), Math.max(...values)];
  if (low === high_) [low, high_] = [low - 0.5, high_ + 0.5];
  const step = stepOf(low, high_);
  [low, high_] = [Math.floor(low / step + 1e-9) * step, Math.ceil(high_ / step - 1e-9) * step];
  const last = Math.max(...epochs, 1),
    first = Math.min(...epochs, 1);
  const left = names ? 52 : 0,
    right = names ? wide - 180 : wide,
    top = 8,
    bottom = names ? high - 34 : high - 4;
  const x = (epoch) => left + ((right - left) * (epoch - first)) / Math.max(1, last - first);
  const y = (value) => bottom - ((bottom - top) * (value - low)) / (high_ - low);
  for (const tick of ticks(low, high_)) {
    svg.append(s("path", {class: "grid", d: `M${left} ${y(tick)}H${right}`}));
    if (names) svg.append(s("text", {class: "tick", x: left - 6, y: y(tick) + 4, "text-anchor": "end"}, number(tick)));
  }
  if (names) {
    for (const tick of ticks(first, last).filter(Number.isInteger)) {
      svg.append(s("text", {class: "tick", x: x(tick), y: bottom + 16, "text-anchor": "middle"}, String(tick)));
    }
    svg.append(s("text", {class: "tick", x: (left + right) / 2, y: high - 4, "text-anchor": "middle"}, "epoch"));
  }
  for (const {run, place, points} of series) {
    svg.append(
      s("polyline", {
        class: `curve c${place % COLOURS}`,
        points: points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" "),
        ...dashes(place),
      }),
    );
    const end = points[points.length - 1];
    if (points.length === 1) svg.append(s("circle", {class: `dot c${place % COLOURS}`, cx: x(end[0]), cy: y(end[1]), r: 3}));
  }
  if (!names) return svg;
  let free = top;
  for (const {run, place, points} of series.toSorted((a, b) => b.points.at(-1)[1] - a.points.at(-1)[1])) {
    // highest first
    const at = Math.max(free, y(points.at(-1)[1]));
    free = at + 15;
    svg.append(
      s("path", {class: `curve c${place % COLOURS}`, d: `M${right + 8} ${at}h22`, ...dashes(place)}),
      s("text", {class: "name", x: right + 35, y: at + 4}, run.name.length > 22 ? `${run.name.slice(0, 21)}…` : run.name),
    );
  }
  return svg;
}

/** A line as the chart draws it, beside a name. */
function stroke(place) {
  return s(
    "svg",
    {width: 26, height: 8, "aria-hidden": "true"},
    s("path", {class: `curve c${place % COLOURS}`, d: "M0 4H26", ...dashes(place)}),
  );
}

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
  }

  /** Asks again. @param {string | null} fingerprint of the text, for which runs are marked */
  async load(fingerprint) {
    const found = (await post("runs", {fingerprint})).runs;
    this.runs = found.filter((run) => !run.refused);
    this.refused = found.filter((run) => run.refused);
  }

  get columns() {
    const all = this.runs.flatMap((run) => run.columns.filter((_each, place) => place !== epochOf(run)));
    return [...new Set(all)].filter((column) =>
      this.runs.some((run) => run.rows.some((row) => typeof row[run.columns.indexOf(column)] === "number")),
    );
  }

  /** The view of all runs. @param {() => void} again what shows it anew @param {string} file that could be trained */
  view(again, file) {
    if (!this.runs.length) {
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
    const columns = this.columns;
    if (!columns.includes(this.column)) this.column = begin(columns) ?? "";
    const axis = h(
      "select",
      {
        id: "runs-axis",
        onchange: (event) => {
          this.column = event.target.value;
          again();
        },
      },
      ...columns.map((column) => h("option", {value: column, selected: column === this.column}, words(column))),
    );
    const shown = this.runs.map((run) => (this.hidden.has(run.path) ? {...run, rows: []} : run));
    if (!columns.length) return h("div", {class: "runs"}, h("p", {}, "No run has finished an epoch yet."), this.table(again));
    return h(
      "div",
      {class: "runs"},
      h("div", {class: "field inline"}, h("label", {for: "runs-axis"}, "Against the epoch"), axis),
      chart(shown, this.column, {wide: 640, high: 300}),
      this.table(again),
      ...this.unread(),
      ...this.pictures(),
    );
  }

  /** Folders that cannot be read, with why. */
  unread() {
    return this.refused.map((run) => h("p", {class: "dim"}, `${run.name}: ${run.refused}`));
  }

  table(again) {
    const results = [...new Set(this.runs.flatMap((run) => Object.keys(run.results)))];
    const head = ["", "run", "epochs", ...results.map(words), "seed", "data", "spec", ""];
    return h(
      "div",
      {class: "table", tabindex: "0", role: "region", "aria-label": "Runs"},
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ...head.map((cell) => h("th", {scope: "col"}, cell)))),
        h(
          "tbody",
          {},
          ...this.runs.map((run, place) =>
            h(
              "tr",
              {},
              h(
                "td",
                {},
                h("input", {
                  type: "checkbox",
                  checked: !this.hidden.has(run.path),
                  "aria-label": `Show ${run.name}`,
                  onchange: () => {
                    if (!this.hidden.delete(run.path)) this.hidden.add(run.path);
                    again();
                  },
                }),
                " ",
                stroke(place),
              ),
              h("th", {scope: "row"}, run.name),
              h("td", {}, run.finished ? number(run.epoch) : `${number(run.epoch)} of ${number(run.epochs)}`),
              ...results.map((name) => h("td", {class: "figure"}, number(run.results[name]))),
              h("td", {class: "figure"}, number(run.seed)),
              h("td", {}, h("code", {title: run.data ?? ""}, (run.data ?? "").slice(0, 8))),
              h("td", {}, run.fingerprint_same ? "this one" : "another"),
              h("td", {}, h("button", {type: "button", class: "small framed", onclick: () => this.compare(run)}, "Compare")),
            ),
          ),
        ),
      ),
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
    const mine = this.runs.filter((run) => run.fingerprint_same),
      columns = this.columns;
    if (!mine.length || !columns.length) return [];
    const column = begin(columns);
    return [
      h("h2", {}, "Runs of this spec"),
      chart(mine, column, {wide: 208, high: 84, names: false}),
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
