import assert from "node:assert/strict";
import { test } from "node:test";

import { ends } from "../../../../mergelab/ui/web/compare/compared_tables.js";

test("an interval has signs at both ends", () => {
  assert.equal(ends({ value: 0.017, low: -0.004, high: 0.038, clear: false }), "−0.4 to +3.8");
});
