/** @import { CellName } from "../plotly.d.ts" */

/** @typedef {{ layer: string, module: string }} Cell */

/**
 * Whether two cells are the same layer and module.
 * @param {Cell | null | undefined} one
 * @param {Cell | null | undefined} other
 * @returns {boolean}
 */
export function sameCell(one, other) {
  return Boolean(one && other && one.layer === other.layer && one.module === other.module);
}

/**
 * The row and column of a heatmap that show a cell; null where none do.
 * @param {(CellName | null)[][]} heatmap the layer and module of each of its cells
 * @param {Cell} cell
 * @returns {{ row: number, column: number } | null}
 */
export function placeOf(heatmap, { layer, module }) {
  const row = heatmap.findIndex((cells) => cells.some((cell) => cell && cell[0] === layer && cell[1] === module));
  return row < 0 ? null : { row, column: heatmap[row].findIndex((cell) => cell && cell[1] === module) };
}

/**
 * The cell of the same module one layer on; the first one where the layer has none. Undefined past the last one.
 * @param {(CellName | null)[][]} heatmap the layer and module of each of its cells
 * @param {{ layer: string | null, module: string }} at
 * @param {number} way 1 for the next layer, -1 for the one before
 * @returns {Cell | undefined}
 */
export function cellBeside(heatmap, { layer, module }, way) {
  const column = heatmap.map((row) => row.find((cell) => cell?.[1] === module)).filter((cell) => Boolean(cell));
  const place = column.findIndex((cell) => cell?.[0] === layer), next = column[place < 0 ? 0 : place + way];
  return next ? { layer: next[0], module: next[1] } : undefined;
}

/**
 * The cell that an address names, `layer:module`. The module may hold colons itself.
 * @param {string} text
 * @returns {Cell}
 */
export function readCell(text) {
  const [layer, module = ""] = text.split(/:(.*)/);
  return { layer, module };
}
