/** @import { MapWindow } from "../../messages.d.ts" */
/** @import { Frame } from "./geometry.js" */
/** @import { TensorMap } from "./tensor_map.js" */

import { sameWindow, wholeOf, zoomed } from "./geometry.js";

/** @typedef {{ x: number, y: number }} Point */
/**
 * Where a drag began: the window, the panel, and the fingers on it.
 * @typedef {{ at: MapWindow, frame: Frame, points: Map<number, Point>, moved: boolean }} Grip
 */

const TITLE = 20; // pixels above a panel that belong to it
const STILL = 4; // pixels that a click may move
const WHEEL_STEP = 100;
/** @type {Record<string, [down: number, across: number]>} */
const ARROWS = { ArrowUp: [-0.25, 0], ArrowDown: [0.25, 0], ArrowLeft: [0, -0.25], ArrowRight: [0, 0.25] };

/** Moves and zooms the map by wheel, drag, pinch and keys, and says what is under the pointer. */
export class MapPointer {
  #map;
  #canvas;
  /** @type {Map<number, Point>} the fingers on the map, as shares of it */
  #points = new Map();
  /** @type {Grip | null} */
  #grip = null;

  /** @param {TensorMap} map */
  constructor(map) {
    this.#map = map;
    this.#canvas = map.canvas;
    const canvas = this.#canvas;
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event, true));
    canvas.addEventListener("pointercancel", (event) => this.#up(event, false));
    canvas.addEventListener("pointerleave", () => map.hoverAt(null));
    canvas.addEventListener("dblclick", (event) => {
      const { x, y } = this.#panelAt(this.#shareOf(event));
      map.zoomBy(0.5, y, x);
    });
    canvas.addEventListener("keydown", (event) => this.#press(event));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = ARROWS[event.key];
    if (event.key === "Enter") this.#map.enter();
    else if (way && event.shiftKey) this.#map.moveMark(Math.sign(way[0]), Math.sign(way[1]));
    else if (way) this.#map.panBy(...way);
    else return;
    event.preventDefault();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    const { open } = this.#map;
    if (!open || (event.deltaY > 0 && sameWindow(open.at, wholeOf(open.tensor)))) return; // the page scrolls on
    event.preventDefault();
    const { x, y } = this.#panelAt(this.#shareOf(event));
    this.#map.zoomBy(2 ** clamp(event.deltaY / WHEEL_STEP, -1, 1), clamp(y, 0, 1), clamp(x, 0, 1));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const { open } = this.#map;
    if (event.button > 0 || !open) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#points.set(event.pointerId, this.#shareOf(event));
    const { frame } = this.#panelAt(this.#shareOf(event));
    this.#grip = { at: { ...open.at }, frame, points: new Map(this.#points), moved: false };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const isHeld = this.#points.has(event.pointerId);
    if (!isHeld) return this.#map.hoverAt(this.#map.open && this.#panelAt(this.#shareOf(event)));
    this.#points.set(event.pointerId, this.#shareOf(event));
    if (this.#grip) this.#drag(this.#grip);
  }

  /**
   * @param {PointerEvent} event
   * @param {boolean} lifted whether the person did it, and not the browser
   */
  #up(event, lifted) {
    const grip = this.#grip, { open } = this.#map;
    this.#points.delete(event.pointerId);
    const goesOn = this.#points.size && grip && open;
    this.#grip = goesOn ? { ...grip, at: { ...open.at }, points: new Map(this.#points), moved: true } : null;
    if (lifted && grip && !grip.moved) this.#map.clickAt(this.#panelAt(this.#shareOf(event)));
  }

  /** @param {Grip} grip */
  #drag(grip) {
    const { open } = this.#map;
    if (!open) return;
    const box = this.#canvas.getBoundingClientRect(), then = [...grip.points.values()], now = [...this.#points.values()];
    const across = (middle(now, "x") - middle(then, "x")) * box.width;
    const down = (middle(now, "y") - middle(then, "y")) * box.height;
    if (Math.hypot(across, down) < STILL && now.length < 2) return;
    grip.moved = true;
    const factor = now.length > 1 && then.length > 1 ? apart(then, box) / Math.max(1, apart(now, box)) : null;
    const start = factor === null ? grip.at : zoomed(grip.at, Math.max(0.1, factor), open.tensor);
    const top = start.top - (down / grip.frame.height) * start.rows;
    this.#map.goTo({ ...start, top, left: start.left - (across / grip.frame.width) * start.columns });
  }

  /**
   * @param {MouseEvent} event
   * @returns {Point} as shares of the map
   */
  #shareOf({ clientX, clientY }) {
    const box = this.#canvas.getBoundingClientRect();
    return { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height };
  }

  /**
   * The panel under a point, the first one where there is none, and the point as shares of it.
   * @param {Point} point as shares of the map
   */
  #panelAt(point) {
    const box = this.#canvas.getBoundingClientRect(), x = point.x * box.width, y = point.y * box.height;
    const { frames } = this.#map.view;
    const isUnder = (/** @type {Frame} */ each) =>
      x >= each.x && x <= each.x + each.width && y >= each.y - TITLE && y <= each.y + each.height;
    const frame = frames.find(isUnder) ?? frames[0] ?? { x: 0, y: 0, width: box.width, height: box.height };
    return { frame, x: (x - frame.x) / frame.width, y: (y - frame.y) / frame.height };
  }
}

/**
 * @param {Point[]} points
 * @param {"x" | "y"} axis
 */
function middle(points, axis) {
  return points.reduce((sum, point) => sum + point[axis], 0) / points.length;
}

/**
 * The pixels between two fingers.
 * @param {Point[]} points
 * @param {{ width: number, height: number }} box
 */
function apart([one, other], { width, height }) {
  return Math.hypot((one.x - other.x) * width, (one.y - other.y) * height);
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
