import assert from "node:assert/strict";
import { test } from "node:test";

import { cellBeside, placeOf, readCell, sameCell } from "../../../../mergelab/ui/web/lab/cells.js";

// Embeddings have one module; layers 0 and 1 have two others, and layer 2 has no mlp.
const HEATMAP = [
  [["embeddings", "patch"], null, null],
  [null, ["0", "query"], ["0", "mlp"]],
  [null, ["1", "query"], ["1", "mlp"]],
  [null, ["2", "query"], null],
];

test("a cell is found by its layer and module", () => {
  assert.deepEqual(placeOf(HEATMAP, { layer: "1", module: "mlp" }), { row: 2, column: 2 });
  assert.equal(placeOf(HEATMAP, { layer: "2", module: "mlp" }), null);
});

test("the next layer is that of the same module", () => {
  assert.deepEqual(cellBeside(HEATMAP, { layer: "0", module: "query" }, 1), { layer: "1", module: "query" });
  assert.deepEqual(cellBeside(HEATMAP, { layer: "1", module: "mlp" }, -1), { layer: "0", module: "mlp" });
});

test("past the last layer there is none", () => {
  assert.equal(cellBeside(HEATMAP, { layer: "1", module: "mlp" }, 1), undefined);
  assert.equal(cellBeside(HEATMAP, { layer: "0", module: "mlp" }, -1), undefined);
});

test("from all tensors the first layer comes next, either way", () => {
  assert.deepEqual(cellBeside(HEATMAP, { layer: null, module: "query" }, 1), { layer: "0", module: "query" });
  assert.deepEqual(cellBeside(HEATMAP, { layer: null, module: "query" }, -1), { layer: "0", module: "query" });
});

test("an address names a layer and a module, which may hold colons", () => {
  assert.deepEqual(readCell("3:mlp:down"), { layer: "3", module: "mlp:down" });
  assert.deepEqual(readCell("3"), { layer: "3", module: "" });
});

test("nothing is the same cell as nothing else", () => {
  assert.equal(sameCell({ layer: "1", module: "a" }, { layer: "1", module: "a" }), true);
  assert.equal(sameCell({ layer: "1", module: "a" }, null), false);
  assert.equal(sameCell(null, null), false);
});
