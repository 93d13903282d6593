/** @import { KnobChange, PanelServer } from "../gradio.d.ts" */
/** @import { KnobValue } from "../messages.d.ts" */
/** @import { Inbox } from "./inbox.js" */

/** Milliseconds between two drawings while a knob keeps moving, so that the hand stays ahead of the charts. */
const PAUSE = 100;

/**
 * Sends changed knobs to Python in plain requests that bypass Gradio's event queue, whose dispatch costs more than
 * the answer. One request is under way at a time. Changes made meanwhile go with the next one, the last value of each
 * widget.
 */
export class KnobChanges {
  #inbox;
  #server;
  #onLost;
  #now;
  /** @type {Map<string, KnobValue>} by widget: what Python has not been sent yet */
  #pending = new Map();
  /** @type {Promise<void> | null} the requests under way */
  #sending = null;
  #shownAt = -PAUSE;

  /**
   * @param {Inbox} inbox where the answers go
   * @param {PanelServer} server
   * @param {() => void} onLost called when the server did not answer a request
   * @param {() => number} [now] milliseconds
   */
  constructor(inbox, server, onLost, now = () => performance.now()) {
    this.#inbox = inbox;
    this.#server = server;
    this.#onLost = onLost;
    this.#now = now;
  }

  /** Whether a request is under way. */
  get sending() {
    return this.#sending !== null;
  }

  /** What Python has not heard of, by widget. */
  get unsent() {
    return Object.fromEntries(this.#pending);
  }

  /** Whether Python has not heard of every change yet. */
  get busy() {
    return this.sending || this.#pending.size > 0;
  }

  /** @param {KnobChange} change */
  onKnobChange(...[widget, value]) {
    this.#pending.set(widget, value);
    this.send();
  }

  /** Sends what is pending, unless a request is under way or the page does not know its visitor yet. */
  send() {
    if (!this.#pending.size || !this.#inbox.get("visitor")) return;
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = null));
  }

  /** Resolves when Python has heard of every change so far. */
  async flushed() {
    this.send();
    await this.#sending;
  }

  async #sendAll() {
    while (this.#pending.size) {
      const values = Object.fromEntries(this.#pending), visitor = this.#inbox.get("visitor") ?? "";
      this.#pending.clear();
      const answer = await this.#server.turned({ visitor, values }).catch(() => null); // a server that is away rejects
      if (!answer) return this.#lost(values);
      this.#inbox.receive(JSON.parse(answer));
      if (!this.#pending.size || this.#now() - this.#shownAt > PAUSE) this.#show();
    }
  }

  /**
   * Keeps the values of a lost request for the next one.
   * @param {Record<string, KnobValue>} values
   */
  #lost(values) {
    for (const [widget, value] of Object.entries(values)) {
      if (!this.#pending.has(widget)) this.#pending.set(widget, value);
    }
    this.#show(); // what earlier answers brought
    this.#onLost();
  }

  #show() {
    this.#inbox.flush();
    this.#shownAt = this.#now();
  }
}
