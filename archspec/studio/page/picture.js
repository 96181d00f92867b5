/** The picture: elements that pointer and keyboard reach, edges to walk along. */

import {admitted, sheetOf, themed} from "./admitting.js";
import {h} from "./dom.js";

/** Pixels by which an edge may miss the box that it ends at. */
const NEAR = 9;
/** Milliseconds in which a second click makes a double click. */
const TWICE = 230;
/** Pixels that a scrollbar may take. */
const SCROLLBAR = 16;

/** The key of an element of the picture, as the server's answer has it. @param {Element} element */
const keyOf = (element) => element.getAttribute("data-layer") ?? `section:${element.getAttribute("data-section")}`;

/**
 * @typedef {{hovered: (key: string | null) => void, chosen: (key: string, tapped: boolean) => void,
 *   opened: (key: string) => void}} Listeners
 */

export class Picture {
  /** @param {HTMLElement} canvas @param {Listeners} listeners */
  constructor(canvas, listeners) {
    this.canvas = canvas;
    this.listeners = listeners;
    /** @type {Map<string, SVGElement[]>} */
    this.elements = new Map();
    /** @type {Map<string, string>} What each element says, to see what has changed. */
    this.words = new Map();
    this.selected = null;
    this.outlined = new Set();
    this.kind = "";
    this.theme = "auto";
    this.sheet = null;
    canvas.addEventListener("pointerover", (event) => this.point(event));
    canvas.addEventListener("pointerleave", () => {
      this.pointed = null;
      this.listeners.hovered(null);
    });
    canvas.addEventListener("focusin", (event) => this.focused(event));
    canvas.addEventListener("click", (event) => this.click(event));
    canvas.addEventListener("dblclick", (event) => this.open(event));
    canvas.addEventListener("keydown", (event) => this.press(event));
  }

  /**
   * Shows a picture in place of the one before; of the same kind it keeps its place and selection, and outlines what changed.
   * @param {string} text SVG
   * @param {string} kind what it shows: another kind begins at the top
   * @param {Record<string, {lines: string[]}>} told
   */
  show(text, kind, told) {
    const let_in = admitted(text);
    if (!let_in) return;
    const {svg, rules} = let_in,
      same = kind === this.kind;
    const {scrollTop, scrollLeft} = this.canvas,
      focused = this.canvas.contains(document.activeElement);
    if (this.rules !== rules) {
      const sheet = sheetOf(rules);
      themed(sheet, this.theme);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets.filter((each) => each !== this.sheet), sheet];
      [this.sheet, this.rules] = [sheet, rules];
    }
    const title = svg.querySelector(":scope > title"),
      about = svg.querySelector(":scope > desc");
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-roledescription", "picture of a network");
    svg.setAttribute("aria-label", title?.textContent ?? "picture");
    title?.remove();
    about?.remove();
    this.description = about?.textContent ?? "";
    const before = this.words;
    [this.elements, this.words, this.kind] = [new Map(), new Map(), kind];
    for (const element of svg.querySelectorAll("g[data-layer], g[data-section]")) this.take(element, told);
    this.canvas.replaceChildren(h("div", {class: "net"}, svg));
    this.svg = svg;
    this.edges = null;
    if (same) this.canvas.scrollTo({top: scrollTop, left: scrollLeft, behavior: "instant"});
    else this.canvas.scrollTo({top: 0, left: 0, behavior: "instant"});
    if (!this.selected || !this.elements.has(this.selected)) this.selected = null;
    this.state(focused);
    if (same && before.size && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.flash(before);
  }

