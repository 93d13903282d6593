/** @import { Page } from "../page.d.ts" */
/** @import { Charts } from "../messages.d.ts" */

import { find, findAll, legendEntry, make } from "../dom/elements.js";
import { percent } from "../formatting/numbers.js";

/** The experts below the histogram. One under the pointer dims the lines of the others. */
export class HistogramLegend {
  #page;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
  }

  /** @param {Charts} charts */
  render({ legend, line }) {
    find(this.#card, ".ml-legend").replaceChildren(...legend.map(({ colour, dash, title, kept }, place) => {
      const entry = legendEntry(colour, title, dash), about = make("em", line || kept === null ? null : `kept ${percent(kept)}`);
      if (line) about.dataset.threshold = ""; // filled by the threshold line
      entry.append(about);
      entry.addEventListener("pointerenter", () => this.highlight([place]));
      entry.addEventListener("pointerleave", () => this.highlight(null));
      return entry;
    }));
  }

  /**
   * Dims all experts but some.
   * @param {unknown[] | null} places of the experts; null for all
   */
  highlight(places) {
    const isDim = (/** @type {number} */ place) => places !== null && !places.includes(place);
    findAll(this.#card, ".ml-legend li").forEach((entry, place) => entry.classList.toggle("ml-dim", isDim(place)));
    findAll(this.#card, ".ml-plot .scatterlayer .trace").forEach((trace, place) => {
      trace.style.opacity = isDim(place) ? "0.15" : "";
    });
  }

  get #card() {
    return this.#page.board.card("histogram");
  }
}
