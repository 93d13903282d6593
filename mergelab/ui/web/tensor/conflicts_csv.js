/** @import { TensorUpdate } from "../messages.d.ts" */

import { quoted } from "../formatting/csv.js";
import { indexOf, spotOf } from "./map/geometry.js";

/** @typedef {Pick<TensorUpdate, "key" | "shape" | "rows" | "columns" | "conflicts">} Tensor */

/**
 * The largest clashes of a tensor as comma-separated values.
 * @param {Tensor & { experts: { name: string }[] }} tensor
 * @returns {string}
 */
export function conflictsCsv(tensor) {
  const { key, conflicts, experts } = tensor;
  const columns = (/** @type {string} */ title) => experts.map(({ name }) => quoted(`${title} ${name}`));
  const titles = [...columns("delta"), ...columns("kept"), ...columns("level")];
  const lines = [["tensor", "index", "flat", "strength", ...titles, "elected", "base", "merged"].join()];
  conflicts.places.forEach((at, row) => {
    const byExpert = [...conflicts.deltas, ...conflicts.kept, ...conflicts.levels].map((values) => values[row] ?? "");
    const result = [conflicts.signs[row] ?? "", conflicts.base[row], conflicts.merged[row]];
    const place = [quoted(key), quoted(indexOf(spotOf(at, tensor), tensor)), at, conflicts.strengths[row]];
    lines.push([...place, ...byExpert, ...result].join());
  });
  return `${lines.join("\n")}\n`;
}
