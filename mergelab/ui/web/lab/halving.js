/** @import { CurvePosition } from "../messages.d.ts" */

/** What the last press of “Set density” has done, until the density is changed again. */
export class Halving {
  /** @type {{ to: number, words: string } | null} */
  #asked = null;
  #isThere = false;

  /** What is said of it; empty text before the charts have followed, and after the density has changed again. */
  get words() {
    return this.#isThere ? this.#asked?.words ?? "" : "";
  }

  /**
   * The density of a position that halves the conflicting weights is being set.
   * @param {CurvePosition} position
   */
  begin({ half, halved }) {
    this.#asked = half === null ? null : { to: half, words: halved };
    this.#isThere = false;
  }

  /**
   * Follows the charts to another position.
   * @param {Pick<CurvePosition, "place" | "step">} position
   */
  follow({ place, step }) {
    const wasThere = this.#isThere;
    this.#isThere = place !== null && this.#asked !== null && Math.abs(place - this.#asked.to) < (step ?? 0) / 2;
    if (wasThere && !this.#isThere) this.#asked = null;
  }
}
