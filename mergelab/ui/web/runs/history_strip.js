/** @import { Page } from "../page.d.ts" */
/** @import { HistoryEntry } from "../messages.d.ts" */

import { closest, find, make, makeButton, write } from "../dom/elements.js";
import { redraw } from "../dom/redraw.js";

/** The last merges of this visit with their mean scores, and their models where those are not on the sidebar. A click goes back to one. */
export class HistoryStrip {
  #page;
  #element;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    this.#element = find(page.element, ".ml-history");
    this.#element.addEventListener("click", (event) => this.#goBack(closest(event, "button")?.dataset.key));
    page.inbox.on("history", () => this.render());
    page.inbox.on("link", () => this.#markCurrent());
    page.inbox.on("charts", () => this.#markCurrent());
  }

  render() {
    const entries = this.#page.inbox.get("history") ?? [];
    this.#element.hidden = entries.length < 2; // there is nothing to go back to
    redraw(find(this.#element, "ol"), entries.map(entryOf), () => this.#markCurrent());
  }

  /** The number of the run that the charts belong to; 0 if they belong to none. */
  get number() {
    const { inbox } = this.#page, charts = inbox.get("charts"), link = inbox.get("link");
    const isShown = charts && link && charts.digest === link.digest;
    return (isShown && inbox.get("history")?.find(({ key }) => key === link.key)?.number) || 0;
  }

  #markCurrent() {
    const key = this.#page.inbox.get("link")?.key, chip = find(this.#page.element, '[data-slot="run"]');
    chip.hidden = !this.number;
    write(chip, this.number ? `run ${this.number}` : "");
    const base = this.#page.inbox.get("link")?.base;
    for (const button of this.#element.querySelectorAll("button")) {
      const models = button.querySelector("i");
      if (models) models.hidden = !base || button.dataset.base === base;
      if (button.dataset.key === key) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  /** @param {string | undefined} key */
  #goBack(key) {
    if (key !== undefined && key !== this.#page.inbox.get("link")?.key) this.#page.requests.send("restore", { key, scene: null });
  }
}

/** @param {HistoryEntry} entry */
function entryOf({ number, name, base, models, score, key }) {
  const item = make("li"), button = makeButton(null);
  button.dataset.key = key;
  button.dataset.base = base;
  button.title = [number ? `Run ${number}` : "", models, name, score].filter(Boolean).join(" · ");
  button.append(...(number ? [make("span", `${number}`, "ml-history-number")] : []), make("i", models), make("span", name), make("b", score));
  item.append(button);
  return item;
}
