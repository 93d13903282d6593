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
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_FOR);
}
