/** @import { CellFields, EncodedReasons, MapCells, MapCoordinates } from "../../messages.d.ts" */

/** @typedef {Omit<MapCells, "fields"> & { fields: Record<keyof CellFields, Float32Array | Uint32Array> }} Cells */
/** @typedef {{ name: string, values: Float32Array, shares?: Float32Array, signs?: Float32Array }} MergeStep */
/**
 * What decides each weight of a window.
 * @typedef {Pick<EncodedReasons, "sentences" | "words" | "details"> & { which: Uint8Array, fates: Uint8Array,
 *   figures: Record<string, Float32Array>, levels: Float32Array, coefficients: Float32Array | null }} Reasons
 */
/**
 * A window weight by weight: the experts' changes at every step, and base, merged and change at the end.
 * `reach` is the largest change.
 * @typedef {Omit<MapCoordinates, "base" | "merged" | "stages" | "reasons"> & { steps: MergeStep[], reasons: Reasons,
 *   base: Float32Array, merged: Float32Array, change: Float32Array, reach: number }} Coordinates
 */

/**
 * @param {string} text base64
 * @returns {ArrayBuffer}
 */
function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}

/**
 * @param {string} text base64 of little-endian float32
 * @returns {Float32Array}
 */
export function floats(text) {
  return new Float32Array(bytesOf(text));
}

/**
 * @param {string} text base64 of little-endian uint32
 * @returns {Uint32Array}
 */
export function counts(text) {
  return new Uint32Array(bytesOf(text));
}

/**
 * @param {string} text base64 of bytes
 * @returns {Uint8Array}
 */
function codes(text) {
  return new Uint8Array(bytesOf(text));
}

/**
 * @param {MapCells} sent
 * @returns {Cells}
 */
export function decodedCells({ fields, ...rest }) {
  const { entries, active, overlapping, conflicting, gross, net, change } = fields;
  return {
    ...rest,
    fields: {
      entries: counts(entries),
      active: counts(active),
      overlapping: counts(overlapping),
      conflicting: counts(conflicting),
      gross: floats(gross),
      net: floats(net),
      change: floats(change),
    },
  };
}

/**
 * @param {MapCoordinates} sent
 * @returns {Coordinates}
 */
export function decodedCoordinates({ stages, reasons, ...sent }) {
  const steps = stages.map(({ name, values, shares, signs }) => ({
    name,
    values: floats(values),
    ...(shares && { shares: floats(shares) }),
    ...(signs && { signs: floats(signs) }),
  }));
  const base = floats(sent.base), merged = floats(sent.merged), change = merged.map((value, at) => value - base[at]);
  const largest = steps.map(({ values }) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  return { ...sent, steps, base, merged, change, reasons: decodedReasons(reasons), reach: Math.max(...largest, 1e-30) };
}

/**
 * @param {EncodedReasons} sent
 * @returns {Reasons}
 */
function decodedReasons({ which, fates, figures, levels, coefficients, ...words }) {
  return {
    ...words,
    which: codes(which),
    fates: codes(fates),
    figures: Object.fromEntries(Object.entries(figures).map(([name, text]) => [name, floats(text)])),
    levels: floats(levels),
    coefficients: coefficients === null ? null : floats(coefficients),
  };
}

/**
 * How strongly a cell is coloured, 0 to 1; null where there is nothing to say.
 * @param {Cells} cells
 * @param {number} place of the cell
 * @param {import("./map_colours.js").ColourMode} mode
 * @param {number} most the mean magnitude at which the colours end
 * @returns {number | null}
 */
export function cellStrength({ fields }, place, mode, most) {
  const { overlapping, conflicting, gross, net, change, entries } = fields;
  if (mode === "conflict") return overlapping[place] ? conflicting[place] / overlapping[place] : null;
  if (mode === "agreement") return gross[place] ? net[place] / gross[place] : null;
  return entries[place] ? Math.min(1, Math.sqrt(change[place] / entries[place] / (most || 1))) : null;
}

/**
 * Whether an election has taken place by a step: whoever disagreed then no longer does.
 * @param {Coordinates} coordinates
 * @param {number} until the place of the step
 * @returns {boolean}
 */
export function isDecided({ steps }, until) {
  return steps.slice(0, until + 1).some(({ signs }) => signs);
}

/**
 * How strongly a weight is shaded, 0 to 1.
 * @param {Coordinates} coordinates
 * @param {number} experts how many there are
 * @param {number} until the place of the step
 * @param {import("./map_colours.js").ColourMode} mode
 * @returns {(place: number) => number}
 */
export function shading(coordinates, experts, until, mode) {
  if (mode === "conflict") {
    const disagrees = disagreeing(coordinates, experts, until), strong = isDecided(coordinates, until) ? 0.45 : 1;
    return (place) => (disagrees(place) ? strong : 0);
  }
  const { change, steps, rows, columns } = coordinates, count = rows * columns;
  if (mode === "magnitude") {
    const most = change.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-30);
    return (place) => Math.sqrt(Math.abs(change[place]) / most);
  }
  const { values } = beforeVote(steps, until);
  return (place) => {
    let net = 0, gross = 0;
    for (let expert = 0; expert < experts; expert++) {
      net += values[expert * count + place];
      gross += Math.abs(values[expert * count + place]);
    }
    return gross ? Math.abs(net) / gross : 0;
  };
}

/**
 * The step on screen, or the one before an election.
 * @param {MergeStep[]} steps
 * @param {number} until the place of the step
 * @returns {MergeStep}
 */
function beforeVote(steps, until) {
  return steps.slice(0, until + 1).filter(({ signs }) => !signs).at(-1) ?? steps[0];
}

/**
 * Which weights have changes in both directions after a step. Experts that an election voted out still count.
 * @param {Coordinates} coordinates
 * @param {number} experts how many there are
 * @param {number} until the place of the step
 * @returns {(place: number) => boolean}
 */
export function disagreeing({ steps, rows, columns }, experts, until) {
  const { values } = beforeVote(steps, until), count = rows * columns;
  const pulls = (/** @type {number} */ place, /** @type {1 | -1} */ way) => {
    for (let expert = 0; expert < experts; expert++) {
      if (way * values[expert * count + place] > 0) return true;
    }
    return false;
  };
  return (place) => pulls(place, 1) && pulls(place, -1);
}
