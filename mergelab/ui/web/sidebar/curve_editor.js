import { closest, findAll, make, makeButton } from "../dom/elements.js";
import { accepted, axisOf, pointNames, resampled, snapped, typedNumber } from "./curve_math.js";

/** @import { KnobRange } from "../messages.d.ts" */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300, HEIGHT = 104, MARGIN = 9, MOST_POINTS = 200;
const LARGE = 10; // steps of Page Up and Page Down

/**
 * A knob's values over the layers, as points that can be dragged, moved by arrow keys or typed. A curve with two points
 * rises or falls evenly; one with a point for each layer may do anything.
 */
export class CurveEditor {
  element = make("div", null, "ml-curve");
  /** Whether a point is being dragged: what Python says meanwhile is about an earlier place. */
  dragging = false;
  #range;
  #onChange;
  #layers = 2;
  /** @type {number[]} */
  #points = [];
  /** @type {boolean} whether the recipe has this curve; without one, the points show the knob's one value */
  #set = false;
  #chosen = 0;
  #ends = button("First → last");
  #every = button("Every layer");
  #same = makeButton("Same everywhere", "ml-curve-same");
  #svg = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}` });
  #box = make("input");
  #where = make("label");
  #axis = make("p", null, "ml-curve-axis");

  /**
   * @param {KnobRange} range
   * @param {(curve: number[] | null) => void} onChange told of every change; null for one value everywhere
   */
  constructor(range, onChange) {
    this.#range = range;
    this.#onChange = onChange;
    const kinds = make("span", null, "ml-curve-kinds"), head = make("div", null, "ml-curve-row"), foot = make("div", null, "ml-curve-row");
    kinds.setAttribute("role", "group");
    kinds.setAttribute("aria-label", "Points of the curve");
    kinds.append(this.#ends, this.#every);
    head.append(kinds, this.#same);
    this.#box.type = "text";
    this.#box.inputMode = "decimal";
    this.#where.append(make("span"), this.#box);
    foot.append(this.#axis, this.#where);
    this.#svg.setAttribute("role", "group");
    this.element.append(head, this.#svg, foot);
    this.#listen();
  }

  /**
   * @param {number[] | null} curve null for one value everywhere
   * @param {number} flat the knob's one value
   * @param {number} layers of the models
   */
  show(curve, flat, layers) {
    this.#layers = Math.max(2, layers);
    this.#set = curve !== null;
    const count = Math.max(2, this.#set ? 0 : this.#points.length || 2);
    this.#points = curve ? (curve.length > 1 ? [...curve] : [curve[0], curve[0]]) : Array(count).fill(flat);
    this.#chosen = Math.min(this.#chosen, this.#points.length - 1);
    this.#render();
  }

  #listen() {
    this.#ends.addEventListener("click", () => this.#resample(2));
    this.#every.addEventListener("click", () => this.#resample(Math.min(this.#layers, MOST_POINTS)));
    this.#same.addEventListener("click", () => this.#tell(null));
    this.#box.addEventListener("change", () => this.#type());
    for (const type of ["input", "change"]) this.#box.addEventListener(type, (event) => event.stopPropagation());
    this.#svg.addEventListener("pointerdown", (event) => this.#grab(event));
    this.#svg.addEventListener("pointermove", (event) => this.dragging && this.#drag(event));
    for (const end of ["pointerup", "pointercancel"]) this.#svg.addEventListener(end, () => (this.dragging = false));
    this.#svg.addEventListener("focusin", (event) => this.#choose(Number(closest(event, "[data-point]")?.dataset.point ?? this.#chosen)));
    this.#svg.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {number} count */
  #resample(count) {
    this.#points = resampled(this.#points, count, this.#range.step);
    this.#chosen = Math.min(this.#chosen, count - 1);
    if (this.#set) this.#tell(this.#points);
    else this.#render();
  }

  /** @param {PointerEvent} event */
  #grab(event) {
    event.preventDefault();
    const box = this.#svg.getBoundingClientRect(), share = (event.clientX - box.left) / box.width;
    const at = ((share * WIDTH - MARGIN) / (WIDTH - 2 * MARGIN)) * (this.#points.length - 1);
    this.#choose(Math.min(Math.max(Math.round(at), 0), this.#points.length - 1));
    this.#focus();
    this.#svg.setPointerCapture(event.pointerId);
    this.dragging = true;
    this.#drag(event);
  }

  /** @param {PointerEvent} event */
  #drag({ clientY }) {
    const box = this.#svg.getBoundingClientRect(), y = ((clientY - box.top) / box.height) * HEIGHT;
    const [low, high] = axisOf(this.#range, this.#points), share = 1 - (y - MARGIN) / (HEIGHT - 2 * MARGIN);
    this.#move(Math.min(Math.max(low + share * (high - low), low), high));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { step, low, high } = this.#range, now = this.#points[this.#chosen];
    const goals = new Map([
      ["ArrowUp", now + step],
      ["ArrowDown", now - step],
      ["PageUp", now + LARGE * step],
      ["PageDown", now - LARGE * step],
      ["Home", low],
      ["End", high],
    ]);
    const ways = new Map([["ArrowLeft", -1], ["ArrowRight", 1]]), goal = goals.get(event.key), way = ways.get(event.key);
    if (goal !== undefined) this.#move(goal);
    else if (way) this.#choose(this.#chosen + way);
    else return;
    event.preventDefault(); // neither the page scrolls nor a shortcut fires
    this.#focus();
  }

  #type() {
    const value = accepted(typedNumber(this.#box.value), this.#range);
    if (value !== null) this.#put(value);
    this.#render(); // anything else goes back to what it was
  }

  /** @param {number} value */
  #move(value) {
    this.#put(snapped(value, this.#range));
  }

  /** @param {number} value of the chosen point */
  #put(value) {
    if (this.#points[this.#chosen] === value) return;
    this.#tell(this.#points.with(this.#chosen, value));
  }

  /** @param {number[] | null} curve */
  #tell(curve) {
    this.#set = curve !== null;
    if (curve) this.#points = curve;
    this.#onChange(curve);
    this.#svg.dispatchEvent(new Event("input", { bubbles: true })); // one step of undo for each gesture
    this.#render();
  }

  /** @param {number} place */
  #choose(place) {
    if (place < 0 || place >= this.#points.length || place === this.#chosen) return;
    this.#chosen = place;
    this.#render();
  }

  #focus() {
    const point = this.#svg.querySelector(`[data-point="${this.#chosen}"]`);
    if (point instanceof SVGElement) point.focus({ preventScroll: true });
  }

  #render() {
    const count = this.#points.length, names = pointNames(count, this.#layers);
    this.#ends.setAttribute("aria-pressed", String(count === 2));
    this.#every.setAttribute("aria-pressed", String(count === this.#layers && count > 2));
    this.#every.disabled = this.#layers < 3;
    this.#same.hidden = !this.#set;
    this.#svg.setAttribute("aria-label", `${this.#range.title} from the first layer to the last`);
    this.element.classList.toggle("ml-curve-unset", !this.#set);
    this.#draw(names);
    const [name, value] = [names[this.#chosen], this.#points[this.#chosen]];
    this.#where.querySelector("span")?.replaceChildren(name);
    this.#box.value = String(value);
    const [low, high] = axisOf(this.#range, this.#points);
    this.#axis.textContent = `${low} to ${high}`;
  }

  /** @param {string[]} names */
  #draw(names) {
    const [low, high] = axisOf(this.#range, this.#points), count = this.#points.length;
    const places = this.#points.map((value, place) => ({
      x: MARGIN + (place / (count - 1)) * (WIDTH - 2 * MARGIN),
      y: HEIGHT - MARGIN - ((value - low) / (high - low || 1)) * (HEIGHT - 2 * MARGIN),
    }));
    this.#keepPoints(count);
    const line = this.#svg.querySelector("polyline");
    line?.setAttribute("points", places.map(({ x, y }) => `${x},${y}`).join(" "));
    findAll(this.#svg, "circle").forEach((/** @type {Element} */ point, place) => {
      const said = { cx: places[place].x, cy: places[place].y, "aria-valuenow": this.#points[place], "aria-valuemin": low, "aria-valuemax": high };
      for (const [name, value] of Object.entries(said)) point.setAttribute(name, String(value));
      point.setAttribute("aria-label", `${this.#range.title}, ${names[place]}`);
      point.setAttribute("tabindex", place === this.#chosen ? "0" : "-1");
      point.classList.toggle("ml-chosen", place === this.#chosen);
    });
  }

  /**
   * Keeps the points that are there, so that one that has the focus keeps it.
   * @param {number} count
   */
  #keepPoints(count) {
    if (findAll(this.#svg, "circle").length === count) return;
    const frame = svg("path", { d: `M${MARGIN},${MARGIN}V${HEIGHT - MARGIN}H${WIDTH - MARGIN}`, class: "ml-curve-frame" });
    const radius = Math.max(2.5, Math.min(6, 90 / count));
    const points = Array.from({ length: count }, (_, place) => svg("circle", { r: String(radius), role: "slider", "data-point": String(place) }));
    this.#svg.replaceChildren(frame, svg("polyline", {}), ...points);
  }
}

/** @param {string} text */
function button(text) {
  return makeButton(text, "ml-curve-kind");
}

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @returns {SVGElement}
 */
function svg(tag, attributes) {
  const made = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
