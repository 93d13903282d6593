/** @import { Page } from "../page.d.ts" */
/** @import { Charts, NarrowedCell } from "../messages.d.ts" */
/** @import { HeatmapTrace } from "../plotly.d.ts" */
/** @import { Cell } from "./cells.js" */

import { actionOf, find, make, makeButton } from "../dom/elements.js";
import { redraw } from "../dom/redraw.js";
import { cellBeside, readCell, sameCell } from "./cells.js";

const LONGEST_NAME = 40;

/** The part of the model that the Lab looks at: one layer and module, or all tensors. */
export class Narrowing {
  /** @type {NarrowedCell | null} what the charts on screen are of; null for all tensors */
  at = null;
  #page;
  #select;
  #openTensor;
  /** @type {string | null} the cell that the address asks for, until the first charts are there */
  #linked;

  /**
   * @param {Page} page
   * @param {(key: string) => void} openTensor
   */
  constructor(page, openTensor) {
    this.#page = page;
    this.#openTensor = openTensor;
    this.#linked = page.address.get("at");
    this.#select = find(page.element, '[data-slot="cells"]', HTMLSelectElement);
    this.#select.addEventListener("change", () => this.show(this.#cells[Number(this.#select.value || -1)] ?? null));
    page.element.addEventListener("click", (event) => {
      const action = actionOf(event);
      if (action === "everywhere") this.show(null);
      if (action === "worst") this.showHighest();
    });
  }

  /**
   * Narrows the charts.
   * @param {Cell | null} cell null for all tensors
   */
  show(cell) {
    this.#page.address.set({ at: cell && `${cell.layer}:${cell.module}` });
    this.#page.requests.send("narrow", { layer: cell?.layer ?? null, module: cell?.module ?? null });
  }

  /** Narrows the charts to the cell with most conflicting weights. */
  showHighest() {
    if (this.#page.inbox.get("charts")) this.show(this.#cells[0] ?? null);
  }

  /**
   * Narrows the charts to the same module one layer on.
   * @param {number} way 1 for the next layer, -1 for the one before
   */
  showNextLayer(way) {
    const heatmap = /** @type {HeatmapTrace | undefined} */ (this.#page.board.figures.heatmap?.data[0]);
    const [strongest] = this.#cells;
    if (!heatmap || !(this.at ?? strongest)) return;
    const next = cellBeside(heatmap.customdata, this.at ?? { layer: null, module: strongest.module }, way);
    if (next) this.show(next);
  }

  /** @param {Charts} charts */
  render({ at, cells }) {
    this.at = at;
    const first = make("option", "Choose a layer and module …");
    first.value = "";
    this.#select.replaceChildren(first, ...cells.map(({ title }, place) => {
      const option = make("option", title);
      option.value = String(place);
      return option;
    }));
    this.#select.value = at ? String(cells.findIndex((cell) => sameCell(cell, at))) : "";
    const { element } = this.#page;
    find(element, '[data-act="everywhere"]').setAttribute("aria-current", String(!at));
    find(element, ".ml").classList.toggle("ml-narrowed", Boolean(at));
    redraw(find(element, ".ml-where-tensors"), at ? this.#tensors(at) : []);
  }

  /** Follows the address to a cell, once the first charts are there. */
  followLink() {
    if (!this.#linked || !this.#page.inbox.get("charts")) return;
    const wanted = readCell(this.#linked), cell = this.#cells.find((each) => sameCell(each, wanted));
    this.#linked = null;
    if (cell) return this.show(cell);
    this.#page.address.set({ at: null });
    const [layer, module] = [wanted.layer, wanted.module].map((name) => name.slice(0, LONGEST_NAME));
    this.#page.notes.showChanges(
      [`These models have no layer “${layer}” with a module “${module}”, so all tensors are shown.`],
    );
  }

  /** Follows the address to another cell, or back to all tensors. */
  followTravel() {
    const at = this.#page.address.get("at"), here = this.at && `${this.at.layer}:${this.at.module}`;
    if (at !== here) this.show(at === null ? null : readCell(at));
  }

  get #cells() {
    return this.#page.inbox.get("charts")?.cells ?? [];
  }

  /** @param {NarrowedCell} at */
  #tensors({ title, tensors }) {
    return [make("span", title, "ml-chip"), ...tensors.map(({ key, shape }) => {
      const button = makeButton(`Open ${key.split(".").at(-1)} ${shape}`);
      button.title = key;
      button.addEventListener("click", () => this.#openTensor(key));
      return button;
    })];
  }
}
