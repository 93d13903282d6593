/** Two things that Gradio's controls do not do by themselves. */

import { closest } from "../dom/elements.js";
import { announce } from "../dom/slider.js";

const AFTER_GRADIO = 60; // milliseconds

/** Listens to the controls on the sidebar. */
export function fixControls() {
  document.addEventListener("change", announceClamped);
  document.addEventListener("mousedown", reopenList, true);
}

/**
 * Announces the value of a number box that was left: Gradio may bring it back into its range without an input event.
 * @param {Event} event
 */
function announceClamped(event) {
  const box = closest(event, "#sidebar input[type=number]");
  /** @type {HTMLInputElement | null | undefined} */
  const slider = box?.closest(".block")?.querySelector("input[type=range]");
  if (slider) setTimeout(() => announce(slider), AFTER_GRADIO);
}

/**
 * Lets a list open again after Escape. Gradio opens it when its box gets the focus, which the box then still has.
 * @param {Event} event
 */
function reopenList(event) {
  const box = closest(event, "#sidebar [role=combobox]");
  if (box && box === document.activeElement && box.getAttribute("aria-expanded") === "false") box.blur();
}
