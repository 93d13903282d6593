import assert from "node:assert/strict";
import { test } from "node:test";

import { columns } from "../../../../mergelab/ui/web/answers/answers_table.js";

/** @param {(string | [string, string])[]} given */
function titles(given) {
  return given.map((title) => (typeof title === "string" ? title : title[0]));
}

test("a task with an expert of its own has one column of experts", () => {
  assert.deepEqual(titles(columns([], true)), ["No.", "Example", "Right", "Base", "Expert", "Merged"]);
});

test("examples of a person's own files have their file and line in place of a number", () => {
  assert.deepEqual(titles(columns([], false, true)), ["File and line", "Example", "Right", "Base", "Merged"]);
});

test("experts that answer a task of nobody stand under their names", () => {
  assert.deepEqual(titles(columns(["Maths", "Prose"], false)), ["No.", "Example", "Right", "Base", "Maths", "Prose", "Merged"]);
});

test("the names of experts are shortened to fit in a column, which tells the whole name", () => {
  const long = "sentiment-classifier-for-product-reviews", other = "topic-router-checkpoint-000128500";
  const [, , , , first, second] = columns([long, other], false);
  assert.deepEqual([first[1], second[1]], [long, other]);
  assert.ok(titles([first, second]).every((name) => name.length <= 18 && name.includes("…")));
});
