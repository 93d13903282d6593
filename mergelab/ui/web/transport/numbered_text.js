/**
 * The form in which Python sends messages: a JSON text behind a number, such as `17 {"kind":"ready"}`. Of two texts
 * of one message the larger number is the later one. Gradio clones every property of a component at every event,
 * which costs nothing for texts.
 */

/** A text without a message. Every other one is later. */
export const NOTHING = "0 null";

/**
 * @param {string} text
 * @returns {number}
 */
export function numberOf(text) {
  return Number(text.slice(0, text.indexOf(" ")));
}

/**
 * The JSON behind the number.
 * @param {string} text
 * @returns {string}
 */
export function bodyOf(text) {
  return text.slice(text.indexOf(" ") + 1);
}

/**
 * The latest of several texts of one message. Of two with the same number the first one counts.
 * @param {unknown[]} texts some may be missing
 * @returns {string}
 */
export function latestOf(texts) {
  let latest = NOTHING;
  for (const text of texts) {
    if (typeof text === "string" && text && numberOf(text) > numberOf(latest)) latest = text;
  }
  return latest;
}
