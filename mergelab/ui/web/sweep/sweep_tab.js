/** @import { Page } from "../page.d.ts" */
/** @import { SweepMessage, SweepPoint, SweepSetting } from "../messages.d.ts" */
/** @import { Tabs } from "../frame/tabs.js" */
/** @import { OpenDialog } from "../open/open_dialog.js" */

import { closest, fillList, fillSlots, find, make, makeButton } from "../dom/elements.js";
import { makeTable } from "../dom/table.js";
import { ranked, sizeWords, stateWords } from "./sweep_points.js";

const TAB = "sweep", NAME = "sweep";

/** The Sweep tab: settings to vary, a budget, and the recipes that were tried. */
export class SweepTab {
  #page;
  #tabs;
  #open;
  #tab;
  /** @type {Map<string, string>} what is typed for each setting, by its path */
  #typed = new Map();
  /** @type {Set<string>} the paths of the ticked settings */
  #ticked = new Set();

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
    this.#tab.addEventListener("input", (event) => this.#choose(event));
    this.#tab.addEventListener("click", (event) => this.#click(event));
    tabs.onOpen(TAB, () => this.#ask());
    page.inbox.on("sweep", () => this.render());
    page.inbox.on("link", () => tabs.open === TAB && this.#ask());
    page.board.onFirstDrawn(NAME, (plot) => {
      plot.on("plotly_click", ({ points: [{ customdata: number }] }) => this.#openRecipe(Number(number)));
    });
  }

  render() {
    const found = this.#page.inbox.get("sweep");
    if (!found) return;
    const isRunning = found.state === "running", canStart = !found.problem && Object.keys(found.objectives).length > 0;
    fillSlots(this.#tab, "sweep-state", stateWords(found));
    fillSlots(this.#tab, "sweep-of", found.of);
    fillSlots(this.#tab, "sweep-problem", found.problem);
    this.#renderSettings(found.settings);
    fillList(this.#list("objective"), Object.entries(found.objectives), this.#list("objective").value);
    this.#button("start").disabled = isRunning || !canStart;
    this.#button("stop").hidden = !isRunning;
    this.#renderPoints(found);
    this.#renderChart(found);
  }

  #ask() {
    this.#page.requests.send("sweep_settings", {});
  }

  /** @param {Event} event */
  #choose({ target }) {
    if (!(target instanceof HTMLElement)) return;
    const { vary, range, sweep } = target.dataset;
    if (target instanceof HTMLInputElement && vary) {
      if (target.checked) this.#ticked.add(vary);
      else this.#ticked.delete(vary);
      find(this.#tab, `[data-range="${CSS.escape(vary)}"]`, HTMLInputElement).disabled = !target.checked;
    }
    if (target instanceof HTMLInputElement && range) this.#typed.set(range, target.value);
    if (target instanceof HTMLSelectElement && sweep === "axis") this.#page.requests.send("draw_sweep", { axis: Number(target.value) });
    this.#tellSize();
  }

  /** @param {Event} event */
  #click(event) {
    const button = closest(event, "button");
    if (button?.dataset.sweep === "start") this.#start();
    if (button?.dataset.point) this.#openRecipe(Number(button.dataset.point));
  }

  #start() {
    const number = (/** @type {string} */ name) => Number(find(this.#tab, `[data-sweep="${name}"]`, HTMLInputElement).value) || 0;
    this.#page.requests.send("run_sweep", {
      over: this.#over,
      objective: this.#list("objective").value,
      sampler: this.#list("sampler").value,
      race: this.#list("race").value,
      points: Math.round(number("points")),
      minutes: number("minutes"),
      rows: Math.round(number("rows")),
    });
  }

  /** The values of the ticked settings, by path. */
  get #over() {
    const settings = this.#page.inbox.get("sweep")?.settings ?? [];
    const chosen = settings.filter(({ path }) => this.#ticked.has(path));
    return Object.fromEntries(chosen.map(({ path, suggested }) => [path, this.#typed.get(path) ?? suggested]));
  }

  /** @param {number} number */
  #openRecipe(number) {
    const recipe = this.#page.inbox.get("sweep")?.points.find((point) => point.number === number)?.recipe;
    if (!recipe) return;
    this.#open.take(recipe);
    this.#tabs.show("lab");
  }

  /** @param {SweepSetting[]} settings */
  #renderSettings(settings) {
    const box = find(this.#tab, ".ml-sweep-settings"), paths = settings.map(({ path }) => path).join("\n");
    if (box.dataset.paths !== paths) box.replaceChildren(...settings.map((setting) => this.#setting(setting)));
    box.dataset.paths = paths; // what is being typed stays
    this.#tellSize();
  }

  /** @param {SweepSetting} setting */
  #setting({ path, title, value, suggested }) {
    const label = make("label"), tick = make("input"), name = make("span", title), range = make("input");
    tick.type = "checkbox";
    tick.dataset.vary = path;
    tick.checked = this.#ticked.has(path);
    name.append(make("small", `now ${value}`));
    range.type = "text";
    range.dataset.range = path;
    range.value = this.#typed.get(path) ?? suggested;
    range.disabled = !tick.checked;
    range.setAttribute("aria-label", `Values of ${title}`);
    label.append(tick, name, range);
    return label;
  }

  #tellSize() {
    fillSlots(this.#tab, "sweep-size", sizeWords(Object.values(this.#over)));
  }

  /** @param {SweepMessage} found */
  #renderPoints({ swept, columns, points, summary }) {
    find(this.#tab, ".ml-sweep-found").hidden = !swept;
    fillSlots(this.#tab, "sweep-swept", swept);
    fillSlots(this.#tab, "sweep-summary", summary);
    const titles = ["Point", "Score on validation rows", ...columns, "Rows per task", "State", ""];
    const table = makeTable(titles, ranked(points).map(rowOf));
    find(this.#tab, ".ml-sweep-table").replaceChildren(...(points.length ? [table] : []));
  }

  /** @param {SweepMessage} found */
  #renderChart({ figure, columns, axis }) {
    this.#page.board.card(NAME).hidden = !figure;
    fillList(this.#list("axis"), columns.map((title, place) => [String(place), title]), String(axis));
    if (figure) void this.#page.board.draw(NAME, figure);
  }

  /** @param {string} name */
  #list(name) {
    return find(this.#tab, `[data-sweep="${name}"]`, HTMLSelectElement);
  }

  /** @param {string} name */
  #button(name) {
    return find(this.#tab, `[data-sweep="${name}"]`, HTMLButtonElement);
  }
}

/** @param {SweepPoint} point */
function rowOf({ number, text, settings, n, state, best, alike, recipe }) {
  const row = make("tr"), title = make("th", `${best ? "★ " : alike ? "≈ " : ""}${number}`), last = make("td");
  title.scope = "row";
  if (recipe) {
    const button = makeButton("Open", "ml-inline");
    button.dataset.point = String(number);
    button.setAttribute("aria-label", `Open point ${number} in the Lab`);
    last.append(button);
  }
  row.classList.toggle("ml-sweep-best", best);
  row.append(title, ...[text, ...settings, n ? String(n) : "", state].map((cell) => make("td", cell)), last);
  return row;
}
