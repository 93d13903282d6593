/** Curves over the layers: their numbers, their places on a drawing, and their entries among a recipe's overrides. */

/** @import { LayerEntry } from "../messages.d.ts" */

/**
 * The values of a curve at so many places, evenly spaced from the first layer to the last.
 * @param {number[]} curve at least one number
 * @param {number} count
 * @param {number} step of the slider; with a whole number, all values are rounded to whole numbers
 * @returns {number[]}
 */
export function resampled(curve, count, step) {
  return Array.from({ length: count }, (_, place) => {
    const at = count > 1 ? (place / (count - 1)) * (curve.length - 1) : 0, left = Math.min(Math.floor(at), curve.length - 2);
    const value = curve.length < 2 ? curve[0] : tidy(curve[left] + (at - left) * (curve[left + 1] - curve[left]));
    return Number.isInteger(step) ? Math.round(value) : value;
  });
}

/**
 * The nearest step of a slider within the bounds of what is valid.
 * @param {number} value
 * @param {{ step: number, least: number, most: number }} range
 * @returns {number}
 */
export function snapped(value, { step, least, most }) {
  return tidy(Math.min(Math.max(Math.round(value / step) * step, least), most));
}

/**
 * A typed number as a knob takes it; null where it is not valid. A knob whose step is a whole number takes whole numbers alone.
 * @param {number | null} value
 * @param {{ step: number, least: number, most: number }} range
 * @returns {number | null}
 */
export function accepted(value, { step, least, most }) {
  const valid = value !== null && value >= least && value <= most && (!Number.isInteger(step) || Number.isInteger(value));
  return valid ? tidy(value) : null;
}

/**
 * The ends of an axis that holds the slider's range and every value.
 * @param {{ low: number, high: number }} range
 * @param {number[]} values
 * @returns {[low: number, high: number]}
 */
export function axisOf({ low, high }, values) {
  return [Math.min(low, ...values), Math.max(high, ...values)];
}

/**
 * The layers that the points of a curve stand for; the last layer is `layers - 1`.
 * @param {number} count of the points
 * @param {number} layers
 * @returns {string[]}
 */
export function pointNames(count, layers) {
  if (count === layers) return Array.from({ length: count }, (_, place) => `layer ${place}`);
  return Array.from({ length: count }, (_, place) => {
    if (place === 0) return "first layer";
    return place === count - 1 ? "last layer" : `${Math.round((100 * place) / (count - 1))} % of the depth`;
  });
}

/**
 * The curve that a knob has over all layers; null for none. Of two, the later one counts.
 * @param {LayerEntry[]} entries
 * @param {string} widget
 * @param {string | null} model
 * @returns {number[] | null}
 */
export function curveOf(entries, widget, model) {
  const entry = entries.findLast((each) => isCurve(each, widget, model));
  return entry ? [entry.values[widget]].flat() : null;
}

/**
 * The entries with another curve for a knob; without one for null. A new curve comes first, so that values for parts of the
 * model still count.
 * @param {LayerEntry[]} entries
 * @param {string} widget
 * @param {string | null} model
 * @param {number[] | null} curve
 * @returns {LayerEntry[]}
 */
export function withCurve(entries, widget, model, curve) {
  const there = entries.findLastIndex((each) => isCurve(each, widget, model));
  if (there < 0) return curve ? [{ match: "", values: { [widget]: curve }, model, layers: null }, ...entries] : entries;
  if (curve) return entries.with(there, { ...entries[there], values: { ...entries[there].values, [widget]: curve } });
  return entries.flatMap((each) => (isCurve(each, widget, model) ? without(each, widget) : [each]));
}

/**
 * The entries that say something about a knob for parts of the model, or for some experts.
 * @param {LayerEntry[]} entries
 * @param {string} widget
 * @param {string | null} model
 * @returns {LayerEntry[]}
 */
export function partsOf(entries, widget, model) {
  const concerned = (/** @type {LayerEntry} */ each) => model === null || each.model === null || each.model === model;
  return entries.filter((each) => widget in each.values && concerned(each) && !isCurve(each, widget, model));
}

/**
 * The entries without what one of them says about a knob.
 * @param {LayerEntry[]} entries
 * @param {LayerEntry} entry
 * @param {string} widget
 * @returns {LayerEntry[]}
 */
export function withoutPart(entries, entry, widget) {
  return entries.flatMap((each) => (each === entry ? without(each, widget) : [each]));
}

/**
 * A short number without the noise of binary fractions.
 * @param {number} value
 * @returns {number}
 */
export function tidy(value) {
  return Number(value.toPrecision(12));
}

/**
 * A number as people type it: with a point or a comma, or in per cent; null for anything else.
 * @param {string} text
 * @returns {number | null}
 */
export function typedNumber(text) {
  const found = /^([+−-]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[+-]?\d+)?)\s*(%?)$/i.exec(text.trim());
  if (!found) return null;
  const value = Number(found[1].replace(",", ".").replace("−", "-"));
  return found[2] ? tidy(value / 100) : value;
}

/**
 * @param {LayerEntry} entry
 * @param {string} widget
 * @param {string | null} model
 */
function isCurve(entry, widget, model) {
  return entry.match === "" && !entry.layers && entry.model === model && widget in entry.values;
}

/**
 * @param {LayerEntry} entry
 * @param {string} widget
 * @returns {LayerEntry[]}
 */
function without(entry, widget) {
  const values = Object.fromEntries(Object.entries(entry.values).filter(([name]) => name !== widget));
  return Object.keys(values).length ? [{ ...entry, values }] : [];
}
