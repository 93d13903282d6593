import { make } from "../dom/elements.js";
import { typedNumber } from "./curve_math.js";

/** @import { KnobRange, VariedExpert } from "../messages.d.ts" */

const EMPTY = "An empty field takes the slider’s value.";
const COVERED = "The curve for all experts counts instead of these values.";

/** A field for each expert's own value of a knob. An empty one takes the value of the slider. */
export class ExpertFields {
  element = make("div", null, "ml-each");
  #note = make("p");
  #range;
  #onChange;
  /** @type {Map<string, HTMLInputElement>} by the expert's reference */
  #boxes = new Map();
  /** @type {Record<string, number>} */
  #values = {};

  /**
   * @param {KnobRange} range
   * @param {(model: string, value: number | null) => void} onChange told of every change; null for the slider's value
   */
  constructor(range, onChange) {
    this.#range = range;
    this.#onChange = onChange;
  }

  /**
   * @param {VariedExpert[]} experts
   * @param {Record<string, number>} values by the expert's reference
   * @param {number} shared the slider's value
   * @param {boolean} covered whether a curve for all experts counts instead
   */
  show(experts, values, shared, covered) {
    this.#note.textContent = covered ? COVERED : EMPTY;
    this.#values = values;
    const models = experts.map(({ model }) => model);
    if (String(models) !== String([...this.#boxes.keys()])) this.#lay(experts);
    for (const [model, box] of this.#boxes) {
      box.placeholder = String(shared);
      if (box !== document.activeElement) box.value = String(values[model] ?? "");
    }
  }

  /** @param {VariedExpert[]} experts */
  #lay(experts) {
    this.#boxes = new Map(experts.map(({ model }) => [model, make("input")]));
    this.element.replaceChildren(this.#note, ...experts.map(({ model, title }) => {
      const row = make("label"), box = /** @type {HTMLInputElement} */ (this.#boxes.get(model));
      box.type = "text";
      box.inputMode = "decimal";
      box.addEventListener("change", (event) => this.#typed(event, model, box));
      box.addEventListener("input", (event) => event.stopPropagation());
      row.append(make("span", title), box);
      return row;
    }));
  }

  /**
   * @param {Event} event
   * @param {string} model
   * @param {HTMLInputElement} box
   */
  #typed(event, model, box) {
    event.stopPropagation();
    const value = typedNumber(box.value), { least, most } = this.#range;
    if (box.value.trim() === "") this.#onChange(model, null);
    else if (value !== null && value >= least && value <= most) {
      box.value = String(value);
      this.#onChange(model, value);
    } else {
      box.value = String(this.#values[model] ?? ""); // anything else goes back to what it was
      return;
    }
    this.element.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
