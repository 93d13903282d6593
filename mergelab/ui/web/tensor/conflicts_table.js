/** @import { ConflictsMessage, TensorUpdate } from "../messages.d.ts" */

import { closest, colourDot, fillSlots, find, make, makeButton } from "../dom/elements.js";
import { redraw } from "../dom/redraw.js";
import { plain, signWords, signed, whole } from "../formatting/numbers.js";
import { shortNames } from "../formatting/short_names.js";
import { fromDensity } from "./density_level.js";
import { indexOf, spotOf } from "./map/geometry.js";

const LONGEST_NAME = 16;
const NEXT = "Raise the density, or pick another tensor.";
const HELP = "Click a row to go there. Small: lowest density at which this change is kept.";

/** @typedef {TensorUpdate & { conflicts: ConflictsMessage }} Listed a tensor with the clashes that are listed of it */

/** The largest clashes of a tensor, of all experts or of two. A click on a row leads to it on the map. */
export class ConflictsTable {
  /** @type {Listed | null} what the table shows; null while it waits */
  listed = null;
  #card;

  /**
   * @param {HTMLElement} card that holds the table
   * @param {(place: number) => void} goTo
   */
  constructor(card, goTo) {
    this.#card = card;
    find(card, ".ml-conflicts").addEventListener("click", (event) => {
      /** @type {HTMLElement | null | undefined} */
      const button = closest(event, "tr")?.querySelector("[data-place]");
      if (button) goTo(Number(button.dataset.place));
    });
  }

  /**
   * @param {Listed} tensor
   * @param {string} pair the experts between which the clashes are; empty for all experts
   */
  render(tensor, pair) {
    const { places, total } = tensor.conflicts, found = places.length;
    this.listed = tensor;
    this.#setWaiting(false);
    fillSlots(this.#card, "conflicts-notice", found ? `${howMany(found, total)}${pair && ` between ${pair}`}. ${HELP}` : "");
    fillSlots(this.#card, "conflicts-empty", found ? "" : `No weight of this tensor is pulled both ways by kept changes${pair && ` of ${pair}`}. ${NEXT}`);
    find(this.#card, '[data-map="csv"]').hidden = !found;
    redraw(find(this.#card, ".ml-conflicts"), found ? [conflictTable(tensor)] : []);
  }

  /** @param {string} pair the experts whose clashes are looked for */
  wait(pair) {
    this.listed = null;
    this.#setWaiting(true);
    fillSlots(this.#card, "conflicts-notice", `Looking for the clashes between ${pair} …`);
    fillSlots(this.#card, "conflicts-empty", "");
    find(this.#card, '[data-map="csv"]').hidden = true;
  }

  /** @param {boolean} waiting */
  #setWaiting(waiting) {
    find(this.#card, ".ml-conflicts").classList.toggle("ml-waiting", waiting);
  }
}

/**
 * @param {number} found
 * @param {number} total
 */
function howMany(found, total) {
  if (found < total) return `The ${found} largest of ${whole(total)} clashes`;
  return found === 1 ? "The only clash" : `All ${whole(found)} clashes, the largest first`;
}

/** @param {TensorUpdate} tensor */
function conflictTable(tensor) {
  const table = make("table"), top = make("thead"), head = make("tr"), body = make("tbody");
  const names = shortNames(tensor.experts.map(({ title }) => title), LONGEST_NAME);
  head.append(make("th", "Weight"), make("th", "Size"), ...tensor.experts.map(({ colour, title }, place) => {
    const cell = make("th");
    cell.title = title;
    cell.append(colourDot(colour), make("span", names[place]));
    return cell;
  }), make("th", "Elected"), make("th", "Merged"));
  top.append(head);
  body.append(...tensor.conflicts.places.map((_, row) => conflictRow(tensor, row)));
  table.append(top, body);
  return table;
}

/**
 * @param {TensorUpdate} tensor
 * @param {number} row
 */
function conflictRow(tensor, row) {
  const { conflicts, experts } = tensor, place = conflicts.places[row], made = make("tr"), first = make("th");
  const button = makeButton(indexOf(spotOf(place, tensor), tensor));
  button.dataset.place = String(place);
  button.title = "Go there";
  first.append(button);
  made.append(first, make("td", plain(conflicts.strengths[row])), ...experts.map((_, expert) => {
    const cell = make("td"), isKept = conflicts.kept[expert][row];
    const level = levelWords(conflicts.levels[expert][row], isKept);
    cell.append(make("span", signed(conflicts.deltas[expert][row])), make("small", level));
    if (!isKept) cell.className = "ml-dropped";
    return cell;
  }));
  const change = conflicts.merged[row] - conflicts.base[row];
  made.append(make("td", signWords(conflicts.signs[row])), make("td", signed(change)));
  return made;
}

/**
 * From which density on an expert's change is kept.
 * @param {number | null} level
 * @param {boolean} isKept
 */
function levelWords(level, isKept) {
  if (level === null) return isKept ? "" : "dropped";
  return fromDensity(level);
}
