/** @import { MapWindow, TensorUpdate } from "../../messages.d.ts" */
/** @import { ColourMode } from "./map_colours.js" */

import { fitted, sameWindow, wholeOf } from "./geometry.js";
import { isColourMode } from "./map_colours.js";
import { LAST_STEP } from "./map_view.js";

/** @typedef {{ at: MapWindow, colour: ColourMode, step: string }} MapPlace */
/** @typedef {Pick<TensorUpdate, "key" | "rows" | "columns" | "words">} Tensor */

const LONGEST = 30;

/**
 * What an address says about the map: `top,left,rows,columns,colour,step`. Null for the plain map of the whole tensor.
 * @param {MapPlace} place
 * @param {Tensor} tensor
 * @returns {string | null}
 */
export function writeMap({ at, colour, step }, tensor) {
  const isPlain = sameWindow(at, wholeOf(tensor)) && colour === "conflict" && step === LAST_STEP;
  if (isPlain) return null;
  return [at.top, at.left, at.rows, at.columns, colour, ...(step === LAST_STEP ? [] : [step])].join(",");
}

/**
 * The place on the map that an address names, and what of it did not fit.
 * @param {string} text
 * @param {Tensor} tensor
 * @returns {MapPlace & { notes: string[] }}
 */
export function readMap(text, tensor) {
  const given = text.split(","), [, , , , colour, step] = given, notes = [];
  const numbers = given.slice(0, 4).map((each) => (/^\d+$/.test(each) ? Number(each) : NaN));
  let at = wholeOf(tensor);
  if (numbers.length === 4 && !numbers.some(Number.isNaN)) {
    const [top, left, rows, columns] = numbers, wanted = { top, left, rows, columns };
    at = fitted(wanted, tensor);
    if (!sameWindow(wanted, at)) {
      notes.push(`The window of the link reaches beyond ${tensor.key}, so the nearest one inside is shown.`);
    }
  } else notes.push("The window of the link is not four whole numbers, so the whole tensor is shown.");
  const knownStep = Object.hasOwn(tensor.words, step ?? "");
  if (colour && !isColourMode(colour)) {
    notes.push(`There is no colouring “${colour.slice(0, LONGEST)}”, so conflicts are shown.`);
  }
  if (step && !knownStep) notes.push(`There is no step “${step.slice(0, LONGEST)}”, so the last one is shown.`);
  return { at, colour: isColourMode(colour) ? colour : "conflict", step: knownStep ? step : LAST_STEP, notes };
}
