/** @import { Charts } from "../messages.d.ts" */

import { colourDot, fillSlots, find } from "../dom/elements.js";
import { makeRow, makeTable } from "../dom/table.js";
import { csvOf } from "../formatting/csv.js";

/**
 * The table of experts.
 * @param {HTMLElement} element the panel
 * @param {Charts} charts
 */
export function renderExperts(element, { chip, label, experts }) {
  const card = find(element, '[data-table="experts"]'), mark = find(card, '[data-slot="label"]');
  mark.textContent = chip;
  mark.dataset.kind = label;
  fillSlots(card, "notice", experts.notice);
  /** @type {[string, string][]} */
  const columns = [["Expert", ""], ...experts.columns.map(({ name, help }) => /** @type {[string, string]} */ ([name, help]))];
  const rows = experts.rows.map(({ colour, title, name, cells }) => {
    const row = makeRow([colourDot(colour), title], cells);
    row.title = name;
    return row;
  });
  find(card, ".ml-table").replaceChildren(makeTable(columns, rows));
}

/**
 * The table of experts as comma-separated values.
 * @param {Charts} charts
 * @returns {string}
 */
export function expertsCsv({ experts }) {
  const columns = ["Expert", ...experts.columns.map(({ name }) => name)];
  return csvOf([columns, ...experts.rows.map(({ name, cells }) => [name, ...cells])]);
}
