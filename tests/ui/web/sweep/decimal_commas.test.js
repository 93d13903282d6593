import assert from "node:assert/strict";
import { test } from "node:test";

import { typedNumbers, withDecimalPoints } from "../../../../mergelab/ui/web/sweep/decimal_commas.js";

test("a comma between digits is a decimal comma where nothing else makes sense", () => {
  assert.deepEqual(typedNumbers("0,1 0,2 0,4"), ["0.1", "0.2", "0.4"]);
  assert.deepEqual(typedNumbers("0,1, 0,2"), ["0.1", "0.2"]); // as a list 0 would stand there twice
  assert.deepEqual(typedNumbers("0,5; 1"), ["0.5", "1"]);
  assert.equal(withDecimalPoints("0,1:1:0,3"), "0.1:1:0.3");
});

test("it separates beside points, in brackets, before a space and where there are more than two numbers", () => {
  assert.deepEqual(typedNumbers("0,0.5,1"), ["0", "0.5", "1"]);
  assert.deepEqual(typedNumbers("[0,1]"), ["0", "1"]);
  assert.deepEqual(typedNumbers("0, 1"), ["0", "1"]);
  assert.deepEqual(typedNumbers("0,1,2"), ["0", "1", "2"]);
});

test("what may be both is ambiguous, and words are no numbers", () => {
  assert.equal(typedNumbers("0,35"), "ambiguous");
  assert.equal(typedNumbers("0,1, 2"), "ambiguous");
  assert.equal(typedNumbers("ties, average"), null);
});
