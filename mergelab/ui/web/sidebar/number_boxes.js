/** @import { Inbox } from "../transport/inbox.js" */
/** @import { Requests } from "../transport/requests.js" */

import { closest, make } from "../dom/elements.js";
import { announce } from "../dom/slider.js";
import { fits, typedNumber } from "./typed_number.js";

const REST = 400; // milliseconds without a key after which a number counts, although the person may type on
const BOXES = "#sidebar input[type=number], #sidebar input[data-typed]";
const WIDGETS = '[id^="knob-"], [id^="weight-"], #seed';

/**
 * Lets people type numbers as they are used to. Gradio reads a number box at every key, so that an emptied box, a
 * comma or a percent sign becomes another number. Here Gradio hears of a number when it is whole, and of nothing else.
 */
export class NumberBoxes {
  #requests;
  /** @type {HTMLInputElement | null} the box that has the focus */
  #box = null;
  /** What the recipe has for the box, and what it had when the box got the focus. */
  #held = "";
  #first = "";
  /** @type {Map<string, { box: HTMLInputElement, held: string }>} by widget: what Python was asked to check */
  #asked = new Map();
  #telling = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #resting;

  /**
   * @param {Inbox} inbox
   * @param {Requests} requests
   */
  constructor(inbox, requests) {
    this.#requests = requests;
    document.addEventListener("focusin", (event) => this.#enter(event), true);
    document.addEventListener("focusout", (event) => event.target === this.#box && this.#leave(), true);
    document.addEventListener("input", (event) => this.#type(event), true);
    document.addEventListener("change", (event) => this.#isOurs(event) && event.stopPropagation(), true);
    document.addEventListener("keydown", (event) => this.#key(event), true);
    inbox.on("unset", () => {
      for (const { widget, sentence } of inbox.takeNew("unset") ?? []) this.#refuse(widget, sentence);
      this.#asked.clear();
    });
  }

  /** @param {Event} event */
  #enter(event) {
    const box = closest(event, BOXES);
    if (!(box instanceof HTMLInputElement) || box === this.#box) return;
    this.#box = box;
    this.#held = this.#first = box.value;
    box.dataset.typed = "yes";
    box.type = "text"; // a number's box hides from scripts what is no number
    box.inputMode = "decimal";
    box.select(); // the change of type has lost what Tab selects; a click then sets its own place
  }

  /** @param {Event} event */
  #isOurs(event) {
    return event.target === this.#box && !this.#telling;
  }

  /** @param {Event} event */
  #type(event) {
    if (!this.#isOurs(event) || !this.#box) return;
    event.stopPropagation();
    complain(this.#box, "");
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#takeIfWhole(), REST);
  }

  /** Takes what stands in the box if the slider can show it. Anything else waits until the person leaves the box. */
  #takeIfWhole() {
    const box = this.#box, value = box && typedNumber(box.value);
    if (box && value !== null && fits(value, box) && String(value) !== this.#held) this.#tell(box, value);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const box = this.#box, way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!box || event.target !== box) return;
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      this.#take(box);
      box.value = String(typedNumber(box.value) ?? box.value);
    }
    if (event.key === "Escape") box.value = this.#first;
    if (event.key === "Escape") this.#take(box);
    if (!way) return;
    event.preventDefault();
    const step = Number(box.step) || 1, value = (typedNumber(box.value) ?? Number(this.#held)) + way * step;
    box.value = String(Number(value.toPrecision(12)));
    this.#takeIfWhole();
  }

  #leave() {
    const box = this.#box;
    if (!box) return;
    this.#take(box);
    this.#box = null;
    const text = box.value;
    delete box.dataset.typed;
    box.type = "number";
    if (typedNumber(text) !== null) box.value = String(typedNumber(text));
  }

  /**
   * Takes the number in the box, or says why not and leaves the recipe as it is.
   * @param {HTMLInputElement} box
   */
  #take(box) {
    clearTimeout(this.#resting);
    const text = box.value, value = typedNumber(text), widget = box.closest(WIDGETS);
    if (value !== null && String(value) === this.#held) box.value = this.#held;
    else if (value === null) this.#restore(box, this.#held, notANumber(text, nameOf(box), this.#held));
    else if (fits(value, box)) this.#tell(box, value);
    else if (widget) {
      this.#asked.set(widget.id, { box, held: this.#held });
      this.#requests.send("values", { values: { [widget.id]: value } });
    }
  }

  /**
   * Tells Gradio the number, and lets the person go on in the text that they typed.
   * @param {HTMLInputElement} box
   * @param {number} value
   */
  #tell(box, value) {
    const { value: text, selectionStart: start, selectionEnd: end } = box;
    this.#telling = true;
    box.type = "number";
    box.value = this.#held = String(value);
    announce(box);
    box.type = "text";
    box.value = text;
    if (document.activeElement === box) box.setSelectionRange(start, end);
    this.#telling = false;
  }

  /**
   * @param {string} widget
   * @param {string} sentence
   */
  #refuse(widget, sentence) {
    const asked = this.#asked.get(widget);
    if (asked) this.#restore(asked.box, asked.held, `${sentence} It stays ${asked.held}.`);
  }

  /**
   * @param {HTMLInputElement} box
   * @param {string} held
   * @param {string} sentence
   */
  #restore(box, held, sentence) {
    box.value = held;
    complain(box, sentence);
  }
}

/**
 * @param {string} text
 * @param {string} name
 * @param {string} held
 */
function notANumber(text, name, held) {
  return text.trim() ? `“${text.trim()}” is not a number, so ${name} stays ${held}.` : `${name} is empty, so it stays ${held}.`;
}

/** @param {HTMLElement} box */
function nameOf(box) {
  return box.closest(".block")?.querySelector("[data-testid=block-info]")?.textContent?.trim() || "this";
}

/**
 * Says below the widget what is wrong; without a sentence, nothing is any more.
 * @param {HTMLElement} box
 * @param {string} sentence
 */
function complain(box, sentence) {
  const widget = box.closest(WIDGETS) ?? box.closest(".block");
  widget?.querySelector(".ml-field-problem")?.remove();
  if (!widget || !sentence) return;
  const made = make("p", sentence, "ml-field-problem");
  made.setAttribute("role", "alert");
  widget.append(made);
}
