/** @import { Figure, HeatmapTrace, Layout, LayoutAxis, Trace } from "../plotly.d.ts" */

import { cellLabels, hexAt } from "./cell_labels.js";

/**
 * What a figure needs of the theme.
 * @typedef {{ dark: boolean, value(name: string): string }} Colours
 */

/** @type {Record<"heat" | "diverging", Record<"light" | "dark", [number, string][]>>} */
const PALETTES = {
  heat: {
    light: [[0, "#f3f1fa"], [0.25, "#cfc8ee"], [0.5, "#9d8fdc"], [0.75, "#6650bd"], [1, "#33217c"]],
    dark: [[0, "#1d1b2b"], [0.25, "#352c66"], [0.5, "#5a48ab"], [0.75, "#9382e4"], [1, "#e0d9ff"]],
  },
  diverging: {
    light: [[0, "#b35806"], [0.25, "#f1a340"], [0.5, "#f7f7f7"], [0.75, "#998ec3"], [1, "#542788"]],
    dark: [[0, "#f1a340"], [0.25, "#a8651c"], [0.5, "#24262d"], [0.75, "#6650bd"], [1, "#c9bdff"]],
  },
};
/** @type {Record<"light" | "dark", [number, string][]>} from the worst to the best; each end has 3 : 1 on the surface */
const SHADES = {
  light: [[0, "#8f94a0"], [0.5, "#8b79dc"], [1, "#38239f"]],
  dark: [[0, "#727884"], [0.5, "#8571e0"], [1, "#d5ccff"]],
};
const ROOT_TICKS = [0, 0.2, 0.5, 1];
const MARGINS = 120; // pixels beside the cells of a heatmap
const NAMES = 70; // pixels beside the cells of a heatmap without a colour bar
const NUMBER_WIDTH = 31; // pixels that a number in a cell needs
const LABEL_WIDTH = 27; // pixels that a written label needs
const WORD_WIDTH = 62; // pixels that a name below a column needs

/**
 * A figure in the theme's colours. The given one stays as it is: plotly writes into the layout that it is handed.
 * @param {Figure} figure
 * @param {Colours} theme
 * @param {number} [width] of the plot in pixels
 * @returns {Figure}
 */
export function themedFigure(figure, theme, width = 900) {
  const layout = themedLayout(figure.layout, theme);
  return { layout, data: figure.data.flatMap((trace) => themedTraces(trace, layout, theme, width)) };
}

/**
 * @param {Layout} given
 * @param {Colours} theme
 * @returns {Layout}
 */
function themedLayout(given, theme) {
  /** @type {Layout} */
  const layout = { ...structuredClone(given), autosize: true };
  const text = theme.value("--ml-muted"), grid = theme.value("--ml-grid");
  const font = { family: theme.value("--ml-font"), size: 12 };
  layout.font = { ...font, color: text };
  layout.hoverlabel = {
    align: "left",
    bgcolor: theme.value("--ml-raised"),
    bordercolor: theme.value("--ml-border"),
    font: { ...font, color: theme.value("--ml-ink") },
  };
  const surface = theme.value("--ml-surface");
  layout.annotations = layout.annotations?.map((each) => ({ ...each, bgcolor: surface, opacity: 0.9, borderpad: 1 }));
  if (!layout.annotations) delete layout.annotations;
  for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
    const axis = /** @type {LayoutAxis} */ (layout[name]);
    const lines = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, tickcolor: grid, zeroline: false };
    // Margins have room for the labels. Without this, plotly measures each of them, which makes the browser lay out anew.
    layout[name] = { ticklabeloverflow: "allow", ...lines, ...axis, tickfont: { color: text } };
  }
  return layout;
}

/**
 * @param {Trace} trace
 * @param {Layout} layout of the figure, in which a narrow heatmap breaks its words
 * @param {Colours} theme
 * @param {number} width
 * @returns {Trace[]}
 */
function themedTraces(trace, layout, theme, width) {
  if (trace.type === "heatmap") return themedHeatmap(/** @type {HeatmapTrace} */ (trace), layout, theme, width);
  return [themedTrace(trace, theme)];
}

