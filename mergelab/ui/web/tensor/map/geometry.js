/** @import { MapWindow } from "../../messages.d.ts" */

/** @typedef {{ rows: number, columns: number }} Extent */
/** @typedef {{ row: number, column: number }} Spot */
/** @typedef {{ x: number, y: number, width: number, height: number }} Frame */

/** Rows and columns from which on weights are shown singly. */
export const SINGLE = 64;
const CLOSEST = 4; // rows and columns of the smallest window
const AROUND = 16; // rows and columns of the window around a weight
const HEAD = 20, GAP = 10; // pixels above a panel, and between two
const LEVEL = 1.6; // how much wider than high a panel may be
const NUMBERS = { left: 52, below: 20, top: 6, right: 12 }; // pixels around the map for row and column numbers
const NARROWEST = 180; // pixels that a long, thin window is widened to

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 * @returns {number} a whole number
 */
export function between(value, low, high) {
  return Math.min(high, Math.max(low, Math.round(value)));
}

/**
 * Whether a window shows single coordinates.
 * @param {Extent} at
 * @returns {boolean}
 */
export function isSingle(at) {
  return at.rows <= SINGLE && at.columns <= SINGLE;
}

/**
 * The window that shows a whole tensor.
 * @param {Extent} tensor
 * @returns {MapWindow}
 */
export function wholeOf({ rows, columns }) {
  return { top: 0, left: 0, rows, columns };
}

/**
 * @param {MapWindow | null} one
 * @param {MapWindow | null} other
 * @returns {boolean}
 */
export function sameWindow(one, other) {
  if (!one || !other) return one === other;
  return one.top === other.top && one.left === other.left && one.rows === other.rows && one.columns === other.columns;
}

/**
 * The nearest window inside the tensor, in whole numbers.
 * @param {MapWindow} at
 * @param {Extent} tensor
 * @returns {MapWindow}
 */
export function fitted(at, tensor) {
  const rows = between(at.rows, 1, tensor.rows), columns = between(at.columns, 1, tensor.columns);
  const top = between(at.top, 0, tensor.rows - rows), left = between(at.left, 0, tensor.columns - columns);
  return { top, left, rows, columns };
}

/**
 * The window `factor` times as large around a point at the shares (y, x) of it. On the way in an axis waits at SINGLE
 * for the other one.
 * @param {MapWindow} at
 * @param {number} factor
 * @param {Extent} tensor
 * @param {number} [y]
 * @param {number} [x]
 * @returns {MapWindow}
 */
export function zoomed(at, factor, tensor, y = 0.5, x = 0.5) {
  const closest = factor < 1 ? (isSingle(at) ? CLOSEST : SINGLE) : 1;
  const scaled = (/** @type {number} */ length) => Math.round(Math.max(Math.min(length, closest), length * factor));
  const rows = scaled(at.rows), columns = scaled(at.columns);
  const top = at.top + y * (at.rows - Math.min(rows, tensor.rows));
  const left = at.left + x * (at.columns - Math.min(columns, tensor.columns));
  return fitted({ top, left, rows, columns }, tensor);
}

/**
 * A small window with a coordinate in its middle.
 * @param {Spot} spot
 * @param {Extent} tensor
 * @returns {MapWindow}
 */
export function windowAround({ row, column }, tensor) {
  const rows = Math.min(AROUND, tensor.rows), columns = Math.min(AROUND, tensor.columns);
  return { top: row - rows / 2, left: column - columns / 2, rows, columns };
}

/**
 * The coordinate under a point of a window; null outside.
 * @param {MapWindow} at
 * @param {{ x: number, y: number } | null} point as shares of the window
 * @returns {Spot | null}
 */
export function coordinateAt(at, point) {
  if (!point || point.x < 0 || point.y < 0 || point.x >= 1 || point.y >= 1) return null;
  return { row: at.top + Math.floor(point.y * at.rows), column: at.left + Math.floor(point.x * at.columns) };
}

