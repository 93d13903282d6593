/** Makes tables. */

import { make } from "./elements.js";

/**
 * @param {(string | [text: string, title: string])[]} titles of the columns, with what they mean
 * @param {HTMLTableRowElement[]} rows
 * @returns {HTMLTableElement}
 */
export function makeTable(titles, rows) {
  const table = make("table"), head = make("thead"), body = make("tbody"), top = make("tr");
  top.append(...titles.map(columnTitle));
  head.append(top);
  body.append(...rows);
  table.append(head, body);
  return table;
}

/** @param {string | [text: string, title: string]} given */
function columnTitle(given) {
  const [text, title] = typeof given === "string" ? [given, ""] : given;
  if (!text) return make("td"); // a title without words would be read out as one
  const cell = make("th", text);
  cell.scope = "col";
  if (title) cell.title = title;
  return cell;
}

/**
 * A row whose first cell is its title.
 * @param {(string | Node)[]} title
 * @param {string[]} cells
 * @returns {HTMLTableRowElement}
 */
export function makeRow(title, cells) {
  const row = make("tr"), first = make("th");
  first.scope = "row";
  first.append(...title);
  row.append(first, ...cells.map((text) => make("td", text)));
  return row;
}
