/** @import { Pending, ScoreMessage, ScoreRow } from "../messages.d.ts" */

import { colourDot, make } from "../dom/elements.js";
import { makeTable } from "../dom/table.js";
import { percent, points } from "../formatting/numbers.js";

/** @type {[string, string][]} */
const COLUMNS = [
  ["Task", ""],
  ["Base", "before fine-tuning"],
  ["Expert", "trained for this task"],
  ["Merged", "this recipe"],
  ["n", "rows"],
];

/** @type {Record<Pending, string>} what stands in place of a score that is not there */
const PENDING = { scoring: "scoring …", waiting: "waiting", stopped: "not scored" };

/**
 * The table of a split's scores.
 * @param {ScoreRow[]} rows
 * @returns {HTMLTableElement}
 */
export function scoreTable(rows) {
  return makeTable(COLUMNS, rows.map(tableRow));
}

/** @param {ScoreRow} row */
function tableRow({ place, colour, title, base, own, merged, to_own: difference, n, pending }) {
  const row = make("tr"), name = make("th");
  if (place === null) row.className = "ml-mean";
  name.scope = "row";
  if (colour) name.append(colourDot(colour));
  name.append(title);
  const score = pending ? make("td", PENDING[pending], "ml-pending") : cell(merged, difference);
  row.append(name, cell(base), cell(own), score, make("td", n ? n.toLocaleString("en") : "–"));
  return row;
}

/**
 * @param {ScoreMessage | null} score
 * @param {number | null} [difference] from the task's own expert
 */
function cell(score, difference = null) {
  if (!score) return make("td", "–");
  const made = make("td"), interval = make("small", `${wholePercent(score.low)}–${wholePercent(score.high)}`);
  made.append(make("b", percent(score.value)));
  if (difference !== null) {
    const { sign, text } = points(difference), delta = make("em", text);
    delta.dataset.sign = sign;
    delta.title = "points against the task's own expert";
    made.append(delta);
  }
  interval.title = "95 % interval, percent";
  made.append(interval);
  return made;
}

/** @param {number} share */
function wholePercent(share) {
  return Math.round(100 * share);
}
