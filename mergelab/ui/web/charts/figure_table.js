/** @import { Coordinate, Figure, HeatmapTrace, LayoutAxis } from "../plotly.d.ts" */

/**
 * A chart as a table, with a row of titles.
 * @param {Figure} figure
 * @returns {unknown[][]}
 */
export function tableOfFigure({ data, layout }) {
  const [first] = data;
  if (first.type === "heatmap") {
    return [["row", "column", "value"], ...cellsOf(/** @type {HeatmapTrace} */ (first), layout)];
  }
  const points = data.flatMap(({ name, x, y }) => x.map((at, i) => [name, String(at).replaceAll("<br>", " "), y[i]]));
  return [["series", "x", "y"], ...points];
}

/**
 * @param {HeatmapTrace} trace
 * @param {Figure["layout"]} layout
 */
function cellsOf({ x, y, z }, { xaxis, yaxis }) {
  return z.flatMap((row, i) => row.map((value, j) => [tickName(yaxis, y[i]), tickName(xaxis, x[j]), value]));
}

/**
 * What an axis calls a value.
 * @param {LayoutAxis | undefined} axis
 * @param {Coordinate} value
 */
function tickName(axis, value) {
  return axis?.ticktext?.[axis.tickvals?.indexOf(value) ?? -1] ?? value;
}
