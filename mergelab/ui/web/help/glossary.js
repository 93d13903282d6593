/** @import { Inbox } from "../transport/inbox.js" */

import { closest, find, findAll } from "../dom/elements.js";
import { placeBeside } from "./place.js";

const TERMS = "dfn[data-term]";

/** Explains the terms of the field where they stand: under the pointer, with the focus, or at a tap. */
export class Glossary {
  #inbox;
  #box;
  /** @type {HTMLElement | null} the term that is explained */
  #shown = null;

  /**
   * @param {HTMLElement} element the panel
   * @param {Inbox} inbox
   */
  constructor(element, inbox) {
    this.#inbox = inbox;
    this.#box = find(element, ".ml-meaning");
    for (const term of findAll(element, TERMS)) {
      term.tabIndex = 0;
      term.setAttribute("aria-describedby", this.#box.id);
    }
    for (const begin of ["pointerover", "focusin", "click"]) {
      element.addEventListener(begin, (event) => this.#show(closest(event, TERMS)));
    }
    for (const end of ["pointerout", "focusout"]) {
      element.addEventListener(end, (event) => closest(event, TERMS) && this.#show(null));
    }
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.#show(null));
  }

  /** @param {HTMLElement | null} term */
  #show(term) {
    if (term === this.#shown) return;
    this.#shown = term;
    const name = term?.dataset.term ?? "", meaning = this.#inbox.get("glossary")?.[name];
    if (!term || !meaning) return this.#box.hidePopover();
    find(this.#box, "strong").textContent = `${name}:`;
    find(this.#box, "span").textContent = meaning;
    this.#box.showPopover();
    const { left, top } = placeBeside(term.getBoundingClientRect(), this.#box.getBoundingClientRect(), {
      width: window.innerWidth, height: window.innerHeight,
    });
    this.#box.style.left = `${left}px`;
    this.#box.style.top = `${top}px`;
  }
}
