import assert from "node:assert/strict";
import { test } from "node:test";

import { shrunk } from "../../../../mergelab/ui/web/answers/drawing.js";

test("a picture is shrunk to the means of its squares", () => {
  const white = [255, 255, 255, 255], black = [0, 0, 0, 255];
  const data = [white, black, black, black, white, black, black, black].flat(); // 4 × 2 pixels, squares of 2
  assert.deepEqual(shrunk(data, [1, 2], 2), [[128, 0]]);
});

test("colours become their grey values", () => {
  assert.deepEqual(shrunk([255, 0, 0, 255, 0, 255, 0, 255], [1, 2], 1), [[76, 150]]);
});
