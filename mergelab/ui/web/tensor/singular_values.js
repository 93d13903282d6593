/** @import { Page } from "../page.d.ts" */
/** @import { ExpertStyle, SpectrumMessage } from "../messages.d.ts" */
/** @import { SpectrumLine } from "./spectrum_figure.js" */

import { fillSlots, find, legendEntry, make } from "../dom/elements.js";
import { spectrumFigure } from "./spectrum_figure.js";

const BEFORE = "Does the change live in a few directions, or in all? Decompose the tensor to see.";
const AFTER = "How many directions each change needs: a steep fall means few. Values of all, largest first.";

/** The singular values of the experts' changes and of the merged one. */
export class SingularValues {
  /** @type {SpectrumMessage | null} what was sent last */
  shown = null;
  #page;
  #card;
  #plot;

  /**
   * @param {Page} page
   * @param {HTMLElement} card
   */
  constructor(page, card) {
    this.#page = page;
    this.#card = card;
    this.#plot = find(card, ".ml-plot");
  }

  /** Forgets the values of another tensor. */
  clear() {
    this.#plot.hidden = true;
    find(this.#card, ".ml-legend").replaceChildren();
    for (const name of ["spectrum-chip", "spectrum-summary"]) fillSlots(this.#card, name, "");
    fillSlots(this.#card, "spectrum-notice", BEFORE);
  }

  /**
   * @param {SpectrumMessage} spectrum
   * @param {ExpertStyle[]} experts
   */
  render(spectrum, experts) {
    const { reason, values } = spectrum, lines = linesOf(spectrum, experts), card = this.#card;
    fillSlots(card, "spectrum-chip", reason ? "" : "exact");
    find(card, '[data-slot="spectrum-chip"]').dataset.kind = "exact";
    const ranks = lines.map(({ title, rank }) => `${title} ${rank ?? "–"}`).join(", ");
    fillSlots(card, "spectrum-notice", reason ? `Not decomposed: ${reason}.` : AFTER);
    const summary = `Singular values that hold 95 % of the energy: ${ranks}, of ${values[0]?.length}.`;
    fillSlots(card, "spectrum-summary", reason ? "" : summary);
    find(card, ".ml-legend").replaceChildren(...lines.map(({ colour, title, dash, rank }) => {
      const entry = legendEntry(colour || "var(--ml-ink)", title, dash);
      entry.append(make("em", `95 % of the energy in ${rank ?? "–"}`));
      return entry;
    }));
    this.#plot.hidden = Boolean(reason);
    this.shown = spectrum;
    if (reason) return;
    void this.#page.board.draw("spectrum", spectrumFigure(lines, this.#page.theme.value("--ml-ink")), { again: true });
  }
}

/**
 * A line for each expert, and one for the merged change.
 * @param {SpectrumMessage} spectrum
 * @param {ExpertStyle[]} experts
 * @returns {SpectrumLine[]}
 */
function linesOf({ names, ranks, values }, experts) {
  const styles = new Map(experts.map((expert) => [expert.name, expert]));
  return names.map((name, at) => {
    const { title = "merged", colour, dash = "solid" } = styles.get(name) ?? {};
    return { title, colour, dash, rank: ranks[at], values: values[at] };
  });
}
