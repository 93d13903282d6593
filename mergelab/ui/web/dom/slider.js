/**
 * Sets a field as a hand would. A slider takes the nearest of its steps.
 * @param {HTMLInputElement} field
 * @param {number | string} value
 */
export function setField(field, value) {
  field.value = String(value);
  announce(field);
}

/**
 * Tells Gradio that a field was changed.
 * @param {HTMLInputElement} field
 */
export function announce(field) {
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/**
 * The slider of a widget, if it is on the page.
 * @param {string} widget its elem_id
 * @returns {HTMLInputElement | null}
 */
export function sliderOf(widget) {
  return document.querySelector(`#${widget} input[type=range]`);
}

/**
 * What an input event says about a widget's number; null where it is another widget's or no number.
 * @param {Event} event
 * @param {string} widget its elem_id
 * @returns {number | null}
 */
export function numberTyped({ target }, widget) {
  if (!(target instanceof HTMLInputElement) || !target.closest(`#${widget}`) || target.value === "") return null;
  return Number(target.value);
}
