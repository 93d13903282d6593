/** @import { TensorRow } from "../messages.d.ts" */

import { closest, fillSlots, find, findAll, make, makeButton } from "../dom/elements.js";
import { percent, whole } from "../formatting/numbers.js";

/** The tensors to pick from, strongest conflict first. */
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
    this.#list.replaceChildren(...rows.map((row) => tensorRow(row, row.key === opened)));
    this.#applyFilter();
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
function tensorRow({ key, shape, layer, module, conflict, shared }, selected) {
  const made = makeButton(null, "ml-tensor"), bar = make("i");
  made.dataset.key = key;
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", String(selected));
  bar.style.setProperty("--share", String(conflict ?? 0));
  const about = [shape, `layer ${layer}`, module, shared ? `${whole(shared)} shared` : "nothing shared"].join(" · ");
  made.append(make("span", key), make("small", about), bar, make("b", percent(conflict, 0)));
  made.title = conflict === null
    ? "No coordinate is kept by two experts."
    : `${percent(conflict)} of the ${whole(shared)} coordinates that two or more experts keep conflict.`;
  return made;
}
