/** Marks what is explained where it stands: under the pointer, with the focus, or at a tap. */

/** The id of the box with the explanation. */
export const MEANING = "ml-meaning";

/**
 * @param {HTMLElement} element
 * @param {string} name what is explained
 * @param {string} meaning
 */
export function explain(element, name, meaning) {
  element.dataset.explained = name;
  element.dataset.meaning = meaning;
  takeFocus(element);
}

/**
 * Lets the keyboard reach an element that is explained.
 * @param {HTMLElement} element
 */
export function takeFocus(element) {
  element.tabIndex = 0;
  element.setAttribute("aria-describedby", MEANING);
}
