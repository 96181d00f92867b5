/** Light and dark: as the system has it, or as the button says. */

import {byId} from "./dom.js";
import {parts} from "./state.js";

const KEPT = "archspec.theme";
/** What the button goes through. @type {Array<[string, string]>} */
export const THEMES = [
  ["auto", "as the system"],
  ["light", "light"],
  ["dark", "dark"],
];

const now = () => localStorage.getItem(KEPT) ?? THEMES[0][0];

/** @param {string} [theme] that which was set last without one */
export function setTheme(theme = now()) {
  const [name, words] = THEMES.find(([each]) => each === theme) ?? THEMES[0];
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  document.querySelector("meta[name=color-scheme]")?.setAttribute("content", name === "auto" ? "light dark" : name);
  localStorage.setItem(KEPT, name);
  byId("theme-button").textContent = `Colours: ${words}`;
  parts.picture.setTheme(name);
  parts.zoo.setTheme(name);
}

/** The next one. */
export function nextTheme() {
  const at = THEMES.findIndex(([theme]) => theme === now());
  setTheme(THEMES[(at + 1) % THEMES.length][0]);
}
