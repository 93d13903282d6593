/** @import { Page } from "../page.d.ts" */
/** @import { StoryMessage } from "../messages.d.ts" */
/** @import { Tabs } from "../frame/tabs.js" */
/** @import { Scene } from "./undo_history.js" */
/** @import { Undo } from "./undo.js" */

import { actionOf, find, make } from "../dom/elements.js";
import { clearView, isPhone } from "../sidebar/drawer.js";
import { openScene } from "./scene.js";

/**
 * A story: what to notice in the state that it has set, and what to try next. It stays until somebody closes it,
 * chooses another start, or undoes it.
 */
export class StoryBox {
  #page;
  #tabs;
  #undo;
  #box;
  /** @type {StoryMessage | null} */
  #active = null;
  #holds = false;

  /**
   * @param {Page} page
   * @param {Tabs} tabs
   * @param {Undo} undo
   */
  constructor(page, tabs, undo) {
    this.#page = page;
    this.#tabs = tabs;
    this.#undo = undo;
    this.#box = find(page.element, ".ml-story");
    page.inbox.on("story", () => this.#render());
    page.inbox.on("link", () => {
      this.#hold(false);
      this.#followSteps();
    });
    this.#box.addEventListener("click", (event) => {
      const action = actionOf(event);
      if (action === "close-story") this.close();
      if (action === "story-chart") this.#showChart();
    });
  }

  get open() {
    return !this.#box.hidden;
  }

  close() {
    this.#hold(false);
    this.#show(false);
    this.#active = null;
  }

  #render() {
    const story = this.#page.inbox.takeNew("story");
    if (story === undefined) return;
    this.close();
    if (!story) return;
    this.#active = story;
    const { key, turn, tab, at, pins } = story;
    this.#undo.coming = { key, turn, before: this.#sceneBefore(story), after: { tab, at, pins } };
    this.#hold(this.#page.inbox.get("link")?.key !== key); // until the story's recipe is there: the scene belongs to it
    openScene(this.#tabs, this.#page.address, story);
    find(this.#box, "strong").textContent = story.title;
    find(this.#box, "ol").replaceChildren(...story.sentences.map((sentence) => make("li", sentence)));
    this.#show(true);
    if (isPhone()) clearView();
    this.#box.scrollIntoView({ block: "nearest" });
  }

  /**
   * @param {StoryMessage} story
   * @returns {Scene}
   */
  #sceneBefore({ key, pinned }) {
    const { coming } = this.#undo;
    if (coming?.key === key) return coming.before; // Gradio's lists report one choice twice
    return { tab: this.#tabs.open, at: this.#page.address.get("at"), pins: pinned };
  }

  /** Hides the story where undo went back to before it. What is tried out after it still belongs to it. */
  #followSteps() {
    const { steps, at } = this.#undo.history, turn = this.#active?.turn;
    const place = this.#active ? steps.findIndex(({ scenes }) => scenes?.turn === turn) : -1;
    if (place >= 0) this.#show(at >= place);
  }

  /**
   * Leaves the address as it is for a while.
   * @param {boolean} held
   */
  #hold(held) {
    if (held !== this.#holds) this.#page.address.hold(held);
    this.#holds = held;
  }

  #showChart() {
    if (!this.#active) return;
    this.#tabs.show(this.#active.tab);
    this.#card()?.scrollIntoView({ block: "center", behavior: "smooth" });
  }

  /** @param {boolean} shown */
  #show(shown) {
    this.#box.hidden = !shown;
    this.#card()?.classList.toggle("ml-told", shown);
  }

  /** The chart or table that the story marks. */
  #card() {
    const name = this.#active?.chart;
    return name ? this.#page.element.querySelector(`[data-chart="${name}"], [data-table="${name}"]`) : null;
  }
}
