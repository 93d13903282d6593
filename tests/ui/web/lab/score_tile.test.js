import assert from "node:assert/strict";
import { test } from "node:test";

import { gapTone, tileWords } from "../../../../mergelab/ui/web/lab/score_tile.js";

const mean = { value: 0.755, low: 0.731, high: 0.778, text: "75.5 %", ends: "73–78" };

test("the mean stands with its interval, its gap to the experts and what it is of", () => {
  const headline = { mean, scale: "%", tasks: 5, n: 1000, asked: 1000, to_experts: -0.06, to_experts_text: "−6.0", verdict: "worse", pinned: null };
  assert.deepEqual(tileWords({ headline, chip: "measured", empty: "", rows: [] }), {
    score: "75.5 %", "score-state": "measured", "score-gap": "−6.0 vs experts", "score-detail": "73–78 % (95 %), 5 tasks, n 1,000",
  });
});

test("a pinned recipe stands beside it", () => {
  const pinned = { slot: "a", name: "", title: "TIES", mean, difference: 0.012, text: "+1.2", verdict: "unclear" };
  const headline = { mean, scale: "%", tasks: 1, n: 200, asked: 200, to_experts: null, to_experts_text: "", verdict: null, pinned };
  const words = tileWords({ headline, chip: "measured", empty: "", rows: [] });
  assert.equal(words["score-detail"], "73–78 % (95 %), n 200");
  assert.equal(words["score-gap"], "+1.2 vs A");
});

test("a mean that still tightens says how many examples are to come", () => {
  const headline = { mean, scale: "%", tasks: 5, n: 125, asked: 1000, to_experts: null, to_experts_text: "", verdict: null, pinned: null };
  assert.equal(tileWords({ headline, chip: "updating", empty: "", rows: [] })["score-detail"], "73–78 % (95 %), 5 tasks, n 125 of 1,000");
});

test("before the last task there is no mean", () => {
  const rows = [[mean, false], [null, false], [null, true]].map(([merged, isMean]) => ({ merged, is_mean: isMean }));
  const words = tileWords({ headline: null, chip: "updating", empty: "", rows });
  assert.deepEqual([words.score, words["score-detail"]], ["–", "1 of 2 tasks"]);
});

test("without scores the tile says why", () => {
  const words = tileWords({ headline: null, chip: "", empty: "Not scored yet.", rows: [] });
  assert.deepEqual([words.score, words["score-detail"]], ["–", "Not scored yet."]);
});

test("a single task on a scale of its own says which way is better", () => {
  const bits = { value: 1.831, low: 1.79, high: 1.87, text: "1.83", ends: "1.79–1.87" };
  const scale = "bits per byte, lower is better";
  const headline = { mean: bits, scale, tasks: 1, n: 60, asked: 60, to_experts: null, to_experts_text: "", verdict: null, pinned: null };
  const words = tileWords({ headline, chip: "measured", empty: "", rows: [] });
  assert.deepEqual([words.score, words["score-detail"]], ["1.83", "1.79–1.87 bits per byte, lower is better (95 %), n 60"]);
});

test("a gap has a colour as far as the examples tell, whichever way the metric runs", () => {
  const pinned = { verdict: "better" };
  const tones = [
    { to_experts_text: "+0.475", verdict: "worse", pinned },
    { to_experts_text: "−2.0", verdict: "unclear", pinned },
    { to_experts_text: "", verdict: null, pinned },
    null,
  ].map(gapTone);
  assert.deepEqual(tones, ["−", "", "+", ""]);
});
