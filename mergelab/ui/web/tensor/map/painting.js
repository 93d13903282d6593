/** @import { MapWindow } from "../../messages.d.ts" */
/** @import { Cells, Coordinates } from "./decoding.js" */
/** @import { Frame } from "./geometry.js" */
/** @import { ColourMode } from "./map_colours.js" */

import { cellStrength } from "./decoding.js";
import { mapColours } from "./map_colours.js";

/**
 * How cells are coloured.
 * @typedef {{ mode: ColourMode, most: number, dark: boolean, background: string }} CellLook
 */

const TRIANGLE = 0.86; // of a coordinate's place
const SMALLEST = 2.5; // pixels of a triangle
const DOT_ROOM = 4; // pixels that a place needs for a dot
const STRONGEST_SHADE = 0.3; // opacity: triangles stay readable on it

/** @type {WeakMap<Cells, { look: string, canvas: HTMLCanvasElement }>} a window painted again needs no new colours */
const bitmaps = new WeakMap();

/**
 * The cells as a picture, one pixel each. Where there is nothing to say it is transparent.
 * @param {Cells} cells
 * @param {CellLook} look
 * @returns {HTMLCanvasElement}
 */
function bitmapOf(cells, { mode, most, dark }) {
  const look = `${mode} ${dark} ${most}`, known = bitmaps.get(cells);
  if (known?.look === look) return known.canvas;
  const canvas = document.createElement("canvas"), colours = mapColours(mode, dark);
  canvas.width = cells.columns;
  canvas.height = cells.rows;
  const context = contextOf(canvas), image = context.createImageData(cells.columns, cells.rows);
  for (let place = 0; place < cells.rows * cells.columns; place++) {
    const value = cellStrength(cells, place, mode, most);
    if (value !== null) image.data.set([...colours[Math.round(255 * value)], 255], 4 * place);
  }
  context.putImageData(image, 0, 0);
  bitmaps.set(cells, { look, canvas });
  return canvas;
}

/** @param {HTMLCanvasElement} canvas */
function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws no canvas");
  return context;
}

/**
 * An empty canvas, as fine as the screen, measured in CSS pixels.
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D}
 */
export function cleared(canvas) {
  const ratio = window.devicePixelRatio || 1, { clientWidth, clientHeight } = canvas;
  const [wide, high] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  const context = contextOf(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, clientWidth, clientHeight);
  context.imageSmoothingEnabled = false;
  return context;
}

/**
 * Paints cells into a frame that shows the window `at`. They may come from an earlier window.
 * @param {CanvasRenderingContext2D} context
 * @param {Cells} cells
 * @param {Frame} frame
 * @param {MapWindow} at
 * @param {CellLook} look
 */
export function paintCells(context, cells, frame, at, look) {
  const down = frame.height / at.rows, across = frame.width / at.columns;
  context.save();
  context.beginPath();
  context.rect(frame.x, frame.y, frame.width, frame.height);
  context.clip();
  context.fillStyle = look.background;
  context.fillRect(frame.x, frame.y, frame.width, frame.height);
  const x = frame.x + (cells.left - at.left) * across, y = frame.y + (cells.top - at.top) * down;
  const width = cells.columns * cells.width * across, height = cells.rows * cells.height * down;
  context.drawImage(bitmapOf(cells, look), x, y, width, height);
  context.restore();
}

/**
 * Paints one panel of single weights: a triangle for each value, a dot for each one that is gone.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} panel
 * @param {MapWindow} at
 * @param {Coordinates} coords
 * @param {string} colour
 * @param {(place: number) => number} valueOf
 * @param {(place: number) => boolean} [isGone]
 */
export function paintSigns(context, panel, at, coords, colour, valueOf, isGone) {
  const down = panel.height / at.rows, across = panel.width / at.columns, room = Math.min(down, across) * TRIANGLE;
  context.fillStyle = colour;
  for (let place = 0; place < coords.rows * coords.columns; place++) {
    const row = Math.floor(place / coords.columns), column = place % coords.columns;
    const x = panel.x + (coords.left + column - at.left + 0.5) * across;
    const y = panel.y + (coords.top + row - at.top + 0.5) * down;
    if (x < panel.x || y < panel.y || x > panel.x + panel.width || y > panel.y + panel.height) continue;
    const value = valueOf(place);
    if (value) {
      const share = Math.sqrt(Math.min(1, Math.abs(value) / coords.reach));
      context.globalAlpha = 1;
      triangle(context, x, y, Math.max(SMALLEST, room * (0.35 + 0.65 * share)), value > 0);
    } else if (isGone?.(place) && room > DOT_ROOM) {
      context.globalAlpha = 0.6;
      context.fillRect(x - 1, y - 1, 2, 2);
    }
  }
  context.globalAlpha = 1;
}

/**
 * Shades the weights of a panel.
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} panel
 * @param {MapWindow} at
 * @param {Coordinates} coords
 * @param {string} colour
 * @param {(place: number) => number} strengthOf 0 to 1
 */
export function shadeWeights(context, panel, at, coords, colour, strengthOf) {
  const down = panel.height / at.rows, across = panel.width / at.columns;
  context.save();
  context.beginPath();
  context.rect(panel.x, panel.y, panel.width, panel.height);
  context.clip(); // the numbers may still be those of the window before
  context.fillStyle = colour;
  for (let place = 0; place < coords.rows * coords.columns; place++) {
    context.globalAlpha = STRONGEST_SHADE * strengthOf(place);
    if (!context.globalAlpha) continue;
    const row = coords.top + Math.floor(place / coords.columns) - at.top;
    const column = coords.left + (place % coords.columns) - at.left;
    context.fillRect(panel.x + column * across, panel.y + row * down, across, down);
  }
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} size
 * @param {boolean} up
 */
function triangle(context, x, y, size, up) {
  const half = size / 2, tip = up ? -half : half;
  context.beginPath();
  context.moveTo(x, y + tip);
  context.lineTo(x + half, y - tip);
  context.lineTo(x - half, y - tip);
  context.closePath();
  context.fill();
}
