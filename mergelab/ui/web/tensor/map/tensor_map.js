/** @import { Page } from "../../page.d.ts" */
/** @import { MapCells, MapCoordinates, MapWindow } from "../../messages.d.ts" */
/** @import { ColourMode } from "./map_colours.js" */
/** @import { OpenTensor } from "./map_view.js" */
/** @import { Spot } from "./geometry.js" */

import { closest, colourDot, fillSlots, find, findAll, legendEntry, make, makeButton } from "../../dom/elements.js";
import { plain } from "../../formatting/numbers.js";
import { shortNames } from "../../formatting/short_names.js";
import { setChosen } from "../choices.js";
import { decodedCells, decodedCoordinates } from "./decoding.js";
import {
  between, coordinateAt, fitted, indexOf, isSingle, isThere, sameWindow, spotOf, stretchOf, wholeOf, windowAround, zoomed,
} from "./geometry.js";
import { NOTICES, gradientOf, isColourMode, mapColours } from "./map_colours.js";
import { writeMap } from "./map_link.js";
import { MapPainter } from "./map_painter.js";
import { MapView, LAST_STEP, stepNames, stepPlace } from "./map_view.js";
import { cellWords, conflictWords, shadingWords, weightWords, windowWords } from "./map_words.js";
import { WindowRequests } from "./window_requests.js";

const LONGEST_NAME = 26;
const HELP = "Arrows move it, + and − zoom, 0 shows the whole. Enter zooms in, Shift and arrows choose a weight.";
const STRETCHED = 1.05;

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
   * @param {Spot} [mark] the weight to mark
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
   * Shows a weight, by its flat index, with a ring around it.
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
    this.#render();
  }

  /** What Enter does on the map: it zooms in, and chooses the weight in the middle once weights are single. */
  enter() {
    const { open } = this;
    if (!open) return;
    if (isSingle(open.at)) this.moveMark(0, 0);
    else this.zoomBy(0.5);
  }

  /**
   * Chooses the weight beside the chosen one; without one, that in the middle of the window.
   * @param {number} down
   * @param {number} across
   */
  moveMark(down, across) {
    const { open } = this;
    if (!open || !isSingle(open.at)) return;
    const { at, tensor, mark } = open, isInside = mark && coordinateAt(at, shareIn(at, mark)) !== null;
    const from = isInside ? mark : { row: at.top + (at.rows >> 1), column: at.left + (at.columns >> 1) };
    const [stepDown, stepAcross] = isInside ? [down, across] : [0, 0];
    const spot = {
      row: between(from.row + stepDown, 0, tensor.rows - 1), column: between(from.column + stepAcross, 0, tensor.columns - 1),
    };
    if (!isThere(spot, tensor)) return;
    this.view.hovered = null;
    const top = Math.min(Math.max(at.top, spot.row - at.rows + 1), spot.row);
    this.goTo({ ...at, top, left: Math.min(Math.max(at.left, spot.column - at.columns + 1), spot.column) }, spot);
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
    const isWhole = sameWindow(at, wholeOf(tensor)), step = stepPlace(open, view.step);
    const cellNotice = `${NOTICES[view.colour]} ${this.#stretchWords(open)}`;
    fillSlots(card, "map-where", where);
    fillSlots(card, "map-notice", single && coords ? shadingWords(coords, step, view.colour) : cellNotice);
    find(card, ".ml-scrub").hidden = !single || !coords;
    this.#announce(open, where);
    this.canvas.setAttribute("aria-label", `Map of ${tensor.key}, ${where}. ${HELP}`);
    this.canvas.style.touchAction = isWhole ? "pan-y" : "none";
    for (const button of findAll(card, "[data-colour]")) setChosen(button, button.dataset.colour === view.colour);
    for (const name of ["whole", "out"]) find(card, `[data-map="${name}"]`, HTMLButtonElement).disabled = isWhole;
    this.#renderLegend(open);
    this.#renderHover();
    const place = { at, colour: view.colour, step: view.step, mark: open.mark };
    this.#page.address.set({ tensor: tensor.key, ...writeMap(place, tensor) });
  }

  /**
   * Tells a screen reader what is on screen, once: the chosen weight, or the window when its weights have come.
   * @param {OpenTensor} open
   * @param {string} where
   */
  #announce(open, where) {
    const { tensor, coords, mark, at } = open, slot = find(this.#card, '[data-slot="map-summary"]');
    if (isSingle(at) && !(coords && sameWindow(coords, at))) return; // it says more in a moment
    const chosen = isSingle(at) && coords && mark && weightWords(open, coords, mark, this.view.step).why;
    const said = chosen && mark ? `[${indexOf(mark, tensor)}] ${chosen}` : isSingle(at)
      ? `${where}. ${conflictWords(coords, tensor.experts.length)}`
      : `${tensor.summary} On screen: ${where}.`;
    if (slot.textContent !== said) slot.textContent = said;
  }

  /**
   * Says that the map is not drawn to scale, where it is not.
   * @param {OpenTensor} open
   */
  #stretchWords({ at }) {
    const [frame] = this.view.frames, stretch = frame ? stretchOf(at, frame) : 1;
    if (Math.max(stretch, 1 / stretch) < STRETCHED) return "";
    const [wide, high] = stretch > 1 ? ["wide", "high"] : ["high", "wide"];
    return `A weight is drawn ${Math.max(stretch, 1 / stretch).toFixed(1)} times as ${wide} as ${high}.`;
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
    const none = make("li"), words = colour === "conflict" ? "no weight that two experts keep" : "nothing kept";
    none.append(colourDot("var(--ml-page)"), make("span", words));
    return [scale, none];
  }

  #renderHover() {
    const { open, view } = this;
    if (!open) return;
    const { why, numbers } = hoverWords(open, view.hovered || open.mark, view.step);
    fillSlots(this.#card, "map-why", why);
    fillSlots(this.#card, "map-hover", numbers);
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
  const names = shortNames(tensor.experts.map(({ title }) => title), LONGEST_NAME);
  const experts = tensor.experts.map(({ colour, title }, place) => {
    const entry = legendEntry(colour, names[place]);
    entry.title = title;
    return entry;
  });
  const reach = make("li", coords ? `largest change here ${plain(coords.reach)}` : "");
  return [...experts, legendEntry("var(--ml-ink)", "merged"), reach];
}

/**
 * What stands below the map: why a weight is what it is, and its numbers or those of its cell.
 * @param {OpenTensor} open
 * @param {Spot | null} spot
 * @param {string} step
 * @returns {{ why: string, numbers: string }}
 */
function hoverWords(open, spot, step) {
  const single = isSingle(open.at), { coords } = open;
  if (spot && single && coords) return weightWords(open, coords, spot, step);
  if (spot) return { why: "", numbers: cellWords(open, spot) };
  const help = single
    ? "Point at a weight to see why it has its value; click to hold it."
    : "Point at a cell for its counts; double-click zooms in.";
  return { why: "", numbers: help };
}

/**
 * The middle of a weight, as shares of a window.
 * @param {MapWindow} at
 * @param {Spot} spot
 */
function shareIn(at, { row, column }) {
  return { x: (column - at.left + 0.5) / at.columns, y: (row - at.top + 0.5) / at.rows };
}
