import assert from "node:assert/strict";
import { test } from "node:test";

import { meaningOf, toneOf } from "../../../../mergelab/ui/web/lab/score_table.js";

test("a difference has a colour only where it is better or worse, whichever way the metric runs", () => {
  const tones = ["better", "worse", "negligible", "unclear"].map((verdict) => toneOf({ verdict }));
  assert.deepEqual(tones, ["+", "−", "", ""]);
});

test("a difference means its interval and whether it is separable", () => {
  const paired = { ends: "−15.2 to +7.0", words: "not separable with 77 examples" };
  assert.equal(meaningOf(paired, "against the base"), "−15.2 to +7.0 against the base, on the same examples (95 % interval): not separable with 77 examples");
});
