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
 * The rows in groups. Sorted by a score, only runs of one group may be ranked: they have answered the same rows; the groups with
 * more rows come first, runs without the score last. Otherwise all are one group without words.
 * @param {RunRow[]} rows in order
 * @param {string} by the column that they are sorted by
 * @returns {[words: string, rows: RunRow[]][]}
 */
export function rankedGroups(rows, by) {
  /** @type {Map<string, RunRow[]>} */
  const groups = new Map();
  for (const row of rows) {
    const among = row.cells[by]?.among ?? "";
    groups.set(among, [...(groups.get(among) ?? []), row]);
  }
  const found = [...groups].sort(([one, [first]], [other, [second]]) => Number(!one) - Number(!other) || rowsOf(second, by) - rowsOf(first, by));
  return found.filter(([among]) => among).length > 1 ? found.map(([among, of]) => [among || "without this score", of]) : [["", rows]];
}

/**
 * @param {RunRow} row
 * @param {string} by
 */
function rowsOf(row, by) {
  return row.cells[by]?.rows ?? 0;
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
