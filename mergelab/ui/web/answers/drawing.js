import { find } from "../dom/elements.js";

const SCALE = 8; // screen pixels per pixel of the picture
const PEN = 2.1; // the pen's width in pixels of the picture, as thick as a digit of the task sets

/** A small canvas on which a person draws, or drops a picture. White on black, in grey values. */
export class Drawing {
  /** Whether anything was drawn. */
  isEmpty = true;
  #canvas;
  #pen;
  /** @type {[height: number, width: number]} */
  #size = [28, 28];

  /** @param {HTMLElement} root with the canvas in it */
  constructor(root) {
    this.#canvas = find(root, "canvas", HTMLCanvasElement);
    this.#pen = this.#canvas.getContext("2d", { willReadFrequently: true });
    this.#canvas.addEventListener("pointerdown", (event) => this.#start(event));
    this.#canvas.addEventListener("pointermove", (event) => this.#move(event));
    this.#canvas.addEventListener("dragover", (event) => event.preventDefault());
    this.#canvas.addEventListener("drop", (event) => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) void this.show(file);
    });
  }

  /**
   * Makes the canvas as large as the task's pictures.
   * @param {readonly [height: number, width: number]} size in pixels
   */
  fit(size) {
    if (this.#size[0] === size[0] && this.#size[1] === size[1] && this.#canvas.width === size[1] * SCALE) return;
    this.#size = [size[0], size[1]];
    this.#canvas.width = size[1] * SCALE;
    this.#canvas.height = size[0] * SCALE;
    this.clear();
  }

  clear() {
    if (!this.#pen) return;
    this.#pen.fillStyle = "#000";
    this.#pen.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.isEmpty = true;
  }

  /**
   * Shows a picture file, as large as it fits.
   * @param {Blob} file
   */
  async show(file) {
    const image = await createImageBitmap(file), { width, height } = this.#canvas;
    const scale = Math.min(width / image.width, height / image.height);
    this.clear();
    const across = image.width * scale, down = image.height * scale;
    this.#pen?.drawImage(image, (width - across) / 2, (height - down) / 2, across, down);
    this.isEmpty = false;
  }

  /**
   * The picture: rows of grey values from 0 to 255.
   * @returns {number[][]}
   */
  pixels() {
    const { width, height } = this.#canvas, data = this.#pen?.getImageData(0, 0, width, height).data;
    return data ? shrunk(data, this.#size, SCALE) : [];
  }

  /** @param {PointerEvent} event */
  #start(event) {
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    this.#move(event);
  }

  /** @param {PointerEvent} event */
  #move({ buttons, offsetX, offsetY, movementX, movementY }) {
    const pen = this.#pen;
    if (!(buttons & 1) || !pen) return;
    const zoom = this.#canvas.width / this.#canvas.clientWidth, x = offsetX * zoom, y = offsetY * zoom;
    pen.strokeStyle = "#fff";
    pen.lineWidth = PEN * SCALE;
    pen.lineCap = "round";
    pen.beginPath();
    pen.moveTo(x - movementX * zoom, y - movementY * zoom);
    pen.lineTo(x, y);
    pen.stroke();
    this.isEmpty = false;
  }
}

/**
 * Means of the grey values of squares of pixels.
 * @param {ArrayLike<number>} data red, green, blue and opacity of each pixel, row by row
 * @param {readonly [height: number, width: number]} size of the result
 * @param {number} scale pixels along the side of a square
 * @returns {number[][]}
 */
export function shrunk(data, [height, width], scale) {
  const grey = (/** @type {number} */ at) => 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
  return [...Array(height).keys()].map((row) => [...Array(width).keys()].map((column) => {
    let sum = 0;
    for (let y = 0; y < scale; y += 1) {
      for (let x = 0; x < scale; x += 1) sum += grey(4 * ((row * scale + y) * width * scale + column * scale + x));
    }
    return Math.round(sum / scale ** 2);
  }));
}
