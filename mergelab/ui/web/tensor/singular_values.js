/** @import { Page } from "../page.d.ts" */
/** @import { ExpertStyle, SpectrumMessage } from "../messages.d.ts" */
/** @import { SpectrumLine } from "./spectrum_figure.js" */

import { fillSlots, find, legendEntry, make } from "../dom/elements.js";
import { shortNames } from "../formatting/short_names.js";
import { spectrumFigure } from "./spectrum_figure.js";

const LONGEST_NAME = 26;
const BEFORE = "Does the change need a few directions, or all of them? Decompose the tensor to see.";
const AFTER = "How many directions each change needs: a steep fall means few. All values, largest first.";

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
    fillSlots(card, "spectrum-chip", reason ? "" : "measured");
    find(card, '[data-slot="spectrum-chip"]').dataset.kind = "measured";
    const ranks = lines.map(({ title, rank }) => `${title} rank ${rank ?? "–"}`).join(", ");
    fillSlots(card, "spectrum-notice", reason ? `Not decomposed: ${reason}.` : AFTER);
    const summary = `Ranks that hold 95 % of the energy, of ${values[0]?.length}: ${ranks}.`;
    fillSlots(card, "spectrum-summary", reason ? "" : summary);
    find(card, ".ml-legend").replaceChildren(...lines.map(({ colour, title, dash, rank }) => {
      const entry = legendEntry(colour || "var(--ml-ink)", title, dash);
      entry.append(make("em", rank === null ? "no change" : `rank ${rank} holds 95 % of the energy`));
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
  const short = shortNames(experts.map(({ title }) => title), LONGEST_NAME);
  return names.map((name, at) => {
    const { colour, dash = "solid" } = styles.get(name) ?? {};
    return { title: short[experts.findIndex((expert) => expert.name === name)] ?? "merged", colour, dash, rank: ranks[at], values: values[at] };
  });
}
