/** @import { Figure, PlotElement, Shape } from "../plotly.d.ts" */
/** @import { Theme } from "./theme.js" */

import { find, findAll } from "../dom/elements.js";
import { ChartsForLater } from "./charts_for_later.js";
import { CONFIG, loadedPlotly, withoutBase } from "./plotly.js";
import { themedFigure } from "./themed_figure.js";
import { Visibility } from "./visibility.js";

/**
 * All charts of the page. A chart is drawn when it is in sight, else when it comes into sight or when there is time.
 */
export class ChartBoard {
  /** Charts drawn so far. */
  draws = 0;
  /** Charts that are being drawn. */
  drawing = 0;
  /** @type {number | undefined} when the first chart was drawn */
  firstDraw;
  /** @type {Record<string, Figure>} by chart: what it shows, or is to show */
  figures = {};

  #element;
  #theme;
  #plotly = loadedPlotly();
  #visibility;
  /** @type {Record<string, string>} by chart: the data that plotly was given last, as text */
  #drawn = {};
  /** @type {Promise<unknown>} when the next chart may be drawn for the first time */
  #turn = Promise.resolve();
  #owed = new ChartsForLater((name) => this.hasRoom(name), (name) => this.#drawNow(name));
  /** @type {Record<string, () => Shape[]>} by chart: shapes that the page adds */
  #overlays = {};
  /** @type {Record<string, (plot: PlotElement) => void>} by chart: what to do with its plot when it is first drawn */
  #firstDrawn = {};

  /**
   * @param {HTMLElement} element the panel
   * @param {Theme} theme
   */
  constructor(element, theme) {
    this.#element = element;
    this.#theme = theme;
    this.#visibility = new Visibility(
      findAll(element, "[data-chart] .ml-plot"),
      (plot) => this.#redraw([/** @type {HTMLElement} */ (plot.closest("[data-chart]")).dataset.chart ?? ""]),
      () => this.#drawOwed((plot) => this.#visibility.isInSight(plot) && this.#visibility.hasRoom(plot)),
    );
    theme.onChange(() => this.#redraw(Object.keys(this.figures)));
  }

  /**
   * The card that holds a chart.
   * @param {string} name
   * @returns {HTMLElement}
   */
  card(name) {
    return find(this.#element, `[data-chart="${name}"]`);
  }

  /**
   * The element that a chart is drawn in.
   * @param {string} name
   * @returns {PlotElement}
   */
  plot(name) {
    return /** @type {PlotElement} */ (find(this.card(name), ".ml-plot"));
  }

  /**
   * @param {string} name
   * @returns {boolean}
   */
  hasRoom(name) {
    return this.#visibility.hasRoom(this.plot(name));
  }

  /** Whether a chart with a place on the page is not drawn yet. */
  get owes() {
    return this.#owed.any;
  }

  /**
   * Sets shapes that stand over a chart, such as a ring around a cell.
   * @param {string} name
   * @param {() => Shape[]} shapes
   */
  setOverlay(name, shapes) {
    this.#overlays[name] = shapes;
  }

  /**
   * Calls `callback` with the plot when the chart is drawn for the first time: plotly's events need a drawn plot.
   * @param {string} name
   * @param {(plot: PlotElement) => void} callback
   */
  onFirstDrawn(name, callback) {
    this.#firstDrawn[name] = callback;
  }

  /**
   * Calls `callback` after every drawing of a chart, also of a zoom.
   * @param {string} name
   * @param {() => void} callback
   * @param {(plot: PlotElement) => void} [first] called with the plot before
   */
  onDrawn(name, callback, first) {
    this.onFirstDrawn(name, (plot) => {
      plot.on("plotly_afterplot", callback);
      plot.addEventListener("ml-drawn", callback);
      first?.(plot);
    });
  }

  /**
   * Shows a figure. The same data is not drawn again unless `again` is set.
   * @param {string} name
   * @param {Figure} figure
   * @param {{ again?: boolean, outOfSight?: boolean }} [options]
   */
  async draw(name, figure, { again = false, outOfSight = false } = {}) {
    this.drawing += 1;
    try {
      await this.#draw(name, figure, again, outOfSight);
    } finally {
      this.drawing -= 1;
    }
  }

  /**
   * Sets a chart's shapes anew without drawing its data.
   * @param {string} name
   */
  async redrawOverlay(name) {
    const plot = this.plot(name), shapes = this.#shapes(name);
    if (!isDrawn(plot) || JSON.stringify(shapes) === JSON.stringify(plot.layout?.shapes || [])) return;
    await (await this.#plotly).relayout(plot, { shapes });
  }

  /**
   * Lets charts out of sight wait while work is under way, for some seconds at most.
   * @param {() => boolean} isBusy
   */
  waitWhile(isBusy) {
    this.#owed.waitWhile(isBusy);
  }

  /**
   * plotly.js, once it is there.
   * @returns {Promise<import("../plotly.d.ts").PlotlyLibrary>}
   */
  get plotly() {
    return this.#plotly;
  }

  /**
   * @param {string} name
   * @param {Figure} figure
   * @param {boolean} again
   * @param {boolean} outOfSight
   */
  async #draw(name, figure, again, outOfSight) {
    const text = JSON.stringify(figure.data);
    this.figures[name] = figure;
    if (text === this.#drawn[name] && !again) return void this.redrawOverlay(name); // only the thresholds moved
    const plotly = await this.#plotly, plot = this.plot(name);
    if (!isDrawn(plot)) await this.#nextTurn();
    if (this.figures[name].data !== figure.data) return; // a newer figure came meanwhile
    const size = this.#visibility.sizeOf(plot);
    if (!size?.width || !(outOfSight || this.#visibility.isInSight(plot))) return this.#owed.add(name);
    this.#owed.delete(name);
    this.#drawn[name] = text;
    const { data, layout } = themedFigure(figure, this.#theme, size.width);
    const shown = { ...layout, ...size, autosize: false, shapes: this.#shapes(name) }, first = !isDrawn(plot);
    await withoutBase(() => plotly.react(plot, data, shown, CONFIG));
    if (first) this.#firstDrawn[name]?.(plot);
    plot.dispatchEvent(new CustomEvent("ml-drawn"));
    this.draws += 1;
    this.firstDraw ??= performance.now();
  }

  /** Waits so that each chart is drawn for the first time in a task of its own: it is then seen before the next one is drawn. */
  #nextTurn() {
    this.#turn = this.#turn.then(() => new Promise((resolve) => setTimeout(resolve)));
    return this.#turn;
  }

  /** @param {(plot: PlotElement) => boolean} ready */
  #drawOwed(ready) {
    for (const name of this.#owed.names.filter((each) => ready(this.plot(each)))) void this.#drawNow(name);
  }

  /** @param {string} name */
  #drawNow(name) {
    return this.draw(name, this.figures[name], { again: true, outOfSight: true });
  }

  /** @param {string[]} names */
  #redraw(names) {
    for (const name of names) if (this.figures[name]) void this.draw(name, this.figures[name], { again: true });
  }

  /**
   * The shapes of a chart: its own and the page's. The thresholds (`overlaid`) are elements over the plot, which move
   * without a redraw.
   * @param {string} name
   */
  #shapes(name) {
    const own = (this.figures[name].layout.shapes || []).filter((shape) => shape.name !== "overlaid");
    return [...own, ...(this.#overlays[name]?.() || [])];
  }
}

/** @param {Element} plot */
function isDrawn(plot) {
  return plot.classList.contains("js-plotly-plot");
}
