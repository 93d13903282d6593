/** @import { TensorRow } from "../messages.d.ts" */

import { closest, fillSlots, find, findAll, make, makeButton } from "../dom/elements.js";
import { redraw } from "../dom/redraw.js";
import { percent, whole } from "../formatting/numbers.js";

const FEW = 30; // shared weights below which a share of them says little

/** The tensors to pick from, those with the most conflicting weights first. */
export class TensorList {
  #card;
  #list;
  #filter;

  /**
   * @param {HTMLElement} card that holds the list
   * @param {(key: string) => void} open
   */
  constructor(card, open) {
    this.#card = card;
    this.#list = find(card, ".ml-tensors");
    this.#filter = find(card, ".ml-find", HTMLInputElement);
    this.#filter.addEventListener("input", () => this.#applyFilter());
    this.#list.addEventListener("click", (event) => {
      const row = closest(event, ".ml-tensor");
      if (row?.dataset.key) open(row.dataset.key);
    });
    this.#list.addEventListener("keydown", (event) => {
      const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!way) return;
      event.preventDefault();
      this.#moveFocus(way);
    });
  }

  /**
   * @param {TensorRow[]} rows
   * @param {string | undefined} opened the key of the open tensor
   */
  render(rows, opened) {
    fillSlots(this.#card, "tensors", `${whole(rows.length)} tensors`);
    redraw(this.#list, rows.map((row) => tensorRow(row, row.key === opened)), () => this.#applyFilter());
    this.#filter.disabled = false;
  }

  /** @param {boolean} waiting for a map */
  setWaiting(waiting) {
    this.#list.classList.toggle("ml-waiting", waiting);
  }

  focus() {
    this.#filter.focus();
  }

  #applyFilter() {
    const words = this.#filter.value.trim().toLowerCase().split(/\s+/);
    for (const row of findAll(this.#list, ".ml-tensor")) {
      const text = (row.textContent ?? "").toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    this.#setStop();
  }

  /** Lets Tab lead to one row, the open one or the first; arrow keys lead on from there. */
  #setStop() {
    const rows = findAll(this.#list, ".ml-tensor:not([hidden])");
    const stop = rows.find((row) => row.getAttribute("aria-selected") === "true") ?? rows[0];
    for (const row of findAll(this.#list, ".ml-tensor")) row.tabIndex = row === stop ? 0 : -1;
  }

  /** @param {number} way */
  #moveFocus(way) {
    const rows = findAll(this.#list, ".ml-tensor:not([hidden])");
    const focused = rows.findIndex((row) => row === document.activeElement);
    rows[(focused + way + rows.length) % rows.length]?.focus();
  }
}

/**
 * @param {TensorRow} row
 * @param {boolean} selected
 */
function tensorRow(row, selected) {
  const { key, shape, conflict, shared, conflicting } = row, isFew = shared < FEW;
  const made = makeButton(null, isFew ? "ml-tensor ml-few" : "ml-tensor"), bar = make("i");
  made.dataset.key = key;
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", String(selected));
  bar.style.setProperty("--share", String(isFew ? 0 : conflict ?? 0));
  made.append(make("span", key), make("small", `${shape} · ${placeWords(row)} · ${keptWords(row)}`), bar, make("b", whole(conflicting)));
  made.title = shared
    ? `${weights(conflicting)} in conflict, ${percent(conflict)} of the ${weights(shared)} that two or more experts keep.`
    : "No weight is kept by two experts.";
  return made;
}

/**
 * Where in the model a tensor stands: `layer 3 · mlp.up`, `embeddings · position`.
 * @param {Pick<TensorRow, "layer" | "module">} row
 * @returns {string}
 */
export function placeWords({ layer, module }) {
  const where = /^\d+$/.test(layer) ? `layer ${layer}` : layer === "other" || !layer ? "outside layers" : layer;
  return `${where} · ${module}`;
}

/**
 * How many weights the share of conflicts is of. A share of a few is not worth naming.
 * @param {Pick<TensorRow, "shared" | "conflict">} row
 * @returns {string}
 */
export function keptWords({ shared, conflict }) {
  if (!shared) return "no weight kept by 2+ experts";
  return `kept by 2+ experts: ${weights(shared)}${shared < FEW ? "" : `, ${percent(conflict, 0)} in conflict`}`;
}

/** @param {number} count */
function weights(count) {
  return count === 1 ? "1 weight" : `${whole(count)} weights`;
}
