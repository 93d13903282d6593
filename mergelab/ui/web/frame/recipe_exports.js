/** @import { Inbox } from "../transport/inbox.js" */

import { closest, fillSlots, find } from "../dom/elements.js";

const SHOWN_FOR = 1500; // milliseconds

/** The recipe as YAML, as a command and as a Python program, each with a button that copies it. */
export class RecipeExports {
  /** The recipe on screen. */
  yaml = "";
  #element;
  #inbox;

  /**
   * @param {HTMLElement} element the panel
   * @param {Inbox} inbox
   */
  constructor(element, inbox) {
    this.#element = element;
    this.#inbox = inbox;
    inbox.on("home", () => this.render());
    element.addEventListener("click", (event) => {
      const button = closest(event, "button");
      if (button?.dataset.copy) void copy(button, find(element, `[data-slot="${button.dataset.copy}"]`));
    });
  }

  render() {
    const exports = this.#inbox.get("home");
    if (!exports) return;
    this.yaml = exports.yaml;
    fillSlots(this.#element, "yaml", exports.yaml);
    fillSlots(this.#element, "cli", exports.cli);
    fillSlots(this.#element, "python", exports.python);
  }
}

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} source
 */
async function copy(button, source) {
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    button.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(source); // there is no clipboard: the selection is ready for Ctrl+C
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), SHOWN_FOR);
}
