/** @import { Page } from "../page.d.ts" */
/** @import { Charts } from "../messages.d.ts" */
/** @import { Coordinate, HeatmapTrace, PlotElement, Shape } from "../plotly.d.ts" */
/** @import { Narrowing } from "./narrowing.js" */

import { ringAround, outlineOf } from "../charts/shapes.js";
import { Switch } from "../charts/switch.js";
import { find, legendEntry } from "../dom/elements.js";
import { placeOf } from "./cells.js";

/**
 * The heatmaps whose rows are layers: conflicts, what is kept, and who decides. A row under the pointer is outlined in the
 * map of what is kept, and the cell that the charts are narrowed to has a ring.
 */
export class LayerCharts {
  #page;
  #narrowing;
  #switch;
  /** @type {Record<"heatmap" | "kept", number | null>} by chart: the outlined row */
  #outlined = { heatmap: null, kept: null };

  /**
   * @param {Page} page
   * @param {Narrowing} narrowing
   */
  constructor(page, narrowing) {
    this.#page = page;
    this.#narrowing = narrowing;
    this.#switch = new Switch(page.element, "heatmap", "conflict_of_all", () => this.#drawConflict());
    const { board } = page;
    board.setOverlay("heatmap", () => [...this.#ring("heatmap"), ...this.#outline("heatmap")]);
    board.setOverlay("shares", () => this.#ring("shares"));
    board.setOverlay("kept", () => this.#outline("kept"));
    board.onFirstDrawn("shares", (plot) => this.#narrowOnClick(plot));
    board.onFirstDrawn("heatmap", (plot) => {
      this.#narrowOnClick(plot);
      plot.on("plotly_hover", ({ points: [point] }) => this.#highlightRow("kept", point.y));
      plot.on("plotly_unhover", () => this.#highlightRow("kept", null));
    });
    board.onFirstDrawn("kept", (plot) => {
      plot.on("plotly_hover", ({ points: [point] }) => this.#highlightRow("heatmap", this.#keptNames[Number(point.y)]));
      plot.on("plotly_unhover", () => this.#highlightRow("heatmap", null));
    });
  }

  /** @param {PlotElement} plot */
  #narrowOnClick(plot) {
    plot.on("plotly_click", ({ points: [{ customdata: cell }] }) => {
      if (cell) this.#narrowing.show({ layer: cell[0], module: cell[1] });
    });
  }

  /** Draws the conflicts. */
  renderConflict() {
    const { rates } = this.#charts.heatmap;
    this.#switch.fill(Object.entries(rates).map(([rate, { title }]) => [rate, title]));
    this.#drawConflict();
  }

  /** Draws what is kept in each layer. */
  renderKept() {
    void this.#page.board.draw("kept", this.#charts.kept.figure);
  }

  /** Draws who decides. */
  renderShares() {
    const { figure, legend } = this.#charts.shares, card = this.#page.board.card("shares");
    if (figure.data.length) void this.#page.board.draw("shares", figure);
    find(card, ".ml-legend").replaceChildren(...legend.map(({ colour, title }) => legendEntry(colour, title)));
  }

  #drawConflict() {
    const { figure, rates } = this.#charts.heatmap, { z, text, meta } = rates[this.#switch.chosen];
    void this.#page.board.draw("heatmap", { ...figure, data: [{ ...figure.data[0], z, text, meta }] });
  }

  /** The charts on screen; there is nothing to draw or to switch before the first ones. */
  get #charts() {
    return /** @type {Charts} */ (this.#page.inbox.get("charts"));
  }

  /** The layers of the second heatmap, by row. */
  get #keptNames() {
    return this.#page.board.figures.kept?.layout.yaxis?.ticktext ?? [];
  }

  /**
   * @param {"heatmap" | "shares"} name
   * @returns {Shape[]}
   */
  #ring(name) {
    const { at } = this.#narrowing, [trace] = this.#page.board.figures[name].data;
    const place = at && placeOf(/** @type {HeatmapTrace} */ (trace).customdata, at);
    return place ? [ringAround(place, this.#page.theme.value("--ml-ink"))] : [];
  }

  /**
   * @param {"heatmap" | "kept"} name
   * @returns {Shape[]}
   */
  #outline(name) {
    const row = this.#outlined[name];
    return row === null ? [] : [outlineOf(row, this.#page.theme.value("--ml-accent"))];
  }

  /**
   * @param {"heatmap" | "kept"} name of the chart
   * @param {Coordinate | null} layer null for none
   */
  #highlightRow(name, layer) {
    /** @type {(Coordinate | null)[]} */
    const names = name === "kept" ? this.#keptNames : (this.#page.board.figures.heatmap?.data[0].y ?? []);
    const row = layer === null ? -1 : names.indexOf(layer);
    this.#outlined[name] = row < 0 ? null : row;
    if (this.#page.board.figures[name]) void this.#page.board.redrawOverlay(name);
  }
}
