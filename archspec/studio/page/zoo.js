/** Where one begins: ten networks with their miniatures, and a search over all. */

import {admitted, sheetOf, themed} from "./admitting.js";
import {newest, post} from "./api.js";
import {byId, button, h, say} from "./dom.js";
import {instant, plural} from "./words.js";

/** Milliseconds between the last key and the search. */
const REST = 60;
/** How near a name is to what is searched for: itself, what begins so, what has it as a word, the rest. */
function rank(name, query) {
  const word = query.trim().toLowerCase().split(/\s+/)[0].replaceAll("-", "_");
  if (name === word) return 0;
  return name.startsWith(word) ? 1 : `_${name}_`.includes(`_${word}_`) ? 2 : 3;
}

/** Files of the folder that have a button. */
const FILES = 24;
/** Milliseconds until it is said that one waits. */
const LATE = 150;

export class Zoo {
  /** @param {(name: string) => void} choose @param {() => string | null} back the document to go back to */
  constructor(choose, back, open) {
    Object.assign(this, {choose, back, open});
    /** Specs of the folder, and whether there are more. */
    this.files = {files: [], more: false};
    this.host = byId("start");
    this.ask = newest("zoo");
    this.askNamed = newest("zoo");
    this.sheets = new Map();
    this.theme = "auto";
    this.drafts = [];
  }

  /** Shows the page of networks. @param {Array<{path: string | null, name: string, at: string, draft: string}>} drafts */
  async show(drafts = this.drafts) {
    this.drafts = drafts;
    this.input = this.field();
    this.found = h("p", {class: "dim", role: "status"});
    this.here = h("div", {class: "drafts", hidden: true});
    this.cards = h("div", {class: "cards", onkeydown: (event) => this.walk(event)});
    const before = this.back(),
      back = () => this.open(null);
    this.host.replaceChildren(
      h(
        "div",
        {class: "start-head"},
        h("h2", {}, "Start from a network"),
        before ? button(`Back to ${before}`, back, "Escape", {class: "framed"}) : null,
      ),
      h("p", {}, "Take one and change it; nothing is written until you save."),
      drafts.length ? this.unsaved() : "",
      this.here,
      this.input,
      this.found,
      this.cards,
    );
    this.host.onkeydown = (event) => {
      if (event.key === "Escape" && this.back()) this.open(null);
    };
    this.input.focus();
    await Promise.all([this.search(""), this.list()]);
  }

  /** Where one searches. */
  field() {
    const onkeydown = (event) => {
      if (event.key !== "ArrowDown" && event.key !== "Enter") return;
      this.host.querySelector(".network")?.focus();
      event.preventDefault();
    };
    return h("input", {
      type: "search",
      class: "q",
      id: "zoo-search",
      "aria-label": "Search the zoo",
      autocomplete: "off",
      placeholder: "Search: name, family, paper, parameters < 10M",
      oninput: () => this.typed(),
      onkeydown,
    });
  }

  /** What is not saved, each a way to go on with it. */
  unsaved() {
    const names = this.drafts.map(({path, name}) => path ?? name),
      told = (name, at) => (names.filter((each) => each === name).length > 1 ? `${name}, ${instant(at)}` : name);
    const ways = this.drafts.map((draft, number) =>
      button(told(names[number], draft.at), () => this.open(draft), "", {class: "small framed"}),
    );
    return h("div", {class: "drafts"}, h("b", {}, "Not saved yet: "), ...ways);
  }

  /** The specs of the folder, each a way to open it. */
  async list() {
    try {
      this.files = await post("files", {});
    } catch {
      return; // the search says what is wrong
    }
    const {files, more} = this.files,
      first = files.slice(0, FILES),
      left = files.length - first.length;
    if (!this.here) return;
    this.here.hidden = files.length === 0;
    this.here.replaceChildren(
      h("b", {}, "In this folder: "),
      ...first.map((path) => button(path, () => this.open({path}), "", {class: "small framed"})),
      left ? h("span", {class: "dim"}, `and ${left}${more ? " or more" : ""}: Ctrl K finds them`) : "",
    );
  }

  /** Files of the folder for the list of everything, as they were last looked at; looks again for the next time. */
  own() {
    this.list();
    return this.files.files.map((path) => ({label: path, about: "open the file", run: () => this.open({path})}));
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(this.input.value), REST);
  }

  async search(query) {
    const late = setTimeout(() => {
      this.found.textContent = "reading the specs …";
    }, LATE);
    const answer = await this.ask({query})
      .catch((error) => {
        this.found.textContent = error.hint ? `${error.message}; ${error.hint}` : error.message;
        return null;
      })
      .finally(() => clearTimeout(late));
    if (!answer) return;
    const all = answer.specs,
      shown = query.trim()
        ? [...all].sort((a, b) => rank(a.name, query) - rank(b.name, query))
        : answer.featured.map((name) => all.find((each) => each.name === name)).filter(Boolean);
    this.found.textContent = query.trim()
      ? `${plural(shown.length, "network")} of ${answer.all}`
      : `${shown.length} of ${plural(answer.all, "network")}`;
    if (answer.hint)
      this.found.append(
        ". Did you mean ",
        button(
          answer.hint,
          () => {
            this.input.value = answer.hint;
            this.search(answer.hint);
          },
          "",
          {class: "link"},
        ),
        "?",
      );
    this.cards.replaceChildren(...shown.slice(0, 120).map((each) => this.card(each)));
    if (query.trim()) say(this.found.textContent);
  }

  card(spec) {
    const small = spec.miniature ? admitted(spec.miniature) : null;
    if (small) {
      small.svg.setAttribute("aria-hidden", "true");
      this.rule(small.rules);
    }
    const cost = [
      spec.parameters === null ? null : `${spec.words.parameters} parameters`,
      spec.macs === null ? null : `${spec.words.macs} multiply-adds`,
    ];
    return h(
      "button",
      {type: "button", class: "network", "data-name": spec.name, onclick: () => this.choose(spec.name)},
      h("span", {class: "miniature"}, small?.svg),
      h(
        "span",
        {},
        h("b", {}, spec.name),
        h("span", {class: "about"}, spec.description),
        ...cost.filter(Boolean).map((words) => h("em", {}, words)),
      ),
    );
  }

  /** The rules of a miniature, once each. */
  rule(rules) {
    if (!rules || this.sheets.has(rules)) return;
    const sheet = sheetOf(rules);
    themed(sheet, this.theme);
    this.sheets.set(rules, sheet);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }

  /** @param {string} theme */
  setTheme(theme) {
    this.theme = theme;
    for (const sheet of this.sheets.values()) themed(sheet, theme);
  }

  /** Arrow keys from card to card, as they lie. */
  walk(event) {
    const all = [...this.cards.querySelectorAll(".network")],
      at = all.indexOf(document.activeElement);
    if (at < 0) return;
    const columns = all.filter((each) => each.offsetTop === all[0].offsetTop).length;
    const by = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns}[event.key];
    if (by === undefined) return;
    event.preventDefault();
    if (at + by < 0) this.input.focus();
    else all[Math.min(at + by, all.length - 1)].focus();
  }

  /** Networks for the list of everything. @param {string} query */
  async named(query) {
    const answer = await this.askNamed({query}); // a browser has few connections: older searches give way
    return (answer?.specs ?? [])
      .slice(0, 20)
      .map((spec) => ({label: spec.name, about: `start from it: ${spec.description}`, run: () => this.choose(spec.name)}));
  }
}
