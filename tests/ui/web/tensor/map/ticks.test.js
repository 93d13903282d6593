import assert from "node:assert/strict";
import { test } from "node:test";

import { ticksOf } from "../../../../../mergelab/ui/web/tensor/map/ticks.js";

const values = (...given) => ticksOf(...given).map(({ value }) => value);

test("ticks are round numbers that leave room for their text", () => {
  assert.deepEqual(values(0, 512, 440, 40), [0, 50, 100, 150, 200, 250, 300, 350, 400, 450, 500]);
  assert.deepEqual(values(0, 512, 440, 60), [0, 100, 200, 300, 400, 500]);
});

test("ticks begin inside the window", () => {
  assert.deepEqual(values(37, 100, 200, 50), [50, 100]);
});

test("a tick stands at the middle of its row", () => {
  assert.deepEqual(ticksOf(0, 2, 100, 40), [{ value: 0, at: 0.25 }, { value: 1, at: 0.75 }]);
});

test("a window without a round number has its first one", () => {
  assert.deepEqual(values(3, 2, 20, 40), [3]);
});
