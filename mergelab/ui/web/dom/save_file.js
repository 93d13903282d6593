import { make } from "./elements.js";

const KEPT_FOR = 10_000; // milliseconds that the browser has to read the text

/**
 * Lets the browser save a table.
 * @param {string} text comma-separated values
 * @param {string} name of the file
 */
export function saveCsv(text, name) {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_FOR);
}
