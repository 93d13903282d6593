/** Numbers as people read them. A number that is not known is a dash. */

const UNKNOWN = "–";

/**
 * A share in per cent.
 * @param {number | null | undefined} share
 * @param {number} [digits] after the point
 * @returns {string}
 */
export function percent(share, digits = 1) {
  return share === null || share === undefined ? UNKNOWN : `${(100 * share).toFixed(digits)} %`;
}

/**
 * A number with its sign, very large and very small ones with an exponent.
 * @param {number | null | undefined} value
 * @param {number} [digits] that count
 * @returns {string}
 */
export function signed(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return UNKNOWN;
  if (value === 0) return "0";
  return `${value < 0 ? "−" : "+"}${absolute(Math.abs(value), digits)}`;
}

/**
 * A number without a plus sign.
 * @param {number | null | undefined} value
 * @param {number} [digits] that count
 * @returns {string}
 */
export function plain(value, digits = 3) {
  return signed(value, digits).replace(/^\+/, "");
}

/**
 * @param {number} size
 * @param {number} digits
 */
function absolute(size, digits) {
  if (size >= 0.001 && size < 10_000) return String(Number(size.toPrecision(digits)));
  return size.toExponential(digits - 1).replace("e-", "e−").replace("e+", "e");
}

/**
 * A whole number with commas.
 * @param {number} value
 * @returns {string}
 */
export function whole(value) {
  return value.toLocaleString("en-US");
}

/**
 * Which rows or columns: `row 3`, `rows 3–5`.
 * @param {string} what
 * @param {number} from
 * @param {number} count
 * @returns {string}
 */
export function span(what, from, count) {
  return count === 1 ? `${what} ${whole(from)}` : `${what}s ${whole(from)}–${whole(from + count - 1)}`;
}

/**
 * A sign as an arrow.
 * @param {number | null | undefined} sign
 * @returns {string}
 */
export function signWords(sign) {
  if (sign === null || sign === undefined) return UNKNOWN;
  if (sign > 0) return "▲ +";
  return sign < 0 ? "▼ −" : "0";
}
