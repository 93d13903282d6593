/**
 * The number that a person typed, with a comma or a percent sign if they like; null if it is none, or not yet.
 * @param {string} text
 * @returns {number | null}
 */
export function typedNumber(text) {
  const bare = text.replace(/[\s ]/g, "").replace("−", "-"), percent = bare.endsWith("%");
  const digits = (percent ? bare.slice(0, -1) : bare).replace(/^([^.,]*),([^.,]*)$/, "$1.$2");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(digits)) return null;
  const value = Number(digits), exact = percent ? Number((value / 100).toPrecision(15)) : value;
  return Number.isFinite(exact) ? exact : null;
}

/**
 * Whether a slider can show the number: inside its ends, and whole where its steps are.
 * @param {number} value
 * @param {{ min: string, max: string, step: string }} field
 * @returns {boolean}
 */
export function fits(value, { min, max, step }) {
  const inside = (min === "" || value >= Number(min)) && (max === "" || value <= Number(max));
  const counts = step === "" || Number.isInteger(Number(step));
  return inside && (!counts || step === "any" || Number.isInteger(value));
}
