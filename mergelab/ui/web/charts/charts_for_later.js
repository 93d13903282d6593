const LATER = 400; // milliseconds after which charts out of sight are drawn, one whenever the browser is idle
const WAITS = 8; // how often they wait so long again while work is under way
const BUSY = 1000; // milliseconds that a browser may be busy before the next one is drawn all the same

/**
 * The charts that are still to be drawn because nobody sees them: one is drawn whenever there is time. On few cores each of
 * them would make the result of work that is under way later, so for some seconds they let it go first.
 */
export class ChartsForLater {
  /** @type {Set<string>} */
  #names = new Set();
  #waits = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;
  #hasRoom;
  #draw;
  #isBusy = () => false;

  /**
   * @param {(name: string) => boolean} hasRoom whether a chart has a place on the page
   * @param {(name: string) => Promise<void>} draw
   */
  constructor(hasRoom, draw) {
    this.#hasRoom = hasRoom;
    this.#draw = draw;
  }

  /**
   * Tells how to learn whether work is under way.
   * @param {() => boolean} isBusy
   */
  waitWhile(isBusy) {
    this.#isBusy = isBusy;
  }

  /** All of them, also those without a place on the page. */
  get names() {
    return [...this.#names];
  }

  /** Whether one of them has a place on the page. */
  get any() {
    return this.names.some(this.#hasRoom);
  }

  /** @param {string} name */
  add(name) {
    if (!this.any) this.#waits = 0; // a chart that grows must not begin to wait anew with each of its figures
    this.#names.add(name);
    this.#wait();
  }

  /** @param {string} name */
  delete(name) {
    this.#names.delete(name);
  }

  #wait() {
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.#drawWhenIdle(), LATER);
  }

  #drawWhenIdle() {
    if (this.#isBusy() && this.#waits++ < WAITS) return this.#wait();
    requestIdleCallback(() => {
      const [name] = this.names.filter(this.#hasRoom);
      if (name) void this.#draw(name).then(() => this.#drawWhenIdle());
    }, { timeout: BUSY });
  }
}
