/** @import { SweepMessage, SweepSetting } from "../messages.d.ts" */

import { fillList, fillSlots, find, findAll, make } from "../dom/elements.js";
import { redraw } from "../dom/redraw.js";
import { SweepChoices } from "./sweep_choices.js";
import { helpWords, meaningOf } from "./sweep_help.js";
import { sizeWords } from "./sweep_points.js";
import { typedNumbers } from "./decimal_commas.js";

const NOTHING = "nothing else", CMA = "cma-es";

/** The form of a sweep: what may vary, what is searched for, and how. */
export class SweepForm {
  #tab;
  #choices = new SweepChoices();
  /** @type {SweepSetting[]} */
  #settings = [];

  /** @param {HTMLElement} tab */
  constructor(tab) {
    this.#tab = tab;
    tab.addEventListener("input", (event) => this.#choose(event));
    for (const name of ["sampler", "race"]) for (const option of this.#list(name).options) option.title = meaningOf(name, option.value);
  }

  /**
   * What is asked for.
   * @returns {import("../messages.d.ts").SweepRequest}
   */
  get request() {
    const varied = this.#choices.varied(this.#settings), second = this.#list("second").value;
    return {
      over: Object.fromEntries(varied.map(({ path, text }) => [path, text])),
      objectives: [this.#list("objective").value, second].filter(Boolean),
      sampler: this.#list("sampler").value,
      race: this.#list("race").value,
      points: Math.round(this.#number("points")),
      minutes: this.#number("minutes"),
      rows: Math.round(this.#number("rows")),
      repeats: Math.max(1, Math.round(this.#number("repeats"))),
    };
  }

  /**
   * Shows what was asked for.
   * @param {import("../messages.d.ts").SweepRequest} request
   */
  restore({ over, objectives, sampler, race, points, minutes, rows, repeats }) {
    this.#choices.restore(over);
    this.#renderSettings();
    this.#list("objective").value = objectives[0] ?? "";
    this.#renderSecond(this.#objectives);
    const lists = { second: objectives[1] ?? "", sampler, race };
    for (const [name, value] of Object.entries(lists)) this.#list(name).value = value;
    const numbers = { points: points || "", minutes: minutes || "", rows, repeats: repeats || 1 };
    for (const [name, value] of Object.entries(numbers)) find(this.#tab, `[data-sweep="${name}"]`, HTMLInputElement).value = String(value);
    this.#renderMethods();
    this.#tellSize();
  }

  /** @param {SweepMessage} found */
  render({ settings, objectives }) {
    const texts = JSON.stringify(settings);
    if (JSON.stringify(this.#settings) !== texts) { // what is being typed stays
      this.#settings = settings;
      this.#renderSettings();
    }
    fillList(this.#list("objective"), Object.entries(objectives), this.#list("objective").value);
    this.#renderSecond(objectives);
  }

  /** @param {Event} event */
  #choose({ target }) {
    if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
    const { vary, range, ramp, word, sweep } = target.dataset, on = target instanceof HTMLInputElement && target.checked;
    if (vary) this.#choices.tick(vary, on);
    if (ramp) this.#choices.ramp(ramp, on);
    if (range) this.#choices.type(range, target.value);
    if (word) this.#choices.type(word, this.#wordsOf(word));
    if (vary || ramp || word) this.#renderSettings();
    if (sweep === "objective") this.#renderSecond(this.#objectives);
    if (sweep === "second" || sweep === "sampler" || sweep === "race") this.#renderMethods();
    this.#tellSize();
  }

  /** @param {string} path */
  #wordsOf(path) {
    const boxes = /** @type {HTMLInputElement[]} */ (findAll(this.#tab, `[data-word="${CSS.escape(path)}"]`));
    return boxes.filter(({ checked }) => checked).map(({ value }) => value).join(", ");
  }

  /** The titles of what can be searched for, by name. */
  get #objectives() {
    return Object.fromEntries([...this.#list("objective").options].map(({ value, text }) => [value, text]));
  }

  /**
   * The objective beside the first, which is another one.
   * @param {Record<string, string>} objectives
   */
  #renderSecond(objectives) {
    const first = this.#list("objective").value, list = this.#list("second");
    const others = Object.entries(objectives).filter(([name]) => name !== first);
    fillList(list, [["", NOTHING], ...others], list.value);
    this.#renderMethods();
  }

  /** Recipes do not race for two objectives, and CMA-ES knows one. Says what the choices mean. */
  #renderMethods() {
    const isFront = Boolean(this.#list("second").value), race = this.#list("race"), sampler = this.#list("sampler");
    race.disabled = isFront;
    race.title = isFront ? "With two objectives every recipe answers all rows." : "";
    const cma = find(sampler, `[value="${CMA}"]`, HTMLOptionElement);
    cma.disabled = isFront;
    if (isFront && sampler.value === CMA) sampler.value = "";
    fillSlots(this.#tab, "sweep-help", helpWords(sampler.value, race.value, isFront));
  }

  #renderSettings() {
    redraw(find(this.#tab, ".ml-sweep-settings"), this.#choices.offered(this.#settings).map((setting) => this.#setting(setting)));
    this.#tellSize();
  }

  /** @param {SweepSetting} setting */
  #setting(setting) {
    const { path, title, value, options, ramps, stage } = setting, isWords = Object.keys(options).length > 0;
    const made = make("div", null, "ml-sweep-setting"), label = make("label"), tick = make("input"), name = make("span", title);
    const isTicked = this.#choices.isTicked(path), isRamp = isTicked && ramps && this.#choices.isRamp(path);
    tick.type = "checkbox";
    tick.dataset.vary = path;
    tick.checked = isTicked;
    name.append(make("small", value ? `now ${value}` : stage === "sparsify" ? "of a sparsifier" : "of another method"));
    label.append(tick, name);
    made.append(label);
    made.classList.toggle("ml-sweep-wide", isWords && !stage);
    if (!isWords) made.append(this.#range(setting, isRamp ? "in the first layer" : ""));
    if (isRamp) made.append(this.#range(setting, "in the last layer"));
    if (isTicked && ramps) made.append(this.#ramp(setting));
    if (isTicked && isWords) made.append(this.#words(setting));
    return made;
  }

  /**
   * @param {SweepSetting} setting
   * @param {string} where of a ramp it is
   */
  #range(setting, where) {
    const range = make("input"), isLast = where.includes("last");
    range.type = "text";
    range.dataset.range = isLast ? `${setting.path} last` : setting.path;
    range.value = this.#choices.text(setting, isLast);
    range.disabled = !this.#choices.isTicked(setting.path);
    range.title = "from:to:step, as 0.2:1:0.2; or a list, as 0.2, 0.35, 1";
    range.setAttribute("aria-describedby", "sweep-values");
    range.setAttribute("aria-label", `Values of ${setting.title} ${where}`.trim());
    if (!where) return range;
    const label = make("label", where, "ml-sweep-end");
    label.append(range);
    return label;
  }

  /** @param {SweepSetting} setting */
  #ramp({ path, title }) {
    const label = make("label", null, "ml-sweep-ramp"), tick = make("input");
    tick.type = "checkbox";
    tick.dataset.ramp = path;
    tick.checked = this.#choices.isRamp(path);
    tick.setAttribute("aria-label", `${title}: a ramp from the first to the last layer`);
    label.append(tick, make("span", "a ramp over the layers"));
    return label;
  }

  /** @param {SweepSetting} setting */
  #words(setting) {
    const group = make("div", null, "ml-sweep-words"), chosen = this.#choices.words(setting);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", `Values of ${setting.title}`);
    group.append(...Object.entries(setting.options).map(([value, title]) => {
      const label = make("label"), tick = make("input");
      tick.type = "checkbox";
      tick.dataset.word = setting.path;
      tick.value = value;
      tick.checked = chosen.includes(value);
      label.append(tick, make("span", title));
      return label;
    }));
    return group;
  }

  #tellSize() {
    const varied = this.#choices.varied(this.#settings);
    const ambiguous = varied.find(({ text }) => !text.includes(":") && typedNumbers(text) === "ambiguous");
    fillSlots(this.#tab, "sweep-size", sizeWords(varied.length, this.#choices.gridSize(this.#settings), this.#number("points"), ambiguous?.text));
  }

  /** @param {string} name */
  #number(name) {
    return Number(find(this.#tab, `[data-sweep="${name}"]`, HTMLInputElement).value) || 0;
  }

  /** @param {string} name */
  #list(name) {
    return find(this.#tab, `[data-sweep="${name}"]`, HTMLSelectElement);
  }
}
