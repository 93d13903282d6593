/** @import { Page } from "../page.d.ts" */
/** @import { TensorRow, TensorUpdate } from "../messages.d.ts" */
/** @import { Tabs } from "../frame/tabs.js" */

import { closest, fillSlots, find, findAll } from "../dom/elements.js";
import { saveCsv } from "../dom/save_file.js";
import { whole } from "../formatting/numbers.js";
import { listenForArrows } from "./choices.js";
import { conflictsCsv } from "./conflicts_csv.js";
import { ConflictsTable } from "./conflicts_table.js";
import { decodedCells } from "./map/decoding.js";
import { wholeOf } from "./map/geometry.js";
import { Jumps } from "./jumps.js";
import { NO_PLACE, readMap } from "./map/map_link.js";
import { MapPointer } from "./map/map_pointer.js";
import { PairChoice, readPair } from "./pair_choice.js";
import { LAST_STEP } from "./map/map_view.js";
import { SingularValues } from "./singular_values.js";
import { TensorList } from "./tensor_list.js";
import { TensorMap } from "./map/tensor_map.js";

const TAB = "tensor";
const CARDS = ["map", "conflicts", "spectrum"];
const LONGEST = 30;
const REST = 250; // milliseconds that a recipe rests before the tensors are asked for

/** The Tensor tab: one tensor as a map, from the whole of it down to single weights at every step of the merge. */
export class TensorTab {
  /** @type {TensorRow[] | undefined} */
  tensors;
  map;
  singular;
  #page;
  #tabs;
  #list;
  #conflicts;
  #jumps;
  #pairs;
  /** Whether the largest clash is gone to as soon as it is known. */
  #leads = false;
  /** @type {string | null} the key of the tensor that was asked for last */
  #opening = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #following;

  /**
   * @param {Page} page
   * @param {Tabs} tabs
   */
  constructor(page, tabs) {
    this.#page = page;
    this.#tabs = tabs;
    this.map = new TensorMap(page, this.#card("map"));
    this.singular = new SingularValues(page, this.#card("spectrum"));
    this.#list = new TensorList(this.#card("pick"), (key) => this.openTensor(key));
    this.#conflicts = new ConflictsTable(this.#card("conflicts"), (place) => {
      this.map.goToPlace(place);
      this.#card("map").scrollIntoView({ block: "nearest" });
    });
    this.#pairs = new PairChoice(this.#card("conflicts"), () => this.#listConflicts());
    this.#jumps = new Jumps(this.#card("map"), this.map);
    new MapPointer(this.map);
    findAll(page.element, ".ml-choice").forEach(listenForArrows);
    page.element.addEventListener("click", (event) => {
      const action = closest(event, "button")?.dataset.map;
      if (action) this.#actions[action]?.();
    });
    tabs.onOpen(TAB, () => {
      this.map.paint();
      this.#followRecipe();
    });
    this.#listen();
  }

