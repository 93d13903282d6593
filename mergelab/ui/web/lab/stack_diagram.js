/** @import { Page } from "../page.d.ts" */
/** @import { StackBlock, StackDiagram as StackMessage } from "../messages.d.ts" */

import { fillSlots, find, legendEntry, make } from "../dom/elements.js";

/** The layers of a stack from its input to its output, in place of the charts, which need a base to compare with. */
export class StackDiagram {
  /** @type {StackMessage | null} the stack on screen; null while there are charts */
  shown = null;
  #page;
  #card;
  /** The stack on screen as text: the same one comes again with every status. */
  #drawn = "";

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    this.#card = find(page.element, ".ml-stack");
    page.inbox.on("stack", () => this.render());
  }

  render() {
    this.shown = this.#page.inbox.get("stack") || null;
    find(this.#page.element, ".ml").classList.toggle("ml-stacked", this.shown !== null);
    const text = JSON.stringify(this.shown);
    if (this.shown && text !== this.#drawn) this.#draw(this.shown);
    this.#drawn = text;
  }

  /** @param {StackMessage} stack */
  #draw({ blocks, before, after, text, models, notes }) {
    fillSlots(this.#page.element, "models", models);
    fillSlots(this.#card, "before", before);
    fillSlots(this.#card, "after", after);
    fillSlots(this.#card, "text", text);
    find(this.#card, "ol").replaceChildren(...blocks.map(sliceItem));
    find(this.#card, ".ml-legend").replaceChildren(...coloursOf(blocks).map(([title, colour]) => legendEntry(colour, title)));
    find(this.#card, ".ml-stack-notes").hidden = !notes?.length;
    find(this.#card, ".ml-stack-notes ul").replaceChildren(...(notes ?? []).map((note) => make("li", note)));
  }
}

/**
 * The colour of each model, in the order in which the models first occur.
 * @param {StackBlock[]} blocks
 * @returns {[title: string, colour: string][]}
 */
export function coloursOf(blocks) {
  return [...new Map(blocks.map(({ model, colour }) => [model, colour]))];
}

/**
 * A block whose height grows with its layers, up to the point where a long slice would hide the others.
 * @param {StackBlock} given
 * @returns {HTMLLIElement}
 */
function sliceItem(given) {
  const made = make("li"), { model, colour, start, first, count, factors } = given;
  made.style.setProperty("--colour", colour);
  made.style.setProperty("--layers", String(Math.min(count, 24)));
  made.append(make("b", rangeOf(start, count)), make("span", `${model}, ${rangeOf(first, count)}`));
  if (factors.length) made.append(make("small", factors.join("; ")));
  return made;
}

/**
 * The layers that follow one another from `first` on, the last one included.
 * @param {number} first
 * @param {number} count
 * @returns {string}
 */
export function rangeOf(first, count) {
  return count === 1 ? `layer ${first}` : `layers ${first} to ${first + count - 1}`;
}
