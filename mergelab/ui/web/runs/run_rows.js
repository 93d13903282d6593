/** @import { RunColumn, RunList, RunRow } from "../messages.d.ts" */

/**
 * How the table is sorted: by a column, or by the name `number`.
 * @typedef {{ by: string, falling: boolean }} Order
 */
/**
 * Which rows are shown.
 * @typedef {{ words: string, starred: boolean, here: boolean }} Filter
 */

/** The column that every table begins with. */
export const NUMBER = "number";

/**
 * The rows that fit, in order. A row without a value in the column comes last, whichever way the column is sorted.
 * @param {RunRow[]} rows
 * @param {Filter} filter
 * @param {Order} order
 * @returns {RunRow[]}
 */
export function shownRows(rows, filter, order) {
  return rows.filter((row) => fits(row, filter)).sort((one, other) => compare(one, other, order));
}

/**
 * What the chip beside the title says.
 * @param {number} shown
 * @param {RunList} list
 * @returns {string}
 */
export function aboutRuns(shown, { rows, archived }) {
  if (!rows.length) return "";
  const all = `${rows.length} ${archived ? "archived " : ""}${rows.length === 1 ? "run" : "runs"}`;
  return shown === rows.length ? all : `${shown} of ${all}`;
}

/**
 * The columns by which a chart may be drawn.
 * @param {RunColumn[]} columns
 * @param {boolean} scores whether scores are meant, or settings
 * @returns {[name: string, title: string][]}
 */
export function axesOf(columns, scores) {
  return columns.filter((column) => column.is_number && column.is_score === scores).map(({ name, title }) => [name, title]);
}

/**
 * @param {RunRow} row
 * @param {Filter} filter every word must stand somewhere in the row
 */
function fits(row, { words, starred, here }) {
  const cells = Object.values(row.cells).map(({ text }) => text);
  const text = [row.number, row.name, row.state, row.kind, row.note, ...row.tags, ...cells].join("\n").toLowerCase();
  const found = words.toLowerCase().split(/\s+/).filter(Boolean).every((word) => text.includes(word));
  return found && (!starred || row.starred) && (!here || row.here);
}

/**
 * @param {RunRow} one
 * @param {RunRow} other
 * @param {Order} order
 */
function compare(one, other, { by, falling }) {
  const [a, b] = [one, other].map((row) => (by === NUMBER ? row.number : by === "name" ? row.name : row.cells[by]?.value));
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined) || other.number - one.number;
  const found = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  return (falling ? -found : found) || other.number - one.number;
}
