/** @import { SweepMessage, SweepPoint } from "../messages.d.ts" */

import { make, makeButton } from "../dom/elements.js";
import { makeTable } from "../dom/table.js";
import { ranked } from "./sweep_points.js";

const LEFT = "left the race";

/**
 * The recipes that were tried, the best first.
 * @param {SweepMessage} found
 * @param {SweepPoint[]} points those that are listed
 * @returns {HTMLTableElement}
 */
export function sweepTable({ sought, columns }, points) {
  const problems = points.some(({ problem }) => problem);
  const titles = ["Point", ...sought.map((title) => `${title}, validation`), ...columns, "Examples per task", "State", ...(problems ? ["Reason"] : []), ""];
  return makeTable(titles, ranked(points).map((point) => rowOf(point, sought.length, problems)));
}

/**
 * What the marks in front of the points mean.
 * @param {SweepMessage} found
 * @returns {string}
 */
export function legendWords({ sought, state, points }) {
  const best = sought.length > 1 ? "★ on the front: no other is better in both." : `★ the best${state === "done" ? "" : " so far"}.`;
  const alike = points.some((point) => point.alike) ? " ≈ the rows do not tell it from the best." : "";
  const left = points.some((point) => point.state === LEFT) ? " A recipe that left the race was scored on fewer rows." : "";
  return `${best}${alike} Brackets: 95 % interval.${left}`;
}

/**
 * @param {SweepPoint} point
 * @param {number} objectives
 * @param {boolean} problems whether there is a column for them
 */
function rowOf({ number, texts, settings, n, state, problem, best, alike, recipe }, objectives, problems) {
  const row = make("tr"), title = make("th", `${best ? "★ " : alike ? "≈ " : ""}${number}`), last = make("td");
  title.scope = "row";
  if (recipe) {
    const button = makeButton("Open", "ml-inline");
    button.dataset.point = String(number);
    button.setAttribute("aria-label", `Open point ${number} in the Lab`);
    last.append(button);
  }
  row.dataset.number = String(number);
  row.classList.toggle("ml-sweep-best", best);
  const scores = Array.from({ length: objectives }, (_, at) => texts[at] ?? "");
  row.append(title, ...[...scores, ...settings, n ? String(n) : "", state, ...(problems ? [problem] : [])].map((cell) => make("td", cell)), last);
  return row;
}
