/** Names of models that fit into a legend: what all have in common is left out, and the middle of long ones. */

const WORTHWHILE = 6; // letters that a common beginning must have to be left out

/**
 * The names, in the same order, at most `longest` letters each where that keeps them apart.
 * @param {string[]} names
 * @param {number} [longest]
 * @returns {string[]}
 */
export function shortNames(names, longest = 18) {
  const own = names.map((name) => name.slice(commonStart(names)));
  const short = own.map((name) => middleCut(name, longest));
  const isClear = new Set(short).size === new Set(names).size || longest >= Math.max(...own.map(({ length }) => length));
  return isClear ? short : shortNames(names, longest + 4);
}

/**
 * A name with an ellipsis in place of its middle: both ends often tell more.
 * @param {string} name
 * @param {number} longest
 * @returns {string}
 */
export function middleCut(name, longest) {
  if (name.length <= longest) return name;
  const kept = Math.max(2, longest - 1), start = Math.ceil(kept / 2);
  return `${name.slice(0, start)}…${name.slice(name.length - (kept - start))}`;
}

/**
 * The length of what all names begin with, up to the last space, slash, dot, dash or underscore. 0 if that says little,
 * or if it is all that one of them has.
 * @param {string[]} names
 * @returns {number}
 */
function commonStart(names) {
  if (names.length < 2) return 0;
  const [first, ...others] = names;
  let same = 0;
  while (same < first.length && others.every((name) => name[same] === first[same])) same++;
  const end = first.slice(0, same).search(/[ /._-][^ /._-]*$/) + 1;
  return end >= WORTHWHILE && names.every((name) => name.length > end) ? end : 0;
}
