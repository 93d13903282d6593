/** @import { Inbox } from "../transport/inbox.js" */
/** @import { Requests } from "../transport/requests.js" */
/** @import { Scene, Scenes } from "./undo_history.js" */

import { actionOf, find } from "../dom/elements.js";
import { Gestures } from "./gestures.js";
import { UndoHistory } from "./undo_history.js";

const QUIET = 300; // milliseconds after which no more answers to the last change are on their way
const PATIENCE = 5000; // milliseconds after which an answer counts as lost: it must not end undo

/**
 * Undo and redo. A story's step has scenes: what was pinned and open before it and with it. Whoever steps over it has
 * them set again.
 */
export class Undo {
  history = new UndoHistory();
  /** @type {string | null} the key that Python was asked to restore */
  asked = null;
  /** @type {(Scenes & { key: string }) | null} the scenes of a story whose recipe is not on screen yet */
  coming = null;

  #gestures = new Gestures();
  #element;
  #inbox;
  #requests;
  #isRefused;
  #openScene;
  #onStep;
  /** When the last answer to a change came. */
  #answered = 0;
  /** @type {number[]} presses that wait until the change before them is a step */
  #queued = [];
  /** @type {Scene | null} the scene to set with the step that is asked for next */
  #crossed = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;

  /**
   * @param {HTMLElement} element the panel
   * @param {Inbox} inbox
   * @param {Requests} requests
   * @param {() => boolean} isRefused whether the sidebar holds a recipe that cannot be shown
   * @param {(scene: Scene) => void} openScene
   * @param {() => void} onStep called when another recipe has become a step
   */
  constructor(element, inbox, requests, isRefused, openScene, onStep) {
    this.#element = element;
    this.#inbox = inbox;
    this.#requests = requests;
    this.#isRefused = isRefused;
    this.#openScene = openScene;
    this.#onStep = onStep;
    inbox.on("link", () => this.receive());
    inbox.on("status", () => this.#renderButtons());
    element.addEventListener("click", (event) => {
      const action = actionOf(event);
      if (action === "undo") this.go(-1);
      if (action === "redo") this.go(1);
    });
  }

  /** Takes up the recipe that Python heard of last. */
  receive() {
    const key = this.#inbox.get("link")?.key;
    if (key === undefined) return;
    if (this.asked !== null) { // older answers still come in
      if (key === this.asked) this.#arrived();
      return;
    }
    this.#answered = performance.now();
    if (key !== this.history.current?.key) {
      const before = this.history.at;
      this.history.push(key, this.#gestures.count);
      if (before >= 0 && this.history.at > before) this.#onStep();
      this.#renderButtons();
    }
    if (this.coming && key === this.coming.key) {
      const { turn, before, after } = this.coming;
      this.history.attach({ turn, before, after });
      this.coming = null;
    }
  }

  /**
   * Goes a step back or forth as soon as the last change is a step itself.
   * @param {number} way -1 for undo, 1 for redo
   */
  go(way) {
    this.#queued.push(way);
    this.#settle();
  }

  #settle() {
    clearTimeout(this.#later);
    const changed = this.#gestures.lastChange, now = performance.now();
    const sinceChange = now - changed, sinceAnswer = now - this.#answered;
    const answered = this.#answered > changed || sinceChange > 5 * QUIET;
    if (Math.min(sinceChange, sinceAnswer) > QUIET && answered) this.#queued.splice(0).forEach((way) => this.#step(way));
    else this.#later = setTimeout(() => this.#settle(), QUIET / 3);
  }

  /** @param {number} way */
  #step(way) {
    const refused = this.#isRefused();
    if (!this.history.canGo(way, refused)) return;
    if (way > 0 || !refused) this.#crossed = this.history.cross(way) || this.#crossed;
    this.history.endGesture();
    this.#ask();
  }

  #ask() {
    this.#renderButtons();
    const key = this.history.current?.key;
    if (this.asked !== null || key === undefined) return; // the answer under way comes first
    this.asked = key;
    this.#patience = setTimeout(() => this.#arrived(), PATIENCE);
    this.#requests.send("restore", { key, scene: this.#crossed });
    if (this.#crossed) this.#openScene(this.#crossed);
    this.#crossed = null;
  }

  #arrived() {
    clearTimeout(this.#patience);
    const answered = this.asked;
    this.asked = null;
    if (this.#crossed || answered !== this.history.current?.key) this.#ask();
  }

  #renderButtons() {
    for (const [action, way] of /** @type {const} */ ([["undo", -1], ["redo", 1]])) {
      const disabled = !this.history.canGo(way, this.#isRefused());
      find(this.#element, `[data-act="${action}"]`).setAttribute("aria-disabled", String(disabled));
    }
  }
}
