import assert from "node:assert/strict";
import { test } from "node:test";

import { readMap, writeMap } from "../../../../../mergelab/ui/web/tensor/map/map_link.js";

const WORDS = { delta: ["Deltas", ""], elect: ["Elect", ""], merge: ["Merge", ""] };
const TENSOR = { key: "w", rows: 200, columns: 1000, words: WORDS };
const WHOLE = { top: 0, left: 0, rows: 200, columns: 1000 };
const AT = { top: 8, left: 16, rows: 32, columns: 64 };

test("the plain map of the whole tensor needs no parameter", () => {
  assert.equal(writeMap({ at: WHOLE, colour: "conflict", step: "merge" }, TENSOR), null);
});

test("the last step is not named", () => {
  assert.equal(writeMap({ at: AT, colour: "agreement", step: "merge" }, TENSOR), "8,16,32,64,agreement");
  assert.equal(writeMap({ at: AT, colour: "conflict", step: "elect" }, TENSOR), "8,16,32,64,conflict,elect");
  assert.equal(writeMap({ at: WHOLE, colour: "magnitude", step: "merge" }, TENSOR), "0,0,200,1000,magnitude");
});

test("what was written is read again", () => {
  for (const place of [{ at: AT, colour: "agreement", step: "elect" }, { at: AT, colour: "magnitude", step: "merge" }]) {
    assert.deepEqual(readMap(writeMap(place, TENSOR), TENSOR), { ...place, notes: [] });
  }
});

test("a window beyond the tensor is moved inside, with a note", () => {
  const { at, notes } = readMap("190,0,32,64,conflict", TENSOR);
  assert.deepEqual(at, { top: 168, left: 0, rows: 32, columns: 64 });
  assert.deepEqual(notes, ["The window of the link reaches beyond w, so the nearest one inside is shown."]);
});

test("what is no window shows the whole tensor, with a note", () => {
  for (const text of ["1,2,3", "1,-2,3,4", "a,b,c,d,conflict", ""]) {
    const { at, notes } = readMap(text, TENSOR);
    assert.deepEqual([at, notes.length], [WHOLE, 1]);
  }
});

test("unknown colourings and steps are named and cut short", () => {
  const { colour, step, notes } = readMap(`8,16,32,64,${"x".repeat(99)},nostep`, TENSOR);
  assert.deepEqual([colour, step], ["conflict", "merge"]);
  assert.deepEqual(notes, [
    `There is no colouring “${"x".repeat(30)}”, so conflicts are shown.`,
    "There is no step “nostep”, so the last one is shown.",
  ]);
});
