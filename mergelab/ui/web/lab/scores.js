/** @import { Page } from "../page.d.ts" */
/** @import { Scores as ScoresMessage } from "../messages.d.ts" */

import { fillSlots, find, legendEntry } from "../dom/elements.js";
import { scoreTable } from "./score_table.js";

/** The scores of both splits: a table each, and bars for the validation examples. */
export class Scores {
  /** How often validation scores came. */
  count = 0;
  /** @type {ScoresMessage | null} the validation scores on screen */
  shown = null;
  #page;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    page.inbox.on("scores", () => this.renderValidation());
    page.inbox.on("test", () => this.renderTest());
  }

  /** Shows the test examples. */
  renderTest() {
    const scores = this.#page.inbox.takeNew("test");
    if (scores) this.#renderTable("test", scores);
  }

  /** Shows the validation examples and the bars. */
  renderValidation() {
    const scores = this.#page.inbox.takeNew("scores");
    if (!scores) return;
    this.#renderTable("scores", scores);
    this.count += 1;
    this.shown = scores;
    this.#renderBars(scores);
    const { element } = this.#page, some = scores.rows.length > 0;
    const foot = find(element, '[data-act="test"]').closest(".ml-foot");
    if (foot instanceof HTMLElement) foot.hidden = !some || scores.state === "scoring";
    if (scores.state === "none") find(element, '[data-table="test"]').hidden = true; // those were of other models too
  }

  /**
   * @param {"scores" | "test"} name
   * @param {ScoresMessage} scores
   */
  #renderTable(name, scores) {
    const card = find(this.#page.element, `[data-table="${name}"]`), { rows } = scores;
    card.hidden = !rows.length; // the tile beside the key numbers says why there are none
    renderState(card, scores);
    find(card, ".ml-table").replaceChildren(scoreTable(rows));
  }

  /** @param {ScoresMessage} scores */
  #renderBars(scores) {
    const { board, theme } = this.#page, card = board.card("bars");
    renderState(card, scores);
    card.hidden = !scores.rows.length;
    fillSlots(card, "summary", scores.summary);
    fillSlots(card, "notice", scores.notice);
    find(card, ".ml-legend").replaceChildren(
      ...scores.legend.map(({ colour, title }) => legendEntry(theme.value(colour) || colour, title)),
    );
    if (scores.figure && scores.rows.length) void board.draw("bars", scores.figure);
  }
}

/**
 * @param {HTMLElement} card
 * @param {ScoresMessage} scores
 */
function renderState(card, { state, chip: word, chip_state: kind, about, rows }) {
  const chip = find(card, '[data-slot="state"]');
  chip.textContent = word;
  chip.dataset.kind = kind ?? "";
  chip.title = about;
  card.classList.toggle("ml-stale", state === "outdated");
  card.classList.toggle("ml-updating", state === "updating");
  card.classList.toggle("ml-unscored", !rows.length);
}
