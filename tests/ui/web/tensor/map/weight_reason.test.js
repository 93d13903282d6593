import assert from "node:assert/strict";
import { test } from "node:test";

import { fateWord, reasonWords } from "../../../../../mergelab/ui/web/tensor/map/weight_reason.js";

const NAMES = ["A", "B", "C"];

/** One weight of three experts, with the reasons given. */
function weight(reasons, steps = [{ name: "delta", values: [1, -2, 0.5] }]) {
  const plain = { sentences: [""], which: [0], figures: {}, words: [""], fates: [0, 0, 0], details: {}, levels: [NaN, NaN, NaN], coefficients: null };
  return { coords: { rows: 1, columns: 1, steps, reasons: { ...plain, ...reasons } }, at: 0, names: NAMES };
}

test("a vote names both sides, and who was trimmed with the density that keeps it", () => {
  const found = weight({
    sentences: ["{sign} wins: {won} ({who}) against {lost} ({who:outvoted})."], figures: { won: [2], lost: [1] },
    words: ["", "outvoted", "trimmed"], fates: [1, 0, 2], details: { trimmed: ["", "", "at density 0.2"] }, levels: [0.1, 0.1, 0.254],
  }, [{ name: "delta", values: [1, -2, 0.5] }, { name: "elect", values: [0, -2, 0], signs: [-1] }]);
  assert.equal(reasonWords(found), "− wins: 2 (B) against 1 (A). C trimmed at density 0.2, kept from 0.26.");
  assert.deepEqual(NAMES.map((_, expert) => fateWord(found, expert)), ["outvoted", "", "trimmed"]);
});

test("two figures that look alike get as many digits as tell them apart", () => {
  const found = weight({ sentences: ["{won} against {lost}."], figures: { won: [1.00012], lost: [1.00008] } });
  assert.equal(reasonWords(found), "1.00012 against 1.00008.");
  assert.equal(reasonWords(weight({ sentences: ["{won} against {lost}."], figures: { won: [2], lost: [2] } })), "2 against 2.");
});

test("terms are coefficients times the changes that the method saw, the largest first", () => {
  const steps = [{ name: "delta", values: [1, -2, 0.5] }, { name: "drop", values: [1, -4, 0] }, { name: "weigh", values: [9, 9, 9] }];
  const found = weight({ sentences: ["Sum: {terms}."], coefficients: [0.5, 0.5, 0.5] }, steps);
  assert.equal(reasonWords(found), "Sum: −2 (B), +0.5 (A).");
});

test("shares and coefficients come with the experts' names", () => {
  const found = (sentence) => reasonWords(weight({ sentences: [sentence], coefficients: [0.25, 0.75, 0] }));
  assert.equal(found("{shares}."), "B 75 %, A 25 %.");
  assert.equal(found("{coefficients}."), "0.75 × B, 0.25 × A.");
});

test("a long list names five and counts the rest", () => {
  const names = [..."ABCDEFG"], seven = Array(7).fill(0);
  const found = { ...weight({ sentences: ["{who}."], fates: seven }), names };
  assert.equal(reasonWords(found), "A + B + C + D + E + 2 more.");
});

test("where only unchanged experts take part they are called so", () => {
  const found = weight({ sentences: ["From {who}."], words: ["", "unchanged"], fates: [1, 1, 1] });
  assert.equal(reasonWords(found), "From the unchanged experts. A + B + C unchanged.");
});

test("experts that were trimmed alike share a clause; a threshold stands where the density is unknown", () => {
  const details = { trimmed: ["at density 0.2 (below 2)", "at density 0.2 (below 3)", "at density 0.2 (below 4)"] };
  const found = weight({ words: ["", "trimmed"], fates: [1, 1, 1], details, levels: [0.5, 0.6, NaN] });
  assert.equal(reasonWords(found), "A (kept from 0.5), B (kept from 0.6) trimmed at density 0.2; C trimmed at density 0.2 (below 4).");
});

test("a tiny density is not rounded to 0", () => {
  const found = weight({ words: ["", "trimmed"], fates: [1, 0, 0], details: { trimmed: ["at density 0.00001", "", ""] }, levels: [0.00123, 0, 0] });
  assert.equal(reasonWords(found), "A trimmed at density 0.00001, kept from 0.0013.");
});
