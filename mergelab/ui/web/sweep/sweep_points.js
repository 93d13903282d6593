/** @import { SweepMessage, SweepPoint } from "../messages.d.ts" */

import { typedNumbers, withDecimalPoints } from "./decimal_commas.js";

const MOST = 20; // a larger grid is not tried as a whole unless it is asked for

/**
 * The points from the best to the worst: those that saw all rows first, then those that left the race, then refused ones.
 * @param {SweepPoint[]} points
 * @returns {SweepPoint[]}
 */
export function ranked(points) {
  return [...points].sort((one, other) => other.n - one.n || (other.value ?? -Infinity) - (one.value ?? -Infinity) || one.number - other.number);
}

/**
 * How many values a text names: `FROM:TO:STEP`, or numbers or names with commas between; infinitely many for `FROM:TO` and `FROM:TO:log`. NaN if
 * it cannot be read.
 * @param {string} text
 * @returns {number}
 */
export function countOf(text) {
  const isRange = text.includes(":") && !text.startsWith("["), numbers = isRange ? null : typedNumbers(text);
  if (numbers === "ambiguous") return NaN;
  if (numbers && (numbers.length > 1 || text.startsWith("["))) return numbers.length;
  if (!isRange && (text.startsWith("[") || text.includes(","))) return text.replace(/[[\]]/g, "").split(",").filter((each) => each.trim()).length;
  const parts = withDecimalPoints(text).split(":").map((each) => each.trim()), isLog = parts.at(-1) === "log", ends = (isLog ? parts.slice(0, -1) : parts).map(Number);
  const [low, high, step] = ends;
  if (ends.length < 2 || ends.length > 3 || ends.some(Number.isNaN) || parts.includes("") || high <= low || (isLog && (low <= 0 || ends.length === 3))) return NaN;
  if (step === undefined) return Infinity;
  return step > 0 ? Math.floor((high - low) / step + 1e-9) + 1 : NaN;
}

/**
 * What the form says about its size.
 * @param {number} settings that vary
 * @param {number} count of recipes in the grid
 * @param {number} most recipes that are to be tried; 0 for as many as are usual
 * @param {string} [ambiguous] values that may be read in two ways
 * @returns {string}
 */
export function sizeWords(settings, count, most = 0, ambiguous = "") {
  if (!settings) return "Tick at least one setting.";
  if (ambiguous) return `The comma in ${ambiguous} may belong to one number or separate two: write ${ambiguous.replace(/(\d),(?=\d)/g, "$1.")} with a point, or a space after a comma that separates.`;
  if (Number.isNaN(count)) return "Write values as from:to:step, as from:to:log, or as a list of at least two: 0.1, 0.35.";
  if (!count) return "Choose at least one value of each ticked setting.";
  const tried = `tries ${most || MOST}`, unless = most ? "" : " unless you choose otherwise";
  if (count === Infinity) return `A range without steps: a sampler ${tried} recipes${unless}.`;
  const grid = `${count.toLocaleString("en")} ${count === 1 ? "recipe" : "recipes"} in the grid`;
  return count > (most || MOST) ? `${grid}: a sampler ${tried} of them${unless}.` : `${grid}.`;
}

/**
 * What the chip beside the title says.
 * @param {SweepMessage} found
 * @returns {string}
 */
export function stateWords({ state, points }) {
  const tried = `${points.length} ${points.length === 1 ? "recipe" : "recipes"}`;
  return state === "none" ? "" : `${state}, ${tried}`;
}

/**
 * What is said above the table.
 * @param {number} shown
 * @param {number} all
 * @param {string} brush what the brush keeps; empty text for no brush
 * @returns {string}
 */
export function shownWords(shown, all, brush) {
  if (shown === all) return "";
  return `${shown} of ${all} recipes are listed${brush ? `: ${brush}` : ""}.`;
}

/**
 * What was found, or how to go on.
 * @param {SweepMessage} found
 * @returns {string}
 */
export function summaryWords({ state, summary, points }) {
  const isScored = points.some(({ texts }) => texts.length);
  if (state === "running") return isScored ? "" : "No recipe is scored yet: first they are merged.";
  if (state !== "cancelled" && state !== "failed" && state !== "interrupted") return summary;
  const how = { cancelled: "Cancelled", failed: "Failed", interrupted: "Interrupted" }[state], known = isScored ? `${how}.` : `${how} before any recipe was scored.`;
  return `${known} Start it with the same settings to go on: no row is asked twice.`;
}
