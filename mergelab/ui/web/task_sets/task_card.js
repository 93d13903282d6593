/** @import { TaskSets, TaskSetView } from "../messages.d.ts" */

import { make, makeButton } from "../dom/elements.js";
import { makeRow, makeTable } from "../dom/table.js";
import { columnField, HEAD, KIND } from "./correction.js";
import { answerers, counted, nextStep, stateOf, whence } from "./task_words.js";

const NOT_CLEAR = "choose what it is";
const NO_COLUMN = "choose a column", NONE = "none";

/**
 * One task set: what was recognised, lists to correct it, its rows as the model will see them, and what is wrong.
 * @param {TaskSetView} shown
 * @param {TaskSets} all
 * @returns {HTMLElement}
 */
export function taskCard(shown, all) {
  const card = make("section", null, "ml-card ml-task"), title = make("h2", shown.title);
  title.id = `ml-task-${shown.key}`;
  card.dataset.key = String(shown.key);
  card.setAttribute("aria-labelledby", title.id);
  const from = whence(shown);
  card.append(heading(title, shown, all), ...(from ? [make("p", from, "ml-small")] : []));
  card.append(...problemList(shown), make("p", nextStep(shown), "ml-notice"));
  card.append(...choices(shown, all), ...facts(shown), ...rowTable(shown), ...noteList(shown), ...fileText(shown));
  return card;
}

/**
 * @param {HTMLElement} title
 * @param {TaskSetView} shown
 * @param {TaskSets} all
 */
function heading(title, shown, { keeps }) {
  const head = make("div", null, "ml-head"), state = make("span", stateOf(shown), "ml-chip"), tools = make("span", null, "ml-task-actions");
  state.dataset.state = shown.problems.length ? "problems" : shown.used ? "used" : "unused";
  if (keeps && shown.uploaded && !shown.kept && shown.text) tools.append(action("keep", "Keep in the models folder", shown.title));
  tools.append(action("remove", "Remove", shown.title));
  head.append(title, state, tools);
  return head;
}

/**
 * A button whose name says which task set it is about.
 * @param {string} act
 * @param {string} words
 * @param {string} about
 */
function action(act, words, about) {
  const button = makeButton(words);
  button.dataset.task = act;
  button.setAttribute("aria-label", `${words}: ${about}`);
  return button;
}

/** @param {TaskSetView} shown */
function problemList({ problems, more }) {
  if (!problems.length) return [];
  const list = make("ul", null, "ml-task-problems");
  list.append(...problems.map((problem) => make("li", problem)));
  if (more) list.append(make("li", `and ${counted(more, "more problem")}`));
  return [list];
}

/**
 * @param {TaskSetView} shown
 * @param {TaskSets} all
 */
function choices(shown, { kinds, heads }) {
  const { title, kind, columns, table, head } = shown;
  if (!table.length) return [];
  const box = make("div", null, "ml-task-choices");
  box.append(field("Kind", KIND, [...(kind ? [] : [entry("", NOT_CLEAR)]), ...Object.entries(kinds)], kind, title));
  for (const { name, help, required, chosen } of columns) {
    const none = chosen ? [] : [entry("", required ? NO_COLUMN : NONE)];
    const listed = table.includes(chosen) || !chosen ? table : [chosen, ...table];
    box.append(field(`${name}: ${help}`, columnField(name), [...none, ...listed.map((each) => entry(each, each))], chosen, title));
  }
  box.append(field("Answered by", HEAD, answerers(shown, heads), head, title));
  return [box];
}

/**
 * @param {string} value
 * @param {string} title
 * @returns {[string, string]}
 */
function entry(value, title) {
  return [value, title];
}

/**
 * A list with its name.
 * @param {string} words
 * @param {string} name
 * @param {[value: string, title: string][]} entries
 * @param {string} chosen
 * @param {string} about
 */
function field(words, name, entries, chosen, about) {
  const label = make("label", words), list = make("select");
  list.dataset.field = name;
  list.setAttribute("aria-label", `${words} (${about})`);
  list.append(...entries.map(([value, title]) => {
    const option = make("option", title);
    option.value = value;
    return option;
  }));
  list.value = chosen;
  label.append(list);
  return label;
}

/** @param {TaskSetView} shown */
function facts({ labels, splits }) {
  if (!splits.length) return [];
  const words = labels.length ? [make("p", `Labels: ${labels.join(", ")}`, "ml-small")] : [];
  const cells = splits.map(({ split, rows, classes }) => makeRow([split], [rows.toLocaleString("en"), ...(labels.length ? [classes] : [])]));
  return [...words, boxed("ml-task-splits", makeTable(["Split", "Rows", ...(labels.length ? ["Of each label"] : [])], cells))];
}

/** @param {TaskSetView} shown */
function rowTable({ rows, split, labels }) {
  if (!rows.length) return [];
  const answered = rows.some(({ answer }) => answer);
  const caption = make("h3", `The first ${rows.length === 1 ? "row" : `${rows.length} rows`} of ${split}, as the model will see them`);
  const cells = rows.map(({ place, asked, answer }) => makeRow([place], [asked, ...(answered ? [answer] : [])]));
  const titles = ["File and line", "What is asked", ...(answered ? [labels.length ? "Right label" : "Right answer"] : [])];
  return [caption, boxed("ml-task-rows", makeTable(titles, cells))];
}

/** @param {TaskSetView} shown */
function noteList({ notes }) {
  if (!notes.length) return [];
  const list = make("ul", null, "ml-task-notes");
  list.append(...notes.map((note) => make("li", note)));
  return [list];
}

/** @param {TaskSetView} shown */
function fileText({ text, title }) {
  if (!text) return [];
  const box = make("details", null, "ml-task-file"), buttons = make("div");
  buttons.append(action("copy", "Copy", `task.yml of ${title}`), action("download", "Download", `task.yml of ${title}`));
  box.append(make("summary", "task.yml: with it beside the file, the command line gives the same numbers"), make("pre", text), buttons);
  return [box];
}

/**
 * @param {string} name
 * @param {HTMLTableElement} table
 */
function boxed(name, table) {
  const box = make("div", null, `ml-task-table ${name}`);
  box.append(table);
  return box;
}
