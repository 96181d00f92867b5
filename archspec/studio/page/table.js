/** The network as papers print it. */

import {h} from "./dom.js";

/**
 * A table, as the server's answer has it: cells of words, and of brackets with lines and how often they are repeated.
 * @param {{header: string[], rows: any[][], totals: Array<{name: string, cells: any[]}>, words: number}} table
 */
export function tableOf({header, rows, totals, words}) {
  const row = (cells, first) => h("tr", {}, first, ...cells.map((cell) => h("td", {}, ...pieces(cell))));
  return h(
    "div",
    {class: "table", tabindex: "0", role: "region", "aria-label": "Table of the network"},
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...header.map((cell) => h("th", {scope: "col"}, cell)))),
      h("tbody", {}, ...rows.map(([first, ...cells]) => row(cells, h("th", {scope: "row"}, ...pieces(first))))),
      h("tfoot", {}, ...totals.map(({name, cells}) => row(cells, h("th", {scope: "row", colspan: words}, name)))),
    ),
  );
}

/** What stands in a cell, one below the other. */
function pieces(cell) {
  return cell.map((piece) =>
    typeof piece === "string"
      ? h("div", {}, piece)
      : h(
          "div",
          {class: "repeated"},
          h("div", {class: "bracket"}, ...piece.lines.map((line) => h("div", {}, line))),
          h("span", {}, ` × ${piece.times}`),
        ),
  );
}
