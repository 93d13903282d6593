/** @import { HeatmapTrace, Trace } from "../plotly.d.ts" */

/** @typedef {[red: number, green: number, blue: number]} Colour each from 0 to 255 */

const DARK = "#000000", LIGHT = "#ffffff";

/**
 * The numbers in the cells of a heatmap, as a trace of texts: plotly itself would write some of them with little contrast.
 * Cells with too few weights for a share show how many there are. Undefined without a template.
 * @param {HeatmapTrace} trace in the theme's colours
 * @param {string} muted the colour of text on a cell without a colour
 * @param {string} [surface] the colour behind cells that let it through, as #rrggbb
 * @returns {Trace | undefined}
 */
export function cellLabels(trace, muted, surface = "#ffffff") {
  const { x, y, z, texttemplate = "", meta } = trace, { few, labels } = meta ?? {};
  if (!texttemplate && !labels) return undefined;
  const cells = z.flatMap((row, i) => row.map((value, j) => ({ i, j, value, count: few?.[i][j] ?? null })));
  const shown = cells.filter(({ value, count }) => value !== null || count !== null);
  const template = texttemplate.replace("%{z", "%{customdata");
  return {
    type: "scatter",
    mode: "text",
    hoverinfo: "skip",
    x: shown.map(({ j }) => x[j]),
    y: shown.map(({ i }) => y[i]),
    customdata: shown.map(({ value }) => value),
    texttemplate: shown.map(({ i, j, value, count }) => (value === null ? `n ${count}` : labels?.[i][j] ?? template)),
    textfont: {
      size: 11,
      color: shown.map(({ value }) => (value === null ? muted : inkOn(colourOn(trace, value, surface)))),
    },
  };
}

/**
 * Black or white, whichever contrasts more: at least 4.5 : 1 on every colour.
 * @param {Colour} colour
 * @returns {string}
 */
export function inkOn(colour) {
  const light = luminance(colour);
  return (light + 0.05) / 0.05 > 1.05 / (light + 0.05) ? DARK : LIGHT;
}

/**
 * The relative luminance of a colour, from 0 to 1 (WCAG 2).
 * @param {Colour} colour
 * @returns {number}
 */
export function luminance(colour) {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * The colour of a value on a heatmap's colour scale, between two stops as plotly mixes them.
 * @param {Pick<HeatmapTrace, "colorscale" | "zmin" | "zmax">} trace
 * @param {number} value
 * @returns {Colour}
 */
export function colourAt({ colorscale = [], zmin, zmax }, value) {
  const share = Math.min(1, Math.max(0, (value - zmin) / (zmax - zmin)));
  const after = Math.max(1, colorscale.findIndex(([at]) => at >= share));
  const [low, from] = colorscale[after - 1], [high, to] = colorscale[after];
  const part = high > low ? (share - low) / (high - low) : 1, start = parsed(from), end = parsed(to);
  return /** @type {Colour} */ (start.map((each, place) => each + (end[place] - each) * part));
}

/**
 * The colour of a value as #rrggbb.
 * @param {Pick<HeatmapTrace, "colorscale" | "zmin" | "zmax">} scale
 * @param {number} value
 * @returns {string}
 */
export function hexAt(scale, value) {
  return `#${colourAt(scale, value).map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/**
 * The colour of a value on a surface, which a trace that is not opaque lets through.
 * @param {HeatmapTrace} trace
 * @param {number} value
 * @param {string} surface
 * @returns {Colour}
 */
function colourOn(trace, value, surface) {
  const { opacity = 1 } = trace, colour = colourAt(trace, value);
  if (opacity === 1) return colour;
  return /** @type {Colour} */ (parsed(surface).map((behind, place) => behind + (colour[place] - behind) * opacity));
}

/**
 * @param {string} hex such as #33217c
 * @returns {Colour}
 */
function parsed(hex) {
  return /** @type {Colour} */ ([1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16)));
}
