import { closest } from "../dom/elements.js";
import { takesText } from "../dom/typing.js";

export const PAUSE = 1000; // milliseconds after which keys, or changes without a pointer, begin another gesture

/**
 * Counts what the person does on the sidebar: a drag, typing into one box, or arrow keys in a row are one gesture each.
 */
export class Gestures {
  /** The number of the last gesture that changed something. */
  count = 0;
  /** When the sidebar was last changed. */
  lastChange = -PAUSE;
  #held = false;
  #fresh = false;
  /** @type {{ at: number, control: EventTarget | null }} */
  #lastKey = { at: 0, control: null };

  constructor() {
    document.addEventListener("pointerdown", (event) => {
      this.#held = true;
      this.#fresh = true;
      if (isInList(event)) this.count += 1; // a choice from a list comes without an input event
    }, true);
    for (const end of ["pointerup", "pointercancel"]) {
      document.addEventListener(end, () => (this.#held = false), true);
    }
    document.addEventListener("keydown", (event) => this.#key(event), true);
    document.addEventListener("input", (event) => {
      if (closest(event, "#sidebar") && !closest(event, "#own")) this.#change(event);
    }, true);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const inARow = takesText(event.target) || event.timeStamp - this.#lastKey.at < PAUSE;
    if (event.target !== this.#lastKey.control || !inARow) this.#fresh = true;
    if (event.key === "Enter" && isInList(event)) this.count += 1;
    this.#lastKey = { at: event.timeStamp, control: event.target };
  }

  /** @param {Event} event */
  #change({ timeStamp }) {
    const alone = !this.#held && Math.min(timeStamp - this.lastChange, timeStamp - this.#lastKey.at) > PAUSE;
    if (this.#fresh || alone) this.count += 1; // not before a change: answers to the last gesture may still come in
    this.#fresh = false;
    this.lastChange = timeStamp;
  }
}

/** @param {Event} event */
function isInList(event) {
  return closest(event, "[role=option], [role=combobox][aria-expanded=true]") !== null;
}
