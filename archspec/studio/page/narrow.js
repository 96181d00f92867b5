/** Places that give way: the divider, the sheet of details below 1,100 px, spec or picture below 760 px. */

import {byId} from "./dom.js";

const LEAST = 20;
const MOST = 70;
const WIDTH = "archspec.width";

/** Pixels of a text that stands beside a difference, at least, and of the divider. */
const BESIDE = 320;
const DIVIDER = 7;

/** The divider between spec and picture, by pointer and by arrow keys. */
export function divider() {
  const bar = byId("divider"),
    main = byId("main");
  const set = (percent) => {
    const width = Math.min(Math.max(Math.round(percent * 10) / 10, LEAST), MOST);
    main.style.setProperty("--spec", `${width}%`);
    bar.setAttribute("aria-valuenow", String(Math.round(width)));
    bar.setAttribute("aria-valuetext", `${Math.round(width)} % of the window`);
    localStorage.setItem(WIDTH, String(width));
  };
  const now = () => Number(bar.getAttribute("aria-valuenow"));
  const kept = Number(localStorage.getItem(WIDTH));
  if (kept) set(kept);
  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  bar.addEventListener("pointermove", (event) => {
    if (bar.hasPointerCapture(event.pointerId))
      set((100 * (event.clientX - main.getBoundingClientRect().left)) / main.clientWidth);
  });
  bar.addEventListener("dblclick", () => set(41));
  bar.addEventListener("keydown", (event) => {
    const by = {ArrowLeft: -2, ArrowRight: 2, PageDown: -10, PageUp: 10}[event.key];
    const to = {Home: LEAST, End: MOST}[event.key];
    if (by === undefined && to === undefined) return;
    set(to ?? now() + by);
    event.preventDefault();
  });
}

/** The sheet of details: opened and closed by its handle; and what the width of the window decides. */
export function sheet() {
  new ResizeObserver(fit).observe(byId("main"));
  const handle = byId("sheet-handle");
  handle.addEventListener("click", () => openSheet(handle.getAttribute("aria-expanded") !== "true"));
}

/** @param {boolean} open */
export function openSheet(open) {
  byId("sheet-handle").setAttribute("aria-expanded", String(open));
  byId("side").classList.toggle("open", open);
}

let needed = 0; // pixels of a picture and the divider

/** A picture of a difference has its width; where that leaves its texts too little they stand above it. @param {number} wide */
export function besideTexts(wide) {
  needed = wide && wide + DIVIDER;
  byId("main").style.setProperty("--difference", `${needed}px`);
  fit();
}

/** Whether texts and picture stand above each other, in a window of this width. */
function fit() {
  byId("app").classList.toggle("over", needed > 0 && byId("main").clientWidth < needed + BESIDE);
}

/** Spec or picture, where there is room for one. @param {"spec" | "picture"} pane */
export function showPane(pane) {
  byId("app").dataset.pane = pane;
  for (const tab of byId("panes").children) {
    const chosen = tab.dataset.pane === pane;
    tab.setAttribute("aria-selected", String(chosen));
    tab.setAttribute("tabindex", chosen ? "0" : "-1");
  }
}

/** Whether only one of spec and picture is seen. */
export const isNarrow = () => matchMedia("(max-width: 760px)").matches;

/**
 * Makes the tabs of a list one stop of the tab key, moved in by arrows.
 * @param {HTMLElement} list
 * @param {(tab: HTMLElement) => void} choose
 */
export function tabs(list, choose) {
  list.addEventListener("click", (event) => {
    const tab = event.target instanceof Element ? event.target.closest("[role=tab]") : null;
    if (tab) choose(/** @type {HTMLElement} */ (tab));
  });
  list.addEventListener("keydown", (event) => {
    const all = [...list.querySelectorAll("[role=tab]")],
      at = all.indexOf(/** @type {Element} */ (document.activeElement));
    const to = {ArrowRight: (at + 1) % all.length, ArrowLeft: (at + all.length - 1) % all.length, Home: 0, End: all.length - 1}[
      event.key
    ];
    if (at < 0 || to === undefined || event.altKey || event.ctrlKey) return;
    choose(/** @type {HTMLElement} */ (all[to]));
    /** @type {HTMLElement} */ (list.querySelectorAll("[role=tab]")[to]).focus();
    event.preventDefault();
  });
}
