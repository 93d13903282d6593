import assert from "node:assert/strict";
import { test } from "node:test";

import { countOf, ranked, shownWords, sizeWords, stateWords, summaryWords } from "../../../../mergelab/ui/web/sweep/sweep_points.js";

test("points on more rows come first, then those with the better score, refused ones last", () => {
  const points = [[1, 50, 0.9], [2, 200, 0.7], [3, 200, 0.8], [4, 0, null]].map(([number, n, value]) => ({ number, n, value }));
  assert.deepEqual(ranked(points).map(({ number }) => number), [3, 2, 1, 4]);
});

test("values are counted as they are written", () => {
  assert.equal(countOf("0.1:0.9:0.2"), 5);
  assert.equal(countOf("0:4:1"), 5);
  assert.equal(countOf("ties, average"), 2);
  assert.equal(countOf("[ties]"), 1);
  assert.equal(countOf("[]"), 0);
  assert.ok(Number.isNaN(countOf("half")));
  assert.ok(Number.isNaN(countOf("0.9:0.1:0.1")));
});

test("a decimal comma makes one number of two, and what may be both is not counted", () => {
  assert.equal(countOf("0,1 0,2 0,4"), 3);
  assert.equal(countOf("0,1; 0,5"), 2);
  assert.equal(countOf("0,1:0,9:0,2"), 5);
  assert.equal(countOf("0,0.5,1"), 3);
  assert.equal(countOf("0, 35"), 2);
  assert.ok(Number.isNaN(countOf("0,35")));
  assert.match(sizeWords(1, NaN, 0, "0,35"), /^The comma in 0,35 may belong to one number or separate two: write 0\.35 with a point, or/);
});

test("a range without steps has infinitely many values, also a logarithmic one, which begins above 0", () => {
  assert.equal(countOf("0.1:0.9"), Infinity);
  assert.equal(countOf("0.01:1:log"), Infinity);
  assert.ok(Number.isNaN(countOf("0:1:log")));
});

test("the form says how many recipes its grid has, or what is missing", () => {
  assert.equal(sizeWords(0, 0), "Tick at least one setting.");
  assert.equal(sizeWords(2, 10), "10 recipes in the grid.");
  assert.equal(sizeWords(2, 25), "25 recipes in the grid: a sampler tries 20 of them unless you choose otherwise.");
  assert.equal(sizeWords(2, 25, 10), "25 recipes in the grid: a sampler tries 10 of them.");
  assert.equal(sizeWords(1, NaN), "Write values as from:to:step, as from:to:log, or as a list of at least two: 0.1, 0.35.");
  assert.equal(sizeWords(1, 0), "Choose at least one value of each ticked setting.");
  assert.equal(sizeWords(1, Infinity), "A range without steps: a sampler tries 20 recipes unless you choose otherwise.");
});

test("the chip says how far the sweep has come", () => {
  assert.equal(stateWords({ state: "none", points: [] }), "");
  assert.equal(stateWords({ state: "running", points: [{}] }), "running, 1 recipe");
  assert.equal(stateWords({ state: "cancelled", points: [{}, {}] }), "cancelled, 2 recipes");
});

test("the table says what it leaves out, and why", () => {
  assert.equal(shownWords(4, 4, ""), "");
  assert.equal(shownWords(2, 4, ""), "2 of 4 recipes are listed.");
  assert.equal(shownWords(1, 4, "Scale 1 to 2"), "1 of 4 recipes are listed: Scale 1 to 2.");
});

test("a sweep without scores says so, and one that did not come to its end how to go on", () => {
  const scored = [{ texts: ["80 %"] }];
  assert.equal(summaryWords({ state: "done", summary: "Found.", points: scored }), "Found.");
  assert.match(summaryWords({ state: "running", points: [] }), /^No recipe is scored yet/);
  assert.equal(summaryWords({ state: "running", points: scored }), "");
  assert.match(summaryWords({ state: "cancelled", points: scored }), /^Cancelled\. Start it with the same settings/);
  assert.match(summaryWords({ state: "failed", points: [{ texts: [] }] }), /^Failed before any recipe was scored\./);
});
