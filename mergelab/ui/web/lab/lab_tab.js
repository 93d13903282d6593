/** @import { Page } from "../page.d.ts" */
/** @import { ChartLabel, Charts, KeyNumber } from "../messages.d.ts" */
/** @import { ChoiceLists } from "../sidebar/lists.js" */
/** @import { DensityCurves } from "./density_curves.js" */
/** @import { Narrowing } from "./narrowing.js" */
/** @import { ThresholdLine } from "./threshold/threshold_line.js" */

import { fileName } from "../charts/chart_download.js";
import { actionOf, fillSlots, find, findAll, make } from "../dom/elements.js";
import { saveCsv } from "../dom/save_file.js";
import { renderComplements } from "../sidebar/complements.js";
import { ExpertPairs } from "./expert_pairs.js";
import { expertsCsv, renderExperts } from "./experts_table.js";
import { HistogramLegend } from "./histogram_legend.js";
import { LayerCharts } from "./layer_charts.js";

const LIVE = /** @type {const} */ (["heatmap", "histogram", "pairs", "kept", "shares"]);

/** The Lab's charts and numbers, which follow every knob. */
export class LabTab {
  /** How often charts came. */
  count = 0;
  /** @type {number | undefined} when the first charts came */
  firstData;
  /** @type {Charts | null} the charts on screen */
  shown = null;
  #page;
  #parts;
  #legend;
  #layers;
  #pairs;

  /**
   * @param {Page} page
   * @param {{ narrowing: Narrowing, line: ThresholdLine, curves: DensityCurves, lists: ChoiceLists,
   *   openClash: (key: string, experts: [string, string]) => void }} parts
   */
  constructor(page, parts) {
    this.#page = page;
    this.#parts = parts;
    this.#legend = new HistogramLegend(page);
    this.#layers = new LayerCharts(page, parts.narrowing);
    this.#pairs = new ExpertPairs(page, this.#legend, parts.narrowing, parts.openClash);
    page.inbox.on("charts", () => {
      this.render();
      parts.narrowing.followLink();
    });
    page.element.addEventListener("click", (event) => {
      if (actionOf(event) === "experts-csv" && this.shown) {
        saveCsv(expertsCsv(this.shown), fileName(this.shown.name, "experts", "csv"));
      }
    });
  }

  /** @returns {ChartLabel | ""} */
  get label() {
    return this.shown?.label ?? "";
  }

  render() {
    const charts = this.#page.inbox.takeNew("charts");
    if (!charts) return;
    const { element, board, inbox } = this.#page, { narrowing, line, curves, lists } = this.#parts;
    this.count += 1;
    this.firstData ??= performance.now();
    this.shown = charts;
    this.#labelCards(charts);
    const tiles = find(element, ".ml-numbers");
    tiles.replaceChildren(...charts.numbers.map(numberTile));
    tiles.hidden = !charts.numbers.length;
    this.#legend.render(charts);
    narrowing.render(charts);
    this.#layers.renderConflict();
    void board.draw("histogram", charts.histogram.figure);
    this.#pairs.render();
    this.#layers.renderKept();
    this.#layers.renderShares();
    renderExperts(element, charts);
    line.set(charts.line);
    curves.setPosition(charts.now);
    renderComplements(inbox);
    lists.render();
  }

  /** @param {Charts} charts */
  #labelCards(charts) {
    const { element, board } = this.#page;
    fillSlots(element, "models", charts.models);
    fillSlots(element, "recipe", charts.recipe);
    for (const name of LIVE) {
      const card = board.card(name), chip = find(card, '[data-slot="label"]'), chart = charts[name];
      chip.textContent = charts.chip;
      chip.dataset.kind = charts.label;
      chip.title = charts.remark;
      fillSlots(card, "summary", chart.summary);
      fillSlots(card, "remark", charts.remark);
      fillSlots(card, "empty", chart.empty);
      card.classList.toggle("ml-folded", Boolean(chart.empty));
    }
    fillSlots(board.card("shares"), "title", charts.shares.title);
    fillSlots(board.card("shares"), "notice", charts.shares.notice);
    this.#labelParts(charts);
    fillSlots(board.card("histogram"), "notice", charts.histogram.notice);
    element.dataset.fresh = "yes";
  }

  /**
   * Hides the cards that say nothing about the recipe. The others say which part of the model they show.
   * @param {Charts} charts
   */
  #labelParts({ hidden, at }) {
    for (const card of findAll(this.#page.element, '.ml-tab[data-tab="lab"] .ml-card[data-part]')) {
      card.hidden = hidden.includes(card.dataset.chart ?? "");
      fillSlots(card, "part", at && (card.dataset.part === "whole" ? "whole model" : at.title));
    }
  }
}

/** @param {KeyNumber} number */
function numberTile({ text, name, help }) {
  const tile = make("div", null, "ml-tile");
  tile.append(make("b", text), make("span", name), make("small", help));
  return tile;
}