/**
 * The row and column of a flat index.
 * @param {number} place
 * @param {Extent} tensor
 * @returns {Spot}
 */
export function spotOf(place, { columns }) {
  return { row: Math.floor(place / columns), column: place % columns };
}

/**
 * How the tensor itself counts a coordinate: `3, 0, 17`.
 * @param {Spot} spot
 * @param {{ columns: number, shape: number[] }} tensor
 * @returns {string}
 */
export function indexOf({ row, column }, { columns, shape }) {
  let place = row * columns + column;
  const index = [...shape].reverse().map((length) => {
    const at = place % length;
    place = (place - at) / length;
    return at;
  });
  return index.reverse().join(", ");
}

/**
 * Whether a coordinate of the map is one of the tensor. The last line of a folded vector may be short.
 * @param {Spot} spot
 * @param {{ columns: number, entries: number }} tensor
 * @returns {boolean}
 */
export function isThere({ row, column }, { columns, entries }) {
  return row * columns + column < entries;
}

/**
 * The rectangle of coordinates that a cell sums, around a coordinate.
 * @param {Spot} spot
 * @param {{ top: number, left: number, height: number, width: number }} cells
 * @returns {{ top: number, left: number, height: number, width: number }}
 */
export function cellBox({ row, column }, { top, left, height, width }) {
  return {
    top: top + Math.floor((row - top) / height) * height,
    left: left + Math.floor((column - left) / width) * width,
    height,
    width,
  };
}

/**
 * Where a window of cells is painted, with room for numbers beside it. Rows are as high as columns are wide, unless that
 * would leave a thin strip.
 * @param {Extent} at
 * @param {number} width of the canvas
 * @param {number} height of the canvas
 * @returns {Frame}
 */
export function frameFor({ rows, columns }, width, height) {
  const wide = Math.max(1, width - NUMBERS.left - NUMBERS.right), high = Math.max(1, height - NUMBERS.top - NUMBERS.below);
  const scale = Math.min(wide / columns, high / rows);
  const frame = {
    width: Math.min(wide, Math.max(columns * scale, NARROWEST)),
    height: Math.min(high, Math.max(rows * scale, NARROWEST)),
  };
  return { x: NUMBERS.left + (wide - frame.width) / 2, y: NUMBERS.top, ...frame };
}

/**
 * How high the canvas of a map has to be: a wide tensor leaves the rest of the room free.
 * @param {Extent} tensor
 * @param {number} width of the canvas
 * @param {number} most the height that the canvas has room for
 * @returns {number}
 */
export function heightFor(tensor, width, most) {
  const { y, height } = frameFor(tensor, width, most);
  return Math.min(most, Math.ceil(y + height + NUMBERS.below));
}

/**
 * How many times as wide as high a weight is drawn.
 * @param {Extent} at
 * @param {Frame} frame
 * @returns {number}
 */
export function stretchOf({ rows, columns }, { width, height }) {
  return (width / columns) / (height / rows);
}

/**
 * Places for `count` panels with a line of text above each, as many beside each other as makes them least oblong.
 * @param {number} count
 * @param {number} width of all of them
 * @param {number} height of all of them
 * @returns {Frame[]}
 */
export function panelsFor(count, width, height) {
  const layouts = Array.from({ length: count }, (_, k) => {
    const across = k + 1, down = Math.ceil(count / across);
    const wide = (width - GAP * (across - 1)) / across, high = (height - (GAP + HEAD) * down + GAP) / down;
    return { across, wide, high, score: Math.min(wide, high * LEVEL) };
  });
  const { across, wide, high } = layouts.sort((a, b) => b.score - a.score)[0];
  return Array.from({ length: count }, (_, place) => ({
    x: (place % across) * (wide + GAP),
    y: Math.floor(place / across) * (high + HEAD + GAP) + HEAD,
    width: wide,
    height: high,
  }));
}
