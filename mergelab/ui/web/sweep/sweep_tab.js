/** @import { Page } from "../page.d.ts" */
/** @import { SweepLeft, SweepMessage } from "../messages.d.ts" */
/** @import { Tabs } from "../frame/tabs.js" */
/** @import { OpenDialog } from "../open/open_dialog.js" */

import { closest, fillSlots, find } from "../dom/elements.js";
import { redraw } from "../dom/redraw.js";
import { importanceGroups } from "./importance_list.js";
import { LastSweep, lastWords, resumable } from "./last_sweep.js";
import { SweepChartCard } from "./sweep_chart.js";
import { SweepForm } from "./sweep_form.js";
import { shownWords, stateWords, summaryWords } from "./sweep_points.js";
import { legendWords, sweepTable } from "./sweep_table.js";

const TAB = "sweep";

/** The Sweep tab: settings to vary, a budget, and the recipes that were tried. */
export class SweepTab {
  #page;
  #tabs;
  #open;
  #tab;
  #form;
  #chart;
  #last = new LastSweep();
  /** @type {SweepLeft | null} what was asked for and has not begun */
  #asked = null;

  /**
   * @param {Page} page
   * @param {Tabs} tabs
   * @param {OpenDialog} open
   */
  constructor(page, tabs, open) {
    this.#page = page;
    this.#tabs = tabs;
    this.#open = open;
    this.#tab = find(page.element, `[data-tab="${TAB}"]`);
    this.#form = new SweepForm(this.#tab);
    this.#chart = new SweepChartCard(page, (number) => this.#openRecipe(number), () => this.#renderTable());
    this.#tab.addEventListener("click", (event) => this.#click(event));
    for (const kind of ["pointerover", "focusin"]) this.#tab.addEventListener(kind, (event) => this.#light(event));
    document.addEventListener("keydown", (event) => this.#key(event), true);
    tabs.onOpen(TAB, () => this.#ask());
    page.inbox.on("sweep", () => this.render());
    page.inbox.on("link", () => tabs.open === TAB && this.#ask());
  }

  render() {
    const found = this.#page.inbox.get("sweep");
    if (!found) return;
    const isRunning = found.state === "running", canStart = !found.problem && Object.keys(found.objectives).length > 0;
    fillSlots(this.#tab, "sweep-state", stateWords(found));
    fillSlots(this.#tab, "sweep-of", found.of);
    fillSlots(this.#tab, "sweep-problem", found.problem);
    fillSlots(this.#tab, "sweep-swept", found.swept);
    fillSlots(this.#tab, "sweep-summary", summaryWords(found));
    fillSlots(this.#tab, "sweep-refusal", found.refusal);
    this.#form.render(found);
    if (isRunning) this.#keep();
    if (found.state === "done") this.#last.end();
    this.#button("start").disabled = isRunning || !canStart;
    this.#button("stop").hidden = !isRunning;
    this.#renderLast(found);
    this.#chart.render(found);
    this.#renderImportance(found);
    this.#renderTable();
  }

  #ask() {
    this.#page.requests.send("sweep_settings", {});
  }

  /** @param {Event} event */
  #click(event) {
    const button = closest(event, "button");
    if (button?.dataset.sweep === "start") this.#start();
    if (button?.dataset.sweep === "resume") this.#resume();
    if (button?.dataset.point) this.#openRecipe(Number(button.dataset.point));
  }

  #start() {
    const { request } = this.#form, name = this.#page.inbox.get("sweep")?.of ?? "";
    this.#asked = { query: this.#query, name, request, at: "", tried: 0, points: 0, state: "interrupted", here: false }; // only the server knows how far it comes
    this.#page.requests.send("run_sweep", request);
  }

  /** Keeps a sweep that has begun; one that is refused has nothing to go on with. */
  #keep() {
    if (this.#asked) this.#last.keep(this.#asked);
    this.#asked = null;
  }

  /** Goes on with a sweep, whose recipe has to be on the sidebar. */
  #resume() {
    const { sweep } = this.#resumable ?? {};
    if (!sweep) return;
    if (sweep.query !== this.#query) return void this.#page.requests.send("travel", { query: sweep.query });
    this.#form.restore(sweep.request);
    this.#start();
  }

  get #resumable() {
    return resumable(this.#last, this.#page.inbox.get("sweep")?.left ?? null);
  }

  /** That of a link to the recipe on the sidebar. */
  get #query() {
    return this.#page.inbox.get("link")?.query ?? "";
  }

  /** @param {SweepMessage} found */
  #renderLast({ state }) {
    const found = this.#resumable, words = found && lastWords(found.sweep, this.#query, found.isOwn);
    find(this.#tab, ".ml-sweep-last").hidden = !words || state !== "none";
    fillSlots(this.#tab, "sweep-last", words?.told);
    this.#button("resume").textContent = words?.button ?? "";
  }

  /** @param {Event} event */
  #light(event) {
    const row = closest(event, ".ml-sweep-table tbody tr");
    this.#chart.light(row ? Number(row.dataset.number) : null);
  }

  /**
   * Escape clears the brush before it does anything else.
   * @param {KeyboardEvent} event
   */
  #key(event) {
    if (event.key !== "Escape" || this.#tabs.open !== TAB || !this.#chart.isBrushed || document.querySelector("dialog[open]")) return;
    event.stopImmediatePropagation();
    this.#chart.clear();
  }

  /** @param {number} number */
  #openRecipe(number) {
    const recipe = this.#page.inbox.get("sweep")?.points.find((point) => point.number === number)?.recipe;
    if (!recipe) return;
    this.#open.take(recipe);
    this.#tabs.show("lab");
  }

  /** @param {SweepMessage} found */
  #renderImportance({ importances, importance_note }) {
    find(this.#tab, ".ml-sweep-importance").hidden = !importance_note;
    find(this.#tab, ".ml-sweep-objectives").replaceChildren(...importanceGroups(importances));
    fillSlots(this.#tab, "sweep-importance", importance_note);
  }

  #renderTable() {
    const found = this.#page.inbox.get("sweep");
    if (!found) return;
    const { kept } = this.#chart, shown = found.points.filter(({ number, shown: isShown }) => isShown && (!kept || kept.has(number)));
    find(this.#tab, ".ml-sweep-recipes").hidden = !found.points.length;
    fillSlots(this.#tab, "sweep-legend", legendWords(found));
    fillSlots(this.#tab, "sweep-shown", shownWords(shown.length, found.points.length, this.#chart.words));
    redraw(find(this.#tab, ".ml-sweep-table"), [sweepTable(found, shown)]);
  }

  /** @param {string} name */
  #button(name) {
    return find(this.#tab, `[data-sweep="${name}"]`, HTMLButtonElement);
  }
}
