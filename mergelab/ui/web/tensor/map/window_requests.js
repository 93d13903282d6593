/** @import { MapWindow } from "../../messages.d.ts" */
/** @import { Requests } from "../../transport/requests.js" */
/** @import { OpenTensor } from "./map_view.js" */

import { isSingle, sameWindow } from "./geometry.js";

const PATIENCE = 8000; // milliseconds after which an answer counts as lost

/** Asks Python for the window on screen, one request at a time. */
export class WindowRequests {
  /** @type {MapWindow | null} the window that was asked for */
  asked = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  waiting = null;
  #requests;
  #opened;
  #since = 0;

  /**
   * @param {Requests} requests
   * @param {() => OpenTensor | null} opened
   */
  constructor(requests, opened) {
    this.#requests = requests;
    this.#opened = opened;
  }

  ask() {
    clearTimeout(this.waiting ?? undefined);
    this.waiting = null;
    const open = this.#opened();
    if (!open || isKnown(open)) return;
    if (this.asked && performance.now() - this.#since < PATIENCE) return;
    this.asked = { ...open.at };
    this.#since = performance.now();
    const { top, left, rows, columns } = open.at;
    this.#requests.send(isSingle(open.at) ? "coordinates" : "cells", { window: [top, left, rows, columns] });
  }

  /** Takes note of an answer. The window that is then on screen is asked for. */
  answered() {
    const was = this.asked, open = this.#opened();
    this.asked = null;
    if (open && !sameWindow(was, open.at)) this.waiting = setTimeout(() => this.ask(), 0);
  }
}

/** @param {OpenTensor} open */
function isKnown({ at, coords, cellsOf }) {
  return sameWindow(isSingle(at) ? coords : cellsOf, at);
}
