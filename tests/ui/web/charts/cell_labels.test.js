import assert from "node:assert/strict";
import { test } from "node:test";

import { cellLabels, colourAt, inkOn, luminance } from "../../../../mergelab/ui/web/charts/cell_labels.js";

const SCALE = [[0, "#000000"], [0.5, "#800000"], [1, "#ffffff"]];

/** @param {object} more */
function heatmap(more = {}) {
  return { type: "heatmap", x: ["q", "k"], y: ["0"], z: [[0, 1]], zmin: 0, zmax: 1, colorscale: SCALE, ...more };
}

test("a value between two stops has the colour between theirs, and one beyond the ends has theirs", () => {
  const at = (value) => colourAt({ colorscale: SCALE, zmin: 0, zmax: 2 }, value);
  assert.deepEqual([at(0), at(0.5), at(1), at(9)], [[0, 0, 0], [64, 0, 0], [128, 0, 0], [255, 255, 255]]);
});

test("a step between two colours stays sharp", () => {
  const steps = { colorscale: [[0, "#ff0000"], [0.5, "#ff0000"], [0.5, "#0000ff"], [1, "#0000ff"]], zmin: -0.5, zmax: 1.5 };
  assert.deepEqual([colourAt(steps, 0), colourAt(steps, 1)], [[255, 0, 0], [0, 0, 255]]);
});

test("white has luminance 1, black 0, and pure green more than blue", () => {
  assert.equal(luminance([255, 255, 255]), 1);
  assert.equal(luminance([0, 0, 0]), 0);
  assert.ok(luminance([0, 255, 0]) > luminance([0, 0, 255]));
});

test("what is written on any colour has a contrast of at least 4.5 to 1", () => {
  const parts = [0, 51, 102, 117, 119, 153, 204, 255];
  for (const colour of parts.flatMap((r) => parts.flatMap((g) => parts.map((b) => [r, g, b])))) {
    const ground = luminance(colour), ink = inkOn(colour) === "#ffffff" ? 1 : 0;
    assert.ok((Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05) >= 4.5, String(colour));
  }
});

test("each cell with a value shows it in black or white", () => {
  const labels = cellLabels(heatmap({ texttemplate: "%{z:.0%}" }), "grey");
  assert.deepEqual([labels.x, labels.y, labels.customdata], [["q", "k"], ["0", "0"], [0, 1]]);
  assert.deepEqual(labels.texttemplate, ["%{customdata:.0%}", "%{customdata:.0%}"]);
  assert.deepEqual(labels.textfont.color, ["#ffffff", "#000000"]);
});

test("a cell with too few weights says how many, and one without any weights says nothing", () => {
  const few = { z: [[null, null]], texttemplate: "%{z:.0%}", meta: { few: [[12, null]] } };
  const labels = cellLabels(heatmap(few), "grey");
  assert.deepEqual([labels.x, labels.texttemplate, labels.textfont.color], [["q"], ["n 12"], ["grey"]]);
});

test("texts that come with the figure stand instead of the values", () => {
  assert.deepEqual(cellLabels(heatmap({ meta: { labels: [["40 %", "60 %"]] } }), "grey").texttemplate, ["40 %", "60 %"]);
});

test("a heatmap without a template has no labels", () => {
  assert.equal(cellLabels(heatmap(), "grey"), undefined);
});

test("a number on a cell that lets the surface through contrasts with what is seen there", () => {
  const trace = heatmap({ z: [[0, null]], texttemplate: "%{z:.0%}", opacity: 0.25 });
  assert.deepEqual(cellLabels(trace, "#888888", "#ffffff").textfont.color, ["#000000"]);
  assert.deepEqual(cellLabels({ ...trace, z: [[1, null]] }, "#888888", "#000000").textfont.color, ["#ffffff"]);
});
