/**
 * Whether keys pressed in a control write text in it.
 * @param {EventTarget | null} control
 * @returns {boolean}
 */
export function takesText(control) {
  return control instanceof Element
    && control.matches("textarea, input:not([type=range], [type=checkbox], [type=radio])");
}

/**
 * Whether the person is typing in a control, or choosing from its open list.
 * @param {EventTarget | null} control
 * @returns {boolean}
 */
export function isTyping(control) {
  if (!(control instanceof HTMLElement)) return false;
  if (control.isContentEditable || control.getAttribute("aria-expanded") === "true") return true;
  return takesText(control) && !(/** @type {HTMLInputElement} */ (control).readOnly);
}
