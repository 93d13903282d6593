/** @import { DamageMessage, PanelMessages } from "../messages.d.ts" */
/** @import { HeatmapTrace } from "../plotly.d.ts" */
/** @import { Cell } from "../lab/cells.js" */

import { placeOf } from "../lab/cells.js";

const KINDS = { none: "", measuring: "updating", measured: "measured", stopped: "updating" };

/**
 * The word beside the heading, and the kind of figures that it stands for: a map of another recipe than the one on the
 * sidebar is out of date.
 * @param {Pick<DamageMessage, "state" | "chip" | "digest">} found
 * @param {string | undefined} current the digest of the recipe whose charts are on screen
 * @param {PanelMessages["states"] | null} states the words for states of figures
 * @returns {{ word: string, kind: string }}
 */
export function chipOf({ state, chip, digest }, current, states) {
  if (!digest || !current || digest === current) return { word: chip, kind: KINDS[state] };
  return { word: states?.outdated.word ?? "", kind: "outdated" };
}

/**
 * A cell's figure in words; empty text where the map has no such cell.
 * @param {HeatmapTrace} trace
 * @param {Cell} cell
 * @returns {string}
 */
export function cellWords({ customdata, text }, cell) {
  const place = placeOf(customdata, cell), words = /** @type {string[][]} */ (text);
  return place ? words[place.row][place.column].replaceAll("<br>", ", ") : "";
}
