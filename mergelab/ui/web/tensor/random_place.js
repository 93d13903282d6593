/**
 * A random number from 0 to 1 (mulberry32). The same seed gives the same one.
 * @param {number} seed
 * @returns {number}
 */
export function randomOf(seed) {
  let state = (seed + 0x6d2b79f5) | 0;
  state = Math.imul(state ^ (state >>> 15), state | 1);
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
  return ((state ^ (state >>> 14)) >>> 0) / 4294967296;
}
