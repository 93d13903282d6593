import assert from "node:assert/strict";
import { test } from "node:test";

import { importanceWords } from "../../../../mergelab/ui/web/sweep/importance_list.js";

test("an importance is a share in per cent with its interval", () => {
  assert.equal(importanceWords({ title: "Scale", value: 0.625, low: 0.4, high: 0.8 }), "63 % (40–80)");
});
