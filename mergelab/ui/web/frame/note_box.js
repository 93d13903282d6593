/** @import { Inbox } from "../transport/inbox.js" */

import { actionOf, find, make, makeButton } from "../dom/elements.js";

const CHANGED = "Not all of this link fits, so it was changed:";

/** The note above the tabs: what of a link did not fit, or a link to copy by hand. */
export class NoteBox {
  #inbox;
  #box;

  /**
   * @param {HTMLElement} element the panel
   * @param {Inbox} inbox
   */
  constructor(element, inbox) {
    this.#inbox = inbox;
    this.#box = find(element, ".ml-note");
    inbox.on("notes", () => this.showSent());
    element.addEventListener("click", (event) => {
      if (actionOf(event) === "close-note") this.close();
    });
  }

  get open() {
    return !this.#box.hidden;
  }

  close() {
    this.show("", []);
  }

  /**
   * @param {string} heading without one the note closes
   * @param {string[]} sentences
   * @param {string} [address] to copy by hand
   */
  show(heading, sentences, address = "") {
    const field = find(this.#box, "input", HTMLInputElement);
    this.#box.hidden = !heading;
    find(this.#box, "strong").textContent = heading;
    find(this.#box, ".ml-answers").replaceChildren();
    find(this.#box, "ul").replaceChildren(...sentences.map((sentence) => make("li", sentence)));
    field.hidden = !address;
    field.value = address;
    if (!address) return;
    field.focus();
    field.select();
  }

  /**
   * Asks a question with two answers. Each closes the note.
   * @param {string} heading
   * @param {string[]} sentences
   * @param {Record<string, () => void>} answers by the words on its button
   */
  ask(heading, sentences, answers) {
    this.show(heading, sentences);
    find(this.#box, ".ml-answers").replaceChildren(...Object.entries(answers).map(([words, act]) => {
      const button = makeButton(words, "ml-button");
      button.addEventListener("click", () => {
        this.close();
        act();
      });
      return button;
    }));
  }

  /**
   * Says what of a link was changed.
   * @param {string[]} sentences
   */
  showChanges(sentences) {
    if (sentences.length) this.show(CHANGED, sentences);
  }

  /** Says what Python changed of the page's address. */
  showSent() {
    this.showChanges(this.#inbox.takeNew("notes") ?? []);
  }
}
