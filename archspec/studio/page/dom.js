/** Elements of the page. Text gets in as text alone: nothing here, or anywhere in the page, reads a string as markup. */

/**
 * An element with attributes and children. A function under `onNAME` listens; true is an attribute without value; false and
 * null leave it out.
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string | null | false | undefined | Array<Node | string | null | false>)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element of SVG with attributes and children.
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** The element of the page with an id. @param {string} id @returns {HTMLElement} */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** A button. @param {string} words @param {(event: Event) => void} run @param {string} [key] the key that does the same */
export function button(words, run, key = "", attributes = {}) {
  return h("button", {type: "button", onclick: run, ...attributes}, words, key ? " " : null, key ? h("kbd", {}, key) : null);
}

/**
 * Words in which `code` stands between backquotes and **what matters** between pairs of stars, as nodes.
 * @param {string} words
 * @returns {Array<Node | string>}
 */
export function prose(words) {
  const parts = words.split(/(`[^`]+`|\*\*[^*]+\*\*)/);
  return parts
    .filter(Boolean)
    .map((part) =>
      part.length > 2 && part.startsWith("`") && part.endsWith("`")
        ? h("code", {}, part.slice(1, -1))
        : part.length > 4 && part.startsWith("**") && part.endsWith("**")
          ? h("b", {}, part.slice(2, -2))
          : part,
    );
}

/** Says something to a screen reader, and nothing to the eye. @param {string} words */
export function say(words) {
  byId("said").textContent = words;
}

/** Gives the element new children, only if they differ: what stays as it is keeps its focus. @param {Element} element */
export function fill(element, ...children) {
  const made = h("div", {}, ...children),
    [now, next] = [[...element.childNodes], [...made.childNodes]];
  if (now.length === next.length && now.every((node, number) => node.isEqualNode(next[number]))) return false;
  element.replaceChildren(...next);
  return true;
}
