/** @import { CurveTrace } from "../plotly.d.ts" */

import { legendEntry } from "../dom/elements.js";

/**
 * The colour of a curve: its own, or the theme's for its role.
 * @param {CurveTrace} trace
 * @returns {string}
 */
export function curveColour({ line, meta }) {
  return line.color || `var(--ml-${meta.role})`;
}

/**
 * A curve in a legend.
 * @param {CurveTrace} trace
 * @returns {HTMLLIElement}
 */
export function curveEntry(trace) {
  return legendEntry(curveColour(trace), trace.name, trace.line.dash);
}

/**
 * The curves that are not those of the pinned recipe.
 * @param {{ data: CurveTrace[] }} figure
 * @returns {CurveTrace[]}
 */
export function ownCurves({ data }) {
  return data.filter(({ meta }) => !meta.pinned);
}
