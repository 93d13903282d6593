import assert from "node:assert/strict";
import { test } from "node:test";

import { SweepChoices } from "../../../../mergelab/ui/web/sweep/sweep_choices.js";

const NUMBER = { options: {}, stage: "", owners: [], ramps: false, value: "1" };
const SETTINGS = [
  { ...NUMBER, path: "method", value: "TIES", suggested: "ties, average", options: { ties: "TIES", average: "Average", slerp: "SLERP" } },
  { ...NUMBER, path: "sparsify", value: "none", suggested: "none, dare", options: { none: "none", dare: "DARE" } },
  { ...NUMBER, path: "method.density", suggested: "0:1:0.25", stage: "method", owners: ["ties"], ramps: true },
  { ...NUMBER, path: "method.t", suggested: "0:1:0.5", stage: "method", owners: ["slerp"] },
  { ...NUMBER, path: "sparsify.density", suggested: "0:1:0.5", stage: "sparsify", owners: ["dare"] },
  { ...NUMBER, path: "seed", suggested: "0:4:1" },
];
const paths = (settings) => settings.map(({ path }) => path);

test("the knobs of the recipe's own method are offered, and those of others once they are chosen", () => {
  const choices = new SweepChoices();
  assert.deepEqual(paths(choices.offered(SETTINGS)), ["method", "sparsify", "method.density", "seed"]);
  choices.tick("method", true);
  choices.type("method", "average, slerp");
  assert.deepEqual(paths(choices.offered(SETTINGS)), ["method", "sparsify", "method.t", "seed"]);
  choices.tick("sparsify", true);
  assert.deepEqual(paths(choices.offered(SETTINGS)), ["method", "sparsify", "method.t", "sparsify.density", "seed"]);
});

test("words are sent as a list, also a single one, and a knob of no chosen method is not sent", () => {
  const choices = new SweepChoices();
  choices.tick("method.density", true);
  choices.tick("method", true);
  choices.type("method", "average");
  assert.deepEqual(choices.varied(SETTINGS).map(({ path, text }) => [path, text]), [["method", "[average]"]]);
});

test("a ramp has values for its first and its last layer", () => {
  const choices = new SweepChoices();
  choices.tick("method.density", true);
  choices.ramp("method.density", true);
  choices.type("method.density last", "0.5, 1");
  assert.deepEqual(choices.varied(SETTINGS).map(({ path, text }) => [path, text]), [["method.density first", "0:1:0.25"], ["method.density last", "0.5, 1"]]);
  assert.equal(choices.gridSize(SETTINGS), 10);
});

test("the grid counts a knob for the methods that have it", () => {
  const choices = new SweepChoices();
  for (const path of ["method", "method.density", "seed"]) choices.tick(path, true);
  assert.equal(choices.gridSize(SETTINGS), 5 * 5 + 5); // TIES with its densities, and the average, each with all seeds
  choices.type("method", "");
  assert.equal(choices.gridSize(SETTINGS), 0);
});

test("a sweep's settings are ticked again as they were, ramps and lists of words included", () => {
  const choices = new SweepChoices(), again = new SweepChoices();
  for (const path of ["method", "method.density"]) choices.tick(path, true);
  choices.ramp("method.density", true);
  choices.type("method", "ties, average");
  choices.type("method.density last", "0.5, 1");
  const over = Object.fromEntries(choices.varied(SETTINGS).map(({ path, text }) => [path, text]));
  again.tick("seed", true);
  again.restore(over);
  assert.deepEqual(again.varied(SETTINGS), choices.varied(SETTINGS));
});
