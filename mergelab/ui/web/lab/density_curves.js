/** @import { Page } from "../page.d.ts" */
/** @import { CurvePosition, PinnedCurves } from "../messages.d.ts" */
/** @import { CurveTrace } from "../plotly.d.ts" */

import { curveColour, curveEntry, ownCurves } from "../charts/curve_legend.js";
import { Switch } from "../charts/switch.js";
import { actionOf, fillSlots, find, findAll, make } from "../dom/elements.js";
import { inNextFrame } from "../dom/next_frame.js";
import { numberTyped, setField, sliderOf } from "../dom/slider.js";
import { percent } from "../formatting/numbers.js";
import { valueAt } from "./curve_value.js";
import { Halving } from "./halving.js";

const NO_PIN = "Keep this recipe as a faint reference.";
const SAME = "its curves are the same, and a ring marks its density";
const SLOT = "a";

/** The curves over the density, and where the recipe stands on them, which moves before Python has answered. */
export class DensityCurves {
  /** @type {string | null} the name of the pinned recipe */
  pinned = null;
  #page;
  #switch;
  #mark;
  /** @type {CurvePosition | null} what Python says of the position */
  #position = null;
  #halving = new Halving();
  /** @type {number | null} the position on screen */
  #place = null;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    this.#mark = find(page.element, ".ml-now");
    this.#switch = new Switch(page.element, "curves", "figure", () => this.#draw());
    page.inbox.on("curves", () => this.render());
    page.board.onDrawn("curves", inNextFrame(() => this.#move(this.#place)), (plot) => {
      plot.on("plotly_click", ({ points: [point] }) => this.#setDensity(Number(point.x)));
    });
    document.addEventListener("input", (event) => {
      const value = this.#position?.dial ? numberTyped(event, this.#position.dial) : null;
      if (value !== null) this.#move(value);
    });
    page.element.addEventListener("click", (event) => {
      const action = actionOf(event);
      if (action === "half" && event.detail < 2) this.setHalf(); // a double click halves once
      if (action === "pin") this.#togglePin();
    });
  }

  render() {
    const curves = this.#page.inbox.takeNew("curves");
    if (!curves) return;
    const card = this.#card, { pinned } = curves;
    fillSlots(card, "summary", curves.summary);
    fillSlots(card, "empty", curves.empty);
    fillSlots(card, "pinned", pinned ? pinnedWords(pinned) : NO_PIN);
    find(this.#page.element, '[data-act="pin"]').textContent = pinned ? "Unpin" : "Pin this recipe";
    card.classList.toggle("ml-folded", !curves.figure);
    this.pinned = pinned?.title ?? null;
    this.#switch.fill([["figure", "overview"], ["cosines", "cosine by expert"]]);
    find(card, ".ml-switch").hidden = !curves.cosines;
    this.#draw();
  }

  /**
   * Follows the charts.
   * @param {CurvePosition} position
   */
  setPosition(position) {
    const half = position.half ?? null;
    this.#position = position;
    this.#halving.follow(position);
    fillSlots(this.#card, "halved", this.#halving.words);
    fillSlots(this.#card, "advice", position.advice);
    const button = find(this.#page.element, '[data-act="half"]');
    button.hidden = half === null;
    if (half !== null) button.textContent = `Set density to ${Number(half.toFixed(4))}`;
    const slider = this.#slider;
    this.#move(slider ? Number(slider.value) : position.place);
  }

  /** Sets the density that halves the conflicting weights. */
  setHalf() {
    if (!this.#position?.half) return;
    this.#halving.begin(this.#position);
    this.#setDensity(this.#position.half);
  }

  get #card() {
    return this.#page.board.card("curves");
  }

  get #slider() {
    return this.#position?.dial ? sliderOf(this.#position.dial) : null;
  }

  /** The figure that the switch has chosen. */
  get #figure() {
    const curves = this.#page.inbox.get("curves");
    return (this.#switch.chosen === "cosines" && curves?.cosines) || curves?.figure || null;
  }

  #draw() {
    const figure = this.#figure;
    this.#mark.toggleAttribute("hidden", !figure);
    if (!figure) return;
    void this.#page.board.draw("curves", figure);
    const own = ownCurves(figure);
    find(this.#card, ".ml-legend").replaceChildren(...own.map((trace) => this.#legendEntry(trace)));
    this.#dots.forEach((dot) => dot.remove());
    this.#mark.append(...own.map((trace) => {
      const dot = make("i");
      dot.style.setProperty("--colour", curveColour(trace));
      return dot;
    }));
    this.#move(this.#place);
  }

  get #dots() {
    return findAll(this.#mark, "i");
  }

  /** @param {CurveTrace} trace */
  #legendEntry(trace) {
    const entry = curveEntry(trace), lines = this.#page.inbox.get("curves")?.lines ?? [];
    const line = lines.find(({ key }) => key === trace.meta.key);
    entry.append(make("em", "–"));
    if (line) entry.title = line.help;
    return entry;
  }

  /** @param {number | null} place */
  #move(place) {
    this.#place = place;
    const figure = this.#figure, layout = this.#page.board.plot("curves")._fullLayout;
    this.#mark.hidden = place === null || !figure || !layout || !this.#page.board.hasRoom("curves");
    if (place === null || !figure || !layout || this.#mark.hidden) return;
    const { xaxis, yaxis } = layout, x = xaxis.l2p(place);
    this.#mark.style.transform = `translate(${xaxis._offset + x}px, ${yaxis._offset}px)`;
    this.#mark.style.height = `${yaxis._length}px`;
    this.#mark.style.visibility = x >= 0 && x <= xaxis._length ? "" : "hidden";
    this.#mark.classList.toggle("ml-now-left", x > xaxis._length * 0.75);
    find(this.#mark, ".ml-now-label").textContent = percent(place);
    const own = ownCurves(figure), entries = findAll(this.#card, ".ml-legend em");
    this.#dots.forEach((dot, row) => {
      const value = valueAt(own[row], place), y = value === null ? null : yaxis.l2p(value);
      dot.hidden = y === null || y < 0 || y > yaxis._length;
      dot.style.top = `${y}px`;
      if (entries[row]) entries[row].textContent = valueWords(own[row], value);
    });
  }

  /** @param {number} value */
  #setDensity(value) {
    const slider = this.#slider;
    if (slider) setField(slider, value);
  }

  #togglePin() {
    if (this.pinned) this.#page.requests.unpin(SLOT);
    else void this.#page.requests.pin(SLOT);
  }
}

/** @param {PinnedCurves} pinned */
function pinnedWords({ title, run, same }) {
  return `Reference: ${run ? `run ${run} · ` : ""}${title}${same ? ` (${SAME})` : ""}`;
}

/**
 * @param {CurveTrace} trace
 * @param {number | null} value
 */
function valueWords({ meta }, value) {
  if (value === null) return "–";
  return meta.key.startsWith("cosine") ? value.toFixed(3) : percent(value);
}
