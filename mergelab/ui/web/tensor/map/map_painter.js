/** @import { ExpertStyle } from "../../messages.d.ts" */
/** @import { Theme } from "../../charts/theme.js" */
/** @import { Coordinates } from "./decoding.js" */
/** @import { Frame } from "./geometry.js" */
/** @import { CellLook } from "./painting.js" */
/** @import { MapView, OpenTensor } from "./map_view.js" */

import { whole as wholeNumber } from "../../formatting/numbers.js";
import { shortNames } from "../../formatting/short_names.js";
import { shading } from "./decoding.js";
import { cellBox, frameFor, heightFor, isSingle, panelsFor, wholeOf } from "./geometry.js";
import { mapColours } from "./map_colours.js";
import { stepPlace } from "./map_view.js";
import { cleared, paintCells, paintSigns, shadeWeights } from "./painting.js";
import { ticksOf } from "./ticks.js";

const SMALLEST_RING = 4, SMALLEST_VIEW = 5; // pixels
const TICK_ROOM = { rows: 34, columns: 64 }; // pixels from one number to the next
const LETTER = 6.4; // pixels of a letter in a panel's title
const MIDDLE_TONE = 127; // of a colour scale, for shades behind single weights

/** Paints the map and the small map above it. */
export class MapPainter {
  #view;
  #theme;
  #canvas;
  #mini;
  /** What the canvas is as high as it is for. */
  #fitted = "";

  /**
   * @param {MapView} view
   * @param {Theme} theme
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLCanvasElement} mini
   */
  constructor(view, theme, canvas, mini) {
    this.#view = view;
    this.#theme = theme;
    this.#canvas = canvas;
    this.#mini = mini;
  }

