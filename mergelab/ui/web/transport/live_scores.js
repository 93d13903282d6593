/** @import { Page } from "../page.d.ts" */
/** @import { KnobChanges } from "./knob_changes.js" */

const REST = 45; // milliseconds that a knob rests before the recipe is merged and scored; a held arrow key moves it every 33

/** Asks for exact charts and scores once the knobs rest; the first chart of a page is drawn before. */
export class LiveScores {
  #page;
  #knobs;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #asking;

  /**
   * @param {Page} page
   * @param {KnobChanges} knobs
   */
  constructor(page, knobs) {
    this.#page = page;
    this.#knobs = knobs;
    page.inbox.on("link", () => this.#askSoon()); // every answer has a link, also where its charts are on screen already
  }

  #askSoon() {
    clearTimeout(this.#asking);
    const charts = this.#page.inbox.get("charts");
    if (!charts || charts.label === "exact" || this.#page.inbox.get("stack")) return;
    this.#asking = setTimeout(() => {
      const { drawing, firstDraw } = this.#page.board;
      if ((drawing && firstDraw === undefined) || this.#knobs.sending) this.#askSoon();
      else this.#page.requests.send("live", {});
    }, REST);
  }
}
