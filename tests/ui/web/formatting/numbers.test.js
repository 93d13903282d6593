import assert from "node:assert/strict";
import { test } from "node:test";

import { percent, plain, signWords, signed, span, whole } from "../../../../mergelab/ui/web/formatting/numbers.js";

test("shares are per cents with a blank, unknown ones a dash", () => {
  assert.deepEqual([0.1234, 0, 1].map((share) => percent(share)), ["12.3 %", "0.0 %", "100.0 %"]);
  assert.equal(percent(0.126, 0), "13 %");
  assert.deepEqual([null, undefined].map((share) => percent(share)), ["–", "–"]);
});

test("signed numbers have a real minus, three digits that count, and exponents at the ends", () => {
  assert.equal(signed(0.0123456), "+0.0123");
  assert.equal(signed(-2.5), "−2.5");
  assert.equal(signed(9999.4), "+10000");
  assert.equal(signed(10_000), "+1.00e4");
  assert.equal(signed(-0.00052), "−5.20e−4");
  assert.equal(signed(0.001), "+0.001");
  assert.equal(signed(1.23456789, 5), "+1.2346");
});

test("zero has no sign, and what is no number is a dash", () => {
  assert.deepEqual([0, NaN, null, undefined].map((value) => signed(value)), ["0", "–", "–", "–"]);
});

test("plain numbers lose the plus sign only", () => {
  assert.deepEqual([1.5, -1.5, 2e7].map((value) => plain(value)), ["1.5", "−1.5", "2.00e7"]);
});

test("whole numbers have commas", () => {
  assert.equal(whole(1234567), "1,234,567");
});

test("one row is a row, several are rows from the first to the last", () => {
  assert.equal(span("row", 3, 1), "row 3");
  assert.equal(span("row", 1000, 24), "rows 1,000–1,023");
});

test("signs are arrows", () => {
  assert.deepEqual([2, -1, 0, null].map(signWords), ["▲ +", "▼ −", "0", "–"]);
});
