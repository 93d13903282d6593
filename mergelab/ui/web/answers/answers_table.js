/** @import { AnsweredExample, AnswersMessage, GivenAnswer } from "../messages.d.ts" */

import { make, makeButton } from "../dom/elements.js";
import { makeTable } from "../dom/table.js";
import { shortNames } from "../formatting/short_names.js";

/** @type {[string, string]} */
const OWN = ["Expert", "trained for this task"];
const LONG = 240; // characters from which a text is cut until it is clicked

/**
 * The table of examples with their answers.
 * @param {Pick<AnswersMessage, "rows" | "experts" | "own">} found
 * @returns {HTMLTableElement}
 */
export function answersTable({ rows, experts, own }) {
  return makeTable(columns(experts, own, rows.some(({ place }) => place)), rows.map((row) => tableRow(row, own)));
}

/**
 * The titles of the columns: experts that are not the task's own stand under their names, shortened to fit in a column.
 * @param {readonly string[]} experts
 * @param {boolean} own whether the task has an expert of its own
 * @param {boolean} [placed] whether the examples have a file and a line
 * @returns {(string | [text: string, title: string])[]}
 */
export function columns(experts, own, placed = false) {
  return [
    placed ? "File and line" : ["No.", "place in the task set, from 1"],
    "Example",
    ["Right", "the right answer"],
    ["Base", "before fine-tuning"],
    ...(own ? [OWN] : []),
    ...shortNames([...experts]).map((name, place) => name === experts[place] ? name : /** @type {[string, string]} */ ([name, experts[place]])),
    ["Merged", "this recipe"],
  ];
}

/**
 * @param {AnsweredExample} example
 * @param {boolean} hasOwn
 */
function tableRow({ number, place, text, picture, wanted, base, own, experts, merged }, hasOwn) {
  const row = make("tr"), first = make("th", place.replace(/ (?=\d+$)/, "\u00a0") || number.toLocaleString("en")); // "line 15" stays together
  first.scope = "row";
  if (place) first.className = "ml-place";
  const answers = [base, ...(hasOwn ? [own] : []), ...experts, merged];
  row.append(first, asked(text, picture, number), make("td", wanted), ...answers.map(given));
  return row;
}

/**
 * @param {string} text
 * @param {string} picture
 * @param {number} number
 */
function asked(text, picture, number) {
  const cell = make("td");
  if (picture) {
    const image = make("img");
    image.src = picture;
    image.alt = `example ${number}`;
    cell.append(image);
  } else cell.append(text.length > LONG ? longText(text) : text);
  return cell;
}

/**
 * A text that shows its beginning until it is clicked.
 * @param {string} text
 */
function longText(text) {
  const button = makeButton(text, "ml-long");
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true"));
  });
  return button;
}

/** @param {GivenAnswer | null} answer */
function given(answer) {
  const cell = make("td", answer ? answer.text || "(nothing)" : "–");
  if (answer && answer.right !== null) cell.dataset.right = String(answer.right);
  return cell;
}
