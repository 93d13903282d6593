import assert from "node:assert/strict";
import { test } from "node:test";

import { legendWords } from "../../../../mergelab/ui/web/sweep/sweep_table.js";

test("the legend says what a star means, which is the front with two objectives", () => {
  assert.match(legendWords({ sought: ["Mean"], state: "done", points: [{ alike: true }] }), /^★ the best\. ≈ the rows do not tell it from the best\./);
  assert.match(legendWords({ sought: ["Mean"], state: "cancelled", points: [] }), /^★ the best so far\. Brackets: 95 % interval\.$/);
  assert.match(legendWords({ sought: ["Mean"], state: "done", points: [{ state: "left the race" }] }), /fewer rows\.$/);
  assert.match(legendWords({ sought: ["Mean", "Worst"], state: "done", points: [] }), /^★ on the front: no other is better in both\./);
});
