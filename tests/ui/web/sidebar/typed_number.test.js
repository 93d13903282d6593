import assert from "node:assert/strict";
import { test } from "node:test";

import { fits, typedNumber } from "../../../../mergelab/ui/web/sidebar/typed_number.js";

test("numbers are read as people write them", () => {
  const written = { "0.35": 0.35, "0,35": 0.35, "35%": 0.35, " 12,5 %": 0.125, "-1": -1, "−1": -1, ".5": 0.5, "1e-3": 0.001, "1 000": 1000, "7.": 7 };
  for (const [text, value] of Object.entries(written)) assert.equal(typedNumber(text), value, text);
});

test("what is no number, or none yet, is null", () => {
  for (const text of ["", "-", "abc", "NaN", "1.2.3", "1,2,3", "1.000,5", "0x10", "1e999", "%"]) assert.equal(typedNumber(text), null, text);
});

test("a slider takes numbers inside its ends, and whole ones where it counts", () => {
  const slider = { min: "0", max: "2", step: "0.05" };
  assert.deepEqual([-1, 0, 0.123, 2, 2.5].map((value) => fits(value, slider)), [false, true, true, true, false]);
  assert.deepEqual([1, 1.5].map((value) => fits(value, { min: "0", max: "9", step: "1" })), [true, false]);
  assert.ok(fits(5, { min: "", max: "", step: "" }));
});
