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
  /** @type {Partial<Record<keyof PanelEvents, number>>} how many events of each name were sent */
  #sent = {};

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
    if (this.#knobs.busy) void this.#knobs.flushed().then(() => this.#number(event, data));
    else this.#number(event, data);
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
    this.#number("pin", { slot, key: this.#inbox.get("link")?.key ?? null });
  }

  /**
   * Sends an event with its place among those of its name: each has a request of its own, and they may overtake each other.
   * @template {keyof PanelEvents} E
   * @param {E} event
   * @param {PanelEvents[E]} data
   */
  #number(event, data) {
    const ordinal = (this.#sent[event] ?? 0) + 1;
    this.#sent[event] = ordinal;
    this.#trigger(event, { ...data, ordinal });
  }

  /** @param {string} slot */
  unpin(slot) {
    this.send("unpin", { slot });
  }
}
