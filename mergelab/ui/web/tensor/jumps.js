/** @import { TensorMap } from "./map/tensor_map.js" */

import { find } from "../dom/elements.js";
import { whole } from "../formatting/numbers.js";
import { indexOf, spotOf } from "./map/geometry.js";
import { randomOf } from "./random_place.js";

const LONGEST = 20;

/** Jumps to the largest clash, to a random place, or to a typed weight. */
export class Jumps {
  #map;
  #form;
  #error;

  /**
   * @param {HTMLElement} card that holds the map
   * @param {TensorMap} map
   */
  constructor(card, map) {
    this.#map = map;
    this.#form = find(card, ".ml-map-go", HTMLFormElement);
    this.#error = find(card, ".ml-go-error");
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#goToTyped();
    });
  }

  /** @param {number[]} places of clashes, the largest first */
  goToLargest(places) {
    this.#say(places.length ? "" : "There is no clash to go to.");
    if (places.length) this.#map.goToPlace(places[0]);
  }

  goToRandom() {
    const tensor = this.#map.open?.tensor, field = this.#field("seed");
    if (!tensor) return;
    const seed = Math.max(0, Math.floor(Number(field.value) || 0)), place = Math.floor(randomOf(seed) * tensor.entries);
    this.#map.goToPlace(place);
    this.#say(`Seed ${seed} leads to [${indexOf(spotOf(place, tensor), tensor)}].`);
    field.value = String(seed + 1);
  }

  #goToTyped() {
    const tensor = this.#map.open?.tensor;
    if (!tensor) return;
    const { rows, columns, entries, folded } = tensor;
    const first = this.#read("row", folded ? "The index" : "The row", folded ? entries : rows);
    if (first === null) return;
    const second = folded ? 0 : this.#read("column", "The column", columns);
    if (second === null) return;
    this.#say("");
    this.#map.goToPlace(folded ? first : first * columns + second);
  }

  /**
   * The whole number in a field; null, with a sentence, where it holds none.
   * @param {string} name of the field
   * @param {string} title what the sentence calls it
   * @param {number} length the number must be below it
   */
  #read(name, title, length) {
    const field = this.#field(name), text = field.value.trim().replaceAll(",", "");
    if (/^\d+$/.test(text) && Number(text) < length) return Number(text);
    const found = text ? `“${text.slice(0, LONGEST)}” is not` : "it is empty";
    this.#say(`${title} must be a whole number from 0 to ${whole(length - 1)}; ${found}.`);
    field.focus();
    return null;
  }

  /** @param {string} name */
  #field(name) {
    return find(this.#form, `[name="${name}"]`, HTMLInputElement);
  }

  /** @param {string} sentence */
  #say(sentence) {
    this.#error.textContent = sentence;
  }
}
