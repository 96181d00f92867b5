/** The page: its parts are made here, and told who listens to whom. */

import {get, post, superseded} from "./api.js";
import {markDifference} from "./against.js";
import {answered, waiting} from "./answers.js";
import {failed} from "./bars.js";
import {loadBudget} from "./budget.js";
import {CursorCard} from "./card.js";
import {Checker} from "./check.js";
import {define, go, hovered, pointed, pointing, position, rename, renameAtCursor, toLine} from "./cursor.js";
import {Details} from "./details.js";
import {keyList} from "./dialogs.js";
import {byId, h} from "./dom.js";
import {Editor} from "./editor.js";
import {everything} from "./everything.js";
import {exportMenu} from "./exporting.js";
import {ofDraft, open, save, title} from "./files.js";
import {LIST, keys} from "./keys.js";
import {divider, isNarrow, openSheet, sheet, showPane, tabs} from "./narrow.js";
import {watch} from "./news.js";
import {Picture} from "./picture.js";
import {Readers} from "./readers.js";
import {Runs} from "./runs.js";
import {leaveStart, showStart} from "./start.js";
import {VIEWS, asked, atStart, label, nonce, parts, state} from "./state.js";
import {nextTheme, setTheme} from "./theme.js";
import {back, openBlock, openView, setView, step, turn} from "./views.js";
import {Zoo} from "./zoo.js";

/** The text was changed. */
function edited() {
  state.version += 1;
  title();
  parts.checker.typed();
  if (state.view.kind === "diff") markDifference();
}

/** What can be written at a place. */
async function complete(place, signal) {
  try {
    return await post("complete", {...asked(), ...place}, signal);
  } catch (error) {
    if (!superseded(error)) failed(error);
    return null;
  }
}

/** What a check is asked for; runs have no picture that it could draw. */
const wanted = () => ({
  ...asked(),
  view: state.view.kind === "runs" ? {kind: "network"} : state.view,
  version: state.version,
});

function make() {
  const moved = (typed) => {
    position();
    if (!typed) pointing(); // of what is typed the answer of the check asks
  };
  const chosen = (key, tapped) => {
    if (tapped && isNarrow()) openSheet(true); // its links lead to the spec, which would take the place of the picture
    else toLine(key);
  };
  parts.editor = new Editor(byId("code"), nonce, {edited, moved, hovered: pointed, complete});
  parts.picture = new Picture(byId("canvas"), {hovered, chosen, opened: openBlock});
  parts.details = new Details({go, block: openBlock});
  parts.card = new CursorCard({
    go,
    rename,
    take: (change) => parts.editor.write(change),
    text: () => parts.editor.text,
  });
  parts.readers = new Readers(nonce, {title: label, go});
  parts.runs = new Runs((run) => setView({kind: "diff", other: {run: run.name}}));
  parts.zoo = new Zoo(
    (name) => open({zoo: name}),
    () => (state.doc ? label() : null),
    (draft) => (draft === null ? leaveStart() : open(ofDraft(draft))),
  );
  parts.checker = new Checker(wanted, {answered, failed, waiting});
}

/** The tabs of the views. */
function viewTabs() {
  const made = VIEWS.map(([kind, words], number) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        "data-view": kind,
        "aria-selected": "false",
        "aria-controls": "picture",
        "aria-keyshortcuts": `Alt+${number + 1}`,
        tabindex: "-1",
      },
      words,
    ),
  );
  byId("views").append(...made);
  tabs(byId("views"), (each) => openView(each.dataset.view ?? "network"));
}

function begin() {
  make();
  viewTabs();
  tabs(byId("panes"), (each) => showPane(/** @type {"spec" | "picture"} */ (each.dataset.pane)));
  divider();
  sheet();
  setTheme();
  watch();
  const list = () => keyList(LIST);
  byId("save-button").onclick = save;
  byId("zoo-button").onclick = () => (atStart() && state.doc ? leaveStart() : showStart());
  byId("export-button").onclick = () => exportMenu(byId("export-button"), () => ({...asked(), view: state.view}), failed);
  byId("keys-button").onclick = list;
  byId("theme-button").onclick = nextTheme;
  keys({
    save,
    step,
    take: () => parts.editor.take(),
    turn,
    palette: everything,
    list,
    back,
    define,
    rename: renameAtCursor,
    view: (number) => {
      if (state.doc) openView(VIEWS[number - 1][0]);
    },
  });
}

async function start() {
  begin();
  try {
    state.config = await get("config");
    await loadBudget();
  } catch (error) {
    failed(error);
    return;
  }
  const named = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (named.file || named.zoo || named.shipped || named.name) await open(named);
  else if (state.config.file) await open({file: state.config.file});
  else await showStart();
}

start();
