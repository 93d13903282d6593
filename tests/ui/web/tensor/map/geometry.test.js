/** Windows over a tensor of 200 rows and 1,000 columns. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  cellBox, coordinateAt, fitted, frameFor, heightFor, indexOf, isSingle, isThere, panelsFor, sameWindow, spotOf, stretchOf, wholeOf,
  windowAround, zoomed,
} from "../../../../../mergelab/ui/web/tensor/map/geometry.js";

const TENSOR = { rows: 200, columns: 1000 };

test("a window is fitted into the tensor in whole numbers", () => {
  const at = fitted({ top: 190.4, left: -3, rows: 20, columns: 5000 }, TENSOR);
  assert.deepEqual(at, { top: 180, left: 0, rows: 20, columns: 1000 });
  assert.deepEqual(fitted({ top: 0, left: 0, rows: 0, columns: 0.2 }, TENSOR), { top: 0, left: 0, rows: 1, columns: 1 });
});

test("zooming in halves the window around its middle", () => {
  assert.deepEqual(zoomed(wholeOf(TENSOR), 0.5, TENSOR), { top: 50, left: 250, rows: 100, columns: 500 });
});

test("the point that is zoomed at stays where it is", () => {
  assert.deepEqual(zoomed(wholeOf(TENSOR), 0.5, TENSOR, 0, 1), { top: 0, left: 500, rows: 100, columns: 500 });
});

test("on the way in an axis waits at 64 for the other one", () => {
  const next = zoomed({ top: 0, left: 0, rows: 100, columns: 500 }, 0.5, TENSOR);
  assert.deepEqual([next.rows, next.columns], [64, 250]);
  assert.deepEqual(zoomed({ top: 0, left: 0, rows: 64, columns: 65 }, 0.5, TENSOR).columns, 64);
});

test("single coordinates are zoomed down to 4, a tensor that has fewer stays whole", () => {
  assert.equal(zoomed({ top: 0, left: 0, rows: 6, columns: 64 }, 0.5, TENSOR).rows, 4);
  assert.equal(zoomed({ top: 0, left: 0, rows: 3, columns: 64 }, 0.5, { rows: 3, columns: 100 }).rows, 3);
});

test("zooming out ends at the whole tensor", () => {
  assert.deepEqual(zoomed({ top: 150, left: 900, rows: 150, columns: 600 }, 2, TENSOR), wholeOf(TENSOR));
});

test("64 by 64 coordinates are single, 65 are not", () => {
  assert.deepEqual([isSingle({ rows: 64, columns: 64 }), isSingle({ rows: 65, columns: 1 })], [true, false]);
});

test("windows are the same in all four numbers", () => {
  const at = { top: 1, left: 2, rows: 3, columns: 4 };
  assert.deepEqual([sameWindow(at, { ...at }), sameWindow(at, { ...at, left: 0 }), sameWindow(at, null)], [true, false, false]);
});

test("the window around a coordinate has it in its middle", () => {
  assert.deepEqual(windowAround({ row: 100, column: 500 }, TENSOR), { top: 92, left: 492, rows: 16, columns: 16 });
  assert.equal(windowAround({ row: 1, column: 1 }, { rows: 2, columns: 50 }).rows, 2);
});

test("a point of the window is a coordinate, a point outside is none", () => {
  const at = { top: 10, left: 20, rows: 4, columns: 8 };
  assert.deepEqual(coordinateAt(at, { x: 0.5, y: 0.99 }), { row: 13, column: 24 });
  assert.deepEqual([coordinateAt(at, { x: 1, y: 0 }), coordinateAt(at, { x: 0, y: -0.1 }), coordinateAt(at, null)], [null, null, null]);
});

test("a flat index is counted as the tensor counts: last axis first", () => {
  const tensor = { columns: 12, shape: [2, 3, 4] }; // shown as 2 rows of 3 x 4
  assert.deepEqual(spotOf(17, tensor), { row: 1, column: 5 });
  assert.equal(indexOf({ row: 1, column: 5 }, tensor), "1, 1, 1"); // 17 = 1 * 12 + 1 * 4 + 1
});

test("the last line of a folded vector may be short", () => {
  const vector = { columns: 8, entries: 20 };
  assert.deepEqual([isThere({ row: 2, column: 3 }, vector), isThere({ row: 2, column: 4 }, vector)], [true, false]);
});

test("the box of a cell begins on the grid of the cells", () => {
  const cells = { top: 8, left: 0, height: 4, width: 10 };
  assert.deepEqual(cellBox({ row: 13, column: 29 }, cells), { top: 12, left: 20, height: 4, width: 10 });
});

test("a map is drawn to scale beside its numbers, and a thin one is widened", () => {
  const square = frameFor({ rows: 100, columns: 100 }, 1064, 426), thin = frameFor({ rows: 400, columns: 10 }, 1064, 426);
  assert.deepEqual(square, { x: 352, y: 6, width: 400, height: 400 }); // 52 + (1000 - 400) / 2
  assert.deepEqual([thin.width, thin.height, stretchOf({ rows: 400, columns: 10 }, thin)], [180, 400, 18]);
  assert.equal(stretchOf({ rows: 100, columns: 100 }, square), 1);
});

test("the canvas of a wide tensor is no higher than its map, that of a high one takes all the room", () => {
  assert.equal(heightFor({ rows: 100, columns: 400 }, 1064, 426), 276); // 6 + 1000 / 4 + 20
  assert.equal(heightFor({ rows: 400, columns: 100 }, 1064, 426), 426);
});

test("panels stand beside each other on a wide canvas and below each other on a narrow one", () => {
  const wide = panelsFor(3, 920, 320), narrow = panelsFor(3, 200, 630);
  assert.deepEqual(wide.map(({ x, y }) => [x, y]), [[0, 20], [310, 20], [620, 20]]);
  assert.deepEqual([wide[0].width, wide[0].height], [300, 300]);
  assert.deepEqual(narrow.map(({ x }) => x), [0, 0, 0]);
});