  /** Makes a group an element that can be reached. */
  take(element, told) {
    const key = keyOf(element);
    if (!(key in told) || element.parentElement?.closest(`[data-layer="${CSS.escape(key)}"]`)) return;
    const name = element.querySelector(":scope > title"),
      shown = told[key];
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "-1");
    element.setAttribute("aria-label", [shown.title, ...shown.lines].join("; ") || name?.textContent || key);
    element.setAttribute("data-key", key);
    element.classList.add("el");
    name?.remove(); // the panel at the right says it; a tip would cover what is beside it
    this.elements.set(key, [...(this.elements.get(key) ?? []), element]);
    this.words.set(key, (this.words.get(key) ?? "") + element.textContent + shown.lines.join("\n"));
  }

  /** Something else than SVG in the canvas. @param {Node} content @param {string} kind */
  put(content, kind) {
    const {scrollTop, scrollLeft} = this.canvas,
      same = kind === this.kind;
    [this.elements, this.words, this.kind, this.svg] = [new Map(), new Map(), kind, null];
    this.canvas.replaceChildren(content);
    this.canvas.scrollTo({top: same ? scrollTop : 0, left: same ? scrollLeft : 0, behavior: "instant"});
  }

  /** Pixels from side to side that what is put there has. */
  get room() {
    return this.canvas.clientWidth - this.around;
  }

  /** Pixels from side to side that the picture takes with what is around it; 0 of none. */
  get wide() {
    return this.svg === null ? 0 : Math.ceil(this.svg.width.baseVal.value + this.around + SCROLLBAR);
  }

  /** Pixels beside what is shown. */
  get around() {
    const {paddingLeft, paddingRight} = getComputedStyle(this.canvas);
    return parseFloat(paddingLeft) + parseFloat(paddingRight);
  }

  /** Follows the switch between light and dark. @param {string} theme */
  setTheme(theme) {
    this.theme = theme;
    if (this.sheet) themed(this.sheet, theme);
  }

  flash(before) {
    const changed = [...this.words]
      .filter(([key, words]) => before.get(key) !== words)
      .flatMap(([key]) => this.elements.get(key) ?? []);
    for (const element of changed) element.classList.add("changed");
    if (changed.length) setTimeout(() => changed.forEach((element) => element.classList.remove("changed")), 1000);
  }

  /** Selection, outlines, and the one stop of the tab key. */
  state(focused = false) {
    let stop = this.selected ?? [...this.elements.keys()][0];
    for (const [key, elements] of this.elements) {
      for (const [number, element] of elements.entries()) {
        element.classList.toggle("selected", key === this.selected);
        element.classList.toggle("outlined", this.outlined.has(key));
        element.setAttribute("tabindex", key === stop && number === 0 ? "0" : "-1");
      }
    }
    if (focused) (this.elements.get(stop)?.[0] ?? this.canvas).focus({preventScroll: true});
  }

  /** Selects an element, for the details. @param {string | null} key */
  select(key) {
    if (key === this.selected) return;
    this.selected = key;
    this.state();
  }

  /** Another document: nothing is selected, pointed at or kept of the one before. */
  forget() {
    [this.pointed, this.kind, this.selected] = [null, "", null];
    this.put("", "");
  }

  /** Outlines what a line speaks of. @param {string[]} keys */
  outline(keys) {
    const wanted = new Set(keys);
    if (wanted.size === this.outlined.size && keys.every((key) => this.outlined.has(key))) return;
    this.outlined = wanted;
    this.state();
  }

  /** Puts the focus in the picture. */
  focus() {
    (this.canvas.querySelector('.el[tabindex="0"]') ?? this.canvas).focus();
  }

  // -- pointer and keyboard ----------------------------------------------------------------------------------------------

  at(event) {
    const element = event.target instanceof Element ? event.target.closest(".el") : null;
    return element ? element.getAttribute("data-key") : null;
  }

  point(event) {
    const key = this.at(event);
    if (key !== this.pointed) {
      this.pointed = key;
      if (key) this.listeners.hovered(key);
    }
  }

  focused(event) {
    const key = this.at(event);
    if (key) {
      this.select(key);
      this.listeners.hovered(key);
    }
  }

  click(event) {
    const key = this.at(event);
    clearTimeout(this.clicked);
    if (!key || event.detail > 1) return;
    this.select(key);
    this.clicked = setTimeout(() => this.listeners.chosen(key, true), TWICE);
  }

  open(event) {
    const key = this.at(event);
    clearTimeout(this.clicked);
    if (key) this.listeners.opened(key);
  }

  press(event) {
    const element = event.target instanceof Element ? event.target.closest(".el") : null;
    if (!element || event.ctrlKey || event.altKey || event.metaKey) return;
    const key = element.getAttribute("data-key"),
      way = {ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0]}[event.key];
    if (event.key === "Enter" || event.key === " ") {
      if (event.shiftKey) this.listeners.opened(key);
      else this.listeners.chosen(key, false);
    } else if (event.key === "Home" || event.key === "End") {
      const all = [...this.elements.values()].flat();
      this.to(event.key === "Home" ? all[0] : all[all.length - 1]);
    } else if (way) {
      const next = this.neighbour(element, way);
      if (next) this.to(next);
    } else return;
    event.preventDefault();
  }

  to(element) {
    if (!element) return;
    element.focus({preventScroll: true});
    element.scrollIntoView({block: "nearest", inline: "nearest"});
  }

  /** The element that an edge leads to in that direction; where none does, the nearest that lies there. */
  neighbour(element, [x, y]) {
    const all = [...this.elements.values()].flat(),
      mine = box(element);
    const ahead = (other) => {
      const its = box(other),
        dx = its.x - mine.x,
        dy = its.y - mine.y;
      const along = dx * x + dy * y,
        aside = Math.abs(dx * y) + Math.abs(dy * x);
      return along > 1 ? along + 3 * aside : Infinity;
    };
    this.edges ??= this.found(all);
    const linked =
      y > 0
        ? this.edges.filter(([from]) => from === element).map(([, to]) => to)
        : y < 0
          ? this.edges.filter(([, to]) => to === element).map(([from]) => from)
          : [];
    for (const candidates of [linked, all]) {
      const best = candidates
        .filter((other) => other !== element)
        .map((other) => [ahead(other), other])
        .filter(([cost]) => cost < Infinity)
        .sort(([a], [b]) => a - b)[0];
      if (best) return best[1];
    }
    return null;
  }

  /** Edges as pairs of elements, by where their lines begin and end. */
  found(all) {
    const boxes = all.map((element) => [element, element.getBBox()]);
    const at = ([x, y]) =>
      boxes.find(
        ([, its]) => x > its.x - NEAR && x < its.x + its.width + NEAR && y > its.y - NEAR && y < its.y + its.height + NEAR,
      )?.[0];
    return [...(this.svg?.querySelectorAll("path[data-from]") ?? [])].flatMap((path) => {
      const numbers = (path.getAttribute("d") ?? "").match(/-?[\d.]+/g)?.map(Number) ?? [];
      const from = at(numbers.slice(0, 2)),
        to = at(numbers.slice(-2));
      return from && to && from !== to ? [[from, to]] : [];
    });
  }
}

/** The middle of an element. */
function box(element) {
  const {left, top, width, height} = element.getBoundingClientRect();
  return {x: left + width / 2, y: top + height / 2};
}
