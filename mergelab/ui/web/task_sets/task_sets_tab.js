/** @import { Page } from "../page.d.ts" */
/** @import { TaskSetView } from "../messages.d.ts" */
/** @import { Tabs } from "../frame/tabs.js" */

import { closest, fillSlots, find, findAll, make } from "../dom/elements.js";
import { redraw } from "../dom/redraw.js";
import { saveText } from "../dom/save_file.js";
import { correctionOf } from "./correction.js";
import { taskCard } from "./task_card.js";
import { aboutAll } from "./task_words.js";

const TAB = "task_sets", FILE = "task.yml", SHOWN_FOR = 1500; // milliseconds

/** The Task sets tab: a person's own task sets, what was recognised of each, and lists to correct it. */
export class TaskSetsTab {
  #page;
  #tabs;
  #tab;
  #asked = 0;

  /**
   * @param {Page} page
   * @param {Tabs} tabs
   */
  constructor(page, tabs) {
    this.#page = page;
    this.#tabs = tabs;
    this.#tab = find(page.element, `[data-tab="${TAB}"]`);
    this.#tab.addEventListener("change", (event) => this.#correct(event));
    this.#tab.addEventListener("click", (event) => this.#click(event));
    page.inbox.on("task_sets", () => this.render());
  }

  render() {
    const found = this.#page.inbox.get("task_sets");
    if (!found) return;
    fillSlots(this.#tab, "tasks-about", aboutAll(found));
    fillSlots(this.#tab, "tasks-remark", found.remark);
    find(this.#tab, ".ml-empty").hidden = found.sets.length > 0;
    find(this.#tab, ".ml-task-refused").replaceChildren(...found.problems.map((problem) => make("li", problem)));
    redraw(find(this.#tab, ".ml-task-list"), found.sets.map((shown) => taskCard(shown, found)));
    if (found.asked > this.#asked) this.#tabs.show(TAB);
    this.#asked = found.asked;
  }

  /** @param {Event} event */
  #correct(event) {
    const card = closest(event, ".ml-task"), changed = closest(event, "select")?.dataset.field;
    if (!card || !changed) return;
    const lists = findAll(card, "select", HTMLSelectElement).map(({ dataset, value }) => [dataset.field ?? "", value]);
    this.#page.requests.send("correct_task", correctionOf(Number(card.dataset.key), Object.fromEntries(lists), changed));
  }

  /** @param {Event} event */
  #click(event) {
    const button = closest(event, "button"), action = button?.dataset.task, shown = this.#of(event);
    if (!shown || !button || !action) return;
    if (action === "remove") this.#remove(shown);
    if (action === "keep") this.#page.requests.send("keep_task", { key: shown.key });
    if (action === "download") saveText(shown.text, FILE, "application/yaml");
    if (action === "copy") void copy(shown.text, button);
  }

  /**
   * Takes a task set off the list; the focus goes to the tab, because its card goes.
   * @param {TaskSetView} shown
   */
  #remove({ key }) {
    this.#page.requests.send("remove_task", { key });
    findAll(document, ".ml-tabs [aria-selected=true]")[0]?.focus();
  }

  /**
   * The task set of the card around the target of an event.
   * @param {Event} event
   */
  #of(event) {
    const key = Number(closest(event, ".ml-task")?.dataset.key);
    return this.#page.inbox.get("task_sets")?.sets.find((shown) => shown.key === key);
  }
}

/**
 * @param {string} text
 * @param {HTMLElement} button says for a moment what came of it
 */
async function copy(text, button) {
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select the text above";
  }
  setTimeout(() => (button.textContent = words), SHOWN_FOR);
}
