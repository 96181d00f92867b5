/** What can be taken away: files of the picture, and the command that makes the same. */

import {post} from "./api.js";
import {button, h} from "./dom.js";
import {dialog} from "./dialogs.js";

/** Pixels of a PNG for each pixel of the picture. */
const SCALE = 2;

/** Gives a file to the browser's downloads. @param {Blob} blob @param {string} name */
function download(blob, name) {
  const link = h("a", {href: URL.createObjectURL(blob), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.getAttribute("href") ?? ""), 10000);
}

/** The picture as pixels, drawn by the browser. @param {string} svg @returns {Promise<Blob>} */
export async function png(svg) {
  const image = new Image(),
    source = URL.createObjectURL(new Blob([svg], {type: "image/svg+xml"}));
  try {
    await new Promise((done, failed) => {
      image.onload = done;
      image.onerror = () => failed(new Error("the browser cannot draw this picture"));
      image.src = source;
    });
    const canvas = h("canvas", {width: image.naturalWidth * SCALE, height: image.naturalHeight * SCALE});
    const context = canvas.getContext("2d");
    context.scale(SCALE, SCALE);
    context.drawImage(image, 0, 0);
    return await new Promise((done, failed) =>
      canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("the picture is too large for a PNG")))),
    );
  } finally {
    URL.revokeObjectURL(source);
  }
}

/** A text to copy. @param {string} title @param {string} text @param {string} name @param {string} [note] */
function shown(title, text, name, note = "") {
  const copy = button(
    "Copy",
    async () => {
      await navigator.clipboard.writeText(text);
      copy.firstChild.textContent = "Copied";
    },
    "",
    {class: "framed main-action"},
  );
  dialog(
    title,
    [
      note ? h("p", {}, note) : null,
      h("pre", {class: "exported", tabindex: "0", role: "region", "aria-label": title}, text),
      h(
        "div",
        {class: "buttons"},
        copy,
        button("Save as a file", () => download(new Blob([text], {type: "text/plain"}), name), "", {class: "framed"}),
      ),
    ],
    {class: "wide"},
  );
}

/** What the menu offers: label, format, what is done with the answer. */
export const FORMATS = [
  ["SVG", "svg", ({name, text}) => download(new Blob([text], {type: "image/svg+xml"}), name)],
  ["PNG", "svg", async ({name, text}) => download(await png(text), name.replace(/\.svg$/, ".png"))],
  ["LaTeX", "latex", ({name, text}) => shown("LaTeX", text, name)],
  ["Markdown", "markdown", ({name, text}) => shown("Markdown", text, name)],
  ["Mermaid", "mermaid", ({name, text}) => shown("Mermaid", text, name)],
  ["Command that gives the same", "command", ({name, text, note}) => shown("The command", text, name, note)],
];

/**
 * The menu of formats below its button.
 * @param {HTMLElement} opener
 * @param {() => object} request
 * @param {(error: Error) => void} failed
 */
export function exportMenu(opener, request, failed) {
  const close = (focus = true) => {
    menu.remove();
    opener.setAttribute("aria-expanded", "false");
    removeEventListener("pointerdown", outside, true);
    if (focus) opener.focus();
  };
  const outside = (event) => {
    if (!menu.contains(event.target) && !opener.contains(event.target)) close(false);
  };
  const choose = async (format, done) => {
    close();
    try {
      await done(await post("export", {...request(), format}));
    } catch (error) {
      failed(/** @type {Error} */ (error));
    }
  };
  const items = FORMATS.map(([label, format, done]) =>
    h("button", {type: "button", role: "menuitem", tabindex: "-1", onclick: () => choose(format, done)}, label),
  );
  const onkeydown = (event) => press(event, items, close);
  const menu = h("div", {role: "menu", class: "menu", "aria-label": "Export", onkeydown}, ...items);
  opener.after(menu);
  opener.setAttribute("aria-expanded", "true");
  addEventListener("pointerdown", outside, true);
  items[0].focus();
}

/** A key in the menu. @param {KeyboardEvent} event @param {HTMLElement[]} items @param {() => void} close */
function press(event, items, close) {
  const at = items.indexOf(document.activeElement),
    to = {
      ArrowDown: (at + 1) % items.length,
      ArrowUp: (at + items.length - 1) % items.length,
      Home: 0,
      End: items.length - 1,
    }[event.key];
  if (to !== undefined) items[to].focus();
  else if (event.key === "Escape" || event.key === "Tab") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}
