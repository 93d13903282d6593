/** @import { ExpertStyle, TensorUpdate } from "../messages.d.ts" */

import { find, make } from "../dom/elements.js";
import { shortNames } from "../formatting/short_names.js";

/** @typedef {[number, number]} Pair the places of two experts in the recipe's order */

const LONGEST_NAME = 24;

/** Two experts whose clashes are listed alone, or all. The choice outlives the tensor and the recipe while both are merged. */
export class PairChoice {
  /** @type {[string, string] | null} the experts' references; null for all */
  #names = null;
  #label;
  #select;
  /** @type {ExpertStyle[]} */
  #experts = [];

  /**
   * @param {HTMLElement} card that holds the list
   * @param {() => void} changed
   */
  constructor(card, changed) {
    this.#label = find(card, ".ml-pair-choice");
    this.#select = find(this.#label, "select", HTMLSelectElement);
    this.#select.addEventListener("change", () => {
      const pair = readPair(this.#select.value, this.#experts.length);
      this.#names = pair && [this.#experts[pair[0]].name, this.#experts[pair[1]].name];
      changed();
    });
  }

  /** @returns {Pair | null} null for all experts */
  get pair() {
    const [first, second] = (this.#names ?? []).map((name) => this.#experts.findIndex((expert) => expert.name === name));
    return first >= 0 && second >= 0 ? [first, second] : null;
  }

  /** @returns {string} the two experts for a person; empty for all */
  get words() {
    const { pair } = this;
    return pair ? pair.map((place) => this.#experts[place].title).join(" and ") : "";
  }

  /** @param {[string, string] | null} names the experts' references */
  choose(names) {
    this.#names = names;
    this.#mark();
  }

  /** @param {TensorUpdate} tensor */
  render({ experts }) {
    this.#experts = experts;
    const short = shortNames(experts.map(({ title }) => title), LONGEST_NAME), all = make("option", "all experts");
    all.value = "";
    this.#select.replaceChildren(all, ...pairsOf(experts.length).map((pair) => {
      const option = make("option", pair.map((place) => short[place]).join(" and "));
      option.value = pair.join("-");
      return option;
    }));
    this.#label.hidden = experts.length < 3;
    this.#mark();
  }

  #mark() {
    const { pair } = this;
    this.#select.value = pair ? [Math.min(...pair), Math.max(...pair)].join("-") : "";
  }
}

/**
 * Every pair of experts once.
 * @param {number} count
 * @returns {Pair[]}
 */
export function pairsOf(count) {
  const places = [...Array(count).keys()];
  return places.flatMap((first) => places.slice(first + 1).map((second) => /** @type {Pair} */ ([first, second])));
}

/**
 * The pair that a text such as `0-2` names; null if it names none.
 * @param {string | null} text
 * @param {number} count of experts
 * @returns {Pair | null}
 */
export function readPair(text, count) {
  const [, first, second] = (/^(\d+)-(\d+)$/.exec(text ?? "") ?? []).map(Number);
  return first !== second && first < count && second < count ? [first, second] : null;
}
