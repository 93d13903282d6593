/** @import { Page } from "../page.d.ts" */
/** @import { Tour } from "./tour.js" */

import { actionOf, find, make, makeButton } from "../dom/elements.js";

const KEY = "mergelab.welcomed";

/** The first steps: the tour and the guided examples. Open until the person closes them, and behind “Help” from then on. */
export class Welcome {
  #page;
  #tour;
  #box;

  /**
   * @param {Page} page
   * @param {Tour} tour
   */
  constructor(page, tour) {
    this.#page = page;
    this.#tour = tour;
    this.#box = find(page.element, ".ml-welcome");
    find(this.#box, ".ml-examples").replaceChildren(...(page.inbox.get("examples") ?? []).map((example) => this.#item(example)));
    page.element.addEventListener("click", (event) => this.#act(actionOf(event)));
    this.#show(!localStorage.getItem(KEY));
  }

  /** @param {string | undefined} action */
  #act(action) {
    if (action === "welcome") this.#show(true);
    if (action === "tour") this.#tour.begin();
    if (action === "close-welcome" || action === "tour") this.#show(false);
  }

  /** @param {boolean} shown */
  #show(shown) {
    this.#box.hidden = !shown;
    if (!shown) localStorage.setItem(KEY, "yes");
    find(this.#page.element, '[data-act="welcome"]').setAttribute("aria-expanded", String(shown));
  }

  /** @param {{ family: string, line: string }} example */
  #item({ family: title, line }) {
    const item = make("li"), button = makeButton(title, "ml-button");
    button.title = line;
    button.addEventListener("click", () => this.#page.requests.send("example", { title }));
    item.append(button);
    return item;
  }
}
