import assert from "node:assert/strict";
import { test } from "node:test";

import { countOf, ranked, sizeWords, stateWords } from "../../../../mergelab/ui/web/sweep/sweep_points.js";

test("points on more rows come first, then those with the better score, refused ones last", () => {
  const points = [[1, 50, 0.9], [2, 200, 0.7], [3, 200, 0.8], [4, 0, null]].map(([number, n, value]) => ({ number, n, value }));
  assert.deepEqual(ranked(points).map(({ number }) => number), [3, 2, 1, 4]);
});

test("values are counted as they are written", () => {
  assert.equal(countOf("0.1:0.9:0.2"), 5);
  assert.equal(countOf("0:4:1"), 5);
  assert.equal(countOf("ties, average"), 2);
  assert.ok(Number.isNaN(countOf("0.1:0.9")));
  assert.ok(Number.isNaN(countOf("0.9:0.1:0.1")));
});

test("the form says how many recipes its grid has, or what is missing", () => {
  assert.equal(sizeWords([]), "Tick at least one setting.");
  assert.equal(sizeWords(["0.1:0.9:0.2", "1,2"]), "10 recipes in the grid.");
  assert.equal(sizeWords(["0:4:1", "0:4:1"]), "25 recipes in the grid: a sampler tries 20 of them unless you choose otherwise.");
  assert.equal(sizeWords(["half"]), "Write values as FROM:TO:STEP, or with commas between.");
});

test("the chip says how far the sweep has come", () => {
  assert.equal(stateWords({ state: "none", points: [] }), "");
  assert.equal(stateWords({ state: "running", points: [{}] }), "running, 1 recipe");
  assert.equal(stateWords({ state: "stopped", points: [{}, {}] }), "stopped, 2 recipes");
});
