/** A list in front of the page in which one finds by words: what is known here at once, the rest as the server answers. */

import {dialog} from "./dialogs.js";
import {h} from "./dom.js";

/** Entries that are shown. */
const MOST = 60;
/** Entries by which a key moves. */
const MOVES = {ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10};

/** @typedef {{label: string, about: string, run: () => void}} Entry */

/**
 * Opens the list.
 * @param {Entry[]} entries
 * @param {(query: string) => Promise<Entry[]>} more what only the server knows
 */
export function palette(entries, more) {
  new Palette(entries, more).open();
}

class Palette {
  constructor(entries, more) {
    Object.assign(this, {entries, more});
    /** @type {Entry[]} */
    this.shown = [];
    this.current = 0;
    /** Counts the searches: only the newest is shown. */
    this.asked = 0;
    this.input = h("input", {
      type: "text",
      class: "q",
      role: "combobox",
      "aria-label": "Search everything",
      "aria-expanded": "true",
      "aria-controls": "palette-list",
      "aria-autocomplete": "list",
      autocomplete: "off",
      placeholder: "A command, a stage, a layer, a network",
      oninput: () => this.find(),
      onkeydown: (event) => this.press(event),
    });
    this.list = h("div", {id: "palette-list", role: "listbox", class: "palette-list", "aria-label": "Found"});
  }

  open() {
    this.dialog = dialog("Go to", [this.input, this.list], {class: "palette", closed: () => this.run?.()});
    this.input.focus();
    this.show(this.entries);
  }

  async find() {
    const query = this.input.value,
      words = query.toLowerCase().split(/\s+/).filter(Boolean),
      mine = (this.asked += 1);
    const fits = ({label, about}) => words.every((word) => `${label} ${about}`.toLowerCase().includes(word)),
      local = this.entries.filter(fits);
    this.show(local);
    if (!words.length) return;
    const found = await this.more(query).catch(() => []);
    if (mine !== this.asked) return;
    if (found.length) this.show([...local, ...found], this.current);
    this.list.classList.toggle("none", !this.shown.length);
  }

  /** @param {Entry[]} found @param {number} current */
  show(found, current = 0) {
    this.shown = found.slice(0, MOST);
    this.current = current;
    this.list.classList.remove("none");
    this.list.replaceChildren(
      ...this.shown.map((entry, number) =>
        h(
          "div",
          {role: "option", id: `palette-${number}`, class: "palette-option", onclick: () => this.take(number)},
          h("b", {}, entry.label),
          h("span", {class: "dim"}, entry.about),
        ),
      ),
    );
    this.point();
  }

  point() {
    for (const [number, option] of [...this.list.children].entries())
      option.setAttribute("aria-selected", String(number === this.current));
    if (this.shown.length) this.input.setAttribute("aria-activedescendant", `palette-${this.current}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.list.children[this.current]?.scrollIntoView({block: "nearest"});
  }

  press(event) {
    const by = MOVES[event.key];
    if (by && this.shown.length) {
      this.current = Math.min(Math.max(this.current + by, 0), this.shown.length - 1);
      this.point();
    } else if (event.key === "Enter") this.take(this.current);
    else return;
    event.preventDefault();
  }

  /** Does what an entry says, once the focus is back where it was. @param {number} number */
  take(number) {
    this.run = this.shown[number]?.run;
    this.dialog.close();
  }
}
