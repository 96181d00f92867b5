/** The keyboard of the whole page. What a key does is said in one list, which ? shows. */

/** Key and words, as `?` shows them. @type {Array<[string, string]>} */
export const LIST = [
  ["Ctrl S", "save"],
  ["F8, Shift F8", "next and previous problem, or difference"],
  ["Alt Enter", "take the guess of a problem"],
  ["Ctrl Space", "complete the word at the cursor"],
  ["F12", "go to the definition"],
  ["F2", "rename the block or kept value at the cursor"],
  ["Alt 1 … 6", "network, block, full, table, diff, runs"],
  ["Ctrl .", "spec, picture, details in turn"],
  ["Arrow keys", "in the picture: along its edges"],
  ["Enter", "in the picture: to the line that says it"],
  ["Shift Enter", "in the picture: the block; Escape goes back"],
  ["Ctrl K", "everything by name"],
  ["Ctrl F", "search in the text"],
  ["Escape, Tab", "in the spec: Tab leaves the editor after Escape"],
  ["?", "this list, outside of the text"],
];

/** Whether a key writes text where the focus is. @param {EventTarget | null} target */
const writes = (target) =>
  target instanceof Element &&
  target.closest("input, textarea, select, [contenteditable=true]") !== null &&
  target.closest(".reader .cm-content") === null;

/**
 * Listens for the keys.
 * @param {{save: () => void, step: (by: number) => void, take: () => void, define: () => void, rename: () => void,
 *   view: (number: number) => void, turn: () => void, palette: () => void, list: () => void, back: () => boolean}} actions
 */
export function keys(actions) {
  addEventListener(
    "keydown",
    (event) => {
      if (document.querySelector("dialog[open]")) return;
      const control = (event.ctrlKey || event.metaKey) && !event.altKey;
      if (control && !event.shiftKey && event.key.toLowerCase() === "s") actions.save();
      else if (control && !event.shiftKey && event.key.toLowerCase() === "k") actions.palette();
      else if (control && event.key === ".") actions.turn();
      else if (event.key === "F8" && !control) actions.step(event.shiftKey ? -1 : 1);
      else if (event.key === "F12" && !control && !event.shiftKey) actions.define();
      else if (event.key === "F2" && !control) actions.rename();
      else if (event.altKey && !event.ctrlKey && /^Digit[1-6]$/.test(event.code)) actions.view(Number(event.code.slice(5)));
      else if (
        event.altKey &&
        event.key === "Enter" &&
        !(event.target instanceof Element && event.target.closest(".cm-editor"))
      )
        actions.take();
      else if (event.key === "?" && !writes(event.target)) actions.list();
      else if (event.key === "Escape" && !writes(event.target) && actions.back()) {
        /* done */
      } else return;
      event.preventDefault();
      event.stopPropagation();
    },
    {capture: true},
  );
}
