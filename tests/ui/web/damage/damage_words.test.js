import assert from "node:assert/strict";
import { test } from "node:test";

import { cellWords, chipOf } from "../../../../mergelab/ui/web/damage/damage_words.js";

const STATES = { outdated: { word: "out of date", meaning: "" } };
const MAP = { state: /** @type {const} */ ("measured"), chip: "measured", digest: "a" };

test("a map of the recipe on the sidebar says how far it has come", () => {
  assert.deepEqual(chipOf(MAP, "a", STATES), { word: "measured", kind: "measured" });
  assert.deepEqual(chipOf({ ...MAP, state: "stopped", chip: "incomplete" }, "a", STATES), {
    word: "incomplete", kind: "updating",
  });
});

test("a map of another recipe is out of date, and current again once its recipe is back", () => {
  assert.deepEqual(chipOf(MAP, "b", STATES), { word: "out of date", kind: "outdated" });
  assert.deepEqual(chipOf(MAP, "a", STATES).kind, "measured");
});

test("before the first map and before the first charts nothing is out of date", () => {
  assert.deepEqual(chipOf({ state: "none", chip: "", digest: "" }, "a", STATES), { word: "", kind: "" });
  assert.equal(chipOf(MAP, undefined, STATES).kind, "measured");
});

test("a cell is told in one line, and cells that the map lacks are not", () => {
  const trace = /** @type {any} */ ({ customdata: [[null, ["0", "up"]]], text: [["", "layer 0, up: +1.0 points<br>50 examples"]] });
  assert.equal(cellWords(trace, { layer: "0", module: "up" }), "layer 0, up: +1.0 points, 50 examples");
  assert.equal(cellWords(trace, { layer: "1", module: "up" }), "");
});
