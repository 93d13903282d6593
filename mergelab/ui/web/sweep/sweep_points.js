/** @import { SweepMessage, SweepPoint } from "../messages.d.ts" */

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
 * How many values a text names: `FROM:TO:STEP`, or names with commas between. NaN if it cannot be read.
 * @param {string} text
 * @returns {number}
 */
export function countOf(text) {
  if (text.includes(",")) return text.split(",").filter((each) => each.trim()).length;
  const ends = text.split(":").map(Number), [low, high, step] = ends;
  if (ends.length !== 3 || ends.some(Number.isNaN) || step <= 0 || high < low) return NaN;
  return Math.floor((high - low) / step + 1e-9) + 1;
}

/**
 * What the form says about its size.
 * @param {string[]} texts the values of the ticked settings
 * @returns {string}
 */
export function sizeWords(texts) {
  if (!texts.length) return "Tick at least one setting.";
  const count = texts.reduce((product, text) => product * countOf(text), 1);
  if (Number.isNaN(count)) return "Write values as FROM:TO:STEP, or with commas between.";
  const grid = `${count} ${count === 1 ? "recipe" : "recipes"} in the grid`;
  return count > MOST ? `${grid}: a sampler tries ${MOST} of them unless you choose otherwise.` : `${grid}.`;
}

/**
 * What the chip beside the title says.
 * @param {SweepMessage} found
 * @returns {string}
 */
export function stateWords({ state, points }) {
  const tried = `${points.length} ${points.length === 1 ? "recipe" : "recipes"}`;
  return { none: "", running: `running, ${tried}`, done: `done, ${tried}`, stopped: `stopped, ${tried}` }[state];
}
