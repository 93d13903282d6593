/** Finds and makes elements. Text is always set through textContent. */

/**
 * The first element that matches.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [kind] what the element has to be
 * @returns {T}
 */
export function find(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof (kind ?? HTMLElement))) throw new Error(`the page has no ${selector}`);
  return /** @type {T} */ (found);
}

/**
 * All elements that match, in document order.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [_kind] what the elements are
 * @returns {T[]}
 */
export function findAll(root, selector, _kind) {
  return /** @type {T[]} */ ([...root.querySelectorAll(selector)]);
}

/**
 * The element around the target of an event that matches, the target included.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function closest({ target }, selector) {
  return target instanceof Element ? target.closest(selector) : null;
}

/**
 * What the clicked button does: its `data-act`.
 * @param {Event} event
 * @returns {string | undefined}
 */
export function actionOf(event) {
  return closest(event, "button")?.dataset.act;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string | null} [text]
 * @param {string} [className]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

/**
 * A button that submits no form.
 * @param {string | null} text
 * @param {string} [className]
 * @returns {HTMLButtonElement}
 */
export function makeButton(text, className) {
  const made = make("button", text, className);
  made.type = "button";
  return made;
}

/**
 * Writes a text into every slot of that name.
 * @param {ParentNode} root
 * @param {string} name
 * @param {string | null} [text]
 */
export function fillSlots(root, name, text) {
  for (const slot of root.querySelectorAll(`[data-slot="${name}"]`)) write(slot, text || "");
}

/**
 * Writes a text where another stands. The same text is not written again: a screen reader would read it again.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Fills a list of choices; the first is chosen where the one that should be is not there. A list that has them already keeps its
 * entries: somebody may have opened it.
 * @param {HTMLSelectElement} list
 * @param {[value: string, title: string][]} choices
 * @param {string} chosen its value
 */
export function fillList(list, choices, chosen) {
  const options = choices.map(([value, title]) => new Option(title, value)), filled = [...list.options];
  const isFilled = options.length === filled.length && options.every(({ value, text }, place) => value === filled[place].value && text === filled[place].text);
  if (!isFilled) list.replaceChildren(...options);
  list.value = choices.some(([value]) => value === chosen) ? chosen : choices[0]?.[0] ?? "";
}

/**
 * The dot in front of a legend's entry.
 * @param {string} colour
 * @param {string} [dash] the dashes of the line that it stands for
 * @returns {HTMLElement}
 */
export function colourDot(colour, dash) {
  const made = make("i", null, "ml-swatch");
  made.style.setProperty("--colour", colour);
  if (dash) made.dataset.dash = dash;
  return made;
}

/**
 * An entry of a legend: a dot and what it stands for.
 * @param {string} colour
 * @param {string} title
 * @param {string} [dash]
 * @returns {HTMLLIElement}
 */
export function legendEntry(colour, title, dash) {
  const made = make("li");
  made.append(colourDot(colour, dash), make("span", title));
  return made;
}