  paint() {
    const { open } = this.#view;
    if (!open || !this.#canvas.offsetParent) return;
    const coords = isSingle(open.at) ? open.coords : null;
    this.#fitCanvas(open, coords !== null);
    const context = cleared(this.#canvas);
    if (coords) this.#paintCoordinates(context, open, coords);
    else this.#paintCells(context, open);
    this.#paintMini(open);
  }

  /**
   * Makes the canvas as high as the whole tensor's map; panels of single weights get all the room.
   * @param {OpenTensor} open
   * @param {boolean} inPanels
   */
  #fitCanvas({ tensor: { rows, columns } }, inPanels) {
    const { style, clientWidth } = this.#canvas, fitted = [clientWidth, rows, columns, inPanels].join();
    if (fitted === this.#fitted) return; // asking for the room makes the browser lay out anew
    this.#fitted = fitted;
    style.height = "";
    if (!inPanels) style.height = `${heightFor({ rows, columns }, clientWidth, this.#canvas.clientHeight)}px`;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {OpenTensor} open
   */
  #paintCells(context, open) {
    const { width, height } = frameOf(this.#canvas), frame = frameFor(open.at, width, height), look = this.#look(open);
    this.#view.frames = [frame];
    paintCells(context, open.whole, frame, open.at, look);
    if (open.cells !== open.whole) paintCells(context, open.cells, frame, open.at, look);
    this.#paintTicks(context, frame, open);
    this.#paintRings(context, frame, open);
  }

  /**
   * Paints the numbers of rows and columns beside the map; for a vector in lines, the index at which a line begins.
   * @param {CanvasRenderingContext2D} context
   * @param {Frame} frame
   * @param {OpenTensor} open
   */
  #paintTicks(context, frame, { at, tensor }) {
    const { top, left, rows, columns } = at, end = frame.y + frame.height;
    context.font = `11px ${this.#theme.value("--ml-font")}`;
    context.fillStyle = context.strokeStyle = this.#theme.value("--ml-muted");
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const { value, at: share } of ticksOf(top, rows, frame.height, TICK_ROOM.rows)) {
      const y = frame.y + share * frame.height;
      context.fillText(wholeNumber(tensor.folded ? value * tensor.columns : value), frame.x - 8, y);
      context.fillRect(frame.x - 5, Math.round(y), 4, 1);
    }
    context.textAlign = "center";
    for (const { value, at: share } of ticksOf(left, columns, frame.width, TICK_ROOM.columns)) {
      const x = frame.x + share * frame.width;
      context.fillText(wholeNumber(value), x, end + 13);
      context.fillRect(Math.round(x), end + 1, 1, 4);
    }
    context.textAlign = "start";
    context.textBaseline = "alphabetic";
  }

  /**
   * @param {OpenTensor} open
   * @returns {CellLook}
   */
  #look({ tensor: { most } }) {
    return { mode: this.#view.colour, most, dark: this.#theme.dark, background: this.#theme.value("--ml-page") };
  }

  /**
   * Paints a panel for every expert, then one for the merged change.
   * @param {CanvasRenderingContext2D} context
   * @param {OpenTensor} open
   * @param {Coordinates} coords
   */
  #paintCoordinates(context, open, coords) {
    const theme = this.#theme, { experts } = open.tensor, number = stepPlace(open, this.#view.step);
    const { width, height } = frameOf(this.#canvas), { colour } = this.#view;
    const strength = shading(coords, experts.length, number, colour);
    const shade = `rgb(${mapColours(colour, theme.dark)[MIDDLE_TONE].join(" ")})`;
    this.#view.frames = panelsFor(experts.length + 1, width, height);
    const letters = Math.max(6, Math.floor((this.#view.frames[0].width - 14) / LETTER));
    const names = shortNames(experts.map(({ title }) => title), letters);
    context.font = `12px ${theme.value("--ml-font")}`;
    this.#view.frames.forEach((panel, place) => {
      const expert = experts[place] ?? null;
      this.#paintTitle(context, panel, expert, expert ? names[place] : mergedTitle(coords, number));
      context.fillStyle = theme.value("--ml-page");
      context.fillRect(panel.x, panel.y, panel.width, panel.height);
      shadeWeights(context, panel, open.at, coords, shade, strength);
      if (expert) paintExpert(context, panel, open, coords, number, place);
      else this.#paintMerged(context, panel, open, coords, number);
      context.strokeStyle = theme.value("--ml-border");
      context.strokeRect(panel.x + 0.5, panel.y + 0.5, panel.width - 1, panel.height - 1);
      this.#paintRings(context, panel, open);
    });
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Frame} panel
   * @param {ExpertStyle | null} expert
   * @param {string} title
   */
  #paintTitle(context, panel, expert, title) {
    context.fillStyle = this.#theme.value("--ml-muted");
    context.fillText(title, panel.x + (expert ? 14 : 0), panel.y - 6, panel.width - 14);
    if (!expert) return;
    context.fillStyle = expert.colour;
    context.fillRect(panel.x, panel.y - 15, 9, 9);
  }

  /**
   * Paints the merged change after the last step, and the elected signs at an election.
   * @param {CanvasRenderingContext2D} context
   * @param {Frame} panel
   * @param {OpenTensor} open
   * @param {Coordinates} coords
   * @param {number} number of the step
   */
  #paintMerged(context, panel, open, coords, number) {
    const { steps, change, reach } = coords, { at, tensor } = open, step = steps[number];
    if (!step) return paintSigns(context, panel, at, coords, this.#theme.value("--ml-ink"), (place) => change[place]);
    const { signs, values } = step, count = coords.rows * coords.columns;
    if (!signs) return;
    const isKept = (/** @type {number} */ place) => tensor.experts.some((_, expert) => values[expert * count + place]);
    const signOf = (/** @type {number} */ place) => (isKept(place) ? signs[place] * reach * 0.4 : 0);
    paintSigns(context, panel, at, coords, this.#theme.value("--ml-accent"), signOf);
  }

  /**
   * Paints rings around the chosen coordinate and the one under the pointer.
   * @param {CanvasRenderingContext2D} context
   * @param {Frame} frame
   * @param {OpenTensor} open
   */
  #paintRings(context, frame, { at, cells, mark }) {
    const down = frame.height / at.rows, across = frame.width / at.columns;
    const rings = [
      { spot: mark, colour: this.#theme.value("--ml-accent"), line: 2 },
      { spot: this.#view.hovered, colour: this.#theme.value("--ml-ink"), line: 1 },
    ];
    for (const { spot, colour, line } of rings) {
      if (!spot) continue;
      const box = isSingle(at) ? { top: spot.row, left: spot.column, height: 1, width: 1 } : cellBox(spot, cells);
      const x = frame.x + (box.left - at.left) * across, y = frame.y + (box.top - at.top) * down;
      const width = box.width * across, height = box.height * down;
      if (x + width < frame.x || x > frame.x + frame.width) continue;
      if (y + height < frame.y || y > frame.y + frame.height) continue;
      context.strokeStyle = colour;
      context.lineWidth = line;
      context.strokeRect(x, y, Math.max(SMALLEST_RING, width), Math.max(SMALLEST_RING, height));
      context.lineWidth = 1;
    }
  }

  /**
   * Paints the whole tensor small, with the window on screen in it.
   * @param {OpenTensor} open
   */
  #paintMini(open) {
    const { at, tensor, whole } = open, context = cleared(this.#mini), frame = frameOf(this.#mini);
    paintCells(context, whole, frame, wholeOf(tensor), this.#look(open));
    const wide = Math.max(SMALLEST_VIEW, (at.columns / tensor.columns) * frame.width);
    const high = Math.max(SMALLEST_VIEW, (at.rows / tensor.rows) * frame.height);
    const x = Math.min((at.left / tensor.columns) * frame.width, frame.width - wide);
    const y = Math.min((at.top / tensor.rows) * frame.height, frame.height - high);
    for (const [colour, line] of /** @type {const} */ ([["--ml-surface", 5], ["--ml-ink", 2]])) { // seen on any colour
      context.strokeStyle = this.#theme.value(colour);
      context.lineWidth = line;
      context.strokeRect(x, y, wide, high);
    }
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Frame}
 */
function frameOf({ clientWidth, clientHeight }) {
  return { x: 0, y: 0, width: clientWidth, height: clientHeight };
}

/**
 * What stands over the last panel.
 * @param {Coordinates} coords
 * @param {number} number of the step
 */
function mergedTitle({ steps }, number) {
  if (number === steps.length) return "merged";
  return steps[number].signs ? "elected sign" : "merged: last step";
}

/**
 * Paints one expert's change at a step. What it had before and lost is a dot.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} panel
 * @param {OpenTensor} open
 * @param {Coordinates} coords
 * @param {number} number of the step
 * @param {number} expert its place
 */
function paintExpert(context, panel, { at, tensor }, coords, number, expert) {
  const { steps } = coords, start = expert * coords.rows * coords.columns;
  const { values } = steps[Math.min(number, steps.length - 1)], [{ values: deltas }] = steps;
  const isGone = (/** @type {number} */ place) => deltas[start + place] !== 0;
  const { colour } = tensor.experts[expert];
  paintSigns(context, panel, at, coords, colour, (place) => values[start + place], isGone);
}
