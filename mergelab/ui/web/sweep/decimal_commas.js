const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, WITH_COMMA = /^[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?$/i;

/**
 * The numbers of a list as people type it, each with a decimal point, as `mergelab.sweeps.decimal_commas` reads it: null if it is no list of
 * numbers, and `ambiguous` if a comma may be a decimal comma or separate two numbers, as in `0,35`.
 * @param {string} text
 * @returns {string[] | "ambiguous" | null}
 */
export function typedNumbers(text) {
  const inner = text.trim().replace(/^\[|\]$/g, ""), isBracketed = text.trim().startsWith("[");
  const parts = inner.replace(/\s*,\s+|\s+,/g, " ").split(/[;\s]+/).filter(Boolean);
  const decimal = isEach(WITH_COMMA, parts) ? parts.map((part) => part.replace(",", ".")) : null;
  const split = inner.split(",").map((part) => part.trim()).filter(Boolean);
  const listed = isEach(PLAIN, split) && new Set(split).size === split.length ? split : null;
  if (listed && (isBracketed || !decimal || decimal.join() === listed.join())) return listed;
  return listed && decimal ? "ambiguous" : decimal;
}

/**
 * A range with decimal points: there a comma separates nothing.
 * @param {string} text
 */
export function withDecimalPoints(text) {
  return text.replace(/(\d),(?=\d)/g, "$1.");
}

/**
 * @param {RegExp} pattern
 * @param {string[]} parts
 */
function isEach(pattern, parts) {
  return parts.length > 0 && parts.every((part) => pattern.test(part));
}
