/** One column where the panel is narrow, whatever the window's width: the sidebar takes part of it. */

import { find } from "../dom/elements.js";

/** The panel's width below which cards stand below each other, in pixels. */
export const NARROW = 860;

/** @param {HTMLElement} element the panel */
export function followWidth(element) {
  const frame = find(element, ".ml");
  new ResizeObserver((entries) => {
    for (const { contentRect } of entries) frame.classList.toggle("ml-narrow", contentRect.width < NARROW);
  }).observe(frame);
}
