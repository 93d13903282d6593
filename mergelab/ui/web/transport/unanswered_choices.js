/** @import { KnobValue } from "../messages.d.ts" */
/** @import { Inbox } from "./inbox.js" */

/** Choices of models, experts and methods that Gradio sends by itself, until Python has answered one of them. */
export class UnansweredChoices {
  /** @type {Map<string, KnobValue>} by widget */
  #values = new Map();

  /** @param {Inbox} inbox */
  constructor(inbox) {
    for (const answer of /** @type {const} */ (["link", "status"])) inbox.on(answer, () => this.#values.clear());
  }

  /** What each widget holds that was chosen from. */
  get values() {
    return Object.fromEntries(this.#values);
  }

  /**
   * @param {string} widget
   * @param {KnobValue} value
   */
  onChoice(widget, value) {
    this.#values.set(widget, value);
  }
}