  /**
   * What a key does on this tab.
   * @param {string} key
   * @returns {(() => void) | undefined}
   */
  shortcut(key) {
    if (this.#tabs.open !== TAB || !this.map.open) return undefined;
    const { map } = this;
    /** @type {Record<string, () => void>} */
    const keys = {
      "+": () => map.zoomBy(0.5),
      "=": () => map.zoomBy(0.5),
      "-": () => map.zoomBy(2),
      "−": () => map.zoomBy(2),
      0: () => map.showWhole(),
      x: () => this.#goToLargest(),
      ",": () => map.stepBy(-1),
      ".": () => map.stepBy(1),
    };
    return keys[key];
  }

  /**
   * Opens the tab with a tensor at the recipe on the sidebar.
   * @param {string} key
   */
  openTensor(key) {
    const { open } = this.map;
    if (this.#tabs.open !== TAB) this.#tabs.show(TAB);
    this.#opening = key;
    if (key === open?.tensor.key && !this.#isStale) {
      this.#card("pick").hidden = true;
      return;
    }
    if (open && key !== open.tensor.key) this.#page.address.set({ tensor: key, ...NO_PLACE });
    this.#setWaiting(true);
    this.#page.requests.send("look", { tensor: key });
  }

  /**
   * Opens the tab with a tensor, and goes to the largest clash of two experts in it.
   * @param {string} key
   * @param {[string, string]} experts their references
   */
  openClash(key, experts) {
    const { open } = this.map;
    this.#pairs.choose(experts);
    this.#leads = true;
    this.openTensor(key);
    if (open?.tensor.key === key && !this.#isStale) this.#listConflicts();
  }

  // ---- what Python sends

  #listen() {
    const { inbox } = this.#page;
    inbox.on("tensors", () => this.#renderTensors());
    inbox.on("tensor", () => this.#renderTensor());
    inbox.on("cells", () => this.#takeCells());
    inbox.on("coordinates", () => this.#takeCoordinates());
    inbox.on("pair_conflicts", () => this.#takePairConflicts());
    inbox.on("spectrum", () => this.#renderSpectrum());
    inbox.on("unlooked", () => this.#renderFailure());
    inbox.on("charts", () => this.#followRecipe());
    inbox.on("link", () => this.#followRecipe());
  }

  #renderTensors() {
    const tensors = this.#page.inbox.takeNew("tensors");
    if (!tensors) return;
    this.#list.render(tensors.rows, this.map.open?.tensor.key);
    this.tensors = tensors.rows;
    this.#followTensors(tensors.rows);
  }

  #renderTensor() {
    const { inbox } = this.#page, tensor = inbox.takeNew("tensor");
    const sent = tensor && (inbox.takeNew("cells") ?? inbox.get("cells"));
    if (!tensor || !sent) return;
    const cells = decodedCells(sent), { view, open } = this.map;
    const same = open?.tensor.key === tensor.key && open.tensor.rows === tensor.rows;
    const kept = same ? { at: open.at, mark: open.mark } : { at: wholeOf(tensor), mark: null };
    view.open = { tensor, whole: cells, cells, cellsOf: wholeOf(tensor), coords: null, ...kept };
    if (!same) view.step = LAST_STEP;
    for (const name of CARDS) this.#card(name).hidden = false;
    this.#card("pick").hidden = true;
    this.#renderName(tensor);
    this.singular.clear();
    this.#pairs.render(tensor);
    if (!same) this.#followLink(tensor);
    this.#listConflicts();
    this.#setWaiting(false);
    this.#say("");
    this.map.goTo(view.open.at);
  }

  /** @param {TensorUpdate} tensor */
  #renderName({ key, shape, entries, experts, rule, folded }) {
    const card = this.#card("map"), size = shape.join(" × ") || "a single number";
    fillSlots(card, "tensor-name", key);
    fillSlots(card, "tensor-about", `${size} · ${whole(entries)} weights · ${experts.length} experts · ${rule}`);
    fillSlots(card, "go-row", folded ? "index" : "row");
    find(card, '[data-go="column"]').hidden = folded;
    this.#renderChip();
  }

  #takeCells() {
    const { open, requests } = this.map, cells = open && this.#page.inbox.takeNew("cells");
    if (cells && cells.recipe === open.tensor.recipe) this.map.takeCells(cells);
    else requests.answered();
  }

  #takeCoordinates() {
    const { open, requests } = this.map, coordinates = open && this.#page.inbox.takeNew("coordinates");
    if (coordinates && coordinates.recipe === open.tensor.recipe) this.map.takeCoordinates(coordinates);
    else requests.answered();
  }

  /** Lists the clashes of all experts, or asks for those of the two that are chosen. */
  #listConflicts() {
    const { open } = this.map, { pair, words } = this.#pairs;
    this.#page.address.set({ pair: pair && pair.join("-") });
    if (!open) return;
    if (!pair) return this.#showClashes(open.tensor, "");
    this.#conflicts.wait(words);
    this.#page.requests.send("pair_conflicts", { pair });
  }

  #takePairConflicts() {
    const found = this.#page.inbox.takeNew("pair_conflicts"), { open } = this.map, { pair, words } = this.#pairs;
    if (!found || !open || found.key !== open.tensor.key || found.recipe !== open.tensor.recipe) return;
    if (String(found.pair) !== String(pair)) return;
    this.#showClashes({ ...open.tensor, conflicts: found.conflicts }, words);
  }

  /**
   * Lists clashes, and goes to the first of them if that was asked for before they were known.
   * @param {TensorUpdate} tensor with the clashes
   * @param {string} pair the experts between which they are; empty for all
   */
  #showClashes(tensor, pair) {
    this.#conflicts.render(tensor, pair);
    if (this.#leads) this.#goToLargest();
  }

  /** Gives up the two experts whose clashes could not be found. */
  #listAll() {
    this.#leads = false;
    this.#pairs.choose(null);
    this.#listConflicts();
  }

  /** Goes to the first of the clashes that are listed, or that are looked for now. */
  #goToLargest() {
    const { listed } = this.#conflicts;
    this.#leads = !listed;
    if (listed) this.#jumps.goToLargest(listed.conflicts.places);
  }

  #renderSpectrum() {
    const spectrum = this.#page.inbox.takeNew("spectrum"), tensor = this.map.open?.tensor;
    if (spectrum && tensor && spectrum.key === tensor.key) this.singular.render(spectrum, tensor.experts);
  }

  #renderFailure() {
    const failure = this.#page.inbox.takeNew("unlooked");
    if (!failure) return;
    this.map.requests.asked = null;
    if (!this.map.open) this.#page.address.set({ tensor: null, ...NO_PLACE });
    this.#setWaiting(false);
    this.#say(failure.sentence);
    if (this.map.open && !this.#conflicts.listed) this.#listAll();
  }

  /** @param {string} sentence why a tensor could not be opened */
  #say(sentence) {
    const box = find(this.#page.element, ".ml-unlooked");
    box.hidden = !sentence;
    box.textContent = sentence;
    if (sentence && !this.map.open) this.#card("pick").hidden = false;
  }

  // ---- the recipe

  /** Whether the recipe has changed since the map was built. */
  get #isStale() {
    const charts = this.#page.inbox.get("charts"), { open } = this.map;
    return Boolean(open && charts && open.tensor.recipe !== charts.name);
  }

