/** @import { SweepRequest } from "../messages.d.ts" */

const KEY = "mergelab-last-sweep";

/** @typedef {{ query: string, name: string, request: SweepRequest }} KeptSweep `query` is that of a link to the recipe, `name` what it is called */

/** The sweep that this browser started last. It outlives a restart of the server, which keeps its answers. */
export class LastSweep {
  #storage;

  /** @param {Pick<Storage, "getItem" | "setItem">} [storage] */
  constructor(storage = localStorage) {
    this.#storage = storage;
  }

  /** @param {KeptSweep} sweep */
  keep(sweep) {
    this.#storage.setItem(KEY, JSON.stringify(sweep));
  }

  /**
   * Null for none, or for one that another version of the page kept.
   * @returns {KeptSweep | null}
   */
  get known() {
    try {
      const kept = JSON.parse(this.#storage.getItem(KEY) ?? "null");
      return kept && typeof kept.query === "string" && kept.request?.over && Array.isArray(kept.request.objectives) ? kept : null;
    } catch {
      return null;
    }
  }
}

/**
 * What is said of the last sweep, and of the button beside it.
 * @param {KeptSweep} sweep
 * @param {string} query that of the recipe on the sidebar
 * @returns {{ told: string, button: string }}
 */
export function lastWords({ query: own, name, request }, query) {
  const count = Object.keys(request.over).length, told = `Your last sweep varied ${count} ${count === 1 ? "setting" : "settings"} of ${name}.`;
  if (own !== query) return { told: `${told} It goes on from its own recipe.`, button: "Open its recipe" };
  return { told: `${told} What was answered is kept: no row is asked twice.`, button: "Resume" };
}
