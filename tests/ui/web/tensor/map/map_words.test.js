import assert from "node:assert/strict";
import { test } from "node:test";

import {
  cellWords, conflictWords, coordinateWords, windowWords,
} from "../../../../../mergelab/ui/web/tensor/map/map_words.js";

const WORDS = { delta: ["Deltas", ""], elect: ["Elect", ""], merge: ["Merge", ""] };
const EXPERTS = [{ title: "A" }, { title: "B" }];
const TENSOR = { rows: 8, columns: 12, entries: 96, shape: [8, 12], folded: false, experts: EXPERTS, words: WORDS };

/** One row of two coordinates, of which the experts disagree at the first. */
const COORDS = {
  top: 2, left: 3, rows: 1, columns: 2, dtype: "float32",
  base: [1, 2], merged: [0.5, 2.25], change: [-0.5, 0.25], reach: 1,
  steps: [
    { name: "delta", values: [1, 0.5, -2, 0] },
    { name: "elect", values: [0, 0.5, -2, 0], signs: [-1, 1] },
  ],
};

test("a window is rows and columns, or lines of a folded vector", () => {
  const at = { top: 2, left: 3, rows: 1, columns: 4 };
  assert.equal(windowWords({ at, tensor: TENSOR }), "row 2 of 8 · columns 3–6 of 12");
  assert.equal(windowWords({ at, tensor: { ...TENSOR, folded: true } }), "line 2 of 8, 12 a line · places 3–6");
});

test("conflicts on screen are counted", () => {
  assert.equal(conflictWords(COORDS, 2), "1 of 2 coordinates are in conflict.");
  assert.equal(conflictWords(null, 2), "");
});

test("a coordinate at the end of the merge", () => {
  const words = coordinateWords({ tensor: TENSOR, coords: COORDS }, COORDS, { row: 2, column: 3 }, "merge");
  assert.equal(words, "[2, 3] A 0 (out; delta +1) · B −2; elected ▼ −; merged change −0.5; base +1 → +0.5 (float32)");
});

test("a coordinate at a step begins with its name", () => {
  const words = coordinateWords({ tensor: TENSOR, coords: COORDS }, COORDS, { row: 2, column: 4 }, "delta");
  assert.equal(words, "[2, 4] Deltas: A +0.5 · B 0");
});

test("a coordinate outside the window or past the end says so", () => {
  const open = { tensor: { ...TENSOR, entries: 28 }, coords: COORDS };
  assert.equal(coordinateWords(open, COORDS, { row: 2, column: 5 }, "merge"), "[2, 5] lies outside this window");
  assert.equal(coordinateWords(open, COORDS, { row: 2, column: 4 }, "merge"), "Past the end of the tensor.");
});

test("a cell's counts; the last cell may be smaller than the others", () => {
  const fields = {
    entries: [9, 9, 6, 6], active: [9, 0, 4, 6], overlapping: [4, 0, 2, 2], conflicting: [1, 0, 1, 0],
    gross: [2, 0, 1, 1], net: [1, 0, 1, 1], change: [0.9, 0, 0.6, 0.6],
  };
  const tensor = { ...TENSOR, rows: 5, columns: 6 }, cells = { top: 0, left: 0, height: 3, width: 3, rows: 2, columns: 2, fields };
  assert.equal(
    cellWords({ cells, tensor }, { row: 1, column: 2 }),
    "rows 0–2, columns 0–2: 25 % of 4 overlapping coordinates disagree; 9 of 9 are kept by some expert; agreement 50 %; mean change 0.1",
  );
  assert.equal(
    cellWords({ cells, tensor }, { row: 0, column: 3 }),
    "rows 0–2, columns 3–5: no two experts keep the same coordinate; 0 of 9 are kept by some expert; agreement –; mean change 0",
  );
  assert.match(cellWords({ cells, tensor }, { row: 4, column: 0 }), /^rows 3–4, columns 0–2: 50 % of 2 /);
  assert.equal(cellWords({ cells, tensor }, { row: 6, column: 0 }), "…");
});
