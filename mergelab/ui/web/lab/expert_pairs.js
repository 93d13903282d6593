/** @import { Page } from "../page.d.ts" */
/** @import { HistogramLegend } from "./histogram_legend.js" */
/** @import { Narrowing } from "./narrowing.js" */

import { Switch } from "../charts/switch.js";
import { fillSlots } from "../dom/elements.js";

/**
 * The matrix of pairs of experts. A pair under the pointer is highlighted in the histogram, and its words stand below the
 * matrix, where they cover no other pair. A clicked one leads to where it conflicts most.
 */
export class ExpertPairs {
  #page;
  #switch;

  /**
   * @param {Page} page
   * @param {HistogramLegend} legend
   * @param {Narrowing} narrowing
   */
  constructor(page, legend, narrowing) {
    this.#page = page;
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
      plot.on("plotly_click", ({ points: [{ customdata: cell }] }) => {
        if (cell) narrowing.show({ layer: cell[0], module: cell[1] });
      });
    });
  }

  render() {
    this.#switch.fill([["figure", "conflict among shared"], ["cosines", "cosine"]]);
    this.#draw();
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
