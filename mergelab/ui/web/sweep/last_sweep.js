/** @import { SweepLeft } from "../messages.d.ts" */

const KEY = "mergelab-last-sweep";
const LEFT = { cancelled: "was cancelled", failed: "failed", interrupted: "was interrupted" };

/** The sweep that this browser started last. It outlives a restart of the server, which keeps its answers. */
export class LastSweep {
  #storage;

  /** @param {Pick<Storage, "getItem" | "setItem">} [storage] */
  constructor(storage = localStorage) {
    this.#storage = storage;
  }

  /** @param {SweepLeft} sweep one that has begun */
  keep(sweep) {
    this.#storage.setItem(KEY, JSON.stringify(sweep));
  }

  /** The sweep has come to its end. */
  end() {
    const { known } = this;
    if (known && !this.hasEnded) this.#storage.setItem(KEY, JSON.stringify({ ...known, ended: true }));
  }

  /** Whether there is nothing left to do for it. */
  get hasEnded() {
    return this.#kept?.ended === true;
  }

  /**
   * Null for none, or for one that another version of the page kept.
   * @returns {SweepLeft | null}
   */
  get known() {
    const kept = this.#kept;
    return kept && typeof kept.query === "string" && kept.request?.over && Array.isArray(kept.request.objectives) ? kept : null;
  }

  get #kept() {
    try {
      return JSON.parse(this.#storage.getItem(KEY) ?? "null");
    } catch {
      return null;
    }
  }
}

/**
 * The sweep to go on with: this browser's, or one that ended with an earlier server if this browser's has come to its end.
 * @param {LastSweep} last
 * @param {SweepLeft | null} left
 * @returns {{ sweep: SweepLeft, isOwn: boolean } | null}
 */
export function resumable(last, left) {
  const { known } = last;
  if (left && known && !last.hasEnded && isSame(left, known)) return { sweep: left, isOwn: true }; // the server knows how far it came
  if (left && !left.here && (!known || last.hasEnded)) return { sweep: left, isOwn: false };
  return known && { sweep: known, isOwn: true };
}

/**
 * What is said of a sweep that can go on, and of the button beside it.
 * @param {SweepLeft} sweep
 * @param {string} query that of the recipe on the sidebar
 * @param {boolean} isOwn whether this browser began it
 * @returns {{ told: string, button: string }}
 */
export function lastWords({ query: own, name, request, at, tried, points, state }, query, isOwn) {
  const count = Object.keys(request.over).length, what = `${count} ${count === 1 ? "setting" : "settings"} of ${name}`;
  const left = `${isOwn ? "Your" : "A"} sweep of ${what} ${LEFT[state]}${at ? ` on ${whenWords(at)}, after ${tried} of at most ${points} recipes` : ""}.`;
  const told = isOwn && !at ? `Your last sweep varied ${what}.` : left;
  if (own !== query) return { told: `${told} It goes on from its own recipe.`, button: "Open its recipe" };
  return { told: `${told} What was answered is kept: no row is asked twice.`, button: "Resume" };
}

/**
 * `Nov 30, 12:06`, where the reader is.
 * @param {string} at
 */
function whenWords(at) {
  return new Date(at).toLocaleString("en", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/**
 * Whether both are the same sweep of the same recipe.
 * @param {SweepLeft} one
 * @param {SweepLeft} other
 */
function isSame(one, other) {
  return one.query === other.query && sorted(one.request) === sorted(other.request);
}

/** @param {import("../messages.d.ts").SweepRequest} request */
function sorted({ over, ...rest }) {
  return JSON.stringify([over, rest].map((fields) => Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1))));
}
