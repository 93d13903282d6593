import { find, findAll, makeButton } from "../dom/elements.js";

/** The switch in a card's heading, which chooses what the chart shows. */
export class Switch {
  /** @type {string} the choice */
  chosen;
  #root;
  #onChange;

  /**
   * @param {HTMLElement} element the panel
   * @param {string} name of the switch
   * @param {string} first the choice that it begins with
   * @param {() => void} onChange called after another choice
   */
  constructor(element, name, first, onChange) {
    this.chosen = first;
    this.#root = find(element, `[data-switch="${name}"]`);
    this.#onChange = onChange;
  }

  /**
   * Makes the buttons, once.
   * @param {[value: string, title: string][]} options
   */
  fill(options) {
    if (this.#root.childElementCount) return;
    this.#root.replaceChildren(...options.map(([value, title]) => {
      const button = makeButton(title);
      button.dataset.value = value;
      button.addEventListener("click", () => this.#choose(value));
      return button;
    }));
    this.#mark();
  }

  /** @param {string} value */
  #choose(value) {
    this.chosen = value;
    this.#mark();
    this.#onChange();
  }

  #mark() {
    for (const button of findAll(this.#root, "button")) {
      button.setAttribute("aria-pressed", String(button.dataset.value === this.chosen));
    }
  }
}