  /** Asks for the tensors of another recipe. The answer decides whether the open one still exists. */
  #followRecipe() {
    const { inbox, requests } = this.#page;
    this.#renderChip();
    clearTimeout(this.#following);
    if (this.#tabs.open !== TAB || !inbox.get("link")) return; // without a link the charts are not this visit's yet
    this.#following = setTimeout(() => {
      if (inbox.get("charts")) requests.send("tensors", {});
    }, REST);
  }

  /**
   * Opens the tensor anew if it is small, or the one that the address names.
   * @param {TensorRow[]} rows
   */
  #followTensors(rows) {
    const { open } = this.map, named = this.#page.address.get("tensor");
    if (open && !rows.some(({ key }) => key === open.tensor.key)) return this.#close();
    if (open && this.#isStale && open.tensor.follows) return this.openTensor(this.#opening || open.tensor.key);
    if (!open && named && this.#opening !== named) this.openTensor(named);
  }

  /** Closes the map: other models are on the sidebar. */
  #close() {
    this.map.view.open = null;
    for (const name of CARDS) this.#card(name).hidden = true;
    this.#card("pick").hidden = false;
    this.#page.inbox.release("tensor");
    this.#page.address.set({ tensor: null, ...NO_PLACE });
  }

  /**
   * Shows the window, the step and the weight that the address names.
   * @param {TensorUpdate} tensor
   */
  #followLink(tensor) {
    const { address, notes } = this.#page, { view } = this.map;
    const given = { map: address.get("map"), step: address.get("step"), cell: address.get("cell") };
    if (!view.open || address.get("tensor") !== tensor.key) return;
    const { at, colour, step, mark, notes: changes } = readMap(given, tensor);
    view.open.at = at;
    view.open.mark = mark;
    view.colour = colour;
    view.step = step;
    this.#followPair(tensor, changes);
    notes.showChanges(changes);
  }

  /**
   * Chooses the two experts that the address names.
   * @param {TensorUpdate} tensor
   * @param {string[]} notes that a misfit is added to
   */
  #followPair({ experts }, notes) {
    const given = this.#page.address.get("pair"), pair = readPair(given, experts.length);
    if (given === null) return;
    if (pair) this.#pairs.choose([experts[pair[0]].name, experts[pair[1]].name]);
    else notes.push(`The link's pair “${given.slice(0, LONGEST)}” is no two of these ${experts.length} experts, so the clashes of all are listed.`);
  }

  // ---- the cards

  /** @param {string} name */
  #card(name) {
    return find(this.#page.element, `[data-tensor="${name}"]`);
  }

  /** @param {boolean} waiting for a map */
  #setWaiting(waiting) {
    this.#card("map").classList.toggle("ml-waiting", waiting);
    this.#list.setWaiting(waiting);
    this.#renderChip();
  }

  #renderChip() {
    const map = this.#card("map"), conflicts = this.#card("conflicts"), stale = this.#isStale;
    const waiting = map.classList.contains("ml-waiting"), state = waiting ? "updating" : stale ? "outdated" : "measured";
    const word = this.#page.inbox.get("states")?.[state].word ?? state;
    const own = find(map, '[data-slot="tensor-chip"]');
    const spectrum = findAll(this.#page.element, '[data-slot="spectrum-chip"]:not(:empty)');
    for (const chip of [own, ...findAll(conflicts, ".ml-chip"), ...spectrum]) {
      chip.textContent = word;
      chip.dataset.kind = state;
    }
    own.title = stale
      ? "The recipe has changed since this map was built."
      : "Counted weight by weight on the tensors of this recipe.";
    map.classList.toggle("ml-old", stale);
    conflicts.classList.toggle("ml-old", stale);
    find(map, '[data-map="rebuild"]').hidden = !stale || waiting;
  }

  /** @type {Record<string, () => void>} by `data-map` of a button */
  #actions = {
    in: () => this.map.zoomBy(0.5),
    out: () => this.map.zoomBy(2),
    whole: () => this.map.showWhole(),
    largest: () => this.#goToLargest(),
    random: () => this.#jumps.goToRandom(),
    csv: () => this.#saveConflicts(),
    rebuild: () => this.map.open && this.openTensor(this.map.open.tensor.key),
    other: () => this.#toggleList(),
    spectrum: () => this.#page.requests.send("spectrum", {}),
  };

  #toggleList() {
    const card = this.#card("pick");
    card.hidden = !card.hidden;
    if (!card.hidden) this.#list.focus();
  }

  #saveConflicts() {
    const tensor = this.#conflicts.listed;
    if (!tensor) return;
    const name = tensor.key.replace(/[^\w.-]+/g, "-");
    saveCsv(conflictsCsv(tensor), `mergelab-${tensor.recipe}-${name}-conflicts.csv`);
  }
}
