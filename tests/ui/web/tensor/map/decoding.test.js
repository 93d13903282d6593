import assert from "node:assert/strict";
import { test } from "node:test";

import {
  cellStrength, counts, decodedCoordinates, disagreeing, floats, isDecided, shading,
} from "../../../../../mergelab/ui/web/tensor/map/decoding.js";

/** Numbers as Python sends them. */
function packed(values, Kind = Float32Array) {
  return Buffer.from(Kind.from(values).buffer).toString("base64");
}

const REASONS = {
  sentences: ["{won}"], which: packed([0, 0], Uint8Array), figures: { won: packed([2, 1]) }, words: ["", "outvoted"],
  fates: packed([1, 0, 0, 0], Uint8Array), details: {}, levels: packed([NaN, 0.5, 1, 1]), coefficients: null,
};

// Two experts over two weights: they disagree at the first one.
const SENT = {
  recipe: "r", dtype: "float32", top: 0, left: 0, rows: 1, columns: 2,
  base: packed([1, 2]), merged: packed([1.5, 1]),
  stages: [
    { name: "delta", values: packed([1, 1, -2, 1]) },
    { name: "elect", values: packed([0, 1, -2, 1]), signs: packed([-1, 1]) },
  ],
  reasons: REASONS,
};

test("base64 becomes numbers", () => {
  assert.deepEqual([...floats("AACAPwAAAMA=")], [1, -2]);
  assert.deepEqual([...counts("AQAAAP////8=")], [1, 4294967295]);
});

test("the merged change is merged minus base, the reach the largest change at any step", () => {
  const { change, reach, steps } = decodedCoordinates(SENT);
  assert.deepEqual([...change], [0.5, -1]);
  assert.equal(reach, 2);
  assert.deepEqual([steps[0].signs, [...steps[1].signs]], [undefined, [-1, 1]]);
});

test("experts that an election voted out still disagree", () => {
  const coordinates = decodedCoordinates(SENT);
  for (const step of [0, 1, 2]) {
    const disagrees = disagreeing(coordinates, 2, step);
    assert.deepEqual([disagrees(0), disagrees(1)], [true, false]);
  }
});

test("reasons are decoded as bytes and numbers", () => {
  const { reasons } = decodedCoordinates(SENT);
  assert.deepEqual([[...reasons.fates], [...reasons.figures.won], reasons.coefficients], [[1, 0, 0, 0], [2, 1], null]);
  assert.deepEqual([...reasons.levels], [NaN, 0.5, 1, 1]);
});

test("after a vote a disagreement is of the past, and its shade is paler", () => {
  const coordinates = decodedCoordinates(SENT);
  assert.deepEqual([0, 1, 2].map((step) => isDecided(coordinates, step)), [false, true, true]);
  assert.deepEqual([0, 1].map((step) => shading(coordinates, 2, step, "conflict")(0)), [1, 0.45]);
  assert.equal(shading(coordinates, 2, 0, "conflict")(1), 0);
});

test("single weights are shaded by what the map is coloured by", () => {
  const coordinates = decodedCoordinates(SENT);
  const agreement = shading(coordinates, 2, 0, "agreement"), magnitude = shading(coordinates, 2, 0, "magnitude");
  assert.deepEqual([agreement(0), agreement(1)], [1 / 3, 1]); // |1 - 2| / 3 and 2 / 2
  assert.deepEqual([magnitude(0), magnitude(1)], [Math.sqrt(0.5), 1]); // changes 0.5 and -1
});

test("a cell's strength is a share, or nothing where nobody takes part", () => {
  const fields = { overlapping: [4, 0], conflicting: [1, 0], gross: [2, 0], net: [1, 0], change: [8, 8], entries: [8, 0], active: [] };
  const strength = (place, mode, most) => cellStrength({ fields }, place, mode, most);
  assert.deepEqual([strength(0, "conflict", 1), strength(1, "conflict", 1)], [0.25, null]);
  assert.deepEqual([strength(0, "agreement", 1), strength(1, "agreement", 1)], [0.5, null]);
  assert.deepEqual([strength(0, "magnitude", 4), strength(0, "magnitude", 0.5), strength(1, "magnitude", 1)], [0.5, 1, null]);
});
