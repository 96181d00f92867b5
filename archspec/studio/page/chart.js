/** Curves of runs: one line each against the epoch, told apart by their strokes besides their colours. */

import {s} from "./dom.js";

/** Strokes of lines, in the order of the runs. */
const DASHES = ["", "7 4", "2 3", "9 3 2 3", "12 3", "4 2"];
const COLOURS = 4;
/** Pixels of the values at the left, of the epochs below, and of the names at the right, where the whole has room for them. */
const VALUES = 52;
const EPOCHS = 34;
const NAMES = 180;
const ROOM = 480;
/** Signs of a run's name, and pixels from one to the next. */
const LONGEST = 22;
const LINE = 15;

/** How the line of a run is stroked. @param {number} place */
const stroked = (place) => ({
  class: `curve c${place % COLOURS}`,
  ...(DASHES[place % DASHES.length] ? {"stroke-dasharray": DASHES[place % DASHES.length]} : {}),
});

/** Whole numbers without digits behind the point, others with four. @param {unknown} value */
export function number(value) {
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
export const words = (column) => column.replaceAll("_", " ");

/** The column of a run that counts epochs. */
export const epochOf = (run) => Math.max(0, run.columns.indexOf("epoch"));

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

/** The points of each run that has any, with its place among all. */
function seriesOf(runs, column) {
  const points = (run) => {
    const at = run.columns.indexOf(column),
      x = epochOf(run);
    return at < 0 ? [] : run.rows.map((row) => [row[x], row[at]]).filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
  };
  return runs.map((run, place) => ({run, place, points: points(run)})).filter((each) => each.points.length);
}

/** Where values are drawn: the ends of both axes in numbers and in pixels. */
function frameOf(series, {wide, high, axes}) {
  const values = series.flatMap(({points}) => points.map(([, y]) => y)),
    epochs = series.flatMap(({points}) => points.map(([x]) => x));
  let [least, most] = [Math.min(...values), Math.max(...values)];
  if (least === most) [least, most] = [least - 0.5, most + 0.5];
  const step = stepOf(least, most),
    [low, top] = [Math.floor(least / step + 1e-9) * step, Math.ceil(most / step - 1e-9) * step],
    [first, last] = [Math.min(...epochs, 1), Math.max(...epochs, 1)],
    named = axes && wide >= ROOM;
  const [left, right] = [axes ? VALUES : 0, wide - (named ? NAMES : axes ? 8 : 0)],
    [above, below] = [8, high - (axes ? EPOCHS : 4)];
  return {
    ...{low, top, first, last, left, right, above, below, high, named},
    x: (epoch) => left + ((right - left) * (epoch - first)) / Math.max(1, last - first),
    y: (value) => below - ((below - above) * (value - low)) / (top - low),
  };
}

/**
 * The curves of runs.
 * @param {any[]} runs
 * @param {string} column
 * @param {{wide: number, high: number, axes?: boolean}} size without axes for a small one
 */
export function chart(runs, column, {wide, high, axes = true}) {
  const series = seriesOf(runs, column),
    ends = series.map(({run, points}) => `${run.name} ${number(points.at(-1)[1])}`).join(", ") || "no values";
  const svg = s("svg", {
    viewBox: `0 0 ${wide} ${high}`,
    width: wide,
    height: high,
    role: "img",
    "aria-label": `${words(column)} against epoch: ${ends}`,
    class: "chart",
  });
  if (!series.length) return svg;
  const frame = frameOf(series, {wide, high, axes}),
    {low, top, left, right, y} = frame;
  svg.append(...ticks(low, top).map((tick) => s("path", {class: "grid", d: `M${left} ${y(tick)}H${right}`})));
  if (axes) svg.append(...labels(frame));
  svg.append(...series.flatMap((each) => curve(each, frame)));
  if (frame.named) svg.append(...names(series, frame));
  return svg;
}

/** The numbers at both axes. */
function labels({low, top, first, last, left, right, below, high, x, y}) {
  const tick = (at, words) => s("text", {class: "tick", ...at}, words);
  return [
    ...ticks(low, top).map((value) => tick({x: left - 6, y: y(value) + 4, "text-anchor": "end"}, number(value))),
    ...ticks(first, last)
      .filter(Number.isInteger)
      .map((epoch) => tick({x: x(epoch), y: below + 16, "text-anchor": "middle"}, String(epoch))),
    tick({x: (left + right) / 2, y: high - 4, "text-anchor": "middle"}, "epoch"),
  ];
}

/** The line of a run; of one epoch a dot. */
function curve({place, points}, {x, y}) {
  const line = points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" "),
    [a, b] = points[0],
    dot = {class: `dot c${place % COLOURS}`, cx: x(a), cy: y(b), r: 3};
  return [s("polyline", {...stroked(place), points: line}), ...(points.length === 1 ? [s("circle", dot)] : [])];
}

/** The names at the ends of the lines, the highest first, none over another. */
function names(series, {right, above, y}) {
  let free = above;
  return series
    .toSorted((a, b) => b.points.at(-1)[1] - a.points.at(-1)[1])
    .flatMap(({run, place, points}) => {
      const at = Math.max(free, y(points.at(-1)[1])),
        name = run.name.length > LONGEST ? `${run.name.slice(0, LONGEST - 1)}…` : run.name;
      free = at + LINE;
      return [
        s("path", {...stroked(place), d: `M${right + 8} ${at}h22`}),
        s("text", {class: "name", x: right + 35, y: at + 4}, name),
      ];
    });
}

/** A line as the chart draws it, beside a name. */
export function stroke(place) {
  return s("svg", {width: 26, height: 8, "aria-hidden": "true"}, s("path", {...stroked(place), d: "M0 4H26"}));
}
