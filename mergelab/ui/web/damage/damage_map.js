/** @import { Page } from "../page.d.ts" */
/** @import { DamageMessage, Restored } from "../messages.d.ts" */
/** @import { HeatmapTrace, Shape } from "../plotly.d.ts" */
/** @import { Narrowing } from "../lab/narrowing.js" */

import { ringAround } from "../charts/shapes.js";
import { closest, fillList, fillSlots, find } from "../dom/elements.js";
import { placeOf } from "../lab/cells.js";
import { cellWords, chipOf } from "./damage_words.js";

const NAME = "damage", MEAN = "Mean of all tasks";

/** The damage map: what each place of the merge costs, measured on demand, with a recipe to load for the cell in view. */
export class DamageMap {
  #page;
  #narrowing;
  #card;

  /**
   * @param {Page} page
   * @param {Narrowing} narrowing a clicked cell is looked at by all charts
   */
  constructor(page, narrowing) {
    this.#page = page;
    this.#narrowing = narrowing;
    this.#card = page.board.card(NAME);
    this.#card.addEventListener("change", () => page.requests.send("show_damage", this.#asked));
    this.#card.addEventListener("click", (event) => this.#click(closest(event, "button")?.dataset.damage));
    page.board.setOverlay(NAME, () => this.#ring());
    page.board.onFirstDrawn(NAME, (plot) => {
      plot.on("plotly_click", ({ points: [{ customdata: cell }] }) => {
        if (cell) narrowing.show({ layer: cell[0], module: cell[1] });
      });
    });
    page.inbox.on("damage", () => this.render());
    page.inbox.on("charts", () => this.render());
  }

  render() {
    const found = this.#page.inbox.get("damage");
    if (!found) return;
    const { board, inbox } = this.#page, isMeasuring = found.state === "measuring";
    const chip = chipOf(found, inbox.get("charts")?.digest, inbox.get("states"));
    const element = find(this.#card, '[data-slot="damage-state"]');
    element.textContent = chip.word;
    element.dataset.kind = chip.kind;
    this.#card.classList.toggle("ml-stale", chip.kind === "outdated");
    this.#card.classList.toggle("ml-unmeasured", !found.figure);
    fillSlots(this.#card, "damage-empty", found.empty);
    fillSlots(this.#card, "damage-of", found.recipe && `Of ${found.recipe}: ${found.about}`);
    fillSlots(this.#card, "summary", found.summary);
    fillSlots(this.#card, "damage-correlation", found.correlation);
    find(this.#card, '[data-damage="measure"]').hidden = isMeasuring;
    find(this.#card, '[data-act="stop"]').hidden = !isMeasuring;
    this.#list("restore").disabled = isMeasuring; // the map under way is of one treatment
    this.#fillLists(found);
    this.#offer(found);
    if (found.figure) void board.draw(NAME, found.figure);
  }

  /** @param {string | undefined} action */
  #click(action) {
    const { requests } = this.#page, { at } = this.#narrowing;
    if (action === "measure") requests.send("measure_damage", this.#asked);
    if (action === "load" && at) requests.send("put_back", { layer: at.layer, module: at.module });
  }

  /** What is chosen. */
  get #asked() {
    return { restore: /** @type {Restored} */ (this.#list("restore").value), task: this.#list("task").value };
  }

  /** @param {DamageMessage} found */
  #fillLists({ restore, tasks, task }) {
    this.#list("restore").value = restore;
    fillList(this.#list("task"), Object.entries({ "": MEAN, ...tasks }), task);
  }

  /**
   * Offers a recipe for the cell that the charts are narrowed to.
   * @param {DamageMessage} found
   */
  #offer({ figure, unloadable }) {
    const words = figure && this.#narrowing.at ? cellWords(figure.data[0], this.#narrowing.at) : "";
    find(this.#card, ".ml-damage-offer").hidden = !words;
    fillSlots(this.#card, "damage-cell", words);
    fillSlots(this.#card, "damage-unloadable", unloadable);
    find(this.#card, '[data-damage="load"]').hidden = Boolean(unloadable);
  }

  /** @returns {Shape[]} a ring around the cell that the charts are narrowed to */
  #ring() {
    const { at } = this.#narrowing, [trace] = this.#page.board.figures[NAME].data;
    const place = at && placeOf(/** @type {HeatmapTrace} */ (trace).customdata, at);
    return place ? [ringAround(place, this.#page.theme.value("--ml-ink"))] : [];
  }

  /** @param {"restore" | "task"} name */
  #list(name) {
    return find(this.#card, `[data-damage="${name}"]`, HTMLSelectElement);
  }
}
