/** Curves over the layers: where their points are, and what becomes of a recipe's overrides. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  accepted, axisOf, curveOf, partsOf, pointNames, resampled, snapped, typedNumber, withCurve, withoutPart,
} from "../../../../mergelab/ui/web/sidebar/curve_math.js";

const D = "knob-method-ties-density";
const entry = (values, more = {}) => ({ match: "", values, model: null, layers: null, ...more });

test("a ramp has a value at every layer, and a curve keeps its ends when it becomes a ramp", () => {
  assert.deepEqual(resampled([0.2, 0.8], 4, 0.05), [0.2, 0.4, 0.6, 0.8]);
  assert.deepEqual(resampled([0, 1, 0], 5, 0.05), [0, 0.5, 1, 0.5, 0]);
  assert.deepEqual(resampled([0.1, 0.7, 0.9], 2, 0.05), [0.1, 0.9]);
  assert.deepEqual(resampled([0.3], 3, 0.05), [0.3, 0.3, 0.3]);
});

test("a dragged point takes the slider's steps and stays valid", () => {
  const range = { step: 0.05, least: 0, most: 1 };
  assert.equal(snapped(0.3333, range), 0.35);
  assert.equal(snapped(1.4, range), 1);
  assert.equal(snapped(-3, range), 0);
});

test("a curve of whole numbers has whole numbers alone", () => {
  const range = { step: 1, least: 1, most: 100 };
  assert.deepEqual(resampled([1, 10], 5, 1), [1, 3, 6, 8, 10]);
  assert.equal(snapped(3.4, range), 3);
  assert.equal(accepted(7, range), 7);
  assert.equal(accepted(2.5, range), null);
  assert.equal(accepted(0, range), null);
  assert.equal(accepted(0.25, { step: 0.05, least: 0, most: 1 }), 0.25);
});

test("the axis grows to hold values beyond the slider", () => {
  assert.deepEqual(axisOf({ low: 0, high: 1 }, [0.5, 1.5]), [0, 1.5]);
});

test("points are named by the layers that they stand for", () => {
  assert.deepEqual(pointNames(3, 3), ["layer 0", "layer 1", "layer 2"]);
  assert.deepEqual(pointNames(3, 12), ["first layer", "50 % of the depth", "last layer"]);
});

test("a new curve comes before values for parts of the model, which then still count", () => {
  const part = entry({ [D]: 0.3 }, { match: "mlp" }), made = withCurve([part], D, null, [0, 1]);
  assert.deepEqual(made, [entry({ [D]: [0, 1] }), part]);
  assert.deepEqual(curveOf(made, D, null), [0, 1]);
  assert.deepEqual(partsOf(made, D, null), [part]);
});

test("another curve takes the place of the one that counts, and other knobs of its entry stay", () => {
  const entries = [entry({ [D]: 0.1 }), entry({ [D]: 0.2, scale: 2 })];
  assert.deepEqual(curveOf(entries, D, null), [0.2]);
  assert.deepEqual(withCurve(entries, D, null, [1, 0]), [entry({ [D]: 0.1 }), entry({ [D]: [1, 0], scale: 2 })]);
  assert.deepEqual(withCurve(entries, D, null, null), [entry({ scale: 2 })]);
});

test("each expert has its own curve", () => {
  const mine = entry({ weight: [1, 0] }, { model: "a" }), other = entry({ weight: 0.5 }, { model: "b" });
  assert.deepEqual(curveOf([mine, other], "weight", "b"), [0.5]);
  assert.equal(curveOf([mine], "weight", "b"), null);
  assert.deepEqual(partsOf([mine, other], "weight", "a"), []);
});

test("a part can be removed alone", () => {
  const part = entry({ [D]: 0.3, scale: 2 }, { match: "mlp" }), same = entry({ [D]: 0.3 }, { match: "attn" });
  assert.deepEqual(withoutPart([part, same], part, D), [entry({ scale: 2 }, { match: "mlp" }), same]);
});

test("numbers are read as people type them", () => {
  assert.deepEqual(["0,35", " 35 % ", ".5", "−1", "1e-3"].map(typedNumber), [0.35, 0.35, 0.5, -1, 0.001]);
  assert.deepEqual(["", "abc", "1,2,3", "NaN", "-", "5 x"].map(typedNumber), Array(6).fill(null));
});
