/** @import { Page } from "../page.d.ts" */
/** @import { SweepChartRequest, SweepMessage } from "../messages.d.ts" */
/** @import { PlotElement } from "../plotly.d.ts" */

import { ringAround } from "../charts/shapes.js";
import { fillList, fillSlots, find, findAll } from "../dom/elements.js";
import { inNextFrame } from "../dom/next_frame.js";
import { AxisBrushes } from "./axis_brushes.js";
import { emphasised, kept } from "./brush_math.js";

const NAME = "sweep";
const HEIGHT = 270, TALL = 360, ROW = 30, AROUND = 90; // pixels
const AXIS_WIDTH = 92, LETTER_WIDTH = 6, SPARE = 24; // pixels that an axis of parallel coordinates, and what is written at it, need

/** The chart of a sweep: its choices, its brushes, and the recipe that is pointed at. */
export class SweepChartCard {
  #page;
  #card;
  #onOpen;
  #brushes;
  /** @type {number | null} the recipe that is pointed at */
  #lit = null;
  /** @type {string} the layout that was drawn last */
  #drawn = "";
  #redraw = inNextFrame(() => this.#draw());

  /**
   * @param {Page} page
   * @param {(number: number) => void} onOpen called with the point that is clicked
   * @param {() => void} onChange called when the brush keeps others
   */
  constructor(page, onOpen, onChange) {
    this.#page = page;
    this.#card = page.board.card(NAME);
    this.#onOpen = onOpen;
    const stage = find(this.#card, ".ml-stage"), changed = () => { this.#redraw(); onChange(); };
    this.#brushes = new AxisBrushes(stage, () => page.board.plot(NAME), changed);
    this.#card.addEventListener("input", (event) => this.#choose(event));
    find(this.#card, "[data-view=clear]").addEventListener("click", () => this.clear());
    page.board.setOverlay(NAME, () => this.#ring());
    page.board.onDrawn(NAME, inNextFrame(() => this.#brushes.place()), (plot) => this.#listen(plot));
  }

  /** The numbers of the points that the brush keeps; null for all. */
  get kept() {
    const chart = this.#chart;
    return chart && this.#brushes.ranges.size ? kept(chart.figure, this.#brushes.ranges) : null;
  }

  /** What the brush keeps, in words. */
  get words() {
    return this.#brushes.words;
  }

  get isBrushed() {
    return this.#brushes.ranges.size > 0;
  }

  clear() {
    this.#brushes.clear();
  }

  /**
   * Lets a recipe stand out.
   * @param {number | null} number
   */
  light(number) {
    if (number === this.#lit || this.#chart?.form !== "parallel") return;
    this.#lit = number;
    this.#redraw();
  }

  /** @param {SweepMessage} found */
  render({ swept, chart, columns }) {
    this.#card.hidden = !swept;
    this.#card.classList.toggle("ml-unmeasured", !chart);
    find(this.#card, ".ml-sweep-views").hidden = !chart;
    fillSlots(this.#card, "sweep-chart-summary", chart?.summary);
    fillSlots(this.#card, "sweep-chart-note", chart?.note);
    this.#brushes.follow(chart?.form === "parallel" ? chart.figure : null);
    if (!chart) return;
    const titles = columns.map((title, at) => /** @type {[string, string]} */ ([String(at), title]));
    fillList(this.#list("form"), Object.entries(chart.forms), chart.form);
    fillList(this.#list("x"), titles, String(chart.x));
    fillList(this.#list("y"), titles, String(chart.y));
    this.#list("share").value = String(chart.share);
    this.#show("form", Object.keys(chart.forms).length > 1);
    this.#show("x", columns.length > 1 && (chart.form === "line" || chart.form === "map"));
    this.#show("y", chart.form === "map");
    this.#show("logarithmic", chart.can_be_logarithmic);
    find(this.#card, "[data-view=logarithmic]", HTMLInputElement).checked = chart.logarithmic;
    this.#resize();
    this.#draw();
  }

  get #chart() {
    return this.#page.inbox.get("sweep")?.chart ?? null;
  }

  /** @param {PlotElement} plot */
  #listen(plot) {
    plot.on("plotly_click", ({ points: [{ customdata }] }) => {
      if (customdata && !this.#brushes.dragged) this.#onOpen(Number(customdata));
    });
    plot.on("plotly_hover", ({ points: [{ customdata }] }) => this.#point(Number(customdata)));
    plot.on("plotly_unhover", () => this.#point(null));
  }

  /** @param {number | null} number */
  #point(number) {
    for (const row of findAll(this.#page.element, ".ml-sweep-table tr")) row.classList.toggle("ml-sweep-lit", number !== null && row.dataset.number === String(number));
  }

  #draw() {
    const chart = this.#chart;
    if (!chart) return;
    const { figure } = chart, keeping = this.kept, layout = JSON.stringify(figure.layout);
    find(this.#card, ".ml-sweep-brushed").hidden = !keeping;
    fillSlots(this.#card, "sweep-brushed", keeping ? `${keeping.size} ${keeping.size === 1 ? "recipe" : "recipes"}: ${this.words}` : "");
    const shown = chart.form === "parallel" ? emphasised(figure, keeping, this.#lit) : figure;
    this.#page.board.plot(NAME).setAttribute("aria-label", `Chart of ${chart.forms[chart.form]}. ${chart.summary}`);
    void this.#page.board.draw(NAME, shown, { again: layout !== this.#drawn });
    this.#drawn = layout;
  }

  #resize() {
    const chart = this.#chart, plot = this.#page.board.plot(NAME), rows = chart?.figure.layout.yaxis?.tickvals?.length ?? 0;
    const axes = chart?.figure.layout.meta?.axes ?? [], longest = Math.max(...axes.flatMap(({ words }) => words.map((word) => word.length)), 0);
    const heights = { line: HEIGHT, map: rows ? Math.max(HEIGHT, AROUND + ROW * rows) : TALL, parallel: TALL, front: TALL };
    plot.style.flex = `0 0 ${chart ? heights[chart.form] : HEIGHT}px`;
    plot.style.minWidth = axes.length ? `${axes.length * Math.max(AXIS_WIDTH, SPARE + LETTER_WIDTH * longest)}px` : "0";
  }

  /** The ring around the best cell of a map. */
  #ring() {
    const best = this.#chart?.form === "map" ? this.#chart.figure.data[0].meta?.best : undefined;
    return best ? [ringAround(best, this.#page.theme.value("--ml-ink"))] : [];
  }

  /** @param {Event} event */
  #choose({ target }) {
    const view = target instanceof HTMLElement ? target.dataset.view : undefined, chart = this.#chart;
    if (!view || !chart) return;
    const isForm = view === "form", tick = find(this.#card, "[data-view=logarithmic]", HTMLInputElement);
    /** @type {SweepChartRequest} */
    const asked = {
      form: /** @type {SweepChartRequest["form"]} */ (this.#list("form").value),
      x: isForm ? null : Number(this.#list("x").value),
      y: isForm ? null : Number(this.#list("y").value),
      logarithmic: view === "logarithmic" ? tick.checked : isForm || view === "x" || view === "y" ? null : chart.can_be_logarithmic ? tick.checked : null,
      share: Number(this.#list("share").value),
    };
    this.#page.requests.send("draw_sweep", asked);
  }

  /**
   * @param {string} name
   * @param {boolean} on
   */
  #show(name, on) {
    const label = /** @type {HTMLElement} */ (find(this.#card, `[data-view="${name}"]`).closest("label"));
    label.hidden = !on;
  }

  /** @param {string} name */
  #list(name) {
    return find(this.#card, `[data-view="${name}"]`, HTMLSelectElement);
  }
}
