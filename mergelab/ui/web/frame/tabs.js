/** @import { Address } from "../address/address.js" */

import { find, findAll, makeButton } from "../dom/elements.js";

const FIRST = "lab";

/** The tabs. Each is a part of the panel with a title. The address says which one is open. */
export class Tabs {
  /** The open tab. */
  open = FIRST;
  #address;
  #tabs;
  #buttons;
  /** @type {Record<string, () => void>} by tab: what to do when it opens */
  #callbacks = {};

  /**
   * @param {HTMLElement} element the panel
   * @param {Address} address
   */
  constructor(element, address) {
    this.#address = address;
    this.#tabs = findAll(element, ".ml-tab");
    this.#buttons = this.#tabs.map((tab) => this.#button(tab));
    const row = find(element, ".ml-tabs");
    row.replaceChildren(...this.#buttons);
    row.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!way) return;
      event.preventDefault();
      this.#moveFocus(way);
    });
  }

  /** The names of all tabs, in their order. */
  get names() {
    return this.#tabs.map(nameOf);
  }

  /**
   * Calls `callback` whenever a tab opens.
   * @param {string} name
   * @param {() => void} callback
   */
  onOpen(name, callback) {
    this.#callbacks[name] = callback;
  }

  /**
   * Opens a tab, the first one where there is none of that name.
   * @param {string | null} name
   */
  show(name) {
    const shown = name !== null && this.names.includes(name) ? name : FIRST;
    if (shown !== this.open) this.#address.step();
    this.open = shown;
    document.body.dataset.tab = shown; // what stands outside the panel belongs to a tab as well
    this.#tabs.forEach((tab, place) => {
      const open = nameOf(tab) === shown;
      tab.hidden = !open;
      this.#buttons[place].setAttribute("aria-selected", String(open));
      this.#buttons[place].tabIndex = open ? 0 : -1;
    });
    this.#buttons[this.names.indexOf(shown)].scrollIntoView({ block: "nearest", inline: "nearest" }); // on a phone the row is wider
    this.#address.set({ tab: shown === FIRST ? null : shown });
    this.#callbacks[shown]?.();
  }

  /** @param {HTMLElement} tab */
  #button(tab) {
    const name = nameOf(tab), made = makeButton(tab.dataset.title ?? name);
    made.id = `ml-tab-${name}`;
    tab.id = `ml-panel-${name}`;
    made.setAttribute("role", "tab");
    made.setAttribute("aria-controls", tab.id);
    tab.setAttribute("aria-labelledby", made.id);
    made.addEventListener("click", () => this.show(name));
    return made;
  }

  /** @param {number} way */
  #moveFocus(way) {
    const count = this.#tabs.length, place = (this.names.indexOf(this.open) + way + count) % count;
    this.show(this.names[place]);
    this.#buttons[place].focus();
  }
}

/** @param {HTMLElement} tab */
function nameOf(tab) {
  return tab.dataset.tab ?? "";
}
