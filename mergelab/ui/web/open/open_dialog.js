/** @import { Page } from "../page.d.ts" */

import { actionOf, find, make } from "../dom/elements.js";

const MOST_BYTES = 1 << 20; // as many as Python reads
const WRONG = "This cannot be opened. Nothing was changed.";
const ASKS = "The recipe names models that are in no suite. Opening it reads these folders, or asks the Hugging Face Hub:";

/** The dialog that takes a recipe as text or as a file. It asks before models outside of the suites are looked up. */
export class OpenDialog {
  #page;
  #dialog;
  #text;
  #agreed = false;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    this.#dialog = find(page.element, ".ml-open", HTMLDialogElement);
    this.#text = find(this.#dialog, "textarea", HTMLTextAreaElement);
    page.inbox.on("opened", () => this.#receive());
    page.element.addEventListener("click", (event) => this.#click(event));
    this.#text.addEventListener("input", () => this.#say("", []));
    find(this.#dialog, "input[type=file]").addEventListener("change", (event) => void this.#read(event));
    this.#dialog.addEventListener("dragover", (event) => event.preventDefault());
    this.#dialog.addEventListener("drop", (event) => {
      event.preventDefault();
      void this.#take(event.dataTransfer?.files[0]);
    });
  }

  get open() {
    return this.#dialog.open;
  }

  /**
   * Opens a recipe that the page knows; the dialog shows only if there is something to ask or to say.
   * @param {string} text
   */
  take(text) {
    this.#text.value = text;
    this.#say("", []);
    this.#page.requests.send("open_recipe", { text, agreed: false });
  }

  show() {
    if (!this.#dialog.open) this.#dialog.showModal(); // the browser returns the focus when it closes
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const action = actionOf(event);
    if (action === "open") this.show();
    if (action === "close-open" || event.target === this.#dialog) this.#dialog.close();
    if (action === "open-text") this.#page.requests.send("open_recipe", { text: this.#text.value, agreed: this.#agreed });
  }

  /** @param {Event} event */
  async #read({ target }) {
    if (!(target instanceof HTMLInputElement)) return;
    await this.#take(target.files?.[0]);
    target.value = ""; // the same file can be chosen again after it has changed
  }

  /** @param {File | undefined} file */
  async #take(file) {
    if (!file) return;
    if (file.size > MOST_BYTES) {
      this.#say(WRONG, [`${file.name} has ${file.size} bytes; a recipe has at most ${MOST_BYTES}.`]);
      return;
    }
    this.#text.value = await file.text();
    this.#say("", []);
  }

  #receive() {
    const answer = this.#page.inbox.takeNew("opened");
    if (!answer) return;
    if (answer.problems.length || answer.models.length) this.show(); // where the recipe came from elsewhere
    if (answer.problems.length) this.#say(WRONG, answer.problems);
    else if (answer.models.length) this.#say(ASKS, answer.models, true);
    else this.#done(answer.notes);
  }

  /** @param {string[]} notes */
  #done(notes) {
    this.#say("", []);
    this.#dialog.close();
    this.#page.notes.show(notes.length ? "The recipe is open. Notes on how it was read:" : "", notes);
  }

  /**
   * @param {string} heading nothing is said for an empty text
   * @param {string[]} sentences
   * @param {boolean} [asks] whether the next press of the button agrees
   */
  #say(heading, sentences, asks = false) {
    const box = find(this.#dialog, ".ml-problems");
    box.hidden = !heading;
    box.classList.toggle("ml-asks", asks);
    find(box, "strong").textContent = heading;
    find(box, "ul").replaceChildren(...sentences.map((sentence) => make("li", sentence)));
    this.#agreed = asks;
    find(this.#dialog, '[data-act="open-text"]').textContent = asks ? "Look them up and open" : "Open";
  }
}
