const PERIOD = 1000; // milliseconds between two questions
const SLOW = 3000; // milliseconds after which a question without an answer tells of a slow server; a dead one refuses at once
const PATIENCE = 10_000; // milliseconds after which a question without an answer counts as lost
const HIDDEN = 10; // a page that nobody looks at asks so many times less often

/**
 * Asks the server for the name of its start.
 * @returns {Promise<string>} rejected if there is no answer
 */
async function askServer() {
  const answer = await fetch("alive", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
  return answer.text();
}

/**
 * Asks once a second whether the server is there. Gradio notices a lost server only when it next has a question for it.
 * A busy server takes the question and keeps it; only time tells it from one that is paused.
 */
export class ServerWatch {
  /** Whether the server does not answer. */
  lost = false;
  /** Whether it takes long to answer. */
  slow = false;
  #ask;
  #listeners;
  /** @type {string | null} the start of the server that the page belongs to */
  #start = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #next;
  #asking = false;

  /**
   * @param {{ onLost: () => void, onFound: () => void, onRestarted: () => void, onPace: () => void }} listeners
   * `onRestarted`: another start of the server answers, which does not know the page; `onPace`: `slow` has changed
   * @param {() => Promise<string>} [ask]
   */
  constructor(listeners, ask = askServer) {
    this.#listeners = listeners;
    this.#ask = ask;
  }

  /** Asks from now on, at once whenever the person comes back to the page. */
  begin() {
    document.addEventListener("visibilitychange", () => document.hidden || this.check());
    void this.check();
  }

  /** Asks once, and again after a while. */
  async check() {
    if (this.#asking) return;
    this.#asking = true;
    clearTimeout(this.#next);
    let late = false;
    const isLoading = this.#start === null; // a page that is still loading keeps its own questions waiting
    const waiting = setTimeout(() => this.#setPace((late = !isLoading)), SLOW);
    const start = await this.#ask().catch(() => null);
    clearTimeout(waiting);
    this.#take(start);
    this.#setPace(late);
    this.#asking = false;
    const hidden = typeof document !== "undefined" && document.hidden;
    this.#next = setTimeout(() => void this.check(), hidden ? HIDDEN * PERIOD : PERIOD);
  }

  /** Asks no more. */
  end() {
    clearTimeout(this.#next);
  }

  /** @param {string | null} start null if nobody answered */
  #take(start) {
    const wasLost = this.lost;
    this.lost = start === null && this.#start !== null; // while the page is loading, nothing is
    if (this.lost && !wasLost) this.#listeners.onLost();
    if (start === null) return;
    this.#start ??= start;
    if (start !== this.#start) this.#listeners.onRestarted();
    else if (wasLost) this.#listeners.onFound();
  }

  /** @param {boolean} late whether the last question waits, or waited, for long */
  #setPace(late) {
    const slow = late && !this.lost;
    if (slow === this.slow) return;
    this.slow = slow;
    this.#listeners.onPace();
  }
}
