/** Puts new elements where others stand, without taking any from under a finger, or the focus from a keyboard. */

/** How long the click of a finger may come after it is lifted, in ms. */
const CLICK_COMES = 100;

/** @type {EventTarget | null} the element that is being pressed */
let pressed = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let ending;
/** @type {Map<Element, () => void>} what waits for the press to end, by the box that it is drawn in */
const waiting = new Map();

/** Follows the presses on the page from now on. */
export function watchPresses() {
  addEventListener("pointerdown", ({ target }) => {
    clearTimeout(ending); // that of the press before
    pressed = target;
  }, true);
  addEventListener("click", release, true);
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (ending = setTimeout(release, CLICK_COMES)), true);
}

/**
 * Replaces the children of a box. While one of them is pressed it waits for the click, which an element that is gone would never
 * get; of several that wait for the same box the last is drawn. The focus goes to the element that takes the place of the one
 * that has it: one with the same tag, `data-` attributes and value, else the one that comes as late among its kind.
 * @param {HTMLElement} box
 * @param {Node[]} children
 * @param {() => void} [drawn] is called when they stand there
 */
export function redraw(box, children, drawn) {
  waiting.delete(box);
  if (pressed instanceof Node && pressed !== box && box.contains(pressed)) {
    waiting.set(box, () => redraw(box, children, drawn));
    return;
  }
  const refocus = focusIn(box);
  box.replaceChildren(...children);
  refocus();
  drawn?.();
}

/** The press has ended: what waits is drawn as soon as its click has been answered. */
function release() {
  clearTimeout(ending);
  pressed = null;
  setTimeout(() => {
    if (!pressed) for (const draw of [...waiting.values()]) draw();
  });
}

/**
 * What moves the focus to the element that takes the place of the one that has it now.
 * @param {HTMLElement} box
 * @returns {() => void}
 */
function focusIn(box) {
  const { activeElement: before } = document;
  if (!(before instanceof HTMLElement) || before === box || !box.contains(before)) return () => {};
  const attributes = [...before.attributes].filter(({ name }) => name.startsWith("data-") || name === "value");
  const likeIt = before.localName + attributes.map(({ name, value }) => `[${name}="${CSS.escape(value)}"]`).join("");
  /** @param {string} selector */
  const all = (selector) => /** @type {HTMLElement[]} */ ([...box.querySelectorAll(selector)]);
  const place = all(likeIt).indexOf(before), order = all(before.localName).indexOf(before);
  return () => (all(likeIt)[place] ?? all(likeIt)[0] ?? all(before.localName)[order])?.focus({ preventScroll: true });
}
