/** @import { Page } from "../page.d.ts" */
/** @import { HistogramLegend } from "./histogram_legend.js" */

import { Switch } from "../charts/switch.js";

/** The matrix of pairs of experts. A pair under the pointer is highlighted in the histogram. */
export class ExpertPairs {
  #page;
  #switch;

  /**
   * @param {Page} page
   * @param {HistogramLegend} legend
   */
  constructor(page, legend) {
    this.#page = page;
    this.#switch = new Switch(page.element, "pairs", "figure", () => this.#draw());
    page.board.onFirstDrawn("pairs", (plot) => {
      plot.on("plotly_hover", ({ points: [point] }) => legend.highlight([point.x, point.y]));
      plot.on("plotly_unhover", () => legend.highlight(null));
    });
  }

  render() {
    this.#switch.fill([["figure", "conflict among shared"], ["cosines", "cosine"]]);
    this.#draw();
  }

  #draw() {
    const pairs = this.#page.inbox.get("charts")?.pairs;
    if (pairs) void this.#page.board.draw("pairs", this.#switch.chosen === "cosines" ? pairs.cosines : pairs.figure);
  }
}
