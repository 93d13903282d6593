/** @import { KnobValue } from "../messages.d.ts" */
/** @import { Inbox } from "../transport/inbox.js" */

import { closest, findAll, makeButton } from "../dom/elements.js";
import { numberIn, setField } from "../dom/slider.js";

const UNFOLDING = 50; // milliseconds

/**
 * A reset arrow beside each knob that is not at its default. Gradio's own arrow goes back to what the slider showed
 * when it came on the page, and stands beside sliders alone; this one goes to the default that the method declares.
 */
export class ResetArrows {
  #inbox;

  /** @param {Inbox} inbox */
  constructor(inbox) {
    this.#inbox = inbox;
    document.addEventListener("click", (event) => this.#reset(event), true);
    document.addEventListener("input", () => this.#renderSoon());
    document.addEventListener("click", () => this.#renderSoon(UNFOLDING)); // a folded part may open
    inbox.on("charts", () => this.#renderSoon());
    inbox.on("link", () => this.#renderSoon());
    this.#renderSoon();
  }

  /** Each knob's default, by its elem_id. */
  get defaults() {
    return this.#inbox.get("defaults") ?? {};
  }

  /** @param {number} [delay] milliseconds */
  #renderSoon(delay = 0) {
    setTimeout(() => this.#render(), delay);
  }

  #render() {
    for (const [id, value] of Object.entries(this.defaults)) {
      const block = document.getElementById(id), held = block && valueOf(block);
      if (block && held !== null) renderArrow(block, value, held !== value);
    }
  }

  /** @param {Event} event */
  #reset(event) {
    const block = closest(event, "#sidebar .reset-button")?.closest("[id]");
    if (!(block instanceof HTMLElement) || !(block.id in this.defaults)) return;
    event.stopPropagation(); // Gradio would reset it too, to another value
    setTo(block, this.defaults[block.id]);
    this.#render();
  }
}

/**
 * @param {HTMLElement} block
 * @param {KnobValue} value the knob's default
 * @param {boolean} changed whether the knob holds another one
 */
function renderArrow(block, value, changed) {
  const arrow = arrowOf(block);
  if (arrow.dataset.to !== String(value)) {
    arrow.dataset.to = String(value);
    const name = block.querySelector("[data-testid=block-info]")?.textContent?.trim();
    const said = wordOf(block, value);
    arrow.title = `Back to ${said}`;
    arrow.setAttribute("aria-label", `Reset ${name} to ${said}`);
  }
  arrow.classList.toggle("ml-turned", changed);
  arrow.tabIndex = changed ? 0 : -1;
}

/**
 * A value as the page says it: an option by its label.
 * @param {HTMLElement} block
 * @param {KnobValue} value
 * @returns {string}
 */
function wordOf(block, value) {
  const option = optionsOf(block).find((each) => each.value === value);
  return option?.closest("label")?.textContent?.trim() || String(value);
}

/** @param {HTMLElement} block */
function arrowOf(block) {
  /** @type {HTMLElement | null} */
  const there = block.querySelector(".reset-button");
  if (there) return there;
  const made = makeButton("↺", "reset-button ml-reset");
  block.append(made);
  return made;
}

/**
 * What a widget holds; null where it has no field.
 * @param {HTMLElement} block
 * @returns {number | string | null}
 */
function valueOf(block) {
  const ticked = optionsOf(block).find((option) => option.checked), field = fieldOf(block);
  if (ticked) return ticked.value;
  return field && numberIn(block);
}

/**
 * @param {HTMLElement} block
 * @param {KnobValue} value
 */
function setTo(block, value) {
  const option = optionsOf(block).find((each) => each.value === value), field = fieldOf(block);
  if (option) option.click();
  else if (field) setField(field, String(value));
}

/**
 * @param {HTMLElement} block
 * @returns {HTMLInputElement | null}
 */
function fieldOf(block) {
  return block.querySelector("input[type=range]") || block.querySelector("input[type=number]");
}

/** @param {HTMLElement} block */
function optionsOf(block) {
  return findAll(block, "input[type=radio]", HTMLInputElement);
}
