import assert from "node:assert/strict";
import { test } from "node:test";

import { coloursOf, rangeOf } from "../../../../mergelab/ui/web/lab/stack_diagram.js";

test("a range names its first and its last layer", () => {
  assert.equal(rangeOf(4, 3), "layers 4 to 6");
  assert.equal(rangeOf(4, 1), "layer 4");
});

test("a model that occurs twice is in the legend once, where it first occurs", () => {
  const block = (model, colour) => ({ model, colour, start: 0, first: 0, count: 1, factors: [] });
  const blocks = [block("b", "blue"), block("a", "amber"), block("b", "blue")];
  assert.deepEqual(coloursOf(blocks), [["b", "blue"], ["a", "amber"]]);
});
