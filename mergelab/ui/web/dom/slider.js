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

/**
 * Whether the slider was moved on since it showed a value. It stands at the step next to a typed number.
 * @param {HTMLInputElement} slider
 * @param {number} shown
 * @returns {boolean}
 */
export function isAhead(slider, shown) {
  return Math.abs(Number(slider.value) - shown) > Number(slider.step) / 2;
}

/**
 * The number that a widget holds, with all the digits that were typed.
 * @param {Element} block
 * @returns {number}
 */
export function numberIn(block) {
  /** @type {(selector: string) => HTMLInputElement | null} */
  const field = (selector) => block.querySelector(selector);
  const box = field("input[type=number], input[data-typed]"), typed = Number(box?.value || NaN);
  return Number.isFinite(typed) ? typed : Number(field("input[type=range]")?.value ?? NaN);
}
