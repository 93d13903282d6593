/** Groups of buttons of which one is chosen. */

import { findAll } from "../dom/elements.js";

/**
 * Marks a button as chosen or not. Tab leads to the chosen one.
 * @param {HTMLElement} button
 * @param {boolean} chosen
 */
export function setChosen(button, chosen) {
  button.setAttribute("aria-checked", String(chosen));
  button.tabIndex = chosen ? 0 : -1;
}

/**
 * Lets arrow keys lead from one button of a group to the next.
 * @param {HTMLElement} group
 */
export function listenForArrows(group) {
  group.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const buttons = findAll(group, "button"), focused = buttons.findIndex((button) => button === document.activeElement);
    buttons[(focused + way + buttons.length) % buttons.length].click();
    findAll(group, '[aria-checked="true"]')[0]?.focus();
  });
}
