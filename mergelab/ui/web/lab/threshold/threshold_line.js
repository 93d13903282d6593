/** @import { Page } from "../../page.d.ts" */
/** @import { ThresholdLine as LineMessage } from "../../messages.d.ts" */
/** @import { LinePosition } from "./threshold_math.js" */
/** @import { DrawnAxis } from "../../plotly.d.ts" */

import { find, findAll, make } from "../../dom/elements.js";
import { inNextFrame } from "../../dom/next_frame.js";
import { isAhead, numberTyped, setField, sliderOf } from "../../dom/slider.js";
import { mean, nearestTo, positionsOf, snapped, thresholdsAt } from "./threshold_math.js";

const PAUSE = 120; // milliseconds between two values that a drag sets
/** @type {Record<string, number>} steps of the slider by key: to the right lie larger changes, so fewer are kept */
const STEPS = { ArrowRight: -1, ArrowDown: -1, ArrowLeft: 1, ArrowUp: 1, PageUp: 10, PageDown: -10 };

/** The threshold line in the histogram: another handle of the slider, which moves before Python has answered. */
export class ThresholdLine {
  /** @type {number | null} the value that the line shows */
  value = null;
  #page;
  #handle;
  /** @type {LineMessage | null} */
  #line = null;
  /** @type {LinePosition[]} for each step of the slider */
  #positions = [];
  /** @type {number[]} each expert's threshold on screen, log10 */
  #shown = [];
  #dragging = false;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #waiting = null;
  /** @type {number | null} */
  #wanted = null;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    this.#handle = find(page.element, ".ml-line");
    page.board.onDrawn("histogram", inNextFrame(() => this.#place()));
    this.#listen();
  }

  /**
   * Follows the charts.
   * @param {LineMessage | null} line null where no magnitude separates what is kept from what is dropped
   */
  set(line) {
    const known = this.#line?.key === line?.key ? this.#line : null;
    this.#line = line;
    this.#handle.hidden = !line;
    this.#marks.forEach((mark) => mark.remove());
    if (!line) return;
    if (!known) this.#positions = positionsOf(line);
    for (const colour of line.colours) {
      const mark = make("i", null, "ml-mark");
      mark.style.background = colour;
      this.#handle.before(mark);
    }
    this.#handle.setAttribute("aria-label", `${line.title}: threshold line`);
    this.#handle.setAttribute("aria-valuemin", String(line.low));
    this.#handle.setAttribute("aria-valuemax", String(line.high));
    const slider = sliderOf(line.elem_id), value = slider && isAhead(slider, line.value) ? Number(slider.value) : line.value;
    const sent = value === line.value ? line.thresholds.filter((at) => at !== null) : [];
    this.#move(value, sent.length === line.thresholds.length ? sent : thresholdsAt(line, value));
  }

  get #marks() {
    return findAll(this.#page.element, ".ml-mark");
  }

  /**
   * @param {number} value
   * @param {number[]} at
   */
  #move(value, at) {
    this.value = value;
    this.#shown = at;
    const words = `keep ${Math.round(value * 1000) / 10} %`;
    find(this.#page.element, ".ml-line-label").textContent = words;
    this.#handle.setAttribute("aria-valuenow", String(value));
    this.#handle.setAttribute("aria-valuetext", `${words} of each expert's changes`);
    findAll(this.#page.element, "[data-threshold]").forEach((entry, place) => {
      entry.textContent = value > 0 ? `|Δ| ≥ ${(10 ** at[place]).toExponential(1)}` : "nothing kept";
    });
    this.#place();
  }

  #place() {
    const { xaxis, yaxis } = this.#page.board.plot("histogram")._fullLayout ?? {};
    if (!this.#line || !xaxis || !yaxis) return;
    const middle = mean(this.#shown);
    moveTo(this.#handle, middle, xaxis, yaxis);
    this.#handle.classList.toggle("ml-line-right", xaxis.l2p(middle) > xaxis._length * 0.7);
    this.#marks.forEach((mark, row) => moveTo(mark, this.#shown[row], xaxis, yaxis));
  }

  #listen() {
    const handle = this.#handle;
    handle.addEventListener("pointerdown", (event) => {
      this.#dragging = true;
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
      handle.focus({ preventScroll: true });
    });
    handle.addEventListener("pointermove", (event) => {
      if (this.#dragging) this.#dragTo(event.clientX);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      handle.addEventListener(end, () => {
        if (this.#dragging) this.#setKnob(this.value);
        this.#dragging = false;
      });
    }
    handle.addEventListener("keydown", (event) => {
      const steps = STEPS[event.key];
      if (!steps || !this.#line || this.value === null) return;
      event.preventDefault();
      this.#setKnobSoon(snapped(this.#line, this.value + steps * this.#line.step));
    });
    document.addEventListener("input", (event) => {
      const value = this.#line && numberTyped(event, this.#line.elem_id);
      if (!this.#line || value === null || !(value >= this.#line.low && value <= this.#line.high)) return;
      this.#move(value, thresholdsAt(this.#line, value));
    });
  }

  /** @param {number} clientX */
  #dragTo(clientX) {
    const plot = this.#page.board.plot("histogram"), axis = plot._fullLayout?.xaxis;
    if (!axis) return;
    const { value } = nearestTo(this.#positions, axis.p2l(clientX - plot.getBoundingClientRect().left - axis._offset));
    if (value !== this.value) this.#setKnobSoon(value);
  }

  /**
   * Moves the line at once, and the slider once every PAUSE.
   * @param {number} value
   */
  #setKnobSoon(value) {
    if (!this.#line) return;
    this.#wanted = value;
    this.#move(value, thresholdsAt(this.#line, value));
    if (this.#waiting) return;
    this.#setKnob(value);
    this.#waiting = setTimeout(() => {
      this.#waiting = null;
      const slider = this.#line && sliderOf(this.#line.elem_id);
      if (this.#wanted !== null && Number(slider?.value) !== this.#wanted) this.#setKnobSoon(this.#wanted);
    }, PAUSE);
  }

  /** @param {number | null} value */
  #setKnob(value) {
    const slider = this.#line && sliderOf(this.#line.elem_id);
    if (slider && value !== null) setField(slider, value);
  }
}

/**
 * Moves a line over the plot, no farther than its ends.
 * @param {HTMLElement} node
 * @param {number} at
 * @param {DrawnAxis} xaxis
 * @param {DrawnAxis} yaxis
 */
function moveTo(node, at, xaxis, yaxis) {
  const x = Math.max(0, Math.min(xaxis._length, xaxis.l2p(at)));
  node.style.transform = `translate(${xaxis._offset + x}px, ${yaxis._offset}px)`;
  node.style.height = `${yaxis._length}px`;
}
