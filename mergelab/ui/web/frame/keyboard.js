/** Shortcuts. None fires while somebody types. */

/** @typedef {() => unknown} Action */

/**
 * What a pressed key does; nothing where it is no shortcut.
 * @param {{ key: string, ctrlKey: boolean, metaKey: boolean, shiftKey: boolean, altKey: boolean }} event
 * @param {Record<string, Action>} plain by key
 * @param {Record<string, Action>} withCtrl by key in lower case, after `shift ` where that is held too
 * @returns {Action | undefined}
 */
export function shortcutOf({ key, ctrlKey, metaKey, shiftKey, altKey }, plain, withCtrl) {
  if (ctrlKey || metaKey) return own(withCtrl, `${shiftKey ? "shift " : ""}${key.toLowerCase()}`);
  return altKey ? undefined : own(plain, key);
}

/**
 * @param {Record<string, Action>} actions
 * @param {string} key
 */
function own(actions, key) {
  return Object.hasOwn(actions, key) ? actions[key] : undefined;
}

/**
 * Listens for shortcuts.
 * @param {(event: KeyboardEvent) => boolean} silent whether none may fire now
 * @param {(event: KeyboardEvent) => Action | undefined} actionFor
 */
export function listenForShortcuts(silent, actionFor) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || silent(event)) return;
    const action = actionFor(event);
    if (!action) return;
    event.preventDefault();
    action();
  });
}
