/** @import { Inbox } from "../transport/inbox.js" */
/** @import { BuiltFile as Built } from "../messages.d.ts" */

import { fillSlots } from "../dom/elements.js";

const ANY = "ml-has-built", OTHER = "ml-built-other";

/** Says which recipe the Download button's file was built of, since the button stays when the sidebar moves on. */
export class BuiltFile {
  #element;
  #inbox;

  /**
   * @param {HTMLElement} element
   * @param {Inbox} inbox
   */
  constructor(element, inbox) {
    this.#element = element;
    this.#inbox = inbox;
    inbox.on("built", () => this.#render());
    inbox.on("link", () => this.#render());
  }

  #render() {
    const built = this.#inbox.get("built");
    if (!built) return;
    const isOther = built.digest !== this.#inbox.get("link")?.digest;
    document.body.classList.add(ANY);
    document.body.classList.toggle(OTHER, isOther);
    fillSlots(this.#element, "built", builtWords(built, isOther));
  }
}

/**
 * What the file below is.
 * @param {Built} built
 * @param {boolean} isOther whether another recipe is on the sidebar
 * @returns {string}
 */
export function builtWords({ recipe }, isOther) {
  if (!isOther) return `The file below is of this recipe: ${recipe}.`;
  return `The file below is of an earlier recipe: ${recipe}. Build again for the one on the sidebar.`;
}
