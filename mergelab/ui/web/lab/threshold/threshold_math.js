/** @import { ThresholdLine } from "../../messages.d.ts" */

/** @typedef {Pick<ThresholdLine, "edges" | "shares">} Histogram */
/** @typedef {Pick<ThresholdLine, "low" | "high" | "step">} Range */
/**
 * A value of the knob, and the threshold of each expert (log10) that it leads to.
 * @typedef {{ value: number, at: number[] }} LinePosition
 */

/**
 * Each expert's threshold above which that share of its entries lies, read from its histogram.
 * @param {Histogram} histogram
 * @param {number} share
 * @returns {number[]} log10 of the magnitudes
 */
export function thresholdsAt({ edges, shares }, share) {
  return shares.map((bins) => {
    let above = 0;
    for (let bin = bins.length - 1; bin >= 0; bin--) {
      if (above + bins[bin] >= share && bins[bin] > 0) {
        return edges[bin + 1] - ((share - above) / bins[bin]) * (edges[bin + 1] - edges[bin]);
      }
      above += bins[bin];
    }
    return edges[0];
  });
}

/**
 * The nearest value that the slider can take.
 * @param {Range} range
 * @param {number} value
 * @returns {number}
 */
export function snapped({ low, high, step }, value) {
  return Math.min(high, Math.max(low, Math.round(value / step) * step));
}

/**
 * The line's position for every step of the slider.
 * @param {Histogram & Range} line
 * @returns {LinePosition[]}
 */
export function positionsOf(line) {
  const found = [];
  for (let value = line.low; value <= line.high + 1e-9; value += line.step) {
    found.push({ value: snapped(line, value), at: thresholdsAt(line, value) });
  }
  return found;
}

/**
 * The position whose handle is nearest to a magnitude. At 0 nothing is kept, so the line has no place there.
 * @param {LinePosition[]} positions
 * @param {number} at log10 of the magnitude
 * @returns {LinePosition}
 */
export function nearestTo(positions, at) {
  const distance = (/** @type {LinePosition} */ position) => Math.abs(mean(position.at) - at);
  const visible = positions.filter(({ value }) => value > 0);
  return visible.reduce((best, each) => (distance(each) < distance(best) ? each : best));
}

/**
 * @param {number[]} values
 * @returns {number}
 */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
