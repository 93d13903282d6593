/** @import { Coordinate, Figure, HeatmapTrace, LayoutAxis } from "../plotly.d.ts" */

const WAITING = "waiting"; // the trace of cells that have no value yet

/**
 * A chart as a table, with a row of titles.
 * @param {Figure} figure
 * @returns {unknown[][]}
 */
export function tableOfFigure({ data, layout }) {
  const [first] = data;
  if (first.type === "heatmap") {
    const measured = data.filter(({ name }) => name !== WAITING);
    return [["row", "column", "value"], ...cellsOf(/** @type {HeatmapTrace[]} */ (measured), layout)];
  }
  const points = data.flatMap(({ name, x, y }) => x.map((at, i) => [name, String(at).replaceAll("<br>", " "), y[i]]));
  return [["series", "x", "y"], ...points];
}

/**
 * The cells of traces over one grid, each of which has a value in one of them at most.
 * @param {HeatmapTrace[]} traces
 * @param {Figure["layout"]} layout
 */
function cellsOf(traces, { xaxis, yaxis }) {
  if (!traces.length) return [];
  const [{ x, y, z }] = traces;
  return z.flatMap((row, i) => row.map((_, j) => {
    const value = traces.map((trace) => trace.z[i][j]).find((each) => each !== null) ?? null;
    return [tickName(yaxis, y[i]), tickName(xaxis, x[j]), value];
  }));
}

/**
 * What an axis calls a value.
 * @param {LayoutAxis | undefined} axis
 * @param {Coordinate} value
 */
function tickName(axis, value) {
  return axis?.ticktext?.[axis.tickvals?.indexOf(value) ?? -1] ?? value;
}
