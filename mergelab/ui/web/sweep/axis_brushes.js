/** @import { DrawnAxis, Figure, PlotElement } from "../plotly.d.ts" */
/** @import { Brushes } from "./brush_math.js" */

import { make } from "../dom/elements.js";
import { brushAfter, brushWords, recipesOf } from "./brush_math.js";

const REACH = 16; // pixels beside an axis in which a drag brushes it
const SHORT = 4; // pixels: a shorter drag is a click

/** The brushes of a chart with parallel coordinates: ranges that are dragged along its axes, or set with the arrow keys. */
export class AxisBrushes {
  /** @type {Brushes} */
  ranges = new Map();
  /** Whether the pointer brushed since it was pressed: plotly calls the end of a drag a click. */
  dragged = false;
  #stage;
  #plot;
  #onChange;
  /** @type {Figure | null} */
  #figure = null;
  /** @type {HTMLElement[]} by axis */
  #handles = [];
  /** @type {{ axis: number, from: number, y: number } | null} */
  #drag = null;

  /**
   * @param {HTMLElement} stage around the plot
   * @param {() => PlotElement} plot
   * @param {() => void} onChange called after every change
   */
  constructor(stage, plot, onChange) {
    this.#stage = stage;
    this.#plot = plot;
    this.#onChange = onChange;
    stage.addEventListener("pointerdown", (event) => this.#begin(event), true);
    window.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, () => { this.#drag = null; });
    stage.addEventListener("keydown", (event) => this.#key(event));
  }

  /** What the brushes keep, in words; empty text for no brush. */
  get words() {
    const axes = this.#figure?.layout.meta?.axes ?? [];
    return [...this.ranges].filter(([axis]) => axes[axis]).map(([axis, range]) => brushWords(axes[axis], range)).join("; ");
  }

  /**
   * Follows the chart. Brushes stay while its axes are the same.
   * @param {Figure | null} figure null for a chart of another form
   */
  follow(figure) {
    const axes = figure?.layout.meta?.axes ?? [], before = this.#figure?.layout.meta?.axes ?? [];
    if (JSON.stringify(axes) !== JSON.stringify(before)) this.ranges.clear();
    this.#figure = figure;
    if (this.#handles.length !== axes.length) this.#make(axes.length);
    this.place();
  }

  clear() {
    this.ranges.clear();
    this.place();
    this.#onChange();
  }

  /** Puts the handles on their axes; to be called when the chart is drawn. */
  place() {
    const { xaxis, yaxis } = this.#plot()._fullLayout ?? {}, axes = this.#figure?.layout.meta?.axes ?? [];
    this.#handles.forEach((handle, axis) => {
      if (!axes[axis]) return;
      const range = this.ranges.get(axis);
      handle.setAttribute("aria-label", `Range of ${axes[axis].title}`);
      handle.setAttribute("aria-valuetext", range ? brushWords(axes[axis], range) : "all");
      handle.setAttribute("aria-valuenow", String(Math.round(100 * (range?.[1] ?? 1))));
      if (xaxis && yaxis) lay(handle, axis, range, xaxis, yaxis);
    });
  }

  /** @param {number} count */
  #make(count) {
    this.#handles.forEach((handle) => handle.remove());
    this.#handles = Array.from({ length: count }, (_, axis) => {
      const handle = make("div", null, "ml-brush");
      handle.tabIndex = 0;
      handle.dataset.axis = String(axis);
      for (const [name, value] of Object.entries({ role: "slider", "aria-orientation": "vertical", "aria-valuemin": "0", "aria-valuemax": "100" })) handle.setAttribute(name, value);
      handle.append(make("i"));
      return handle;
    });
    this.#stage.append(...this.#handles);
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    const place = this.#placeOf(event);
    this.dragged = false;
    if (!place || event.button) return;
    this.#drag = { ...place, y: event.clientY };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const drag = this.#drag, at = drag && this.#placeOf(event, drag.axis)?.from;
    if (!drag || at === undefined || at === null || Math.abs(event.clientY - drag.y) < SHORT) return;
    event.preventDefault();
    this.dragged = true;
    this.#set(drag.axis, [Math.min(drag.from, at), Math.max(drag.from, at)]);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { target } = event, axis = target instanceof HTMLElement ? Number(target.dataset.axis ?? NaN) : NaN;
    if (!this.#figure || Number.isNaN(axis)) return;
    const range = brushAfter(recipesOf(this.#figure).map(({ places }) => places[axis]), this.ranges.get(axis), event);
    if (range === undefined) return;
    event.preventDefault();
    this.#set(axis, range);
  }

  /**
   * @param {number} axis
   * @param {[low: number, high: number] | null} range
   */
  #set(axis, range) {
    if (range) this.ranges.set(axis, range);
    else this.ranges.delete(axis);
    this.place();
    this.#onChange();
  }

  /**
   * The axis that a pointer is at, and its place on it.
   * @param {PointerEvent} event
   * @param {number} [known] the axis, if it is known
   */
  #placeOf({ clientX, clientY }, known) {
    const { xaxis, yaxis } = this.#plot()._fullLayout ?? {};
    if (!this.#figure || !xaxis || !yaxis) return null;
    const { left, top } = this.#plot().getBoundingClientRect(), x = clientX - left - xaxis._offset;
    const axis = known ?? Math.round(xaxis.p2l(x)), axes = this.#figure.layout.meta?.axes ?? [];
    if (!axes[axis] || (known === undefined && Math.abs(xaxis.l2p(axis) - x) > REACH)) return null;
    const lowest = yaxis.p2l(yaxis._length), place = yaxis.p2l(clientY - top - yaxis._offset);
    return { axis, from: Math.min(1, Math.max(lowest, place)) };
  }
}

/**
 * @param {HTMLElement} handle
 * @param {number} axis
 * @param {[low: number, high: number] | undefined} range
 * @param {DrawnAxis} xaxis
 * @param {DrawnAxis} yaxis
 */
function lay(handle, axis, range, xaxis, yaxis) {
  const mark = /** @type {HTMLElement} */ (handle.firstElementChild), [low, high] = range ?? [0, 1], spare = 4;
  Object.assign(handle.style, { left: `${xaxis._offset + xaxis.l2p(axis) - REACH}px`, top: `${yaxis._offset}px`, width: `${2 * REACH}px`, height: `${yaxis._length}px` });
  Object.assign(mark.style, { top: `${yaxis.l2p(high) - spare}px`, height: `${yaxis.l2p(low) - yaxis.l2p(high) + 2 * spare}px` });
  mark.hidden = !range;
}
