/** @import { ComparedScore, ComparedSetting, ScoreDifference, ScoreMessage } from "../messages.d.ts" */

import { colourDot, make } from "../dom/elements.js";
import { makeRow, makeTable } from "../dom/table.js";
import { percent, points } from "../formatting/numbers.js";

/** The tables of the Compare tab: a name, A, B, and mostly B − A. */

const POINTS = "percentage points";
const INTERVAL = "95 % interval, in points";

/**
 * The scores of both merges with their paired difference.
 * @param {ComparedScore[]} rows
 * @returns {HTMLTableElement}
 */
export function scoreComparison(rows) {
  return makeTable(["Task", "A", "B", ["B − A", `${POINTS}, on the same examples`]], rows.map(scoreRow));
}

/**
 * The settings that differ.
 * @param {ComparedSetting[]} settings
 * @returns {HTMLTableElement}
 */
export function settingComparison(settings) {
  return makeTable(["Setting", "A", "B"], settings.map(({ label, full, a, b }) => {
    const row = makeRow([label], [a, b]);
    row.cells[0].title = full;
    return row;
  }));
}

/**
 * Key numbers of both recipes.
 * @param {string[][]} rows of name, A, B, and B − A in points
 * @returns {HTMLTableElement}
 */
export function numberComparison(rows) {
  return makeTable(["Figure", "A", "B", ["B − A", POINTS]], rows.map(([name, ...cells]) => makeRow([name], cells)));
}

/** @param {ComparedScore} score */
function scoreRow({ title, full, colour, n, a, b, difference, remark }) {
  const name = make("span", title), count = make("small", `${n.toLocaleString("en")} examples`);
  name.title = full;
  const row = makeRow(colour ? [colourDot(colour), name, count] : [name, count], []);
  row.append(scoreCell(a), scoreCell(b), differenceCell(difference, remark));
  if (!colour) row.className = "ml-mean";
  return row;
}

/** @param {ScoreMessage | null} score */
function scoreCell(score) {
  const cell = make("td", score ? percent(score.value) : "–");
  if (score) cell.title = `95 % interval of this score alone: ${percent(score.low, 0)} to ${percent(score.high, 0)}`;
  return cell;
}

/**
 * @param {ScoreDifference | null} difference
 * @param {string} remark
 */
function differenceCell(difference, remark) {
  const cell = make("td", difference ? null : "–");
  if (difference) {
    const { sign, text } = points(difference.value), value = make("b", text), interval = make("small", ends(difference));
    if (difference.clear) value.dataset.sign = sign;
    interval.title = INTERVAL;
    cell.append(value, interval);
  }
  if (remark) cell.append(make("small", remark));
  return cell;
}

/**
 * The ends of an interval: `−0.4 to +3.8`.
 * @param {ScoreDifference} difference
 * @returns {string}
 */
export function ends({ low, high }) {
  return `${points(low).text} to ${points(high).text}`;
}
