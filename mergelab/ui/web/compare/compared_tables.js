/** @import { ComparedScore, ComparedSetting, ScoreDifference, ScoreMessage } from "../messages.d.ts" */

import { colourDot, make } from "../dom/elements.js";
import { makeRow, makeTable } from "../dom/table.js";
import { toneOf } from "../lab/score_table.js";

/** The tables of the Compare tab: a name, A, B, and mostly B − A. */

const POINTS = "percentage points";
const INTERVAL = "95 % interval";

/**
 * The scores of both merges with their paired difference.
 * @param {ComparedScore[]} rows
 * @returns {HTMLTableElement}
 */
export function scoreComparison(rows) {
  return makeTable(["Task", "A", "B", ["B − A", "on the same examples; of shares in percentage points"]], rows.map(scoreRow));
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
function scoreRow({ title, full, colour, is_mean: isMean, n, scale, a, b, difference, remark }) {
  const name = make("span", title), count = make("small", `${n.toLocaleString("en")} examples${scale ? `, ${scale}` : ""}`);
  name.title = full;
  const row = makeRow(colour ? [colourDot(colour), name, count] : [name, count], []);
  row.append(scoreCell(a), scoreCell(b), differenceCell(difference, remark));
  if (isMean) row.className = "ml-mean";
  return row;
}

/** @param {ScoreMessage | null} score */
function scoreCell(score) {
  const cell = make("td", score ? score.text : "–");
  if (score) cell.title = `95 % interval of this score alone: ${score.ends}`;
  return cell;
}

/**
 * @param {ScoreDifference | null} difference
 * @param {string} remark
 */
function differenceCell(difference, remark) {
  const cell = make("td", difference ? null : "–");
  if (difference) {
    const value = make("b", difference.text), interval = make("small", difference.ends), tone = toneOf(difference);
    if (tone) value.dataset.sign = tone;
    interval.title = INTERVAL;
    cell.append(value, interval);
  }
  if (remark) cell.append(make("small", remark));
  return cell;
}
