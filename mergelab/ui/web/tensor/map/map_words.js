/** @import { OpenTensor } from "./map_view.js" */
/** @import { Coordinates } from "./decoding.js" */
/** @import { Spot } from "./geometry.js" */
/** @import { ColourMode } from "./map_colours.js" */

import { percent, plain, signWords, signed, span, whole } from "../../formatting/numbers.js";
import { shortNames } from "../../formatting/short_names.js";
import { disagreeing, isDecided } from "./decoding.js";
import { indexOf, isThere } from "./geometry.js";
import { stepPlace } from "./map_view.js";
import { fateWord, reasonWords } from "./weight_reason.js";

const LONGEST_NAME = 26;
const TRIANGLES = "Each triangle is one change: ▲ pulls up, ▼ down, larger is stronger.";

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
 * On how many weights of the window experts pull in opposite directions.
 * @param {Coordinates | null} coords
 * @param {number} experts how many there are
 * @returns {string}
 */
export function conflictWords(coords, experts) {
  if (!coords) return "";
  const count = coords.rows * coords.columns, disagrees = disagreeing(coords, experts, coords.steps.length);
  const both = Array.from({ length: count }, (_, place) => disagrees(place)).filter(Boolean).length;
  return `On ${whole(both)} of ${whole(count)} weights experts ${isDecided(coords, coords.steps.length) ? "disagreed before the vote" : "disagree"}.`;
}

/**
 * What the triangles and the shading of single weights say.
 * @param {Coordinates | null} coords
 * @param {number} until the place of the step
 * @param {ColourMode} mode
 * @returns {string}
 */
export function shadingWords(coords, until, mode) {
  const shaded = {
    conflict: coords && isDecided(coords, until) ? "experts disagreed before the vote" : "experts pull in opposite directions",
    agreement: "the less the changes cancel, the stronger",
    magnitude: "the larger the merged change, the stronger",
  };
  return `${TRIANGLES} Shaded: ${shaded[mode]}.`;
}

/**
 * The counts of the cell around a weight.
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
    ? `${whole(conflicting[at])} of the ${counted(overlapping[at])} kept by 2+ experts conflict (${percent(conflicting[at] / overlapping[at], 0)})`
    : "no two experts keep the same weight";
  const kept = `${whole(active[at])} of ${whole(entries[at])} are kept by some expert`;
  const agreement = gross[at] ? percent(net[at] / gross[at], 0) : "–";
  const mean = plain(entries[at] ? change[at] / entries[at] : 0);
  return `${rowsOf}, ${columnsOf}: ${disagree}; ${kept}; agreement ${agreement}; mean change ${mean}`;
}

/** @param {number} count of weights */
function counted(count) {
  return count === 1 ? "1 weight" : `${whole(count)} weights`;
}

/**
 * A single weight at a step: the numbers of each expert, and why the merged one is what it is.
 * @param {OpenTensor} open
 * @param {Coordinates} coords
 * @param {Spot} spot
 * @param {string} stepName
 * @returns {{ why: string, numbers: string }}
 */
export function weightWords(open, coords, spot, stepName) {
  const { tensor } = open, index = indexOf(spot, tensor), row = spot.row - coords.top, column = spot.column - coords.left;
  const isOutside = row < 0 || column < 0 || row >= coords.rows || column >= coords.columns;
  if (isOutside) return { why: "", numbers: `[${index}] lies outside this window` };
  if (!isThere(spot, tensor)) return { why: "", numbers: "Past the end of the tensor." };
  const names = shortNames(tensor.experts.map(({ title }) => title), LONGEST_NAME);
  const weight = { coords, at: row * coords.columns + column, names }, { at } = weight;
  const number = stepPlace(open, stepName), { steps, change, base, merged, dtype } = coords;
  const name = number === steps.length ? "" : `${tensor.words[steps[number].name][0]}: `;
  const experts = names.map((_, expert) => changeWords(weight, expert, number)).join(" · ");
  const isVoted = names.some((_, expert) => steps[number]?.values[expert * coords.rows * coords.columns + at]);
  const sign = isVoted && steps[number].signs && `elected ${signWords(steps[number].signs[at])}`;
  const result = number === steps.length
    && `merged change ${signed(change[at])}; base ${signed(base[at], 5)} → ${signed(merged[at], 5)} (${dtype})`;
  return { why: reasonWords(weight), numbers: [`[${index}] ${name}${experts}`, sign, result].filter(Boolean).join("; ") };
}

/**
 * An expert's change at a step; where it is lost, what it was and what became of it.
 * @param {import("./weight_reason.js").Weight} weight
 * @param {number} expert
 * @param {number} number of the step
 */
function changeWords(weight, expert, number) {
  const { coords: { steps, rows, columns }, at, names } = weight, place = expert * rows * columns + at;
  const step = steps[Math.min(number, steps.length - 1)], value = step.values[place], delta = steps[0].values[place];
  const fate = fateWord(weight, expert), isLost = fate && (number === steps.length || value === 0);
  const share = step.shares ? ` (share ${percent(step.shares[place])})` : "";
  if (delta === 0 && value === 0) return `${names[expert]} unchanged${share}`;
  return isLost ? `${names[expert]} ${signed(delta)} ${fate}` : `${names[expert]} ${signed(value)}${share}`;
}
