/** @import { Charts } from "../messages.d.ts" */

import { colourDot, find } from "../dom/elements.js";
import { makeRow, makeTable } from "../dom/table.js";
import { csvOf } from "../formatting/csv.js";

/** @type {[string, string][]} */
const COLUMNS = [
  ["Expert", ""],
  ["‖Δ‖", "length of the whole delta"],
  ["Kept", "of its entries"],
  ["Energy kept", "of ‖Δ‖²"],
  ["Cosine", "of the merged delta with the whole delta"],
];

/**
 * The table of experts.
 * @param {HTMLElement} element the panel
 * @param {Charts} charts
 */
export function renderExperts(element, { chip, label, experts }) {
  const card = find(element, '[data-table="experts"]'), mark = find(card, '[data-slot="label"]');
  mark.textContent = chip;
  mark.dataset.kind = label;
  const rows = experts.map(({ colour, title, cells }) => makeRow([colourDot(colour), title], cells));
  find(card, ".ml-table").replaceChildren(makeTable(COLUMNS, rows));
}

/**
 * The table of experts as comma-separated values.
 * @param {Charts} charts
 * @returns {string}
 */
export function expertsCsv({ experts }) {
  return csvOf([COLUMNS.map(([title]) => title), ...experts.map(({ title, cells }) => [title, ...cells])]);
}
