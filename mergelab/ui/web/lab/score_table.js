/** @import { ExpertScore, Pending, ScoreDifference, ScoreMessage, ScoreRow, Verdict } from "../messages.d.ts" */

import { colourDot, make } from "../dom/elements.js";
import { makeTable } from "../dom/table.js";
import { explain } from "../help/explained.js";

/** @type {[string, string][]} */
const COLUMNS = [
  ["Task", ""],
  ["Base", "before fine-tuning"],
  ["Expert", "trained for this task"],
  ["Merged", "this recipe"],
  ["n", "rows"],
];

/** @type {Verdict} */
const OPEN = "unclear";
/** @type {Record<Pending, string>} what stands in place of a score that is not there */
const PENDING = { scoring: "scoring …", waiting: "waiting", stopped: "not scored" };

/**
 * The table of a split's scores. Experts that answer a task without being its own stand below it, each with what the merged
 * model has over it.
 * @param {readonly ScoreRow[]} rows
 * @returns {HTMLTableElement}
 */
export function scoreTable(rows) {
  return makeTable(COLUMNS, rows.flatMap((row) => [tableRow(row), ...row.experts.map(expertRow)]));
}

/** @param {ScoreRow} given */
function tableRow(given) {
  const { title, scale, colour, base, own, n, pending } = given, row = make("tr"), name = make("th");
  if (given.is_mean) row.className = "ml-mean";
  name.scope = "row";
  if (colour) name.append(colourDot(colour));
  name.append(title);
  if (scale) name.append(make("small", scale));
  const score = pending ? make("td", PENDING[pending], "ml-pending") : mergedCell(given);
  row.append(name, cell(base), cell(own), score, make("td", n ? n.toLocaleString("en") : "–"));
  return row;
}

/** @param {ExpertScore} expert */
function expertRow({ title, colour, score, difference }) {
  const row = make("tr", null, "ml-expert"), name = make("th"), gap = make("td");
  name.scope = "row";
  name.append(colourDot(colour), title);
  if (difference) gap.append(delta(difference, `merged against ${title}`), make("small", difference.words));
  row.append(name, make("td"), cell(score), gap, make("td"));
  return row;
}

/**
 * The merged model's score with its difference from the task's expert. On a scale that not everybody knows, a word says whether
 * that is better, and the difference from the base stands where there is no expert.
 * @param {ScoreRow} row
 */
function mergedCell({ merged, scale, to_own_text: text, paired_own: own, paired_base: base }) {
  const made = cell(merged), paired = own ?? (scale ? base : null);
  const over = paired ? delta(paired, own ? "against the task’s own expert" : "against the base") : make("em", text);
  if (paired && scale && toneOf(paired)) over.append(` ${paired.verdict}`);
  if (!paired && !scale) over.dataset.sign = text.charAt(0);
  if (merged && over.textContent) made.insertBefore(over, made.querySelector("small"));
  return made;
}

/**
 * A score with its interval.
 * @param {ScoreMessage | null} score
 */
function cell(score) {
  if (!score) return make("td", "–");
  const made = make("td"), interval = make("small", score.ends);
  made.append(make("b", score.text), interval);
  interval.title = "95 % interval";
  return made;
}

/**
 * A paired difference, which is explained where it stands. Its colour says better or worse, whichever way the metric runs.
 * @param {ScoreDifference} paired
 * @param {string} against
 */
function delta(paired, against) {
  const made = make("em", paired.text);
  made.dataset.sign = toneOf(paired);
  explain(made, paired.text, meaningOf(paired, against));
  if (paired.verdict !== OPEN) return made;
  const mark = make("i", " ≈");
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", "not separable");
  made.append(mark);
  return made;
}

/**
 * What a paired difference means: its interval, and whether the examples tell the two models apart.
 * @param {Pick<ScoreDifference, "ends" | "words">} paired
 * @param {string} against
 * @returns {string}
 */
export function meaningOf({ ends, words }, against) {
  return `${ends} ${against}, on the same examples (95 % interval): ${words}`;
}

/**
 * `+` for better, `−` for worse, empty text for neither.
 * @param {Pick<ScoreDifference, "verdict">} difference
 * @returns {string}
 */
export function toneOf({ verdict }) {
  return verdict === "better" ? "+" : verdict === "worse" ? "−" : "";
}
