/** Comma-separated values. */

/**
 * @param {unknown[][]} rows
 * @returns {string}
 */
export function csvOf(rows) {
  return `${rows.map((row) => row.map(csvCell).join(",")).join("\n")}\n`;
}

/**
 * One value, quoted where it has to be.
 * @param {unknown} value
 * @returns {string}
 */
export function csvCell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\n]/.test(text) ? quoted(text) : text;
}

/**
 * @param {string} text
 * @returns {string}
 */
export function quoted(text) {
  return `"${text.replaceAll('"', '""')}"`;
}
