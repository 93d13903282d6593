/** @import { Inbox } from "../transport/inbox.js" */

import { actionOf, find, findAll, make, makeButton } from "../dom/elements.js";

const CHANGED = "Not all of this link fits, so it was changed:";

/** The note above the tabs: what of a link did not fit, or a link to copy by hand. */
export class NoteBox {
  #inbox;
  #box;
  /** @type {string | null} the recipe that a note about a link is about; empty text until it is there */
  #about = null;

  /**
   * @param {HTMLElement} element the panel
   * @param {Inbox} inbox
   */
  constructor(element, inbox) {
    this.#inbox = inbox;
    this.#box = find(element, ".ml-note");
    inbox.on("notes", () => this.showSent());
    inbox.on("link", () => this.#followRecipe());
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
    this.#about = null;
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
   * Says what of a link was changed, below what was said of the same link before: Python and the tabs read parts of it.
   * @param {string[]} sentences
   */
  showChanges(sentences) {
    if (!sentences.length) return;
    const about = this.#inbox.get("link")?.key ?? "";
    const before = this.#about === about ? findAll(this.#box, "li").map(({ textContent }) => textContent ?? "") : [];
    this.show(CHANGED, [...new Set([...before, ...sentences])]);
    this.#about = about;
  }

  /** Closes what was said about a link once the person has gone on from the recipe that it led to. */
  #followRecipe() {
    const key = this.#inbox.get("link")?.key ?? "";
    if (this.#about === "") this.#about = key;
    if (this.#about !== null && key !== this.#about) this.close();
  }

  /** Says what Python changed of the page's address. */
  showSent() {
    this.showChanges(this.#inbox.takeNew("notes") ?? []);
  }
}
