/** Questions and lists in front of the page: native dialogs, which keep the focus and close by Escape. */

import {button, h} from "./dom.js";

/**
 * Opens a dialog, and gives the focus back when it closes.
 * @param {string} title
 * @param {Array<Node | string | null>} content
 * @param {{class?: string, closed?: () => void}} [options]
 * @returns {HTMLDialogElement}
 */
export function dialog(title, content, {class: name = "", closed = () => {}} = {}) {
  const before = document.activeElement;
  const made = /** @type {HTMLDialogElement} */ (
    h(
      "dialog",
      {class: name, "aria-label": title},
      h(
        "div",
        {class: "dialog-head"},
        h("h2", {}, title),
        button("✕", () => made.close(), "", {class: "small", "aria-label": "Close"}),
      ),
      ...content,
    )
  );
  made.addEventListener("close", () => {
    made.remove();
    if (before instanceof HTMLElement && document.contains(before)) before.focus();
    closed();
  });
  made.addEventListener("click", (event) => {
    if (event.target === made) made.close();
  });
  document.body.append(made);
  made.showModal();
  /** @type {HTMLElement | null} */ (made.querySelector(".main-action"))?.focus();
  return made;
}

/**
 * Asks for the name of a new file.
 * @param {string} proposed
 * @param {string} folder
 * @param {(name: string) => Promise<string | null>} save what went wrong, in words
 */
export function askName(proposed, folder, save) {
  const input = h("input", {
    type: "text",
    class: "q",
    id: "save-name",
    value: proposed,
    autocomplete: "off",
    spellcheck: "false",
  });
  const wrong = h("p", {class: "wrong", role: "alert"});
  const form = h(
    "form",
    {
      onsubmit: async (event) => {
        event.preventDefault();
        const name = input.value.trim();
        const words = name ? await save(/\.ya?ml$/.test(name) ? name : `${name}.yaml`) : "a file needs a name";
        if (words === null) made.close();
        else {
          wrong.textContent = words;
          input.focus();
        }
      },
    },
    h("label", {for: "save-name"}, "File, in ", h("code", {}, folder)),
    input,
    wrong,
    h("div", {class: "buttons"}, h("button", {type: "submit", class: "framed main-action"}, "Save")),
  );
  const made = dialog("Save as a file", [form], {class: "narrow"});
  input.setSelectionRange(0, input.value.replace(/\.ya?ml$/, "").length);
  input.focus();
}

/** The lines of a unified difference, each with a sign besides its colour. @param {string[]} lines */
export function unified(lines) {
  return h(
    "pre",
    {class: "unified", tabindex: "0", role: "region", "aria-label": "Difference"},
    ...lines.map((line) =>
      h(
        "div",
        {class: line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : line.startsWith("@") ? "dim" : ""},
        line || " ",
      ),
    ),
  );
}

/**
 * The file on the disk is no longer the one that was opened: the difference, and what can be done.
 * @param {string[] | null} lines null where there is no file any more: nothing can be loaded then
 * @param {{overwrite: () => void, reload: () => void}} actions
 */
export function conflict(lines, {overwrite, reload}, name) {
  const act = (run) => () => {
    made.close();
    run();
  };
  const made = dialog(
    lines ? `${name} was changed on the disk` : `${name} is no longer on the disk`,
    [
      h(
        "p",
        {},
        lines
          ? "It is not what was opened here, so nothing was written. From the file on the disk (−) to your text (+):"
          : "It was removed or renamed, so nothing was written. Your text is kept here.",
      ),
      lines && unified(lines),
      h(
        "div",
        {class: "buttons"},
        button("Keep editing", () => made.close(), "", {class: "framed main-action"}),
        lines && button("Load the file, drop my text", act(reload), "", {class: "framed"}),
        button(lines ? "Write my text over it" : "Write it again", act(overwrite), "", {class: "framed danger"}),
      ),
    ],
    {class: lines ? "wide" : "narrow"},
  );
}

/** The list of keys. @param {Array<[string, string]>} keys */
export function keyList(keys) {
  dialog("Keys", [
    h(
      "table",
      {class: "keys"},
      h(
        "tbody",
        {},
        ...keys.map(([key, words]) =>
          h(
            "tr",
            {},
            h("th", {scope: "row"}, ...key.split(", ").flatMap((each, number) => [number ? " " : "", h("kbd", {}, each)])),
            h("td", {}, words),
          ),
        ),
      ),
    ),
  ]);
}
