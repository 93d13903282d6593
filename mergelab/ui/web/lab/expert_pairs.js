/** @import { Page } from "../page.d.ts" */
/** @import { HistogramLegend } from "./histogram_legend.js" */
/** @import { Narrowing } from "./narrowing.js" */

import { Switch } from "../charts/switch.js";
import { actionOf, fillSlots, find, write } from "../dom/elements.js";

/**
 * The matrix of pairs of experts. A pair under the pointer is highlighted in the histogram, and its words stand below the
 * matrix, where they cover no other pair. A clicked one leads to where it conflicts most, and is offered its largest clash there.
 */
export class ExpertPairs {
  #page;
  #switch;
  #foot;
  /** @type {string[]} the references of the pair that was clicked last */
  #clicked = [];

  /**
   * @param {Page} page
   * @param {HistogramLegend} legend
   * @param {Narrowing} narrowing
   * @param {(key: string, experts: [string, string]) => void} openClash
   */
  constructor(page, legend, narrowing, openClash) {
    this.#page = page;
    this.#foot = find(page.board.card("pairs"), '[data-slot="pair-clash"]');
    this.#switch = new Switch(page.element, "pairs", "figure", () => this.#draw());
    page.board.onFirstDrawn("pairs", (plot) => {
      plot.on("plotly_hover", ({ points: [point] }) => {
        legend.highlight([point.x, point.y]);
        this.#say((point.text ?? "").replaceAll("<br>", " "));
      });
      plot.on("plotly_unhover", () => {
        legend.highlight(null);
        this.#say(page.inbox.get("charts")?.pairs.summary ?? "");
      });
      plot.on("plotly_click", ({ points: [{ x, y, customdata: cell }] }) => {
        const { experts } = page.inbox.get("charts")?.pairs ?? {};
        if (!cell || !experts) return;
        this.#clicked = [y, x].map((place) => experts[Number(place)][0]);
        this.#offerClash();
        narrowing.show({ layer: cell[0], module: cell[1] });
      });
    });
    page.element.addEventListener("click", (event) => {
      const clash = this.#clash;
      if (actionOf(event) === "pair-clash" && clash) openClash(clash.key, [clash.pair[0][0], clash.pair[1][0]]);
    });
  }

  render() {
    this.#switch.fill([["figure", "conflict among shared"], ["cosines", "cosine"]]);
    this.#draw();
    this.#offerClash();
  }

  /** The clicked pair, and its tensor with most conflicting weights where it conflicts most; null where it has none now. */
  get #clash() {
    const pairs = this.#page.inbox.get("charts")?.pairs;
    const [row, column] = this.#clicked.map((clicked) => pairs?.experts.findIndex(([name]) => name === clicked) ?? -1);
    const cell = pairs?.figure.data[0]?.customdata[row]?.[column];
    return pairs && cell?.[2] ? { key: cell[2], pair: [pairs.experts[row], pairs.experts[column]] } : null;
  }

  #offerClash() {
    const clash = this.#clash;
    this.#foot.hidden = !clash;
    if (!clash) return;
    const titles = clash.pair.map(([, title]) => title).join(" and ");
    write(find(this.#foot, "span"), `${titles} in ${clash.key}, where most of their conflicting weights are.`);
  }

  /** @param {string} words */
  #say(words) {
    fillSlots(this.#page.board.card("pairs"), "summary", words);
  }

  #draw() {
    const pairs = this.#page.inbox.get("charts")?.pairs;
    if (pairs) void this.#page.board.draw("pairs", this.#switch.chosen === "cosines" ? pairs.cosines : pairs.figure);
  }
}
