/** Read-only tabs beside the document: parents and shipped blocks, with the chain of files that led there. */

import {post} from "./api.js";
import {byId, button, h} from "./dom.js";
import {nameOf} from "./details.js";
import {Reader} from "./reader.js";
import {tabs} from "./narrow.js";

export class Readers {
  /**
   * @param {string} nonce
   * @param {{title: () => string, go: (place: object) => void}} listeners
   */
  constructor(nonce, listeners) {
    Object.assign(this, {nonce, listeners});
    /** @type {Map<string, {reader: Reader, host: HTMLElement}>} */
    this.open = new Map();
    /** @type {string | null} */
    this.current = null;
    this.strip = byId("documents");
    this.chain = h("div", {class: "chain"});
    this.list = h("div", {role: "tablist", "aria-label": "Open files", class: "document-tabs"});
    this.strip.removeAttribute("role");
    this.strip.removeAttribute("aria-label");
    this.strip.append(this.list, this.chain);
    tabs(this.list, (tab) => this.show(tab.dataset.file || null));
    this.list.addEventListener("keydown", (event) => {
      if (event.key === "Delete" && this.current) this.close(this.current);
    });
  }

  /** Opens a file at a place. @param {any} place @param {any[]} chain other places that say it */
  async at(place, chain = []) {
    const {file} = place;
    if (!this.open.has(file)) {
      const {text} = await post("view-file", {file});
      const host = h("div", {class: "code reader", hidden: true});
      byId("code").after(host);
      this.open.set(file, {host, reader: new Reader(host, text, `${nameOf(file)}, read only`, this.nonce)});
    }
    this.places = chain;
    this.show(file);
    this.open.get(file)?.reader.goTo(place);
    this.open.get(file)?.reader.mark(chain.filter((each) => each.file === file).map((each) => each.line));
  }

  /** @param {string | null} file null is the document */
  show(file) {
    this.current = file;
    byId("code").hidden = file !== null;
    byId("card").hidden = file !== null;
    for (const [name, {host}] of this.open) host.hidden = name !== file;
    this.strip.hidden = this.open.size === 0;
    this.list.replaceChildren(
      ...[null, ...this.open.keys()].map((name) =>
        h(
          "button",
          {
            type: "button",
            role: "tab",
            "data-file": name ?? "",
            "aria-selected": String(name === file),
            tabindex: name === file ? "0" : "-1",
          },
          name === null ? this.listeners.title() : nameOf(name),
          name === null ? null : h("span", {class: "dim"}, " read only"),
        ),
      ),
    );
    this.chain.replaceChildren(
      ...(file === null
        ? []
        : [
            ...(this.places ?? []).flatMap((place, number) => [
              number ? " ← " : "",
              button(
                place.file === null ? `line ${place.line}` : `${nameOf(place.file)}:${place.line}`,
                () => this.listeners.go(place),
                "",
                {class: "link"},
              ),
            ]),
            button("Close", () => this.close(file), "", {class: "small framed"}),
          ]),
    );
  }

  /** @param {string} file */
  close(file) {
    const {host, reader} = this.open.get(file) ?? {};
    reader?.destroy();
    host?.remove();
    this.open.delete(file);
    this.show(null);
  }

  /** Closes all. */
  clear() {
    for (const {host, reader} of this.open.values()) {
      reader.destroy();
      host.remove();
    }
    this.open.clear();
    this.places = [];
    this.show(null);
  }
}
