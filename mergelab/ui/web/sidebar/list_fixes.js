/** What Gradio's lists do not do by themselves. */

import { closest } from "../dom/elements.js";

/** Listens to the controls on the sidebar. */
export function fixLists() {
  document.addEventListener("mousedown", reopenList, true);
}

/**
 * Lets a list open again after Escape. Gradio opens it when its box gets the focus, which the box then still has.
 * @param {Event} event
 */
function reopenList(event) {
  const box = closest(event, "#sidebar [role=combobox]");
  if (box && box === document.activeElement && box.getAttribute("aria-expanded") === "false") box.blur();
}
