import assert from "node:assert/strict";
import { test } from "node:test";

import { gradientOf, isColourMode, mapColours } from "../../../../../mergelab/ui/web/tensor/map/map_colours.js";

test("a scale runs from its first colour over the middle one to its last", () => {
  const colours = mapColours("conflict", false);
  assert.equal(colours.length, 256);
  assert.deepEqual([colours[0], colours[255]], [[0xf3, 0xf1, 0xfa], [0x33, 0x21, 0x7c]]);
  assert.deepEqual(colours[127], [157, 143, 220]); // 127 / 255 * 2 = 0.996 of the way to #9d8fdc, rounded
});

test("light and dark have scales of their own", () => {
  assert.notDeepEqual(mapColours("magnitude", true)[0], mapColours("magnitude", false)[0]);
});

test("the legend's scale shows five of the colours", () => {
  const grey = Array.from({ length: 256 }, (_, at) => [at, at, at]);
  assert.equal(gradientOf(grey), "linear-gradient(90deg, rgb(0 0 0),rgb(64 64 64),rgb(128 128 128),rgb(191 191 191),rgb(255 255 255))");
});

test("only the three colourings are known", () => {
  assert.deepEqual(["conflict", "magnitude", "toString", undefined].map(isColourMode), [true, true, false, false]);
});
