import assert from "node:assert/strict";
import { test } from "node:test";

import { valueAt } from "../../../../mergelab/ui/web/lab/curve_value.js";

const CURVE = { x: [0, 0.5, 1], y: [1, 2, 4] };

test("between two points a curve is straight", () => {
  assert.equal(valueAt(CURVE, 0.25), 1.5);
  assert.equal(valueAt(CURVE, 0.75), 3);
});

test("at its points and beyond its ends it has their values", () => {
  assert.deepEqual([0, 0.5, 1].map((place) => valueAt(CURVE, place)), [1, 2, 4]);
  assert.deepEqual([-1, 9].map((place) => valueAt(CURVE, place)), [1, 4]);
});

test("beside an unknown point it has the value of the next one, at an unknown point none", () => {
  const gap = { x: [0, 0.5, 1], y: [null, 2, null] };
  assert.equal(valueAt(gap, 0.25), 2);
  assert.equal(valueAt(gap, 0.75), null);
  assert.equal(valueAt(gap, 0), null);
});

test("two points at one place do not divide by zero", () => {
  assert.equal(valueAt({ x: [0.5, 0.5], y: [1, 3] }, 0.5), 1);
});
