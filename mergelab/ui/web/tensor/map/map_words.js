/** @import { OpenTensor } from "./map_view.js" */
/** @import { Coordinates } from "./decoding.js" */
/** @import { Spot } from "./geometry.js" */

import { percent, plain, signWords, signed, span, whole } from "../../formatting/numbers.js";
import { disagreeing } from "./decoding.js";
import { indexOf, isThere } from "./geometry.js";
import { stepPlace } from "./map_view.js";

/**
 * Which part of the tensor is on screen.
 * @param {OpenTensor} open
 * @returns {string}
 */
export function windowWords({ at, tensor }) {
  const { rows, columns, folded } = tensor;
  if (folded) {
    const lines = `${span("line", at.top, at.rows)} of ${whole(rows)}, ${whole(columns)} a line`;
    return `${lines} · ${span("place", at.left, at.columns)}`;
  }
  const across = `${span("column", at.left, at.columns)} of ${whole(columns)}`;
  return `${span("row", at.top, at.rows)} of ${whole(rows)} · ${across}`;
}

/**
 * How many coordinates on screen are in conflict.
 * @param {Coordinates | null} coords
 * @param {number} experts how many there are
 * @returns {string}
 */
export function conflictWords(coords, experts) {
  if (!coords) return "";
  const count = coords.rows * coords.columns, disagrees = disagreeing(coords, experts, coords.steps.length);
  const both = Array.from({ length: count }, (_, place) => disagrees(place)).filter(Boolean).length;
  return `${whole(both)} of ${whole(count)} coordinates are in conflict.`;
}

/**
 * The counts of the cell around a coordinate.
 * @param {OpenTensor} open
 * @param {Spot} spot
 * @returns {string}
 */
export function cellWords({ cells, tensor }, spot) {
  const { top, left, height, width, rows, columns, fields } = cells;
  const row = Math.floor((spot.row - top) / height), column = Math.floor((spot.column - left) / width);
  if (row < 0 || column < 0 || row >= rows || column >= columns) return "…";
  const at = row * columns + column, first = top + row * height, start = left + column * width;
  const rowsOf = span("row", first, Math.min(height, tensor.rows - first));
  const columnsOf = span("column", start, Math.min(width, tensor.columns - start));
  const { overlapping, conflicting, active, entries, gross, net, change } = fields;
  const disagree = overlapping[at]
    ? `${percent(conflicting[at] / overlapping[at], 0)} of ${whole(overlapping[at])} overlapping coordinates disagree`
    : "no two experts keep the same coordinate";
  const kept = `${whole(active[at])} of ${whole(entries[at])} are kept by some expert`;
  const agreement = gross[at] ? percent(net[at] / gross[at], 0) : "–";
  const mean = plain(entries[at] ? change[at] / entries[at] : 0);
  return `${rowsOf}, ${columnsOf}: ${disagree}; ${kept}; agreement ${agreement}; mean change ${mean}`;
}

/**
 * The numbers of a single coordinate at a step.
 * @param {OpenTensor} open
 * @param {Coordinates} coords
 * @param {Spot} spot
 * @param {string} stepName
 * @returns {string}
 */
export function coordinateWords(open, coords, spot, stepName) {
  const { tensor } = open, index = indexOf(spot, tensor), row = spot.row - coords.top, column = spot.column - coords.left;
  const isOutside = row < 0 || column < 0 || row >= coords.rows || column >= coords.columns;
  if (isOutside) return `[${index}] lies outside this window`;
  if (!isThere(spot, tensor)) return "Past the end of the tensor.";
  const at = row * coords.columns + column, count = coords.rows * coords.columns;
  const { steps, change, base, merged, dtype } = coords, number = stepPlace(open, stepName);
  const ended = number === steps.length, step = steps[Math.min(number, steps.length - 1)];
  const experts = tensor.experts.map(({ title }, expert) => {
    const place = expert * count + at, value = step.values[place], delta = steps[0].values[place];
    const share = step.shares ? ` (share ${percent(step.shares[place])})` : "";
    const gone = value === 0 && delta !== 0 ? ` (out; delta ${signed(delta)})` : "";
    return `${title} ${signed(value)}${share}${gone}`;
  });
  const name = ended ? "" : `${tensor.words[step.name][0]}: `;
  const elected = step.signs && `elected ${signWords(step.signs[at])}`, moved = `merged change ${signed(change[at])}`;
  const result = ended && `${moved}; base ${signed(base[at], 5)} → ${signed(merged[at], 5)} (${dtype})`;
  return [`[${index}] ${name}${experts.join(" · ")}`, elected, result].filter(Boolean).join("; ");
}
