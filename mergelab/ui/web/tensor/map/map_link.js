/** @import { MapWindow, TensorUpdate } from "../../messages.d.ts" */
/** @import { Spot } from "./geometry.js" */
/** @import { ColourMode } from "./map_colours.js" */

import { fitted, indexOf, sameWindow, spotOf, wholeOf, windowAround } from "./geometry.js";
import { isColourMode } from "./map_colours.js";
import { LAST_STEP } from "./map_view.js";

/** @typedef {{ at: MapWindow, colour: ColourMode, step: string, mark: Spot | null }} MapPlace */
/** @typedef {Pick<TensorUpdate, "key" | "rows" | "columns" | "shape" | "words">} Tensor */
/** @typedef {{ map: string | null, step: string | null, cell: string | null }} MapParameters of the address */

const LONGEST = 30;

/** @type {MapParameters} an address that says nothing about the map */
export const NO_PLACE = { map: null, step: null, cell: null };

/**
 * What an address says about the map: its window and colours as `top,left,rows,columns,colour`, the step, and the chosen
 * weight by its index in the tensor. What is plain is left out.
 * @param {MapPlace} place
 * @param {Tensor} tensor
 * @returns {MapParameters}
 */
export function writeMap({ at, colour, step, mark }, tensor) {
  const isPlain = sameWindow(at, wholeOf(tensor)) && colour === "conflict";
  return {
    map: isPlain ? null : [at.top, at.left, at.rows, at.columns, colour].join(),
    step: step === LAST_STEP ? null : step,
    cell: mark && tensor.shape.length ? indexOf(mark, tensor).replaceAll(" ", "") : null,
  };
}

/**
 * The place on the map that an address names, and what of it did not fit. Older links have the step at the end of `map`.
 * @param {MapParameters} given
 * @param {Tensor} tensor
 * @returns {MapPlace & { notes: string[] }}
 */
export function readMap({ map, step, cell }, tensor) {
  const [, , , , colour, olderStep] = map?.split(",") ?? [];
  /** @type {string[]} */
  const notes = [];
  const mark = cell === null ? null : readCell(cell, tensor, notes);
  const around = mark ? fitted(windowAround(mark, tensor), tensor) : wholeOf(tensor);
  const at = map === null ? around : readWindow(map, tensor, notes);
  const wanted = step ?? olderStep ?? "", isStep = Object.hasOwn(tensor.words, wanted);
  if (colour && !isColourMode(colour)) {
    notes.push(`There is no colouring “${colour.slice(0, LONGEST)}”, so conflicts are shown.`);
  }
  if (wanted && !isStep) notes.push(`There is no step “${wanted.slice(0, LONGEST)}”, so the last one is shown.`);
  return { at, colour: isColourMode(colour) ? colour : "conflict", step: isStep ? wanted : LAST_STEP, mark, notes };
}

/**
 * @param {string} text
 * @returns {number[]} whole numbers; empty where one of them is none
 */
function wholeNumbers(text) {
  const parts = text.split(",");
  return parts.every((part) => /^\d+$/.test(part)) ? parts.map(Number) : [];
}

/**
 * @param {string} text
 * @param {Tensor} tensor
 * @param {string[]} notes that a misfit is added to
 * @returns {MapWindow}
 */
function readWindow(text, tensor, notes) {
  const numbers = wholeNumbers(text.split(",").slice(0, 4).join());
  if (numbers.length !== 4) {
    notes.push("The window of the link is not four whole numbers, so the whole tensor is shown.");
    return wholeOf(tensor);
  }
  const [top, left, rows, columns] = numbers, wanted = { top, left, rows, columns }, at = fitted(wanted, tensor);
  if (!sameWindow(wanted, at)) {
    notes.push(`The window of the link reaches beyond ${tensor.key}, so the nearest one inside is shown.`);
  }
  return at;
}

/**
 * @param {string} text
 * @param {Tensor} tensor
 * @param {string[]} notes that a misfit is added to
 * @returns {Spot | null}
 */
function readCell(text, tensor, notes) {
  const { shape } = tensor, index = wholeNumbers(text);
  if (index.length === shape.length && index.every((each, axis) => each < shape[axis])) {
    return spotOf(index.reduce((place, each, axis) => place * shape[axis] + each, 0), tensor);
  }
  notes.push(`${tensor.key} has no weight [${text.slice(0, LONGEST)}], so none is chosen.`);
  return null;
}
