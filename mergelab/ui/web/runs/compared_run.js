/** @import { ComparedRun, ComparedTask } from "../messages.d.ts" */

import { make } from "../dom/elements.js";
import { makeRow, makeTable } from "../dom/table.js";

/**
 * A run beside the one that it is compared with: what differs, and what the same rows tell of the scores.
 * @param {number} first the number of the other one
 * @param {ComparedRun} other
 * @returns {HTMLElement}
 */
export function comparedRun(first, { number, name, settings, tasks }) {
  const made = make("section"), runs = [`Run ${first}`, `Run ${number}`];
  made.append(make("h3", `Run ${number} · ${name}`));
  if (settings.length) made.append(framed(makeTable(["Setting", ...runs], settings.map(([title, ...values]) => makeRow([title], values)))));
  else made.append(make("p", "The same recipe.", "ml-small"));
  if (tasks.length) made.append(framed(makeTable(["Task", ...runs, "Difference on the same rows"], tasks.map(taskRow))));
  else made.append(make("p", "They have no task in common that both scored on one split.", "ml-small"));
  return made;
}

/** @param {ComparedTask} task */
function taskRow({ title, one, other, difference }) {
  return makeRow([title], [one, other, difference ? `${difference.text} (${difference.ends}): ${difference.words}` : "not paired: other rows"]);
}

/** @param {HTMLTableElement} table */
function framed(table) {
  const made = make("div", null, "ml-table");
  made.append(table);
  return made;
}
