import assert from "node:assert/strict";
import { test } from "node:test";

import { fileName } from "../../../../mergelab/ui/web/charts/chart_download.js";
import { tableOfFigure } from "../../../../mergelab/ui/web/charts/figure_table.js";

test("a heatmap is a row for each cell, by the names on its axes", () => {
  const trace = { type: "heatmap", x: [0, 1], y: ["a", "b"], z: [[1, 2], [3, null]] };
  const layout = { xaxis: { tickvals: [0, 1], ticktext: ["one", "two"] } };
  assert.deepEqual(tableOfFigure({ data: [trace], layout }), [
    ["row", "column", "value"], ["a", "one", 1], ["a", "two", 2], ["b", "one", 3], ["b", "two", null],
  ]);
});

test("a heatmap in several traces is one table, and cells that wait have no value", () => {
  const trace = (name, ...row) => ({ type: "heatmap", name, x: ["q", "k", "v"], y: ["a"], z: [row] });
  const data = [trace("clear", 4, null, null), trace("pale", null, -1, null), trace("waiting", null, null, 0)];
  assert.deepEqual(tableOfFigure({ data, layout: {} }), [
    ["row", "column", "value"], ["a", "q", 4], ["a", "k", -1], ["a", "v", null],
  ]);
});

test("lines and bars are a row for each point, without the markup of their labels", () => {
  const data = [{ type: "bar", name: "base", x: ["Capital<br>letters", 2], y: [0.5, 0.6] }];
  assert.deepEqual(tableOfFigure({ data, layout: {} }), [
    ["series", "x", "y"], ["base", "Capital letters", 0.5], ["base", "2", 0.6],
  ]);
});

test("files are named after the recipe, without signs that a file system may refuse", () => {
  assert.equal(fileName("ab12/c: d", "heatmap", "csv"), "mergelab-ab12-c-d-heatmap.csv");
});
