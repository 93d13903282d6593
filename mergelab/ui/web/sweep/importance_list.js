/** @import { SweepImportance, SweepImportances } from "../messages.d.ts" */

import { make } from "../dom/elements.js";

/**
 * The bars of each objective under its title.
 * @param {SweepImportances[]} importances
 * @returns {HTMLElement[]}
 */
export function importanceGroups(importances) {
  return importances.map(({ title, settings }) => {
    const group = make("div", null, "ml-sweep-importances"), list = make("ul", null, "ml-sweep-bars");
    list.setAttribute("aria-label", `Importance for ${title}`);
    list.append(...importanceBars(settings));
    group.append(make("h3", `For “${title}”`), list);
    return group;
  });
}

/**
 * A bar for each setting, with its share of the importance and the interval.
 * @param {SweepImportance[]} importances
 * @returns {HTMLLIElement[]}
 */
function importanceBars(importances) {
  return importances.map((each) => {
    const row = make("li"), track = make("span", null, "ml-sweep-bar"), bar = make("i"), interval = make("s");
    bar.style.width = `${100 * each.value}%`;
    Object.assign(interval.style, { left: `${100 * each.low}%`, width: `${100 * (each.high - each.low)}%` });
    track.append(bar, interval);
    row.append(make("span", each.title), track, make("b", importanceWords(each)));
    return row;
  });
}

/**
 * `62 % (41–78)`.
 * @param {SweepImportance} importance
 * @returns {string}
 */
export function importanceWords({ value, low, high }) {
  const percent = (/** @type {number} */ share) => (100 * share).toFixed(0);
  return `${percent(value)} % (${percent(low)}–${percent(high)})`;
}
