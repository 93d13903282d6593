/** @import { Figure, ParallelAxis } from "../plotly.d.ts" */

/** @typedef {Map<number, [low: number, high: number]>} Brushes places on axes, from 0 to 1, by axis */

const NEAR = 0.005; // of an axis: a brush that ends at a dot keeps it
const FAINT = 0.1, WIDER = 3; // pixels

/**
 * The recipes of a chart with parallel coordinates: their numbers, and their places on the axes.
 * @param {Figure} figure
 * @returns {{ number: number, places: number[] }[]}
 */
export function recipesOf({ data }) {
  return data.flatMap(({ meta, y }) => (meta?.number === undefined ? [] : [{ number: meta.number, places: /** @type {number[]} */ (y) }]));
}

/**
 * The numbers of the recipes that lie within every brush.
 * @param {Figure} figure
 * @param {Brushes} brushes
 * @returns {Set<number>}
 */
export function kept(figure, brushes) {
  const fits = (/** @type {number[]} */ places) => [...brushes].every(([axis, [low, high]]) => places[axis] >= low - NEAR && places[axis] <= high + NEAR);
  return new Set(recipesOf(figure).filter(({ places }) => fits(places)).map(({ number }) => number));
}

/**
 * The chart with the other recipes faint, and the one that is pointed at on top and wide.
 * @param {Figure} figure
 * @param {Set<number> | null} keeping null for all
 * @param {number | null} lit
 * @returns {Figure}
 */
export function emphasised(figure, keeping, lit) {
  if (!keeping && lit === null) return figure;
  const data = figure.data.map((trace) => {
    const number = trace.meta?.number;
    if (number === undefined) return trace;
    if (keeping && !keeping.has(number)) return { ...trace, opacity: FAINT, hoverinfo: "skip", hovertemplate: undefined };
    return number === lit ? { ...trace, line: { ...trace.line, width: (trace.line?.width ?? 1) + WIDER } } : trace;
  });
  const top = data.filter(({ meta }) => lit !== null && meta?.number === lit);
  return { ...figure, data: [...data.filter((trace) => !top.includes(trace)), ...top] };
}

/**
 * What a brush keeps: `Density 0.2 to 0.4`, `Method TIES, SCE`.
 * @param {ParallelAxis} axis
 * @param {[low: number, high: number]} brush
 * @returns {string}
 */
export function brushWords({ title, low, high, logarithmic, share, words }, [from, to]) {
  if (words.length) {
    const chosen = words.filter((_, at) => within(words.length > 1 ? at / (words.length - 1) : 0.5, from, to));
    return `${title} ${chosen.join(", ") || "none"}`;
  }
  const number = (/** @type {number} */ place) => (logarithmic ? low * (high / low) ** place : low + place * (high - low));
  const written = (/** @type {number} */ place) => (share ? `${(100 * number(place)).toFixed(1)} %` : String(Number(number(place).toPrecision(3))));
  return to < 0 ? `${title} does not count` : `${title} ${written(Math.max(0, from))} to ${written(Math.min(1, to))}`;
}

/**
 * The brush after a key: arrows move it from dot to dot, with Shift they move its upper end. Undefined for other keys, null where it ends.
 * @param {number[]} places of the recipes on the axis
 * @param {[low: number, high: number] | undefined} brush
 * @param {{ key: string, shiftKey: boolean }} event
 * @returns {[low: number, high: number] | null | undefined}
 */
export function brushAfter(places, brush, { key, shiftKey }) {
  if (key === "Delete" || key === "Backspace") return null;
  const step = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[key];
  const stops = [...new Set(places)].sort((one, other) => one - other);
  if (!step || !stops.length) return undefined;
  if (!brush) return step > 0 ? [stops[0], stops[0]] : [stops[stops.length - 1], stops[stops.length - 1]];
  const at = (/** @type {number} */ place) => stops.reduce((best, stop, index) => (Math.abs(stop - place) < Math.abs(stops[best] - place) ? index : best), 0);
  const clamped = (/** @type {number} */ index) => stops[Math.min(stops.length - 1, Math.max(0, index))];
  const [low, high] = brush;
  if (shiftKey) return [low, Math.max(low, clamped(at(high) + step))];
  return at(low) + step < 0 || at(high) + step >= stops.length ? brush : [clamped(at(low) + step), clamped(at(high) + step)];
}

/**
 * @param {number} place
 * @param {number} from
 * @param {number} to
 */
function within(place, from, to) {
  return place >= from - NEAR && place <= to + NEAR;
}
