import assert from "node:assert/strict";
import { test } from "node:test";

import { keptWords, placeWords } from "../../../../mergelab/ui/web/tensor/tensor_list.js";

test("a tensor's place is a layer, or outside of them", () => {
  assert.equal(placeWords({ layer: "3", module: "mlp.up" }), "layer 3 · mlp.up");
  assert.equal(placeWords({ layer: "embeddings", module: "position" }), "embeddings · position");
  assert.equal(placeWords({ layer: "other", module: "layernorm" }), "outside layers · layernorm");
});

test("a share of a few weights is not named", () => {
  assert.equal(keptWords({ shared: 1, conflict: 1 }), "kept by 2+ experts: 1 weight");
  assert.equal(keptWords({ shared: 2000, conflict: 0.25 }), "kept by 2+ experts: 2,000 weights, 25 % in conflict");
  assert.equal(keptWords({ shared: 0, conflict: null }), "no weight kept by 2+ experts");
});
