/** @import { Shape } from "../plotly.d.ts" */

/**
 * A ring around a cell of a heatmap.
 * @param {{ row: number, column: number }} place
 * @param {string} color
 * @returns {Shape}
 */
export function ringAround({ row, column }, color) {
  const ends = { x0: column - 0.5, x1: column + 0.5, y0: row - 0.5, y1: row + 0.5 };
  return { type: "rect", ...ends, line: { color, width: 2 } };
}

/**
 * An outline around a row of a heatmap.
 * @param {number} row
 * @param {string} color
 * @returns {Shape}
 */
export function outlineOf(row, color) {
  return { type: "rect", xref: "paper", x0: 0, x1: 1, y0: row - 0.5, y1: row + 0.5, line: { color, width: 1.5 } };
}
