/** @import { Inbox } from "../transport/inbox.js" */

import { inNextFrame } from "../dom/next_frame.js";
import { numberIn, sliderOf } from "../dom/slider.js";

/**
 * Keeps the complements up to date while knobs move.
 * @param {Inbox} inbox
 */
export function followComplements(inbox) {
  const soon = inNextFrame(() => renderComplements(inbox)); // a slider's number box follows it later
  document.addEventListener("input", soon);
}

/**
 * Writes 1 minus a knob's value below its slider, where papers count the knob from the other end.
 * @param {Inbox} inbox
 */
export function renderComplements(inbox) {
  for (const [id, name] of Object.entries(inbox.get("complements") ?? {})) {
    const block = document.getElementById(id);
    if (block && sliderOf(id)) block.dataset.complement = complement(name, numberIn(block));
  }
}

/**
 * @param {string} name
 * @param {number} value of the knob
 * @returns {string}
 */
export function complement(name, value) {
  return `= ${name} ${Math.round((1 - value) * 1000) / 10} %`;
}
