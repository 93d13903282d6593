/**
 * The value of a curve at a place, between two of its points by a straight line. Beyond its last point it stays; null
 * where it is not known.
 * @param {{ x: number[], y: (number | null)[] }} curve
 * @param {number} place
 * @returns {number | null}
 */
export function valueAt({ x, y }, place) {
  const after = x.findIndex((each) => each >= place);
  if (after < 0) return y.at(-1) ?? null;
  const high = y[after];
  if (after === 0) return high;
  const low = y[after - 1], width = x[after] - x[after - 1];
  if (low === null || high === null || !width) return high;
  return low + ((high - low) * (place - x[after - 1])) / width;
}
