/** @import { KnobValue } from "../messages.d.ts" */

const KEY = "mergelab.unsent";

/**
 * The widgets that were changed while the server was away, kept through the reload that follows: Gradio loads the page
 * again as soon as a server answers. They belong to the address at which they were made.
 */
export class UnsentChanges {
  #storage;

  /** @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} [storage] of this tab */
  constructor(storage = sessionStorage) {
    this.#storage = storage;
  }

  /**
   * @param {Record<string, KnobValue>} values by widget
   * @param {string} address
   */
  keep(values, address) {
    if (Object.keys(values).length) this.#storage.setItem(KEY, JSON.stringify({ values, address }));
    else this.#storage.removeItem(KEY);
  }

  /**
   * What was kept for the address. It is then kept no more.
   * @param {string} address
   * @returns {Record<string, KnobValue>} by widget
   */
  take(address) {
    const kept = JSON.parse(this.#storage.getItem(KEY) ?? "{}");
    this.#storage.removeItem(KEY);
    return kept.address === address ? kept.values : {};
  }
}
