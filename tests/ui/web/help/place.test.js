import assert from "node:assert/strict";
import { test } from "node:test";

import { placeBeside } from "../../../../mergelab/ui/web/help/place.js";

const box = { width: 200, height: 50 }, view = { width: 400, height: 300 };

test("a box stands below what it is about", () => {
  assert.deepEqual(placeBeside({ left: 40, top: 10, bottom: 30 }, box, view), { left: 40, top: 36 });
});

test("it stays in the window", () => {
  assert.deepEqual(placeBeside({ left: 390, top: 280, bottom: 295 }, box, view), { left: 194, top: 224 });
  assert.deepEqual(placeBeside({ left: -5, top: 0, bottom: 299 }, box, view), { left: 6, top: 6 });
});
