/** What the server tells by itself: of the file on the disk, of other tabs, of runs; and that it is there. */

import {get, leave, listen, onReached} from "./api.js";
import {bar, failed, unbar} from "./bars.js";
import {waiting} from "./answers.js";
import {byId, say} from "./dom.js";
import {changedOnDisk, title} from "./files.js";
import {label, parts, state, tab} from "./state.js";
import {showRuns} from "./views.js";
import {plural} from "./words.js";

/** Milliseconds to the first try to reach a server that is gone, and the most between two: each waits twice as long. */
const AGAIN = 2000;
const SELDOM = 60_000;
/** Without a sign of life until one is made. */
const SILENT = 15000;

let heard = performance.now();

/** Listens for what concerns the document. */
export function subscribe() {
  heard = performance.now();
  const alive = (run) => (data) => {
    heard = performance.now();
    run(data);
  };
  listen(tab, state.doc?.path ?? "", state.doc?.name ?? "", {
    alive: alive(() => {}),
    tabs: alive(tellOfTabs),
    disk: alive(changedOnDisk),
    runs: alive(showRuns),
  });
}

/** How many other tabs have the same document. @param {{others: number}} told */
function tellOfTabs({others}) {
  const words = `${label()} is open in ${plural(others, "other tab")} too; none writes over what another saves without asking.`;
  if (others) bar("tabs", words);
  else unbar("tabs");
}

/** Watches whether the server is there, and whether a text would be lost with the page. */
export function watch() {
  onReached((reached) => {
    if (reached === !state.gone) return;
    state.gone = !reached;
    byId("app").classList.toggle("gone", state.gone);
    if (state.gone) lost();
    else found();
  });
  setInterval(() => {
    if (!state.gone && state.doc && performance.now() - heard > SILENT) get("config").catch(() => {});
  }, SILENT / 3);
  addEventListener("pagehide", ({persisted}) => persisted || leave("leave", {tab}));
  addEventListener("beforeunload", (event) => {
    if (state.gone && state.doc && title()) event.preventDefault();
  });
}

/** The server answers again. */
function found() {
  unbar("gone");
  if (!state.doc) return;
  parts.checker.now();
  subscribe();
}

/** The server does not answer: it is asked until it does. */
function lost() {
  for (const kind of ["tabs", "disk"]) unbar(kind);
  byId("problems").className = "problems wa";
  byId("problems").textContent = "! not checked";
  const copy = () => navigator.clipboard.writeText(parts.editor.text).then(() => say("copied"), failed);
  bar(
    "gone",
    "The server has ended or is not reached. Your text stays here. One that is started anew has another address, which it " +
      "prints: what was kept of the text is offered there.",
    [["Copy the text", copy]],
    {closes: false, tone: "bad"},
  );
  waiting("");
  retry();
}

function retry(wait = AGAIN) {
  setTimeout(async () => {
    await get("config").catch(() => {});
    if (state.gone) retry(Math.min(2 * wait, SELDOM));
  }, wait);
}
