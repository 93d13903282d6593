/** @import { Inbox } from "../transport/inbox.js" */

import { closest, find, findAll } from "../dom/elements.js";
import { MEANING, takeFocus } from "./explained.js";
import { placeBeside } from "./place.js";

const TERMS = "dfn[data-term]", EXPLAINED = `${TERMS}, [data-explained]`;

/** Explains the terms of the field, and what else has a meaning of its own, where they stand. */
export class Glossary {
  #inbox;
  #box;
  /** @type {HTMLElement | null} what is explained */
  #shown = null;

  /**
   * @param {HTMLElement} element the panel
   * @param {Inbox} inbox
   */
  constructor(element, inbox) {
    this.#inbox = inbox;
    this.#box = find(element, `#${MEANING}`);
    for (const term of findAll(element, TERMS)) takeFocus(term);
    for (const begin of ["pointerover", "focusin", "click"]) {
      element.addEventListener(begin, (event) => this.#show(closest(event, EXPLAINED)));
    }
    for (const end of ["pointerout", "focusout"]) {
      element.addEventListener(end, (event) => closest(event, EXPLAINED) && this.#show(null));
    }
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.#show(null));
  }

  /** @param {HTMLElement | null} term */
  #show(term) {
    if (term === this.#shown) return;
    this.#shown = term;
    const { term: known, explained = known ?? "", meaning: own } = term?.dataset ?? {};
    const name = explained, meaning = own ?? this.#inbox.get("glossary")?.[name];
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
