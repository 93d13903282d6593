import assert from "node:assert/strict";
import { test } from "node:test";

import { themedFigure } from "../../../../mergelab/ui/web/charts/themed_figure.js";

const THEME = { dark: false, value: (name) => `<${name}>` };

/** A heatmap of `columns` cells in one row. */
function heatmap(columns, palette = "heat") {
  const x = Array.from({ length: columns }, (_, at) => at);
  const trace = {
    type: "heatmap", meta: { palette }, x, y: ["a"], z: [x], zmin: 0, zmax: 1, customdata: [[]], texttemplate: "%{z:.0%}",
  };
  return { data: [trace], layout: { xaxis: { ticktext: ["attn-out x"] } } };
}

test("the given figure stays as it is", () => {
  const given = { data: [{ type: "bar", x: [], y: [], meta: { role: "base" } }], layout: { xaxis: { range: [0, 1] } } };
  const copy = structuredClone(given);
  themedFigure(given, THEME).layout.xaxis.range[0] = 9;
  assert.deepEqual(given, copy);
});

test("lines take the colour of their role, bars that of base and merged, others keep theirs", () => {
  const line = { type: "scatter", x: [], y: [], line: { width: 2 }, meta: { role: "bad" } };
  const bars = ["base", "merged", "own"].map((role) => ({ type: "bar", x: [], y: [], marker: { color: "c" }, meta: { role } }));
  const { data } = themedFigure({ data: [line, ...bars], layout: {} }, THEME);
  assert.deepEqual(data[0].line, { width: 2, color: "<--ml-bad>" });
  assert.deepEqual(data.slice(1).map(({ marker }) => marker.color), ["<--ml-base>", "<--ml-ink>", "c"]);
});

test("dots on a line take its colour and keep their look", () => {
  const dots = { type: "scatter", mode: "markers", x: [], y: [], line: {}, marker: { size: 9 }, meta: { role: "bad" } };
  assert.deepEqual(themedFigure({ data: [dots], layout: {} }, THEME).data[0].marker, { size: 9, color: "<--ml-bad>" });
});

test("a cell shows its number from 31 pixels on", () => {
  const shows = (width) => themedFigure(heatmap(10), THEME, width).data.some(({ mode }) => mode === "text");
  assert.deepEqual([shows(120 + 310), shows(120 + 309)], [true, false]);
});

test("names break after a hyphen where columns are narrower than 62 pixels", () => {
  const name = (width) => themedFigure(heatmap(10), THEME, width).layout.xaxis.ticktext[0];
  assert.deepEqual([name(120 + 620), name(120 + 619)], ["attn-out x", "attn-<br>out x"]);
});

test("the palette follows the theme", () => {
  const first = (dark, palette) => themedFigure(heatmap(2, palette), { ...THEME, dark }).data[0].colorscale[0][1];
  assert.deepEqual([first(false, "heat"), first(true, "heat"), first(true, "diverging")], ["#f3f1fa", "#1d1b2b", "#f1a340"]);
});

test("shares of all weights are coloured by their square roots, so that small ones differ", () => {
  const { colorscale, colorbar } = themedFigure(heatmap(2, "roots"), THEME).data[0];
  assert.deepEqual(colorscale.map(([at]) => at), [0, 0.0625, 0.25, 0.5625, 1]);
  assert.deepEqual(colorbar.tickvals, [0, 0.2, 0.5, 1]);
});

test("a map of experts keeps their colours", () => {
  const given = heatmap(2, "experts");
  given.data[0].colorscale = [[0, "#0072b2"], [1, "#0072b2"]];
  assert.deepEqual(themedFigure(given, THEME).data[0].colorscale, [[0, "#0072b2"], [1, "#0072b2"]]);
});

test("cells with too few weights are grey", () => {
  const given = heatmap(2);
  Object.assign(given.data[0], { z: [[0.5, null]], meta: { palette: "heat", few: [[null, 3]] } });
  const [, grey] = themedFigure(given, THEME).data;
  assert.deepEqual([grey.z, grey.colorscale[0][1], grey.showscale], [[[null, 0]], "<--ml-grid>", false]);
});

test("a line is coloured by how good its recipe is, from grey to the accent", () => {
  const line = (shade) => ({ type: "scatter", x: [], y: [], line: { width: 2 }, marker: { size: 5 }, meta: { shade } });
  const { data: [worst, best] } = themedFigure({ data: [line(0), line(1)], layout: {} }, THEME);
  assert.deepEqual([worst.line, best.marker], [{ width: 2, color: "#8f94a0" }, { size: 5, color: "#38239f" }]);
});

test("a note on a chart has the surface behind it", () => {
  const { layout } = themedFigure({ data: [], layout: { annotations: [{ text: "a" }] } }, THEME);
  assert.equal(layout.annotations[0].bgcolor, "<--ml-surface>");
});
