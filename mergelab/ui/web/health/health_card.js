/** @import { Page } from "../page.d.ts" */
/** @import { HealthCheckRow } from "../messages.d.ts" */

import { fillSlots, find, make } from "../dom/elements.js";

/** The health of the last merge: a verdict in one sentence, and the checks behind it. */
export class HealthCard {
  #page;
  #card;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    this.#card = find(page.element, ".ml-health");
    page.inbox.on("health", () => this.render());
  }

  render() {
    const health = this.#page.inbox.get("health");
    this.#card.hidden = !health;
    if (!health) return;
    this.#card.dataset.healthy = String(health.healthy);
    this.#card.dataset.state = health.chip_state;
    this.#card.title = health.about;
    fillSlots(this.#card, "state", health.chip);
    find(this.#card, '[data-slot="state"]').dataset.kind = health.chip_state;
    fillSlots(this.#card, "verdict", health.verdict);
    find(this.#card, "dl").replaceChildren(...health.checks.flatMap(checkRow));
  }
}

/**
 * A check as a term with its word, and what it found below.
 * @param {HealthCheckRow} check
 */
function checkRow({ title, state, word, summary, findings }) {
  const term = make("dt", title), found = make("dd", summary), chip = make("span", word, "ml-chip");
  chip.dataset.health = state;
  term.append(" ", chip);
  if (findings.length) {
    const list = make("ul");
    list.append(...findings.map((sentence) => make("li", sentence)));
    found.append(list);
  }
  return [term, found];
}
