/** The card below the editor: what the word at the cursor means, where its value comes from, what it costs. */

import {byId, button, h, prose} from "./dom.js";

export class CursorCard {
  /**
   * @param {{go: (place: object) => void, rename: (rename: {old: string}) => void, take: (change: object) => void,
   *   text: () => string}} listeners
   */
  constructor(listeners) {
    this.listeners = listeners;
    this.host = byId("card");
    this.card = null;
    /** Changes to try in a text that has just been begun. @type {Array<{section: string, key: string, value: string}>} */
    this.tries = [];
    this.show(null);
  }

  /** Tells of a word, or else of what there is to try. @param {any} card */
  show(card) {
    this.card = card;
    const tries = this.trying();
    if (card) this.host.replaceChildren(...sentences(card), this.ways(card), ...tries);
    else this.host.replaceChildren(...(tries.length ? tries : [nothing()]));
  }

  /** The ways from a word to others. */
  ways({definition, rename, uses}) {
    const {go, rename: renaming} = this.listeners,
      label = definition?.file === null ? `Go to line ${definition.line}` : "Go to the definition";
    return h(
      "div",
      {class: "buttons"},
      definition ? button(label, () => go(definition), "F12", {class: "small framed"}) : null,
      rename ? button("Rename", () => renaming(rename), "F2", {class: "small framed"}) : null,
      uses?.length ? this.uses(uses) : null,
    );
  }

  /** Where a name is used. @param {any[]} places */
  uses(places) {
    const name = (place) => (place.file === null ? `line ${place.line}` : `${place.file}:${place.line}`);
    return h(
      "span",
      {class: "dim"},
      `used in ${places.length === 1 ? "one place" : `${places.length} places`}: `,
      ...places
        .slice(0, 8)
        .flatMap((place, number) => [
          number ? ", " : null,
          button(name(place), () => this.listeners.go(place), "", {class: "link"}),
        ]),
    );
  }

  /** Changes to try that are not made yet. */
  trying() {
    const text = this.listeners.text(),
      left = this.tries.filter(({key}) => !new RegExp(`\\b${key}:`).test(text));
    return left.length
      ? [
          h(
            "div",
            {class: "buttons tries"},
            h("span", {}, "To try (", h("kbd", {}, "Ctrl Z"), " takes back):"),
            ...left.map((each) =>
              h(
                "button",
                {type: "button", class: "small framed try", onclick: () => this.listeners.take(each)},
                h("code", {}, `${each.key}: ${each.value}`),
              ),
            ),
          ),
        ]
      : [];
  }
}

function sentences({sentences: [first, ...others], title}) {
  return [h("p", {}, ...prose(first ?? title)), ...others.map((words) => h("p", {class: "dim"}, ...prose(words)))];
}

const nothing = () =>
  h("p", {class: "dim"}, "The word at the cursor is explained here. ", h("kbd", {}, "Ctrl Space"), " completes it.");
