/** SVG from the server, let in by a list of what may stay. */

import {s} from "./dom.js";

const TAGS = new Set(["svg", "g", "rect", "circle", "path", "text", "tspan", "title", "desc"]);
const ATTRIBUTES = new Set([
  "x",
  "y",
  "width",
  "height",
  "rx",
  "ry",
  "cx",
  "cy",
  "r",
  "d",
  "class",
  "transform",
  "viewBox",
  "text-anchor",
  "aria-hidden",
  "data-layer",
  "data-section",
  "data-from",
  "data-side",
]);
/** Of a `style` attribute: line widths of miniatures alone. */
const STYLES = new Set(["stroke-width"]);
/** A copy of an element of a foreign document with what is known to be harmless. */
function copied(foreign) {
  const tag = foreign.localName === "a" ? "g" : foreign.localName;
  if (foreign.namespaceURI !== "http://www.w3.org/2000/svg" || !TAGS.has(tag)) return null;
  const made = s(tag);
  for (const {name, value} of foreign.attributes) {
    if (ATTRIBUTES.has(name)) made.setAttribute(name, value);
    else if (name === "data-style") {
      for (const [property, width] of value.split(";").map((each) => each.split(":").map((part) => part.trim()))) {
        if (STYLES.has(property)) made.style.setProperty(property, width);
      }
    }
  }
  for (const child of foreign.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) made.append(child.data);
    else if (child.nodeType === Node.ELEMENT_NODE) {
      const inner = copied(child);
      if (inner) made.append(inner);
    }
  }
  return made;
}

/**
 * An SVG's text as elements and the rules of its style; a script, a link, an image or a listener does not get through.
 * @param {string} text
 * @returns {{svg: SVGSVGElement, rules: string} | null} null for what is no SVG
 */
export function admitted(text) {
  const root = new DOMParser().parseFromString(text.replace(/<[^>]+>/g, disarmed), "image/svg+xml").documentElement;
  const svg = root.localName === "svg" ? copied(root) : null;
  if (!svg) return null;
  return {
    svg: /** @type {SVGSVGElement} */ (svg),
    rules: [...root.querySelectorAll("x-style")].map((each) => each.textContent).join(""),
  };
}

/** A tag whose styles have other names: the page's policy holds for what is parsed, too. @param {string} tag */
function disarmed(tag) {
  return tag.replace(/^<(\/?)style\b/, "<$1x-style").replace(/(?<=\s)style=/, "data-style=");
}

/** A sheet of a picture's rules; its dark half holds where the page is dark, be it by the system or by the switch. */
export function sheetOf(rules) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  return sheet;
}

/** Lets a picture's dark rules hold by the system, or always, or never. @param {CSSStyleSheet} sheet @param {string} theme */
export function themed(sheet, theme) {
  for (const rule of sheet.cssRules) {
    if (rule instanceof CSSMediaRule) {
      rule.media.mediaText = theme === "dark" ? "all" : theme === "light" ? "not all" : "(prefers-color-scheme: dark)";
    }
  }
}
