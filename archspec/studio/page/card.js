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

  /** @param {any} card @param {{line: number, column: number} | null} at */
  show(card) {
    this.card = card;
    const tries = this.trying();
    if (!card) {
      this.host.replaceChildren(
        ...(tries.length
          ? tries
          : [
              h(
                "p",
                {class: "dim"},
                "The word at the cursor is explained here. ",
                h("kbd", {}, "Ctrl Space"),
                " completes it.",
              ),
            ]),
      );
      return;
    }
    const [first, ...others] = card.sentences;
    this.host.replaceChildren(
      h("p", {}, ...prose(first ?? card.title)),
      ...others.map((words) => h("p", {class: "dim"}, ...prose(words))),
      h(
        "div",
        {class: "buttons"},
        card.definition
          ? button(
              card.definition.file === null ? `Go to line ${card.definition.line}` : "Go to the definition",
              () => this.listeners.go(card.definition),
              "F12",
              {class: "small framed"},
            )
          : null,
        card.rename ? button("Rename", () => this.listeners.rename(card.rename), "F2", {class: "small framed"}) : null,
        card.uses?.length
          ? h(
              "span",
              {class: "dim"},
              `used in ${card.uses.length === 1 ? "one place" : `${card.uses.length} places`}: `,
              ...card.uses
                .slice(0, 8)
                .flatMap((place, number) => [
                  number ? ", " : null,
                  button(
                    place.file === null ? `line ${place.line}` : `${place.file}:${place.line}`,
                    () => this.listeners.go(place),
                    "",
                    {class: "link"},
                  ),
                ]),
            )
          : null,
      ),
      ...tries,
    );
  }

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
