/** Milliseconds of a question without an answer after which the server counts as lost; a dead one refuses at once. */
export const SILENCE = 3000;

const PERIOD = 1000; // milliseconds between two questions
const PATIENCE = 10_000; // milliseconds that a question waits: a server that was only busy answers late
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
 * A busy server takes the question and keeps it, as one that is paused does: both count as lost until they answer.
 */
export class ServerWatch {
  /** Whether the server does not answer. */
  lost = false;
  /** Whether a lost server takes questions without a word; else it refuses them. */
  silent = false;
  #ask;
  #listeners;
  /** @type {string | null} the start of the server that the page belongs to */
  #start = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #next;
  #asking = false;

  /**
   * @param {{ onLost: () => void, onFound: () => void, onRestarted: () => void }} listeners `onLost` is called again when
   * `silent` changes; `onRestarted`: another start of the server answers, which does not know the page
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
    let silent = false;
    const silence = setTimeout(() => this.#lose(silent = true), SILENCE);
    const start = await this.#ask().catch(() => null);
    clearTimeout(silence);
    if (start === null) this.#lose(silent);
    else this.#find(start);
    this.#asking = false;
    const hidden = typeof document !== "undefined" && document.hidden;
    this.#next = setTimeout(() => void this.check(), hidden ? HIDDEN * PERIOD : PERIOD);
  }

  /** Asks no more. */
  end() {
    clearTimeout(this.#next);
  }

  /** @param {boolean} silent */
  #lose(silent) {
    if (this.#start === null) return; // a page that is still loading keeps its own questions waiting
    if (this.lost && this.silent === silent) return;
    this.lost = true;
    this.silent = silent;
    this.#listeners.onLost();
  }

  /** @param {string} start */
  #find(start) {
    const wasLost = this.lost;
    this.lost = false;
    this.#start ??= start;
    if (start !== this.#start) this.#listeners.onRestarted();
    else if (wasLost) this.#listeners.onFound();
  }
}
