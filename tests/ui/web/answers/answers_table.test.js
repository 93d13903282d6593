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

test("experts that answer a task of nobody stand under their names", () => {
  assert.deepEqual(titles(columns(["Maths", "Prose"], false)), ["No.", "Example", "Right", "Base", "Maths", "Prose", "Merged"]);
});
