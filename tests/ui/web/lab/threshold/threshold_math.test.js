/** Thresholds of histograms that are small enough to read off. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  mean, nearestTo, positionsOf, snapped, thresholdsAt,
} from "../../../../../mergelab/ui/web/lab/threshold/threshold_math.js";

// Two bins, from -3 to -2 and from -2 to -1: three quarters of the entries lie in the lower one.
const HISTOGRAM = { edges: [-3, -2, -1], shares: [[0.75, 0.25]] };
const RANGE = { low: 0, high: 1, step: 0.25 };

test("inside a bin the threshold lies where the share of it is above", () => {
  assert.deepEqual(thresholdsAt(HISTOGRAM, 0.125), [-1.5]); // half of the upper bin
  assert.deepEqual(thresholdsAt(HISTOGRAM, 0.25), [-2]);
  assert.deepEqual(thresholdsAt(HISTOGRAM, 0.625), [-2.5]); // the upper bin and half of the lower one
});

test("keeping everything puts the threshold at the lowest edge, keeping nothing at the highest", () => {
  assert.deepEqual(thresholdsAt(HISTOGRAM, 1), [-3]);
  assert.deepEqual(thresholdsAt(HISTOGRAM, 0), [-1]);
});

test("empty bins hold no threshold, and each expert has its own", () => {
  const two = { edges: [-3, -2, -1], shares: [[1, 0], [0, 1]] };
  assert.deepEqual(thresholdsAt(two, 0.5), [-2.5, -1.5]);
});

test("more than there is ends at the lowest edge", () => {
  assert.deepEqual(thresholdsAt({ edges: [-3, -2], shares: [[0.4]] }, 0.9), [-3]);
});

test("values snap to the slider's steps and stay between its ends", () => {
  assert.deepEqual([0.1, 0.13, 0.9, 7, -7].map((value) => snapped(RANGE, value)), [0, 0.25, 1, 1, 0]);
});

test("there is a position for every step of the slider, both ends included", () => {
  const positions = positionsOf({ ...HISTOGRAM, ...RANGE });
  assert.deepEqual(positions.map(({ value }) => value), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(positions[1].at, [-2]);
});

test("a drag takes the nearest position, but never the one that keeps nothing", () => {
  const positions = positionsOf({ ...HISTOGRAM, ...RANGE });
  assert.equal(nearestTo(positions, -2.1).value, 0.25);
  assert.equal(nearestTo(positions, -2.95).value, 1);
  assert.equal(nearestTo(positions, 5).value, 0.25);
});

test("the handle stands at the mean", () => {
  assert.equal(mean([-3, -1, -2]), -2);
});
