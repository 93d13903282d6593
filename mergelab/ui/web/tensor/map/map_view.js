/** @import { MapWindow, TensorUpdate } from "../../messages.d.ts" */
/** @import { Cells, Coordinates } from "./decoding.js" */
/** @import { Frame, Spot } from "./geometry.js" */
/** @import { ColourMode } from "./map_colours.js" */

/**
 * An open tensor and what is known of it.
 * @typedef {object} OpenTensor
 * @property {TensorUpdate} tensor
 * @property {MapWindow} at the window on screen
 * @property {Cells} whole cells of the whole tensor
 * @property {Cells} cells the latest cells
 * @property {MapWindow | null} cellsOf the window that the latest cells were asked for
 * @property {Coordinates | null} coords the latest window coordinate by coordinate
 * @property {Spot | null} mark the coordinate that was chosen
 */

/** The last step: the experts' changes become one. It stands behind the steps that Python sends. */
export const LAST_STEP = "merge";

/** What the map shows. The parts of the Tensor tab share one. */
export class MapView {
  /** @type {OpenTensor | null} */
  open = null;
  /** @type {ColourMode} */
  colour = "conflict";
  /** The name of the step that is shown. */
  step = LAST_STEP;
  /** @type {Spot | null} the coordinate under the pointer */
  hovered = null;
  /** @type {Frame[]} where the map is painted: one frame, or a panel for each expert and the merged change */
  frames = [];
}

/**
 * The names of the steps in a window.
 * @param {OpenTensor} open
 * @returns {string[]}
 */
export function stepNames({ coords }) {
  return [...(coords?.steps ?? []).map(({ name }) => name), LAST_STEP];
}

/**
 * The place of the step that is shown.
 * @param {OpenTensor} open
 * @param {string} step its name
 * @returns {number}
 */
export function stepPlace(open, step) {
  return Math.max(0, stepNames(open).indexOf(step));
}
