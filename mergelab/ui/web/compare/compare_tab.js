/** @import { Page } from "../page.d.ts" */
/** @import { Comparison } from "../messages.d.ts" */
/** @import { PlotPoint } from "../plotly.d.ts" */
/** @import { Narrowing } from "../lab/narrowing.js" */

import { curveEntry, ownCurves } from "../charts/curve_legend.js";
import { ringAround } from "../charts/shapes.js";
import { Switch } from "../charts/switch.js";
import { closest, fillSlots, find, findAll, make } from "../dom/elements.js";
import { numberComparison, scoreComparison, settingComparison } from "./compared_tables.js";

/** @typedef {"map-a" | "map-b" | "map-difference"} MapName */

/** @type {Record<MapName, "a" | "b" | "difference">} */
const PARTS = { "map-a": "a", "map-b": "b", "map-difference": "difference" };
const MAPS = /** @type {MapName[]} */ (Object.keys(PARTS));
const SIDES = { a: "A", b: "B" };

/** The Compare tab: two recipes side by side, each of them pinned or the current one. */
export class CompareTab {
  #page;
  #narrowing;
  #tab;
  #switch;
  /** @type {Comparison | null} */
  #shown = null;
  /** @type {Partial<Record<MapName, { row: number, column: number }>>} by map: the cell under the pointer elsewhere */
  #highlighted = {};

  /**
   * @param {Page} page
   * @param {Narrowing} narrowing
   */
  constructor(page, narrowing) {
    this.#page = page;
    this.#narrowing = narrowing;
    this.#tab = find(page.element, '.ml-tab[data-tab="compare"]');
    this.#switch = new Switch(page.element, "compare", "conflict_of_all", () => this.#drawMaps());
    for (const name of MAPS) this.#link(name);
    this.#tab.addEventListener("click", (event) => this.#click(event));
    page.inbox.on("compare", () => this.render());
  }

