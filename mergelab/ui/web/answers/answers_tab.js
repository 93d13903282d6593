/** @import { Page } from "../page.d.ts" */
/** @import { AnswersMessage, AnswersRequest } from "../messages.d.ts" */
/** @import { Tabs } from "../frame/tabs.js" */

import { closest, fillList, fillSlots, find } from "../dom/elements.js";
import { redraw } from "../dom/redraw.js";
import { saveCsv } from "../dom/save_file.js";
import { answersTable } from "./answers_table.js";

const TAB = "answers";

/** The Answers tab: a task's examples with what each model said, page by page. */
export class AnswersTab {
  /** @type {AnswersRequest} what is asked for */
  #asked = { task: "", filter: "all", page: 0, split: "validation" };
  #page;
  #tabs;
  #tab;

  /**
   * @param {Page} page
   * @param {Tabs} tabs
   */
  constructor(page, tabs) {
    this.#page = page;
    this.#tabs = tabs;
    this.#tab = find(page.element, `[data-tab="${TAB}"]`);
    this.#tab.addEventListener("change", ({ target }) => this.#choose(target));
    this.#tab.addEventListener("click", (event) => this.#click(closest(event, "button")?.dataset.answers));
    tabs.onOpen(TAB, () => this.#ask({}));
    for (const part of /** @type {const} */ (["scores", "test", "link"])) page.inbox.on(part, () => this.#follow());
    page.inbox.on("answers", () => this.render());
    page.inbox.on("answers_csv", () => this.#save());
  }

  render() {
    const found = this.#page.inbox.get("answers");
    if (!found) return;
    this.#asked = { ...this.#asked, task: found.task || this.#asked.task, filter: found.filter, page: found.page };
    fillSlots(this.#tab, "answers-about", found.about);
    fillSlots(this.#tab, "answers-empty", found.empty);
    find(this.#tab, ".ml-choices").hidden = !found.task;
    fillList(this.#list("task"), Object.entries(found.tasks), found.task);
    fillList(this.#list("filter"), Object.entries(found.filters).map(filterEntry), found.filter);
    redraw(find(this.#tab, ".ml-table"), found.rows.length ? [answersTable(found)] : []);
    this.#renderPages(found);
    this.#renderConfusion(found);
  }

  /** @param {AnswersMessage} found */
  #renderPages({ page, pages }) {
    find(this.#tab, ".ml-pages").hidden = pages < 2;
    fillSlots(this.#tab, "answers-page", `Page ${page + 1} of ${pages}`);
    find(this.#tab, '[data-answers="back"]', HTMLButtonElement).disabled = page === 0;
    find(this.#tab, '[data-answers="next"]', HTMLButtonElement).disabled = page + 1 >= pages;
  }

  /** @param {AnswersMessage} found */
  #renderConfusion({ confusion, confusion_summary: summary }) {
    const card = this.#page.board.card("confusion");
    card.hidden = !confusion;
    fillSlots(card, "summary", summary);
    if (confusion) void this.#page.board.draw("confusion", confusion);
  }

  /** New scores, or another recipe: its answers are asked for while the tab is open. */
  #follow() {
    if (this.#tabs.open === TAB) this.#ask({});
  }

  /** @param {Partial<AnswersRequest>} change */
  #ask(change) {
    this.#asked = { ...this.#asked, ...change };
    this.#page.requests.send("answers", this.#asked);
  }

  /** @param {EventTarget | null} target */
  #choose(target) {
    if (!(target instanceof HTMLSelectElement)) return;
    const { value, dataset: { answers: what } } = target;
    if (what === "task" || what === "filter") this.#ask({ [what]: value, page: 0 });
    if (what === "split" && (value === "validation" || value === "test")) this.#ask({ split: value, page: 0 });
  }

  /** @param {string | undefined} action */
  #click(action) {
    if (action === "back") this.#ask({ page: this.#asked.page - 1 });
    if (action === "next") this.#ask({ page: this.#asked.page + 1 });
    if (action === "export") this.#page.requests.send("export_answers", this.#asked);
  }

  #save() {
    const text = this.#page.inbox.takeNew("answers_csv");
    if (text) saveCsv(text, `${this.#asked.task}-${this.#asked.split}-answers.csv`);
  }

  /** @param {string} name */
  #list(name) {
    return find(this.#tab, `[data-answers="${name}"]`, HTMLSelectElement);
  }
}

/**
 * @param {[name: string, filter: AnswersMessage["filters"][string]]} entry
 * @returns {[value: string, title: string]}
 */
function filterEntry([name, { title, count }]) {
  return [name, `${title} (${count.toLocaleString("en")})`];
}
