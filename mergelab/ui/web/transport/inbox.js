/** @import { PanelMessages } from "../messages.d.ts" */

import { NOTHING, bodyOf, latestOf } from "./numbered_text.js";

/** @typedef {keyof PanelMessages} MessageName */

/**
 * What Python has sent. A message comes as a property of the panel or in the answer to a changed knob. If it arrives
 * by both routes, the larger number wins.
 */
export class Inbox {
  #props;
  #watch;
  /** @type {Record<string, string>} by message: its text in the last answer that had one */
  #answers = {};
  /** @type {Record<string, string>} by message: its latest text */
  #latest = {};
  /** @type {Record<string, { text: string, message: unknown }>} by message: what its text means */
  #parsed = {};
  /** @type {Record<string, string>} by message: the text that is on screen */
  #shown = {};
  /** @type {{ name: MessageName, callback: () => void }[]} */
  #watchers = [];
  /** @type {Set<string>} messages that came in answers and are not on screen yet */
  #waiting = new Set();

  /**
   * @param {Record<string, unknown>} props the panel's properties, which Gradio updates in place
   * @param {(name: string, callback: () => void) => void} watch
   */
  constructor(props, watch) {
    this.#props = props;
    this.#watch = watch;
  }

  /**
   * The latest message of that name, the same object until a later one comes. Null before the first one.
   * @template {MessageName} K
   * @param {K} name
   * @returns {PanelMessages[K] | null}
   */
  get(name) {
    const text = this.#text(name), known = this.#parsed[name];
    const parsed = known?.text === text ? known : (this.#parsed[name] = { text, message: JSON.parse(text) });
    return /** @type {PanelMessages[K] | null} */ (parsed.message);
  }

  /**
   * The latest message of that name if it has not been taken before, else undefined. What arrives a second time is
   * not drawn a second time.
   * @template {MessageName} K
   * @param {K} name
   * @returns {PanelMessages[K] | undefined}
   */
  takeNew(name) {
    const text = this.#text(name);
    if (text === "null" || text === this.#shown[name]) return undefined;
    this.#shown[name] = text;
    return /** @type {PanelMessages[K]} */ (this.get(name));
  }

  /**
   * Lets the latest message of that name be taken again.
   * @param {MessageName} name
   */
  release(name) {
    delete this.#shown[name];
  }

  /**
   * Calls `callback` whenever a message of that name arrives, by either route.
   * @param {MessageName} name
   * @param {() => void} callback
   */
  on(name, callback) {
    this.#watchers.push({ name, callback });
    this.#watch(name, callback);
  }

  /**
   * Keeps the messages of an answer. `flush` shows them.
   * @param {Record<string, string>} texts by name
   */
  receive(texts) {
    Object.assign(this.#answers, texts);
    for (const name of Object.keys(texts)) this.#waiting.add(name);
  }

  /** Announces the messages of all answers since the last call. */
  flush() {
    const names = new Set(this.#waiting);
    this.#waiting.clear();
    this.#announce((name) => names.has(name));
  }

  /**
   * Announces the properties that changed before anybody watched them.
   * @param {Record<string, unknown>} before the properties as they were then
   */
  catchUp(before) {
    this.#announce((name) => this.#props[name] !== before[name]);
  }

  /** @param {(name: MessageName) => boolean} concerned */
  #announce(concerned) {
    for (const { name, callback } of this.#watchers) if (concerned(name)) callback();
  }

  /** @param {MessageName} name */
  #text(name) {
    const latest = latestOf([this.#latest[name], this.#props[name], this.#answers[name]]);
    if (latest !== NOTHING) this.#latest[name] = latest;
    return bodyOf(latest);
  }
}
