const REST = 700; // milliseconds that a text must stand before it is read out: longer than a knob rests before scores follow

/**
 * Reads out what the strip says, the only part of the page that speaks by itself. What soon makes room for another text
 * stays silent, so that a change of the recipe is heard once when work takes a while, and once when it has ended.
 */
export class Announcer {
  #read;
  #rest;
  #last = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waiting;

  /**
   * @param {(text: string) => void} read puts a text into a live region
   * @param {number} [rest] milliseconds
   */
  constructor(read, rest = REST) {
    this.#read = read;
    this.#rest = rest;
  }

  /** @param {string} text what the strip says from now on */
  say(text) {
    if (text === this.#last) return;
    this.#last = text;
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#read(text), this.#rest);
  }
}
