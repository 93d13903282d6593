/** @import { Page } from "../page.d.ts" */
/** @import { KnobChanges } from "../transport/knob_changes.js" */
/** @import { UnansweredChoices } from "../transport/unanswered_choices.js" */

import { fillSlots, find } from "../dom/elements.js";
import { ServerWatch, SILENCE } from "../transport/server_watch.js";
import { UnsentChanges } from "../transport/unsent_changes.js";

const KEPT = "What you change on the sidebar now is kept and sent when the server is back; press other buttons again then.";
const REFUSES = "The server does not answer.";
const SILENT = `The server has not answered for ${SILENCE / 1000} seconds: it is busy or gone.`;

/**
 * Says when the server is away and whose figures are then on screen. Everything that was changed meanwhile is put back
 * when it returns, also where a new start of it does not know the page any more.
 */
export class LostServer {
  watch;
  /** @type {(() => void)[]} */
  #listeners = [];
  #page;
  #knobs;
  #choices;
  #unsent = new UnsentChanges();

  /**
   * @param {Page} page
   * @param {KnobChanges} knobs
   * @param {UnansweredChoices} choices
   */
  constructor(page, knobs, choices) {
    this.#page = page;
    this.#knobs = knobs;
    this.#choices = choices;
    this.watch = new ServerWatch({
      onLost: () => this.#show(true),
      onFound: () => this.#found(),
      onRestarted: () => location.reload(),
    });
    const left = this.#unsent.take(location.search); // now: the address changes with the first answer
    page.inbox.on("visitor", () => {
      const values = Object.assign({}, left);
      for (const name of Object.keys(left)) delete left[name];
      if (Object.keys(values).length) page.requests.send("values", { values });
    });
    window.addEventListener("pagehide", () => this.#keep());
    this.watch.begin();
  }

  /**
   * Calls `callback` whenever the server goes or comes.
   * @param {() => void} callback
   */
  onChange(callback) {
    this.#listeners.push(callback);
  }

  /** Asks for the charts once more after a request got no answer, unless the server is away. */
  async recover() {
    await this.watch.check();
    if (!this.watch.lost) this.#page.requests.send("preview", {});
  }

  #keep() {
    this.#unsent.keep({ ...this.#choices.values, ...this.#knobs.unsent }, location.search);
  }

  #found() {
    this.#show(false);
    const values = this.#choices.values;
    if (Object.keys(values).length) this.#page.requests.send("values", { values });
    else this.#knobs.send();
  }

  /** @param {boolean} lost */
  #show(lost) {
    const { element, inbox } = this.#page, charts = inbox.get("charts");
    find(element, ".ml").classList.toggle("ml-away", lost);
    document.body.classList.toggle("ml-away", lost);
    find(element, ".ml-lost").hidden = !lost;
    fillSlots(element, "away", this.watch.silent ? SILENT : REFUSES);
    fillSlots(element, "lost", charts ? `The figures below belong to ${charts.recipe} (${charts.models}). ${KEPT}` : KEPT);
    for (const callback of this.#listeners) callback();
  }
}
