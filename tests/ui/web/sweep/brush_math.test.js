import assert from "node:assert/strict";
import { test } from "node:test";

import { brushAfter, brushWords, emphasised, kept, recipesOf } from "../../../../mergelab/ui/web/sweep/brush_math.js";

const line = (number, ...y) => ({ type: "scatter", x: [0, 1], y, meta: { number }, line: { width: 1.5 }, hovertemplate: "t" });
const FIGURE = { data: [{ type: "scatter", x: [0, 0], y: [0, 1], meta: { role: "base" } }, line(1, 0, 0.25), line(2, 0.5, 1), line(3, 1, 0.5)], layout: {} };
const AXIS = { title: "Density", low: 0.01, high: 1, logarithmic: false, share: false, words: [] };

test("a recipe is kept if it lies within every brush, its ends included", () => {
  assert.deepEqual([...kept(FIGURE, new Map([[0, [0.5, 1]]]))], [2, 3]);
  assert.deepEqual([...kept(FIGURE, new Map([[0, [0.5, 1]], [1, [0.9, 1]]]))], [2]);
  assert.deepEqual(recipesOf(FIGURE).map(({ number }) => number), [1, 2, 3]);
});

test("other recipes are faint, and the one that is pointed at is wide and on top", () => {
  const { data } = emphasised(FIGURE, new Set([1, 2]), 1);
  assert.deepEqual(data.map(({ meta, opacity }) => [meta.number, opacity]), [[undefined, undefined], [2, undefined], [3, 0.1], [1, undefined]]);
  assert.equal(data[3].line.width, 4.5);
  assert.equal(emphasised(FIGURE, null, null), FIGURE);
});

test("a brush is told in the values of its axis", () => {
  assert.equal(brushWords(AXIS, [0, 0.5]), "Density 0.01 to 0.505");
  assert.equal(brushWords({ ...AXIS, logarithmic: true }, [0, 0.5]), "Density 0.01 to 0.1");
  assert.equal(brushWords({ ...AXIS, share: true, low: 0.5 }, [0.5, 1]), "Density 75.0 % to 100.0 %");
  assert.equal(brushWords({ ...AXIS, words: ["TIES", "SCE", "Mean"] }, [0.4, 1]), "Density SCE, Mean");
  assert.equal(brushWords(AXIS, [-0.12, -0.12]), "Density does not count");
});

test("arrow keys move a brush from dot to dot, with Shift its upper end, and Delete ends it", () => {
  const places = [0, 0.5, 1, 0.5];
  assert.deepEqual(brushAfter(places, undefined, { key: "ArrowDown" }), [1, 1]);
  assert.deepEqual(brushAfter(places, [0, 0], { key: "ArrowUp" }), [0.5, 0.5]);
  assert.deepEqual(brushAfter(places, [0, 0], { key: "ArrowUp", shiftKey: true }), [0, 0.5]);
  assert.deepEqual(brushAfter(places, [0.5, 1], { key: "ArrowUp" }), [0.5, 1]);
  assert.equal(brushAfter(places, [0, 1], { key: "Delete" }), null);
  assert.equal(brushAfter(places, [0, 1], { key: "a" }), undefined);
});
