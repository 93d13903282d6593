import { find } from "../dom/elements.js";

/** The colours of the page's theme, light or dark. */
export class Theme {
  #frame;
  /** @type {Map<string, string>} asking the browser in the middle of drawing would make it work out styles anew */
  #values = new Map();
  #wasDark;
  /** @type {(() => void)[]} */
  #callbacks = [];

  /** @param {HTMLElement} element the panel */
  constructor(element) {
    this.#frame = find(element, ".ml");
    this.#wasDark = this.dark;
    new MutationObserver(() => this.#check()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  /** @returns {boolean} */
  get dark() {
    return document.body.classList.contains("dark");
  }

  /**
   * The value of a custom property of the style sheet.
   * @param {string} name
   * @returns {string}
   */
  value(name) {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const value = getComputedStyle(this.#frame).getPropertyValue(name).trim();
    this.#values.set(name, value);
    return value;
  }

  /** @param {() => void} callback called after a change between light and dark */
  onChange(callback) {
    this.#callbacks.push(callback);
  }

  #check() {
    if (this.#wasDark === this.dark) return; // the body's other classes come and go as well
    this.#wasDark = this.dark;
    this.#values.clear();
    for (const callback of this.#callbacks) callback();
  }
}
