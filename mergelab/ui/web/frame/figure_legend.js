/** @import { Inbox } from "../transport/inbox.js" */

import { find, findAll, make } from "../dom/elements.js";

/**
 * Lists the states of figures with their meaning, and names them on chips that never change. The words come from Python, which
 * writes them on all other chips.
 * @param {HTMLElement} element the panel
 * @param {Inbox} inbox
 */
export function renderFigureLegend(element, inbox) {
  const states = inbox.get("states") ?? {};
  for (const [state, { word }] of Object.entries(states)) {
    for (const chip of findAll(element, `.ml-chip[data-kind="${state}"]:empty`)) chip.textContent = word;
  }
  find(element, '[data-slot="states"]').replaceChildren(...Object.entries(states).map(([state, { word, meaning }]) => {
    const row = make("div"), name = make("dt"), chip = make("span", word, "ml-chip");
    chip.dataset.kind = state;
    name.append(chip);
    row.append(name, make("dd", meaning));
    return row;
  }));
}
