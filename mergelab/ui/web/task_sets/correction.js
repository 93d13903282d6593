/** @import { TaskCorrection } from "../messages.d.ts" */

/** The fields of a task set that are no columns, by the name that their lists have. */
export const KIND = "kind", HEAD = "head";
const COLUMN = "column:";

/**
 * The name of the list for a column of the kind.
 * @param {string} column
 * @returns {string}
 */
export function columnField(column) {
  return COLUMN + column;
}

/**
 * What a person says of a task set who has changed one of its lists. The others count as they stand, because an earlier change
 * may not be answered yet; with another kind the columns are recognised anew.
 * @param {number} key
 * @param {Record<string, string>} values what the lists hold, by their names
 * @param {string} changed
 * @returns {TaskCorrection}
 */
export function correctionOf(key, values, changed) {
  const columns = Object.entries(values).filter(([name, value]) => name.startsWith(COLUMN) && value && changed !== KIND);
  return {
    key,
    kind: values[KIND] ?? "",
    columns: Object.fromEntries(columns.map(([name, value]) => [name.slice(COLUMN.length), value])),
    head: values[HEAD] ?? "",
  };
}
