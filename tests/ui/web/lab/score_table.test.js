import assert from "node:assert/strict";
import { test } from "node:test";

import { toneOf } from "../../../../mergelab/ui/web/lab/score_table.js";

test("a difference has a colour only where it is better or worse, whichever way the metric runs", () => {
  const tones = ["better", "worse", "negligible", "unclear"].map((verdict) => toneOf({ verdict }));
  assert.deepEqual(tones, ["+", "−", "", ""]);
});
