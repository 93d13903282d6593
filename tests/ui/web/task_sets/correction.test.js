import assert from "node:assert/strict";
import { test } from "node:test";

import { columnField, correctionOf } from "../../../../mergelab/ui/web/task_sets/correction.js";

const LISTS = { kind: "text-classification", [columnField("text")]: "review", [columnField("label")]: "", head: "/models/mood" };

test("a correction says what all lists hold, without columns that are not chosen", () => {
  const asked = correctionOf(3, LISTS, columnField("text"));
  assert.deepEqual(asked, { key: 3, kind: "text-classification", columns: { text: "review" }, head: "/models/mood" });
});

test("with another kind the columns are recognised anew", () => {
  const asked = correctionOf(3, { ...LISTS, kind: "perplexity" }, "kind");
  assert.deepEqual(asked, { key: 3, kind: "perplexity", columns: {}, head: "/models/mood" });
});
