/** @import { Trigger } from "../gradio.d.ts" */
/** @import { PanelEvents } from "../messages.d.ts" */
/** @import { KnobChanges } from "./knob_changes.js" */
/** @import { Inbox } from "./inbox.js" */

/**
 * Sends the panel's events. An event is about what the sidebar says now, so Python has to hear of every changed knob
 * first.
 */
export class Requests {
  #trigger;
  #knobs;
  #inbox;

  /**
   * @param {Trigger} trigger
   * @param {KnobChanges} knobs
   * @param {Inbox} inbox
   */
  constructor(trigger, knobs, inbox) {
    this.#trigger = trigger;
    this.#knobs = knobs;
    this.#inbox = inbox;
  }

  /**
   * @template {keyof PanelEvents} E
   * @param {E} event
   * @param {PanelEvents[E]} data
   */
  send(event, data) {
    if (this.#knobs.busy) void this.#knobs.flushed().then(() => this.#trigger(event, data));
    else this.#trigger(event, data);
  }

  /** Stops what is running, whatever the sidebar says. */
  stop() {
    this.#trigger("stop", {});
  }

  /**
   * Pins the recipe that is on the sidebar now, by its key: a knob may move before Python takes this up.
   * @param {string} slot
   */
  async pin(slot) {
    await this.#knobs.flushed();
    this.#trigger("pin", { slot, key: this.#inbox.get("link")?.key ?? null });
  }

  /** @param {string} slot */
  unpin(slot) {
    this.send("unpin", { slot });
  }
}
