/** Which row and column numbers stand beside the map. */

/** @typedef {{ value: number, at: number }} Tick a number, and the middle of its row or column as a share of the window */

/**
 * Round numbers from `from` on, at least `gap` pixels apart; the first number alone where none is round.
 * @param {number} from
 * @param {number} count of rows or columns
 * @param {number} pixels that they take
 * @param {number} gap
 * @returns {Tick[]}
 */
export function ticksOf(from, count, pixels, gap) {
  const step = roundStep((count * gap) / Math.max(1, pixels)), first = Math.ceil(from / step) * step;
  const values = [];
  for (let value = first; value < from + count; value += step) values.push(value);
  return (values.length ? values : [from]).map((value) => ({ value, at: (value - from + 0.5) / count }));
}

/**
 * The smallest of 1, 2, 5, 10, 20, 50, … that is not below `least`.
 * @param {number} least
 * @returns {number}
 */
function roundStep(least) {
  if (least <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((digit) => digit * power >= least) ?? 10) * power;
}
