import assert from "node:assert/strict";
import { test } from "node:test";

import { Halving } from "../../../../mergelab/ui/web/lab/halving.js";

const STEP = 0.01, HALF = { half: 0.07, halved: "Done: density 0.07", place: 0.2, step: STEP };

test("what a press has done is said once the charts show it, until the density changes again", () => {
  const halving = new Halving();
  halving.follow({ place: 0.2, step: STEP });
  assert.equal(halving.words, "");
  halving.begin(HALF);
  halving.follow({ place: 0.2, step: STEP }); // an earlier answer
  assert.equal(halving.words, "");
  halving.follow({ place: 0.07000000000000001, step: STEP });
  assert.equal(halving.words, "Done: density 0.07");
  halving.follow({ place: 0.2, step: STEP });
  halving.follow({ place: 0.07, step: STEP });
  assert.equal(halving.words, "", "who comes there by hand has pressed nothing");
});

test("a recipe without such a density has nothing to say", () => {
  const halving = new Halving();
  halving.begin({ ...HALF, half: null });
  halving.follow({ place: null, step: null });
  assert.equal(halving.words, "");
});
