/** @import { Page } from "../../page.d.ts" */
/** @import { MapCells, MapCoordinates, MapWindow } from "../../messages.d.ts" */
/** @import { ColourMode } from "./map_colours.js" */
/** @import { OpenTensor } from "./map_view.js" */
/** @import { Spot } from "./geometry.js" */

import { closest, colourDot, fillSlots, find, findAll, legendEntry, make, makeButton } from "../../dom/elements.js";
import { plain } from "../../formatting/numbers.js";
import { setChosen } from "../choices.js";
import { decodedCells, decodedCoordinates } from "./decoding.js";
import {
  between, coordinateAt, fitted, isSingle, sameWindow, spotOf, wholeOf, windowAround, zoomed,
} from "./geometry.js";
import { NOTICES, gradientOf, isColourMode, mapColours } from "./map_colours.js";
import { writeMap } from "./map_link.js";
import { MapPainter } from "./map_painter.js";
import { MapView, LAST_STEP, stepNames, stepPlace } from "./map_view.js";
import { cellWords, conflictWords, coordinateWords, windowWords } from "./map_words.js";
import { WindowRequests } from "./window_requests.js";

const TRIANGLES =
  "Each triangle is one number: ▲ pulls up, ▼ down, larger is stronger. Shaded: experts that disagree at this step.";

/** The map of the open tensor: its window, its picture, and what stands around it. */
export class TensorMap {
  view = new MapView();
  canvas;
  requests;
  #page;
  #card;
  #painter;

  /**
   * @param {Page} page
   * @param {HTMLElement} card that holds the map
   */
  constructor(page, card) {
    this.#page = page;
    this.#card = card;
    this.canvas = find(card, ".ml-map", HTMLCanvasElement);
    const mini = find(card, ".ml-mini", HTMLCanvasElement);
    this.#painter = new MapPainter(this.view, page.theme, this.canvas, mini);
    this.requests = new WindowRequests(page.requests, () => this.view.open);
    new ResizeObserver(() => this.#painter.paint()).observe(this.canvas);
    page.theme.onChange(() => this.#follow());
    mini.addEventListener("click", (event) => this.#centreOn(event, mini.getBoundingClientRect()));
    card.addEventListener("click", (event) => {
      const { colour, step } = closest(event, "button")?.dataset ?? {};
      if (isColourMode(colour)) this.setColour(colour);
      if (step) this.setStep(step);
    });
  }

  /** @returns {OpenTensor | null} */
  get open() {
    return this.view.open;
  }

  // ---- moving

  /**
   * Shows a window of the tensor, the nearest one inside.
   * @param {MapWindow} at
   * @param {Spot} [mark] the coordinate to mark
   */
  goTo(at, mark) {
    const { open } = this;
    if (!open) return;
    open.at = fitted(at, open.tensor);
    if (mark) open.mark = mark;
    this.refresh();
    this.requests.ask();
  }

  /**
   * @param {number} factor below 1 on the way in
   * @param {number} [y] share of the window that stays where it is
   * @param {number} [x]
   */
  zoomBy(factor, y, x) {
    if (this.open) this.goTo(zoomed(this.open.at, factor, this.open.tensor, y, x));
  }

  /**
   * @param {number} down share of the window
   * @param {number} across
   */
  panBy(down, across) {
    if (!this.open) return;
    const { at } = this.open, top = at.top + down * Math.max(1, at.rows);
    this.goTo({ ...at, top, left: at.left + across * Math.max(1, at.columns) });
  }

  showWhole() {
    if (this.open) this.goTo(wholeOf(this.open.tensor));
  }

  /**
   * Shows a coordinate, by its flat index, with a ring around it.
   * @param {number} place
   */
  goToPlace(place) {
    if (!this.open) return;
    const { tensor } = this.open, spot = spotOf(place, tensor);
    this.goTo(windowAround(spot, tensor), spot);
    this.hoverAt(null);
  }

  /**
   * @param {MouseEvent} event a click on the small map
   * @param {DOMRect} box of the small map
   */
  #centreOn({ clientX, clientY }, box) {
    if (!this.open) return;
    const { at, tensor } = this.open;
    const top = ((clientY - box.top) / box.height) * tensor.rows - at.rows / 2;
    this.goTo({ ...at, top, left: ((clientX - box.left) / box.width) * tensor.columns - at.columns / 2 });
  }

  // ---- pointing

  /** @param {{ x: number, y: number } | null} point as shares of the panel */
  hoverAt(point) {
    this.view.hovered = this.open && coordinateAt(this.open.at, point);
    this.#painter.paint();
    this.#renderHover();
  }

  /** @param {{ x: number, y: number }} point as shares of the panel */
  clickAt(point) {
    if (!this.open) return;
    const spot = coordinateAt(this.open.at, point);
    if (spot && isSingle(this.open.at)) this.open.mark = spot;
    this.hoverAt(point);
  }

  // ---- choosing

  /** @param {ColourMode} colour */
  setColour(colour) {
    this.view.colour = colour;
    this.refresh();
  }

  /** @param {string} name */
  setStep(name) {
    this.view.step = name;
    this.#renderSteps();
    this.refresh();
  }

  /** @param {number} way 1 for the next step, -1 for the one before */
  stepBy(way) {
    const { open } = this;
    if (!open?.coords || !isSingle(open.at)) return;
    const names = stepNames(open);
    this.setStep(names[between(stepPlace(open, this.view.step) + way, 0, names.length - 1)]);
  }

  // ---- what Python sends

  /** @param {MapCells} sent */
  takeCells(sent) {
    if (!this.open) return;
    this.open.cells = decodedCells(sent);
    this.open.cellsOf = sent.window;
    this.requests.answered();
    this.refresh();
  }

  /** @param {MapCoordinates} sent */
  takeCoordinates(sent) {
    if (!this.open) return;
    this.open.coords = decodedCoordinates(sent);
    this.requests.answered();
    this.#renderSteps();
    this.refresh();
  }

  // ---- rendering

  /** Paints the map and says what it shows. */
  refresh() {
    this.#painter.paint();
    this.#render();
  }

  /** Paints the map, where there is one. */
  paint() {
    this.#painter.paint();
  }

  /** Follows a change between light and dark. */
  #follow() {
    if (!this.open) return;
    this.#painter.paint();
    this.#renderLegend(this.open);
  }

  #render() {
    const { open, view } = this, card = this.#card;
    if (!open) return;
    const { at, tensor, coords } = open, single = isSingle(at), where = windowWords(open);
    const isWhole = sameWindow(at, wholeOf(tensor));
    const summary = single
      ? `${where}. ${conflictWords(coords, tensor.experts.length)}`
      : `${tensor.summary} On screen: ${where}.`;
    fillSlots(card, "map-where", where);
    fillSlots(card, "map-notice", single ? TRIANGLES : NOTICES[view.colour]);
    fillSlots(card, "map-summary", summary);
    find(card, ".ml-scrub").hidden = !single || !coords;
    const help = "Arrows move it, + and − zoom, 0 shows the whole.";
    this.canvas.setAttribute("aria-label", `Map of ${tensor.key}, ${where}. ${help}`);
    this.canvas.style.touchAction = isWhole ? "pan-y" : "none";
    for (const button of findAll(card, "[data-colour]")) setChosen(button, button.dataset.colour === view.colour);
    find(card, '[data-choice="colour"]').classList.toggle("ml-off", single);
    for (const name of ["whole", "out"]) find(card, `[data-map="${name}"]`, HTMLButtonElement).disabled = isWhole;
    this.#renderLegend(open);
    this.#renderHover();
    this.#page.address.set({ tensor: tensor.key, map: writeMap({ at, colour: view.colour, step: view.step }, tensor) });
  }

