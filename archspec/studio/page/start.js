/** The page of networks, and the way back from it to the text. */

import {post} from "./api.js";
import {failed} from "./bars.js";
import {byId} from "./dom.js";
import {title} from "./files.js";
import {parts, state, tab} from "./state.js";

/** Shows where one begins, with what is not saved of other documents. */
export async function showStart() {
  const {doc} = state;
  byId("app").dataset.state = "start";
  byId("start").hidden = false;
  if (!doc) title();
  let drafts = [];
  try {
    drafts = ((await post("open", {tab})).drafts ?? []).filter(
      (draft) => !doc || draft.draft !== tab || draft.path !== doc.path || (!draft.path && draft.name !== doc.name),
    );
  } catch (error) {
    failed(error);
  }
  await parts.zoo.show(drafts);
}

/** Shows the text. */
export function leaveStart() {
  byId("app").dataset.state = "open";
  byId("start").hidden = true;
  parts.editor.view.requestMeasure();
  parts.editor.focus();
}
