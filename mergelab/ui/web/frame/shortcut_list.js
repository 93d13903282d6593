import { find } from "../dom/elements.js";

/** The list of shortcuts. */
export class ShortcutList {
  #dialog;

  /** @param {HTMLElement} element the panel */
  constructor(element) {
    this.#dialog = find(element, ".ml-keys:not(.ml-open)", HTMLDialogElement);
    find(element, '[data-act="keys"]').addEventListener("click", () => this.show());
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close(); // a click beside the list
    });
  }

  get open() {
    return this.#dialog.open;
  }

  show() {
    if (this.#dialog.open) return;
    this.#dialog.showModal(); // the browser returns the focus when it closes
    this.#dialog.scrollTop = 0; // it may have been scrolled before, and the focus may have scrolled it
  }
}
