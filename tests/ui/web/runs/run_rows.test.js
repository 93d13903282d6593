import assert from "node:assert/strict";
import { test } from "node:test";

import { aboutRuns, axesOf, rankedGroups, shownRows } from "../../../../mergelab/ui/web/runs/run_rows.js";

const ALL = { words: "", starred: false, here: false };
const row = (number, more = {}) => ({
  number, name: `TIES ${number}`, state: "done", kind: "merge", created: "", here: false, starred: false, archived: false, note: "",
  tags: [], recipe: "", cells: {}, ...more,
});
const scored = (number, value) => row(number, { cells: { mean: { text: `${value} %`, value } } });
const numbers = (rows) => rows.map(({ number }) => number);

test("runs are sorted by a column either way, and those without a value come last", () => {
  const rows = [scored(1, 70), row(2), scored(3, 90), scored(4, 80)];
  assert.deepEqual(numbers(shownRows(rows, ALL, { by: "mean", falling: true })), [3, 4, 1, 2]);
  assert.deepEqual(numbers(shownRows(rows, ALL, { by: "mean", falling: false })), [1, 4, 3, 2]);
});

test("numbers are sorted as numbers, and equal values by the newest run", () => {
  const rows = [scored(9, 5), scored(10, 5), scored(11, 10)];
  assert.deepEqual(numbers(shownRows(rows, ALL, { by: "number", falling: false })), [9, 10, 11]);
  assert.deepEqual(numbers(shownRows(rows, ALL, { by: "mean", falling: false })), [10, 9, 11]);
});

test("every word of the search must stand somewhere in the row", () => {
  const rows = [row(1, { note: "keep for Anna" }), row(2, { tags: ["keep"] }), row(3, { state: "failed" })];
  assert.deepEqual(numbers(shownRows(rows, { ...ALL, words: "keep" }, { by: "number", falling: false })), [1, 2]);
  assert.deepEqual(numbers(shownRows(rows, { ...ALL, words: "anna KEEP" }, { by: "number", falling: false })), [1]);
});

test("runs with a star and of this visit can be picked out", () => {
  const rows = [row(1, { starred: true }), row(2, { here: true }), row(3, { starred: true, here: true })];
  assert.deepEqual(numbers(shownRows(rows, { ...ALL, starred: true }, { by: "number", falling: false })), [1, 3]);
  assert.deepEqual(numbers(shownRows(rows, { ...ALL, starred: true, here: true }, { by: "number", falling: false })), [3]);
});

test("the chip says how many of how many are shown", () => {
  const list = { rows: [row(1), row(2)], archived: false };
  assert.equal(aboutRuns(2, list), "2 runs");
  assert.equal(aboutRuns(1, list), "1 of 2 runs");
  assert.equal(aboutRuns(1, { rows: [row(1)], archived: true }), "1 archived run");
});

test("a chart is drawn over numbers that are no scores", () => {
  const column = (name, is_number, is_score) => ({ name, title: name.toUpperCase(), is_number, is_score });
  const columns = [column("density", true, false), column("method", false, false), column("mean", true, true)];
  assert.deepEqual(axesOf(columns, false), [["density", "DENSITY"]]);
  assert.deepEqual(axesOf(columns, true), [["mean", "MEAN"]]);
});

test("sorted by a score, runs on the same rows stand together, those on more rows first and those without the score last", () => {
  const on = (number, among, rows) => row(number, { cells: { mean: { text: "", value: 1, among, rows } } });
  const rows = [on(1, "a, 50 rows", 50), on(2, "a, 200 rows", 200), on(3, "a, 50 rows", 50), row(4)];
  assert.deepEqual(rankedGroups(rows, "mean").map(([words, of]) => [words, numbers(of)]), [
    ["a, 200 rows", [2]], ["a, 50 rows", [1, 3]], ["without this score", [4]],
  ]);
  assert.deepEqual(rankedGroups([rows[0], rows[2], rows[3]], "mean").map(([words, of]) => [words, numbers(of)]), [["", [1, 3, 4]]]);
});
