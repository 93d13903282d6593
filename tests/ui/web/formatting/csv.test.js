import assert from "node:assert/strict";
import { test } from "node:test";

import { csvCell, csvOf } from "../../../../mergelab/ui/web/formatting/csv.js";

test("rows end with a line break, unknown values are empty", () => {
  assert.equal(csvOf([["a", "b"], [1, null], [undefined, 0]]), "a,b\n1,\n,0\n");
});

test("commas, quotes and line breaks are quoted, other text is not", () => {
  assert.equal(csvCell("layer 1, query"), '"layer 1, query"');
  assert.equal(csvCell('the "best"'), '"the ""best"""');
  assert.equal(csvCell("two\nlines"), '"two\nlines"');
  assert.equal(csvCell("plain text"), "plain text");
});
