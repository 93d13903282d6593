import assert from "node:assert/strict";
import { test } from "node:test";

import { claimWords, tallyWords, unmeasurableWords, verdictWords } from "../../../../mergelab/ui/web/papers/verdict_words.js";

test("a verdict has a sign of its own, and none is said as such", () => {
  assert.equal(verdictWords("holds"), "✓ holds");
  assert.equal(verdictWords("does not hold here"), "✗ does not hold here");
  assert.equal(verdictWords(""), "not measured");
});

test("the claim is named as the paper's, since the verdicts are the lab's", () => {
  assert.equal(claimWords("More is better."), "The paper’s claim: More is better.");
});

test("failures are counted beside successes", () => {
  const suites = ["holds", "holds", "does not hold here", "not separable"].map((verdict) => ({ published: { verdict } }));
  const claims = [{ suites }, { suites: [{ published: null }] }];
  assert.equal(tallyWords({ claims }), "holds: 2 · does not hold here: 1 · not separable: 1 · cannot be asked: 0");
});

test("a claim that cannot be measured by a click says why", () => {
  assert.equal(unmeasurableWords({ suite: "smol", is_installed: false }, ""), "The suite smol is not here: mergelab suite build smol builds it.");
  assert.equal(unmeasurableWords({ suite: "pixels", is_installed: true }, "x on pixels"), "Measuring x on pixels.");
  assert.equal(unmeasurableWords({ suite: "pixels", is_installed: true }, ""), "");
});
