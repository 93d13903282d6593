/** @import { Page } from "../page.d.ts" */
/** @import { RunCell, RunColumn, RunFileForm, RunList, RunRow } from "../messages.d.ts" */
/** @import { Tabs } from "../frame/tabs.js" */
/** @import { OpenDialog } from "../open/open_dialog.js" */
/** @import { Order } from "./run_rows.js" */

import { closest, fillList, fillSlots, find, make, makeButton } from "../dom/elements.js";
import { redraw } from "../dom/redraw.js";
import { saveBytes } from "../dom/save_file.js";
import { comparedRun } from "./compared_run.js";
import { NUMBER, aboutRuns, axesOf, rankedGroups, shownRows } from "./run_rows.js";

const TAB = "runs", NAME = "runs", NONE = "There are no runs yet. Merge something in the Lab, or use mergelab merge, evaluate or sweep.";
const NO_FIT = "No run fits. Clear the search or the ticks.";

/** The Runs tab: what was tried before, to sort, mark, compare, go back to, and take along. */
export class RunsTab {
  #page;
  #tabs;
  #open;
  #tab;
  /** @type {Order} */
  #order = { by: NUMBER, falling: true };
  /** @type {Set<number>} the numbers of the ticked runs, in the order of their ticks */
  #ticked = new Set();
  /** The models that the person chose; empty text for those of the newest run. */
  #models = "";

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
    page.inbox.on("runs", () => this.render());
    page.inbox.on("run_file", () => this.#save());
    page.inbox.on("history", () => tabs.open === TAB && this.#ask());
    page.board.onFirstDrawn(NAME, (plot) => {
      plot.on("plotly_click", ({ points: [{ customdata: number }] }) => this.#tick(Number(number)));
    });
  }

  render() {
    const list = this.#page.inbox.get("runs");
    if (!list) return;
    const rows = shownRows(list.rows, this.#filter, this.#order), listed = new Set(list.rows.map(({ number }) => number));
    this.#ticked = new Set([...this.#ticked].filter((number) => listed.has(number)));
    fillSlots(this.#tab, "runs-about", aboutRuns(rows.length, list));
    fillSlots(this.#tab, "runs-problem", list.problem);
    fillSlots(this.#tab, "runs-empty", rows.length || list.problem ? "" : list.rows.length ? NO_FIT : list.archived ? "No run is archived." : NONE);
    fillSlots(this.#tab, "runs-more", list.more ? `${list.more} older runs are not listed; mergelab runs list --limit shows them.` : "");
    fillSlots(this.#tab, "runs-reproduced", list.reproduced);
    redraw(find(this.#tab, ".ml-run-table"), rows.length ? [this.#table(list, rows)] : []);
    this.#renderModels(list);
    this.#renderActions(list);
    this.#renderComparison(list);
    this.#renderChart(list);
  }

  get #filter() {
    return { words: this.#field("filter").value, starred: this.#field("starred").checked, here: this.#field("here").checked };
  }

  /** @param {{ x?: string, y?: string }} [axes] */
  #ask(axes) {
    const { x = "", y = "" } = this.#page.inbox.get("runs")?.chart ?? {};
    this.#page.requests.send("runs", { archived: this.#field("archived").checked, x, y, models: this.#models, ...axes });
  }

  /** @param {Event} event */
  #choose(event) {
    const { target } = event, field = target instanceof HTMLElement ? target.dataset.runs : undefined;
    if (target instanceof HTMLInputElement && target.dataset.tick) this.#tick(Number(target.dataset.tick));
    if (field === "filter" || field === "starred" || field === "here") this.render();
    if (field === "archived") this.#ask();
    if (target instanceof HTMLSelectElement && field === "models") this.#chooseModels(target.value);
    if (target instanceof HTMLSelectElement && (field === "x" || field === "y")) this.#ask({ [field]: target.value });
  }

  /** @param {string} models */
  #chooseModels(models) {
    this.#models = models;
    this.#ask();
  }

  /** @param {Event} event */
  #click(event) {
    const button = closest(event, "button"), { requests } = this.#page;
    if (!button) return;
    const { runs: action, sort, star } = button.dataset, numbers = [...this.#ticked], [chosen] = this.#chosen;
    if (sort) this.#sort(sort);
    if (star) requests.send("mark_run", mark(Number(star), { starred: button.getAttribute("aria-pressed") !== "true" }));
    if (action === "compare") requests.send("compare_runs", { numbers });
    if (action === "save") requests.send("export_runs", { numbers, form: /** @type {RunFileForm} */ (find(this.#tab, "[data-runs=form]", HTMLSelectElement).value) });
    if (action === "reproduce" && chosen) requests.send("reproduce_run", { number: chosen.number });
    if (action === "archive") for (const run of this.#chosen) requests.send("mark_run", mark(run.number, { archived: !run.archived }));
    if (action === "open" && chosen) this.#openRecipe(chosen);
    if (action === "mark" && chosen) requests.send("mark_run", mark(chosen.number, this.#words));
  }

  /** What is typed about the ticked run. */
  get #words() {
    const tags = this.#field("tags").value.split(",").map((tag) => tag.trim()).filter(Boolean);
    return { note: this.#field("note").value.trim(), tags };
  }

  /** The ticked runs. */
  get #chosen() {
    const rows = this.#page.inbox.get("runs")?.rows ?? [];
    return [...this.#ticked].flatMap((number) => rows.filter((row) => row.number === number));
  }

  /** @param {RunRow} run */
  #openRecipe({ recipe }) {
    this.#open.take(recipe);
    this.#tabs.show("lab");
  }

  /** @param {number} number */
  #tick(number) {
    if (!this.#ticked.delete(number)) this.#ticked.add(number);
    this.render();
  }

  /** @param {string} by */
  #sort(by) {
    this.#order = { by, falling: this.#order.by === by ? !this.#order.falling : true };
    this.render();
  }

  /**
   * @param {RunList} list
   * @param {RunRow[]} rows
   */
  #table({ columns }, rows) {
    const table = make("table"), head = make("thead"), top = make("tr");
    top.append(this.#heading("", ""), this.#heading(NUMBER, "Run"), this.#heading("name", "Recipe"), ...columns.map(({ name, title }) => this.#heading(name, title)));
    head.append(top);
    table.append(head, ...rankedGroups(rows, this.#order.by).map(([words, of]) => this.#group(words, of, columns)));
    return table;
  }

  /**
   * @param {string} words what the runs have in common; empty text without a heading
   * @param {RunRow[]} rows
   * @param {RunColumn[]} columns
   */
  #group(words, rows, columns) {
    const body = make("tbody"), top = make("tr", null, "ml-run-group"), title = make("th");
    title.scope = "rowgroup";
    title.colSpan = 3 + columns.length;
    title.append(make("span", `${rows.length} ${rows.length === 1 ? "run" : "runs"} · ${words}`));
    top.append(title);
    body.append(...(words ? [top] : []), ...rows.map((row) => this.#row(row, columns)));
    return body;
  }

  /**
   * @param {string} name
   * @param {string} title
   */
  #heading(name, title) {
    const cell = make("th");
    cell.scope = "col";
    if (!name) {
      cell.append(make("span", "Tick", "ml-sr"));
      return cell;
    }
    const button = makeButton(title);
    button.dataset.sort = name;
    cell.append(button);
    if (this.#order.by === name) cell.setAttribute("aria-sort", this.#order.falling ? "descending" : "ascending");
    return cell;
  }

  /**
   * @param {RunRow} row
   * @param {RunColumn[]} columns
   */
  #row(row, columns) {
    const made = make("tr"), tick = make("input"), first = make("td"), star = makeButton(row.starred ? "★" : "☆", "ml-run-star"), title = make("th");
    tick.type = "checkbox";
    tick.checked = this.#ticked.has(row.number);
    tick.dataset.tick = String(row.number);
    tick.setAttribute("aria-label", `Run ${row.number}`);
    star.dataset.star = String(row.number);
    star.setAttribute("aria-pressed", String(row.starred));
    star.setAttribute("aria-label", `Star on run ${row.number}`);
    first.append(tick, star);
    title.scope = "row";
    title.append(row.name, ...aside(row));
    made.append(first, make("td", String(row.number)), title, ...columns.map(({ name }) => cellOf(row.cells[name])));
    made.classList.toggle("ml-run-here", row.here);
    return made;
  }

  /** @param {RunList} list */
  #renderModels({ models, chosen }) {
    const choice = find(this.#tab, "[data-runs=models]", HTMLSelectElement), label = choice.parentElement;
    if (label) label.hidden = !models.length;
    fillList(choice, models.map(({ name, title }) => [name, title]), chosen);
  }

  /** @param {RunList} list */
  #renderActions({ rows }) {
    const count = this.#ticked.size, chosen = this.#chosen, [only] = chosen, words = find(this.#tab, ".ml-run-words");
    fillSlots(this.#tab, "runs-selected", count ? `${count} ticked` : "Tick runs to open, compare or reproduce them.");
    this.#button("open").disabled = count !== 1 || !only.recipe;
    this.#button("reproduce").disabled = count !== 1 || !only.recipe;
    this.#button("compare").disabled = count < 2;
    this.#button("archive").disabled = !count;
    this.#button("archive").textContent = count && chosen.every(({ archived }) => archived) ? "Put back" : "Archive";
    this.#button("save").disabled = !rows.length;
    this.#button("save").textContent = count ? "Save ticked" : "Save all";
    words.hidden = count !== 1;
    if (count !== 1 || words.dataset.of === String(only.number)) return;
    words.dataset.of = String(only.number); // what is being typed stays
    fillSlots(this.#tab, "runs-noted", String(only.number));
    this.#field("note").value = only.note;
    this.#field("tags").value = only.tags.join(", ");
  }

  /** @param {RunList} list */
  #renderComparison({ comparison }) {
    const card = find(this.#tab, ".ml-run-comparison");
    card.hidden = !comparison;
    if (!comparison) return;
    fillSlots(card, "runs-first", `run ${comparison.number} · ${comparison.name}`);
    find(card, ".ml-run-others").replaceChildren(...comparison.others.map((other) => comparedRun(comparison.number, other)));
  }

  /** @param {RunList} list */
  #renderChart({ chart, columns }) {
    const card = this.#page.board.card(NAME);
    fillList(find(card, "[data-runs=x]", HTMLSelectElement), axesOf(columns, false), chart.x);
    fillList(find(card, "[data-runs=y]", HTMLSelectElement), axesOf(columns, true), chart.y);
    fillSlots(card, "summary", chart.summary);
    card.classList.toggle("ml-unmeasured", !chart.figure);
    find(card, ".ml-choices").hidden = !chart.figure;
    if (chart.figure) void this.#page.board.draw(NAME, chart.figure);
  }

  #save() {
    const file = this.#page.inbox.takeNew("run_file");
    if (file) saveBytes(file.content, file.name, file.kind);
  }

  /** @param {string} name */
  #field(name) {
    return find(this.#tab, `[data-runs="${name}"]`, HTMLInputElement);
  }

  /** @param {string} name */
  #button(name) {
    return find(this.#tab, `[data-runs="${name}"]`, HTMLButtonElement);
  }
}

/**
 * A value, and below a score its interval and number of rows.
 * @param {RunCell | undefined} cell
 * @returns {HTMLElement}
 */
function cellOf(cell) {
  const made = make("td", cell?.text ?? "");
  if (cell?.beside) made.append(make("small", cell.beside));
  return made;
}

/**
 * What is said of a run under its name.
 * @param {RunRow} row
 * @returns {HTMLElement[]}
 */
function aside({ state, models, kind, created, tags, note }) {
  const when = new Date(created).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  const said = [models, state === "done" ? kind : `${kind}, ${state}`, when, ...tags.map((tag) => `#${tag}`), note].filter(Boolean);
  return [make("small", said.join(" · "))];
}

/**
 * What is said of a run; everything else stays as it is.
 * @param {number} number
 * @param {{ starred?: boolean, archived?: boolean, note?: string, tags?: string[] }} said
 */
function mark(number, { starred, archived, note, tags }) {
  return { number, starred: starred ?? null, archived: archived ?? null, note: note ?? null, tags: tags ?? null };
}
