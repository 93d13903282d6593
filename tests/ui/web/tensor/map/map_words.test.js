import assert from "node:assert/strict";
import { test } from "node:test";

import {
  cellWords, conflictWords, shadingWords, weightWords, windowWords,
} from "../../../../../mergelab/ui/web/tensor/map/map_words.js";

const WORDS = { delta: ["Changes", ""], elect: ["Elect", ""], merge: ["Merge", ""] };
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
  reasons: {
    sentences: ["{sign} is unopposed ({who}).", "{sign} wins: {won} ({who}) against {lost} ({who:outvoted})."], which: [1, 0],
    figures: { won: [2, 0.5], lost: [1, 0] }, words: ["", "unchanged", "outvoted"], fates: [2, 0, 0, 1], details: {},
    levels: [NaN, NaN, NaN, NaN], coefficients: null,
  },
};

test("a window is rows and columns, or lines of a folded vector", () => {
  const at = { top: 2, left: 3, rows: 1, columns: 4 };
  assert.equal(windowWords({ at, tensor: TENSOR }), "row 2 of 8 · columns 3–6 of 12");
  assert.equal(windowWords({ at, tensor: { ...TENSOR, folded: true } }), "line 2 of 8, 12 a line · places 3–6");
});

test("conflicts on screen are counted, and of the past after a vote", () => {
  assert.equal(conflictWords(COORDS, 2), "On 1 of 2 weights experts disagreed before the vote.");
  assert.equal(conflictWords({ ...COORDS, steps: COORDS.steps.slice(0, 1) }, 2), "On 1 of 2 weights experts disagree.");
  assert.equal(conflictWords(null, 2), "");
});

test("what is shaded follows the step", () => {
  assert.match(shadingWords(COORDS, 0, "conflict"), /Shaded: experts pull in opposite directions\.$/);
  for (const step of [1, 2]) assert.match(shadingWords(COORDS, step, "conflict"), /Shaded: experts disagreed before the vote\.$/);
  assert.match(shadingWords(COORDS, 2, "magnitude"), /Shaded: the larger the merged change, the stronger\.$/);
});

test("a weight at the end of the merge: who won, and who was outvoted", () => {
  assert.deepEqual(weightWords({ tensor: TENSOR, coords: COORDS }, COORDS, { row: 2, column: 3 }, "merge"), {
    why: "− wins: 2 (B) against 1 (A).",
    numbers: "[2, 3] A +1 outvoted · B −2; merged change −0.5; base +1 → +0.5 (float32)",
  });
});

test("a weight at a step begins with its name", () => {
  const words = (step) => weightWords({ tensor: TENSOR, coords: COORDS }, COORDS, { row: 2, column: 4 }, step);
  assert.deepEqual(words("delta"), { why: "+ is unopposed (A). B unchanged.", numbers: "[2, 4] Changes: A +0.5 · B unchanged" });
  assert.equal(words("elect").numbers, "[2, 4] Elect: A +0.5 · B unchanged; elected ▲ +");
});

test("before it is lost, a change has no fate yet", () => {
  const { numbers } = weightWords({ tensor: TENSOR, coords: COORDS }, COORDS, { row: 2, column: 3 }, "delta");
  assert.equal(numbers, "[2, 3] Changes: A +1 · B −2");
});

test("a weight outside the window or past the end says so", () => {
  const open = { tensor: { ...TENSOR, entries: 28 }, coords: COORDS };
  assert.equal(weightWords(open, COORDS, { row: 2, column: 5 }, "merge").numbers, "[2, 5] lies outside this window");
  assert.equal(weightWords(open, COORDS, { row: 2, column: 4 }, "merge").numbers, "Past the end of the tensor.");
});

test("a cell's counts; the last cell may be smaller than the others", () => {
  const fields = {
    entries: [9, 9, 6, 6], active: [9, 0, 4, 6], overlapping: [4, 0, 2, 2], conflicting: [1, 0, 1, 0],
    gross: [2, 0, 1, 1], net: [1, 0, 1, 1], change: [0.9, 0, 0.6, 0.6],
  };
  const tensor = { ...TENSOR, rows: 5, columns: 6 }, cells = { top: 0, left: 0, height: 3, width: 3, rows: 2, columns: 2, fields };
  assert.equal(
    cellWords({ cells, tensor }, { row: 1, column: 2 }),
    "rows 0–2, columns 0–2: 1 of the 4 weights kept by 2+ experts conflict (25 %); 9 of 9 are kept by some expert; agreement 50 %; mean change 0.1",
  );
  assert.equal(
    cellWords({ cells, tensor }, { row: 0, column: 3 }),
    "rows 0–2, columns 3–5: no two experts keep the same weight; 0 of 9 are kept by some expert; agreement –; mean change 0",
  );
  assert.match(cellWords({ cells, tensor }, { row: 4, column: 0 }), /^rows 3–4, columns 0–2: 1 of the 2 /);
  assert.equal(cellWords({ cells, tensor }, { row: 6, column: 0 }), "…");
});
