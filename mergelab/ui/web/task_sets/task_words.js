/** @import { TaskSets, TaskSetView } from "../messages.d.ts" */

const PROBE = "probe";

/**
 * How many task sets there are, and how many of them can be scored.
 * @param {TaskSets} found
 * @returns {string}
 */
export function aboutAll({ sets }) {
  const wrong = sets.filter(({ problems }) => problems.length).length;
  if (!sets.length) return "";
  return `${counted(sets.length, "task set")}, ${wrong ? `${wrong} with problems` : "no problems"}`;
}

/**
 * Whether a task set has problems or is in use, in a few words.
 * @param {TaskSetView} shown
 * @returns {string}
 */
export function stateOf({ problems, more, used }) {
  if (problems.length) return counted(problems.length + more, "problem");
  return used ? "in use" : "not used yet";
}

/**
 * What the state means, and what to do next.
 * @param {TaskSetView} shown
 * @returns {string}
 */
export function nextStep({ problems, used, corrected, columns }) {
  if (problems.length && !columns.length) return "Nothing is scored with it. Choose what it is here, or correct the file and give it again.";
  if (problems.length) return "Nothing is scored with it. Choose other columns or another model here, or correct the file and give it again.";
  if (used) return "The models under “Your own models” are loaded with it.";
  const change = corrected ? "with what you chose" : "on it";
  return `Press “Use these models” under “Your own models” to score ${change}.`;
}

/**
 * Who may answer a task set, as entries of a list: who does if nobody is chosen, the models, and a probe if the kind has one.
 * @param {TaskSetView} shown
 * @param {Record<string, string>} heads titles of the models by reference
 * @returns {[value: string, title: string][]}
 */
export function answerers({ head, answers, has_probe }, heads) {
  const known = { ...heads, ...(has_probe ? { [PROBE]: "a linear probe on the base" } : {}) };
  return [["", answers], ...Object.entries(head && !(head in known) ? { [head]: head, ...known } : known)];
}

/**
 * Where a task set is from, and how long it is kept.
 * @param {TaskSetView} shown
 * @returns {string}
 */
export function whence({ title, origin, uploaded, kept }) {
  const named = origin === title ? "" : `${origin}. `;
  if (kept) return `${named}Uploaded, and kept in the models folder: from now on, name it by ${kept}.`;
  if (uploaded) return `${named}Uploaded: it is kept until this page is closed or reloaded, and no link includes it.`;
  return named && origin;
}

/**
 * @param {number} number
 * @param {string} noun
 * @returns {string}
 */
export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
