import assert from "node:assert/strict";
import { test } from "node:test";

import { fromDensity } from "../../../../mergelab/ui/web/tensor/density_level.js";

test("a level is rounded up, because the change is not yet kept below it", () => {
  assert.deepEqual([0.4403, 0.45, 0.991, 1, 0].map(fromDensity), ["from 0.45", "from 0.45", "from 1", "from 1", "from 0"]);
});

test("a level below the slider's step has two digits that count", () => {
  assert.deepEqual([0.00123, 0.0012, 3.1e-8].map(fromDensity), ["from 0.0013", "from 0.0012", "from 3.1e−8"]);
});

test("the same level is written alike in float32 and in float64", () => {
  for (const level of [0.6, 0.1, 0.29, 0.0012]) assert.equal(fromDensity(Math.fround(level)), fromDensity(level));
});