  /** @param {OpenTensor} open */
  #renderLegend(open) {
    const entries = isSingle(open.at) ? expertLegend(open) : this.#cellLegend(open);
    find(this.#card, '[data-slot-list="map-legend"]').replaceChildren(...entries);
  }

  /** @param {OpenTensor} open */
  #cellLegend({ tensor }) {
    const { colour } = this.view, scale = make("li"), bar = make("i", null, "ml-scale");
    bar.style.background = gradientOf(mapColours(colour, this.#page.theme.dark));
    const ends = colour === "magnitude" ? ["0", `${plain(tensor.most)} or more`] : ["0 %", "100 %"];
    scale.append(make("span", ends[0]), bar, make("span", ends[1]));
    if (colour === "magnitude") return [scale];
    const none = make("li"), words = colour === "conflict" ? "no coordinate that two experts keep" : "nothing kept";
    none.append(colourDot("var(--ml-page)"), make("span", words));
    return [scale, none];
  }

  #renderHover() {
    const { open, view } = this;
    if (open) fillSlots(this.#card, "map-hover", hoverWords(open, view.hovered || open.mark, view.step));
  }

  #renderSteps() {
    const { open, view } = this;
    if (!open) return;
    const names = stepNames(open), box = find(this.#card, '[data-choice="step"]'), { words } = open.tensor;
    if (!names.includes(view.step)) view.step = LAST_STEP;
    const shown = findAll(box, "button").map((button) => button.dataset.step).join();
    if (shown !== names.join()) box.replaceChildren(...names.map((name) => stepButton(name, words[name][0])));
    for (const button of findAll(box, "button")) setChosen(button, button.dataset.step === view.step);
    fillSlots(this.#card, "step-says", words[view.step][1]);
  }
}

/**
 * @param {string} name of the step
 * @param {string} title
 */
function stepButton(name, title) {
  const button = makeButton(title);
  button.dataset.step = name;
  button.setAttribute("role", "radio");
  return button;
}

/** @param {OpenTensor} open */
function expertLegend({ tensor, coords }) {
  const experts = tensor.experts.map(({ colour, title }) => legendEntry(colour, title));
  const reach = make("li", coords ? `largest change here ${plain(coords.reach)}` : "");
  return [...experts, legendEntry("var(--ml-ink)", "merged"), reach];
}

/**
 * @param {OpenTensor} open
 * @param {Spot | null} spot
 * @param {string} step
 */
function hoverWords(open, spot, step) {
  const single = isSingle(open.at);
  if (spot) return single && open.coords ? coordinateWords(open, open.coords, spot, step) : cellWords(open, spot);
  return single
    ? "Hover a coordinate for its numbers; click to keep them."
    : "Hover a cell for its counts; double-click zooms in.";
}
