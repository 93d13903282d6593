import assert from "node:assert/strict";
import { test } from "node:test";

import { readMap, writeMap } from "../../../../../mergelab/ui/web/tensor/map/map_link.js";

const WORDS = { delta: ["Changes", ""], elect: ["Elect", ""], merge: ["Merge", ""] };
const TENSOR = { key: "w", rows: 200, columns: 1000, shape: [200, 10, 100], words: WORDS };
const WHOLE = { top: 0, left: 0, rows: 200, columns: 1000 };
const AT = { top: 8, left: 16, rows: 32, columns: 64 };

const NOWHERE = { map: null, step: null, cell: null };
const PLAIN = { at: WHOLE, colour: "conflict", step: "merge", mark: null };

test("the plain map of the whole tensor needs no parameter", () => {
  assert.deepEqual(writeMap(PLAIN, TENSOR), NOWHERE);
  assert.deepEqual(readMap(NOWHERE, TENSOR), { ...PLAIN, notes: [] });
});

test("window, step and weight have a parameter each; the last step is not named", () => {
  assert.deepEqual(writeMap({ ...PLAIN, at: AT, colour: "agreement" }, TENSOR), { ...NOWHERE, map: "8,16,32,64,agreement" });
  assert.deepEqual(writeMap({ ...PLAIN, step: "elect" }, TENSOR), { ...NOWHERE, step: "elect" });
  assert.deepEqual(writeMap({ ...PLAIN, mark: { row: 3, column: 217 } }, TENSOR), { ...NOWHERE, cell: "3,2,17" });
});

test("what was written is read again", () => {
  for (const place of [
    { at: AT, colour: "agreement", step: "elect", mark: { row: 9, column: 17 } },
    { at: AT, colour: "magnitude", step: "merge", mark: null },
  ]) {
    assert.deepEqual(readMap(writeMap(place, TENSOR), TENSOR), { ...place, notes: [] });
  }
});

test("a weight without a window brings the window around it", () => {
  const { at, mark } = readMap({ ...NOWHERE, cell: "100,5,0" }, TENSOR);
  assert.deepEqual([at, mark], [{ top: 92, left: 492, rows: 16, columns: 16 }, { row: 100, column: 500 }]);
});

test("a weight that the tensor does not have is named", () => {
  for (const cell of ["200,0,0", "1,1", "a,b,c", "-1,0,0"]) {
    const { mark, at, notes } = readMap({ ...NOWHERE, cell }, TENSOR);
    assert.deepEqual([mark, at, notes], [null, WHOLE, [`w has no weight [${cell}], so none is chosen.`]]);
  }
});

test("a vector's weight is named by its one index", () => {
  const vector = { key: "b", rows: 16, columns: 32, shape: [512], words: WORDS };
  assert.equal(writeMap({ ...PLAIN, mark: { row: 15, column: 31 } }, vector).cell, "511");
  assert.deepEqual(readMap({ ...NOWHERE, cell: "511" }, vector).mark, { row: 15, column: 31 });
});

test("the step of an older link, at the end of its window, is understood", () => {
  assert.equal(readMap({ ...NOWHERE, map: "8,16,32,64,conflict,elect" }, TENSOR).step, "elect");
});

test("a window beyond the tensor is moved inside, with a note", () => {
  const { at, notes } = readMap({ ...NOWHERE, map: "190,0,32,64,conflict" }, TENSOR);
  assert.deepEqual(at, { top: 168, left: 0, rows: 32, columns: 64 });
  assert.deepEqual(notes, ["The window of the link reaches beyond w, so the nearest one inside is shown."]);
});

test("what is no window shows the whole tensor, with a note", () => {
  for (const map of ["1,2,3", "1,-2,3,4", "a,b,c,d,conflict", ""]) {
    const { at, notes } = readMap({ ...NOWHERE, map }, TENSOR);
    assert.deepEqual([at, notes.length], [WHOLE, 1]);
  }
});

test("unknown colourings and steps are named and cut short", () => {
  const { colour, step, notes } = readMap({ ...NOWHERE, map: `8,16,32,64,${"x".repeat(99)}`, step: "nostep" }, TENSOR);
  assert.deepEqual([colour, step], ["conflict", "merge"]);
  assert.deepEqual(notes, [
    `There is no colouring “${"x".repeat(30)}”, so conflicts are shown.`,
    "There is no step “nostep”, so the last one is shown.",
  ]);
});
