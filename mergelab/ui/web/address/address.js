/** @import { Inbox } from "../transport/inbox.js" */

import { addressQuery, linkQuery, viewOf } from "./queries.js";

const REST = 300; // milliseconds: browsers refuse an address that changes at every step of a drag

/** Keeps the address bar up to date, so that it holds the recipe and what is looked at. */
export class Address {
  /** The address bar's query as last written. */
  written = location.search;
  #inbox;
  #view;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #writing;

  /** @param {Inbox} inbox */
  constructor(inbox) {
    this.#inbox = inbox;
    this.#view = viewOf(location.search, inbox.get("view") ?? []);
    inbox.on("link", () => this.#writeSoon());
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

  /** A link to what is on the page. */
  get link() {
    return `${location.origin}${location.pathname}${this.#query && `?${this.#query}`}`;
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
    const query = addressQuery(this.#query, location.search);
    if (`?${query}` !== (location.search || "?")) {
      history.replaceState(history.state, "", `${location.pathname}${query && `?${query}`}`);
    }
    this.written = location.search;
  }
}
