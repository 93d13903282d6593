import assert from "node:assert/strict";
import { test } from "node:test";

import { complement } from "../../../../mergelab/ui/web/sidebar/complements.js";

test("a drop rate is 1 minus the density, to a tenth of a per cent", () => {
  assert.deepEqual([0.2, 0.125, 1].map((value) => complement("drop rate", value)), ["= drop rate 80 %", "= drop rate 87.5 %", "= drop rate 0 %"]);
});
