/** What the map's cells are coloured by. */

/** @typedef {"conflict" | "agreement" | "magnitude"} ColourMode */
/** @typedef {[red: number, green: number, blue: number]} Rgb */

/** @type {Record<ColourMode, Record<"light" | "dark", string[]>>} */
const STOPS = {
  conflict: { light: ["#f3f1fa", "#9d8fdc", "#33217c"], dark: ["#23212f", "#5a48ab", "#e0d9ff"] },
  agreement: { light: ["#eef5f3", "#6fb8a5", "#0b4d3f"], dark: ["#1b2725", "#2f7f6c", "#c4f0e3"] },
  magnitude: { light: ["#fbf4e8", "#dba24a", "#6b3a05"], dark: ["#2a2419", "#99661d", "#ffe2b0"] },
};

/** @type {Record<ColourMode, string>} what strong and pale cells say */
export const NOTICES = {
  conflict: "Stronger cells: more of the weights that two or more experts keep are pulled in opposite directions.",
  agreement: "Paler cells: kept changes cancel more of each other in the sum.",
  magnitude: "Stronger cells: the merge moves the base further.",
};

/**
 * @param {string | undefined} name
 * @returns {name is ColourMode}
 */
export function isColourMode(name) {
  return name !== undefined && Object.hasOwn(STOPS, name);
}

/**
 * 256 colours from the weakest to the strongest cell.
 * @param {ColourMode} mode
 * @param {boolean} dark whether the theme is
 * @returns {Rgb[]}
 */
export function mapColours(mode, dark) {
  const stops = STOPS[mode][dark ? "dark" : "light"].map(rgbOf);
  return Array.from({ length: 256 }, (_, place) => {
    const at = (place / 255) * (stops.length - 1), low = Math.min(stops.length - 2, Math.floor(at));
    const mixed = stops[low].map((from, part) => Math.round(from + (at - low) * (stops[low + 1][part] - from)));
    return /** @type {Rgb} */ (mixed);
  });
}

/**
 * A colour scale for the legend, from left to right.
 * @param {Rgb[]} colours
 * @returns {string} CSS
 */
export function gradientOf(colours) {
  return `linear-gradient(90deg, ${[0, 64, 128, 191, 255].map((at) => `rgb(${colours[at].join(" ")})`).join()})`;
}

/** @param {string} colour such as `#f3f1fa` */
function rgbOf(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}
