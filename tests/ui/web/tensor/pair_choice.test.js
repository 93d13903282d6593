import assert from "node:assert/strict";
import { test } from "node:test";

import { pairsOf, readPair } from "../../../../mergelab/ui/web/tensor/pair_choice.js";

test("every pair of experts is offered once", () => {
  assert.deepEqual(pairsOf(3), [[0, 1], [0, 2], [1, 2]]);
  assert.deepEqual(pairsOf(1), []);
});

test("a pair is read from an address, and what is no pair of these experts is none", () => {
  assert.deepEqual(readPair("0-2", 3), [0, 2]);
  assert.deepEqual(readPair("2-0", 3), [2, 0]);
  for (const text of ["0-3", "1-1", "1", "a-b", "0-1-2", "", null]) assert.equal(readPair(text, 3), null);
});
