/** @import { Page } from "../page.d.ts" */

import { fillSlots, find, make } from "../dom/elements.js";

/** What was noticed about the models of the last merge: what was left out, renamed, rounded or taken from the base. */
export class Findings {
  #page;
  #card;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    this.#card = find(page.element, ".ml-findings");
    page.inbox.on("findings", () => this.render());
  }

  render() {
    const sentences = this.#page.inbox.get("findings") ?? [];
    this.#card.hidden = sentences.length === 0;
    fillSlots(this.#card, "count", String(sentences.length));
    find(this.#card, "ul").replaceChildren(...sentences.map((sentence) => make("li", sentence)));
  }
}
