/** The card below the editor: what the word at the cursor means, where its value comes from, what it costs. */

import {byId, button, fill, h, prose} from "./dom.js";

export class CursorCard {
  /** @param {{go: (place: object) => void, rename: (rename: {old: string}) => void, take: (edits: object[]) => void}} listeners */
  constructor(listeners) {
    this.listeners = listeners;
    this.host = byId("card");
    this.card = null;
    /** Changes to try in a text that has just been begun. */
    this.tries = [];
    this.show(null);
  }

  /** @param {any} card @param {{line: number, column: number} | null} at */
  show(card) {
    this.card = card;
    if (!card) {
      fill(this.host, ...this.tries.length ? this.trying() : [h("p", {class: "dim"}, "The word at the cursor is explained here. ",
        h("kbd", {}, "Ctrl Space"), " completes it.")]);
      for (const [number, each] of this.host.querySelectorAll("button.try").entries()) each.onclick = () => this.listeners.take(this.tries[number].edits);
      return;
    }
    const [first, ...others] = card.sentences;
    this.host.replaceChildren(
      h("p", {}, ...prose(first ?? card.title)), ...others.map((words) => h("p", {class: "dim"}, ...prose(words))),
      h("div", {class: "buttons"},
        card.definition ? button(card.definition.file === null ? `Go to line ${card.definition.line}` : "Go to the definition",
          () => this.listeners.go(card.definition), "F12", {class: "small framed"}) : null,
        card.rename ? button("Rename", () => this.listeners.rename(card.rename), "F2", {class: "small framed"}) : null,
        card.uses?.length ? h("span", {class: "dim"}, `used in ${card.uses.length === 1 ? "one place" : `${card.uses.length} places`}: `,
          ...card.uses.slice(0, 8).flatMap((place, number) => [number ? ", " : null, button(place.file === null ? `line ${place.line}`
            : `${place.file}:${place.line}`, () => this.listeners.go(place), "", {class: "link"})])) : null));
  }

  trying() {
    return [h("p", {}, "Three changes to try; ", h("kbd", {}, "Ctrl Z"), " takes each back."),
      h("div", {class: "buttons"}, ...this.tries.map((each) => h("button", {type: "button", class: "small framed try"}, each.label)))];
  }
}
