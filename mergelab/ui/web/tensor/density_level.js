const FINEST = 0.01; // the step of the slider; smaller levels have two digits that count
const NOISE = 1e-6; // a float32 may stand so far above the number that it stands for

/**
 * From which density on a change is kept, as the sidebar writes densities. Rounded up: at this density it is kept.
 * @param {number} level in [0, 1]
 * @returns {string}
 */
export function fromDensity(level) {
  const digits = level >= FINEST || level <= 0 ? 2 : 1 - Math.floor(Math.log10(level)), scale = 10 ** digits;
  const density = Math.ceil(level * scale * (1 - NOISE)) / scale;
  return `from ${String(density).replace("-", "−")}`;
}
