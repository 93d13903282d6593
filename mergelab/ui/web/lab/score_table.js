/** @import { Pending, ScoreDifference, ScoreMessage, ScoreRow } from "../messages.d.ts" */

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
function tableRow({ place, colour, title, base, own, merged, to_own: difference, paired_own: paired, n, pending }) {
  const row = make("tr"), name = make("th");
  if (place === null) row.className = "ml-mean";
  name.scope = "row";
  if (colour) name.append(colourDot(colour));
  name.append(title);
  const score = pending ? make("td", PENDING[pending], "ml-pending") : cell(merged, difference, paired);
  row.append(name, cell(base), cell(own), score, make("td", n ? n.toLocaleString("en") : "–"));
  return row;
}

/**
 * @param {ScoreMessage | null} score
 * @param {number | null} [difference] from the task's own expert
 * @param {ScoreDifference | null} [paired] the same, on the same examples, with its interval
 */
function cell(score, difference = null, paired = null) {
  if (!score) return make("td", "–");
  const made = make("td"), interval = make("small", `${wholePercent(score.low)}–${wholePercent(score.high)}`);
  made.append(make("b", percent(score.value)));
  if (difference !== null) {
    const { sign, text } = points(difference), delta = make("em", text);
    delta.dataset.sign = paired && !paired.clear ? "" : sign;
    delta.title = `points against the task's own expert${paired ? pairedWords(paired) : ""}`;
    made.append(delta);
  }
  interval.title = "95 % interval, percent";
  made.append(interval);
  return made;
}

/** @param {ScoreDifference} paired */
function pairedWords({ low, high, clear }) {
  const ends = `${points(low).text} to ${points(high).text}`;
  return `: ${ends} on the same examples (95 %)${clear ? "" : ", no clear difference"}`;
}

/** @param {number} share */
function wholePercent(share) {
  return Math.round(100 * share);
}
