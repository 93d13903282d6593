import { make } from "./elements.js";

const KEPT_FOR = 10_000; // milliseconds that the browser has to read the text

/**
 * Lets the browser save a table.
 * @param {string} text comma-separated values
 * @param {string} name of the file
 */
export function saveCsv(text, name) {
  saveText(text, name, "text/csv");
}

/**
 * Lets the browser save a text.
 * @param {string} text
 * @param {string} name of the file
 * @param {string} type
 */
export function saveText(text, name, type) {
  save(new Blob([text], { type }), name);
}

/**
 * Lets the browser save a file.
 * @param {string} content its bytes in base64
 * @param {string} name
 * @param {string} type
 */
export function saveBytes(content, name, type) {
  save(new Blob([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], { type }), name);
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function save(blob, name) {
  const link = make("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_FOR);
}
