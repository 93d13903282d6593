/** @import { Page } from "../page.d.ts" */
/** @import { Charts } from "../messages.d.ts" */
/** @import { Coordinate, HeatmapTrace, Shape } from "../plotly.d.ts" */
/** @import { Narrowing } from "./narrowing.js" */

import { ringAround, outlineOf } from "../charts/shapes.js";
import { Switch } from "../charts/switch.js";
import { placeOf } from "./cells.js";

/**
 * The two heatmaps whose rows are layers: sign conflict, and what is kept. A row under the pointer is outlined in the
 * other one, and the cell that the charts are narrowed to has a ring.
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
    this.#switch = new Switch(page.element, "heatmap", "conflict", () => this.#drawConflict());
    const { board } = page;
    board.setOverlay("heatmap", () => [...this.#ring(), ...this.#outline("heatmap")]);
    board.setOverlay("kept", () => this.#outline("kept"));
    board.onFirstDrawn("heatmap", (plot) => {
      plot.on("plotly_click", ({ points: [{ customdata: cell }] }) => {
        if (cell) narrowing.show({ layer: cell[0], module: cell[1] });
      });
      plot.on("plotly_hover", ({ points: [point] }) => this.#highlightRow("kept", point.y));
      plot.on("plotly_unhover", () => this.#highlightRow("kept", null));
    });
    board.onFirstDrawn("kept", (plot) => {
      plot.on("plotly_hover", ({ points: [point] }) => this.#highlightRow("heatmap", this.#keptNames[Number(point.y)]));
      plot.on("plotly_unhover", () => this.#highlightRow("heatmap", null));
    });
  }

  /** Draws sign conflict. */
  renderConflict() {
    const { rates } = this.#charts.heatmap;
    this.#switch.fill(Object.entries(rates).map(([rate, { title }]) => [rate, title]));
    this.#drawConflict();
  }

  /** Draws what is kept in each layer. */
  renderKept() {
    void this.#page.board.draw("kept", this.#charts.kept.figure);
  }

  #drawConflict() {
    const { figure, rates } = this.#charts.heatmap, { z, text } = rates[this.#switch.chosen];
    void this.#page.board.draw("heatmap", { ...figure, data: [{ ...figure.data[0], z, text }] });
  }

  /** The charts on screen; there is nothing to draw or to switch before the first ones. */
  get #charts() {
    return /** @type {Charts} */ (this.#page.inbox.get("charts"));
  }

  /** The layers of the second heatmap, by row. */
  get #keptNames() {
    return this.#page.board.figures.kept?.layout.yaxis?.ticktext ?? [];
  }

  /** @returns {Shape[]} */
  #ring() {
    const { at } = this.#narrowing, [trace] = this.#page.board.figures.heatmap.data;
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
