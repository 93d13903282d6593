/** @import { Inbox } from "../transport/inbox.js" */

import { addressQuery, linkQuery, pinsOf, recipeOf, viewOf } from "./queries.js";

const REST = 300; // milliseconds: browsers refuse an address that changes at every step of a drag
const PATIENCE = 5000; // milliseconds after which a recipe that Back asked for counts as changed on its way

/** Keeps the address bar up to date, so that it holds the recipe and what is looked at. */
export class Address {
  /** The address bar's query as last written. */
  written = location.search;
  #inbox;
  #view;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #writing;

  /** Whether the next writing is a step that Back undoes. */
  #isStep = false;
  #held = false;
  /** @type {string | null} what the last link pins; null before the first one */
  #pins = null;
  /** @type {{ recipe: string, since: number } | null} what Back or Forward asked for, until it is there */
  #travelled = null;

  /** @param {Inbox} inbox */
  constructor(inbox) {
    this.#inbox = inbox;
    this.#view = viewOf(location.search, inbox.get("view") ?? []);
    inbox.on("link", () => {
      this.#followPins();
      this.#writeSoon();
    });
  }

  /**
   * What the address says about the open tab or the part of the model that is looked at.
   * @param {string} name
   * @returns {string | null}
   */
  get(name) {
    return this.#view.get(name) ?? null;
  }

  /**
   * Changes what the address says. Null removes a parameter.
   * @param {Record<string, string | null>} changes
   */
  set(changes) {
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) this.#view.delete(name);
      else this.#view.set(name, value);
    }
    this.#writeSoon();
  }

  /** The next change is a step: the browser's Back leads to what the address says now. */
  step() {
    this.#isStep = true;
  }

  /**
   * Leaves the address as it is until somebody has decided about it.
   * @param {boolean} held
   */
  hold(held) {
    this.#held = held;
    if (!held) this.#writeSoon();
  }

  /**
   * Calls `callback` after Back or Forward, with the recipe that the address now asks for: the query of a link.
   * @param {(recipe: string) => void} callback
   */
  onTravel(callback) {
    addEventListener("popstate", () => {
      const names = this.#inbox.get("view") ?? [];
      this.#view = viewOf(location.search, names);
      this.written = location.search;
      this.#isStep = false;
      this.#travelled = { recipe: recipeOf(location.search, names), since: performance.now() };
      callback(this.#travelled.recipe);
    });
  }

  /** A link to what is on the page. */
  get link() {
    return `${location.origin}${location.pathname}${this.#query && `?${this.#query}`}`;
  }

  /** Whether Back or Forward leads to a recipe that is not there yet. */
  #isTravelling() {
    const { recipe, since } = this.#travelled ?? {};
    if (recipe === this.#inbox.get("link")?.query || performance.now() - (since ?? 0) > PATIENCE) this.#travelled = null;
    return this.#travelled !== null;
  }

  /** Makes a step of a recipe that was pinned or is pinned no more: its step alone brings back what was pinned before. */
  #followPins() {
    const pins = pinsOf(this.#inbox.get("link")?.query ?? ""), before = this.#pins;
    this.#pins = pins;
    if (before !== null && pins !== before) this.#isStep = true;
  }

  get #query() {
    return linkQuery(this.#inbox.get("link")?.query, this.#view);
  }

  #writeSoon() {
    if (!this.#inbox.get("link")) return;
    clearTimeout(this.#writing);
    this.#writing = setTimeout(() => this.#write(), REST);
  }

  #write() {
    if (this.#held) return;
    if (this.#isTravelling()) return this.#writeSoon(); // else the recipe that was left would end the way forward
    const query = addressQuery(this.#query, location.search);
    if (`?${query}` !== (location.search || "?")) {
      const address = `${location.pathname}${query && `?${query}`}`;
      if (this.#isStep) history.pushState(history.state, "", address);
      else history.replaceState(history.state, "", address);
    }
    this.#isStep = false;
    this.written = location.search;
  }
}