  render() {
    const comparison = this.#page.inbox.takeNew("compare");
    if (comparison === undefined) return;
    this.#shown = comparison || null;
    find(this.#tab, '[data-blank="compare"]').hidden = Boolean(comparison);
    find(this.#tab, ".ml-compared").hidden = !comparison;
    if (!comparison) return;
    this.#renderSide("a", comparison);
    this.#renderSide("b", comparison);
    this.#renderScores(comparison);
    const { diff, same, numbers, at } = comparison;
    this.#place("diff").replaceChildren(diff.length ? settingComparison(diff) : make("p", same, "ml-empty"));
    this.#place("versus").replaceChildren(numberComparison(numbers));
    fillSlots(find(this.#tab, '[data-table="versus"]'), "part", at ? `In ${at} alone.` : "Over all tensors.");
    for (const button of findAll(this.#tab, ".ml-everywhere")) button.hidden = !at;
    fillSlots(find(this.#tab, ".ml-maps"), "summary", comparison.summary);
    this.#switch.fill(Object.entries(comparison.rates));
    this.#drawMaps();
    this.#drawCurves(comparison);
  }

  /**
   * @param {"a" | "b"} side
   * @param {Comparison} comparison
   */
  #renderSide(side, { slots }) {
    const card = find(this.#tab, `[data-side="${side}"]`), { title, pinned, run, chip } = slots[side];
    const button = find(card, "button"), letter = SIDES[side];
    fillSlots(card, "title", title);
    find(card, "strong").title = title;
    fillSlots(card, "about", `${pinned ? `pinned${run ? `, run ${run}` : ""}` : "current recipe"} · ${chip}`);
    const unpin = find(card, '[data-act="unslot"]');
    unpin.hidden = !pinned;
    unpin.setAttribute("aria-label", `Unpin ${letter}`);
    button.textContent = pinned ? "Use current recipe" : `Freeze ${letter}`;
    const both = slots.a.pinned && slots.b.pinned, taken = both ? `${letter} follows the sidebar again` : `${letter} becomes the current recipe`;
    button.title = pinned ? taken : `Keep the current recipe as ${letter}`;
  }

  /** @param {Comparison} comparison */
  #renderScores({ scores: { rows, verdict, empty, ask } }) {
    const card = find(this.#tab, '[data-table="compared-scores"]');
    fillSlots(card, "verdict", verdict);
    find(card, ".ml-foot").hidden = !ask;
    this.#place("compared-scores").replaceChildren(rows.length ? scoreComparison(rows) : make("p", empty, "ml-empty"));
  }

  /** @param {string} table */
  #place(table) {
    return find(this.#tab, `[data-table="${table}"] .ml-table`);
  }

  #drawMaps() {
    if (!this.#shown) return;
    for (const name of MAPS) {
      const part = PARTS[name], { figure, rates } = this.#shown[part];
      const side = part === "difference" ? null : this.#shown.slots[part];
      const chip = find(this.#page.board.card(name), '[data-slot="label"]');
      chip.textContent = side ? side.chip : "";
      chip.dataset.kind = String(side?.label);
      fillSlots(this.#page.board.card(name), "name", side?.title ?? "difference in shares");
      const data = [{ ...figure.data[0], ...rates[this.#switch.chosen] }];
      void this.#page.board.draw(name, { ...figure, data });
    }
  }

  /** @param {Comparison} comparison */
  #drawCurves({ curves, curves_notice: notice }) {
    const card = this.#page.board.card("compared");
    card.classList.toggle("ml-uncurved", !curves);
    fillSlots(card, "notice", curves ? notice : "");
    fillSlots(card, "empty", curves ? "" : notice);
    if (!curves) return;
    void this.#page.board.draw("compared", curves);
    find(card, ".ml-legend").replaceChildren(...ownCurves(curves).map(curveEntry));
  }

  /**
   * Shows the cell under the pointer in the other maps as well, and narrows both recipes to a clicked one.
   * @param {MapName} name
   */
  #link(name) {
    const { board, theme } = this.#page;
    board.setOverlay(name, () => {
      const cell = this.#highlighted[name];
      return cell ? [ringAround(cell, theme.value("--ml-ink"))] : [];
    });
    board.onFirstDrawn(name, (plot) => {
      plot.on("plotly_hover", ({ points: [point] }) => this.#highlight(name, point));
      plot.on("plotly_unhover", () => this.#highlight(name, null));
      plot.on("plotly_click", ({ points: [{ customdata: cell }] }) => {
        if (cell) this.#narrowing.show({ layer: cell[0], module: cell[1] });
      });
    });
  }

  /**
   * @param {MapName} hovered
   * @param {PlotPoint | null} point
   */
  #highlight(hovered, point) {
    for (const name of MAPS.filter((each) => each !== hovered)) {
      const trace = this.#page.board.figures[name]?.data[0];
      const row = point && trace ? trace.y.indexOf(point.y) : -1, column = point && trace ? trace.x.indexOf(point.x) : -1;
      if (row >= 0 && column >= 0) this.#highlighted[name] = { row, column };
      else delete this.#highlighted[name];
      if (trace) void this.#page.board.redrawOverlay(name);
    }
  }

  /** @param {Event} event */
  #click(event) {
    const button = closest(event, "button"), { requests } = this.#page;
    if (button?.dataset.pin) void requests.pin(button.dataset.pin);
    if (button?.dataset.act === "score") requests.send("score", {});
    if (button?.dataset.act === "widen") this.#narrowing.show(null);
    const side = button?.closest('[data-side="a"]') ? "a" : "b";
    if (button?.dataset.act === "unslot") requests.unpin(side);
    if (button?.dataset.act !== "slot") return;
    const slots = this.#shown?.slots, other = side === "a" ? "b" : "a";
    // with the other side on the sidebar's recipe, following it here too would leave nothing to compare
    if (slots?.[side].pinned && slots[other].pinned) requests.unpin(side);
    else void requests.pin(side);
  }
}
