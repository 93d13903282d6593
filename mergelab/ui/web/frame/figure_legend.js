/** @import { Inbox } from "../transport/inbox.js" */

import { find, make } from "../dom/elements.js";

/**
 * Lists the states of figures with their meaning. Their words come from Python, which also writes them on the chips.
 * @param {HTMLElement} element the panel
 * @param {Inbox} inbox
 */
export function renderFigureLegend(element, inbox) {
  const states = inbox.get("states") ?? {};
  find(element, '[data-slot="states"]').replaceChildren(...Object.entries(states).map(([state, { word, meaning }]) => {
    const row = make("div"), name = make("dt"), chip = make("span", word, "ml-chip");
    chip.dataset.kind = state;
    name.append(chip);
    row.append(name, make("dd", meaning));
    return row;
  }));
}