/**
 * A heatmap, grey cells where there are too few weights for a share, and what is written in the cells.
 * @param {HeatmapTrace} trace
 * @param {Layout} layout
 * @param {Colours} theme
 * @param {number} width
 * @returns {Trace[]}
 */
function themedHeatmap(trace, layout, theme, width) {
  const muted = theme.value("--ml-muted"), cell = (width - (trace.showscale === false ? NAMES : MARGINS)) / trace.x.length;
  const palette = trace.meta?.palette ?? "heat", ticks = palette === "roots" ? { tickvals: ROOT_TICKS } : {};
  const colorbar = { .../** @type {object} */ (trace.colorbar), ...ticks, tickfont: { color: muted, size: 11 } };
  const coloured = { ...trace, colorbar, colorscale: scaleOf(palette, theme) ?? trace.colorscale };
  if (cell < WORD_WIDTH) breakWords(layout.xaxis);
  const labels = cell < (trace.meta?.labels ? LABEL_WIDTH : NUMBER_WIDTH) ? undefined : cellLabels(coloured, muted, theme.value("--ml-surface"));
  delete coloured.texttemplate;
  return [coloured, fewCells(coloured, theme.value("--ml-grid")), labels].filter((each) => each !== undefined);
}

/**
 * The theme's colour scale; undefined where the figure brings its own.
 * @param {"heat" | "roots" | "diverging" | "experts"} palette
 * @param {Colours} theme
 * @returns {[number, string][] | undefined}
 */
function scaleOf(palette, { dark }) {
  if (palette === "experts") return undefined;
  const scale = PALETTES[palette === "roots" ? "heat" : palette][dark ? "dark" : "light"];
  return palette === "roots" ? scale.map(([at, colour]) => [at ** 2, colour]) : scale;
}

/**
 * The cells with too few weights for a share, in grey; undefined without any.
 * @param {HeatmapTrace} trace
 * @param {string} grey
 * @returns {HeatmapTrace | undefined}
 */
function fewCells(trace, grey) {
  const few = trace.meta?.few;
  if (!few?.some((row) => row.some((count) => count !== null))) return undefined;
  const z = few.map((row) => row.map((count) => (count === null ? null : 0)));
  return { ...trace, z, colorscale: [[0, grey], [1, grey]], showscale: false };
}

/**
 * @param {Trace} trace
 * @param {Colours} theme
 * @returns {Trace}
 */
function themedTrace(trace, theme) {
  const copy = { ...trace }, role = copy.meta?.role, muted = theme.value("--ml-muted");
  if (role && copy.type === "scatter") {
    const color = theme.value(`--ml-${role}`);
    copy.line = { ...copy.line, color };
    if (copy.marker) copy.marker = { ...copy.marker, color };
  } else if (role === "base") copy.marker = { ...copy.marker, color: theme.value("--ml-base") };
  else if (role === "merged") copy.marker = { ...copy.marker, color: theme.value("--ml-ink") };
  if (copy.meta?.shade !== undefined) shadeTrace(copy, copy.meta.shade, theme);
  if (copy.error_y) copy.error_y = { ...copy.error_y, color: muted };
  if (copy.error_x) copy.error_x = { ...copy.error_x, color: muted };
  return copy;
}

/**
 * Colours a line and its dots by how good they are.
 * @param {Trace} trace
 * @param {number} shade from 0 to 1
 * @param {Colours} theme
 */
function shadeTrace(trace, shade, { dark }) {
  const color = hexAt({ colorscale: SHADES[dark ? "dark" : "light"], zmin: 0, zmax: 1 }, shade);
  if (trace.line) Object.assign(trace, { line: { ...trace.line, color } });
  Object.assign(trace, { marker: { ...trace.marker, color } });
}

/**
 * Lets names break after a hyphen; by themselves they break at spaces only.
 * @param {LayoutAxis | undefined} axis
 */
function breakWords(axis) {
  if (axis?.ticktext) axis.ticktext = axis.ticktext.map((name) => name.replaceAll(/-(?=\w)/g, "-<br>"));
}
