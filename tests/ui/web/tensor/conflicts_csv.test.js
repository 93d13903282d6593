import assert from "node:assert/strict";
import { test } from "node:test";

import { conflictsCsv } from "../../../../mergelab/ui/web/tensor/conflicts_csv.js";
import { randomOf } from "../../../../mergelab/ui/web/tensor/random_place.js";
import { spectrumFigure } from "../../../../mergelab/ui/web/tensor/spectrum_figure.js";

test("a row for each conflict, a column for each expert, unknown levels empty", () => {
  const conflicts = {
    total: 1, places: [5], strengths: [0.5], deltas: [[1], [-2]], kept: [[true], [false]], levels: [[0.25], [null]],
    signs: [-1], base: [3], merged: [2],
  };
  const tensor = { key: "a.w", shape: [2, 4], rows: 2, columns: 4, conflicts, experts: [{ name: "x" }, { name: 'y"' }] };
  assert.equal(conflictsCsv(tensor), [
    'tensor,index,flat,strength,"delta x","delta y""","kept x","kept y""","level x","level y""",elected,base,merged',
    '"a.w","1, 1",5,0.5,1,-2,true,false,0.25,,-1,3,2',
    "",
  ].join("\n"));
});

test("a seed leads to the same place for ever, and links that hold it stay true", () => {
  assert.equal(randomOf(1), 0.6270739405881613); // mulberry32's first number for seed 1
  assert.equal(randomOf(0), 0.26642920868471265);
});

test("singular values are numbered from 1, and 0 has no place on a logarithmic axis", () => {
  const lines = [{ title: "<b>A", colour: "#123", dash: "2px", rank: 1, values: [3, 0] }, { title: "merged", dash: "solid", rank: 2, values: [1] }];
  const { data } = spectrumFigure(lines, "ink");
  assert.deepEqual([data[0].x, data[0].y], [[1, 2], [3, null]]);
  assert.deepEqual(data.map(({ line }) => [line.color, line.width]), [["#123", 1.5], ["ink", 2.2]]);
  assert.match(data[0].hovertemplate, /^bA: /);
});
