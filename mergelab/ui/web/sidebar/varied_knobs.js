/** @import { KnobRange, LayerEntry, VariedValues } from "../messages.d.ts" */
/** @import { Inbox } from "../transport/inbox.js" */
/** @import { KnobChanges } from "../transport/knob_changes.js" */

import { make, makeButton } from "../dom/elements.js";
import { redraw } from "../dom/redraw.js";
import { sliderOf } from "../dom/slider.js";
import { curveOf, partsOf, tidy, withCurve, withoutPart } from "./curve_math.js";
import { CurveEditor } from "./curve_editor.js";
import { ExpertFields } from "./expert_fields.js";

const ENTRIES = "layer-entries", OWN = "own-knobs", DEPTH = "depth-scale", WEIGHT = "weight";
const LATER = 150; // milliseconds

/**
 * A knob that may differ between layers or experts: what stands below its slider.
 * @typedef {object} Varying
 * @property {string} id the elem_id of its widget
 * @property {string} widget its name among the entries
 * @property {string | null} model the expert that it belongs to
 * @property {KnobRange} range
 * @property {HTMLElement} row with the buttons
 * @property {HTMLButtonElement} layers
 * @property {HTMLButtonElement} each
 * @property {CurveEditor} curve
 * @property {ExpertFields} fields
 * @property {HTMLSelectElement} whose the expert that the curve is for
 * @property {HTMLUListElement} parts
 */

/**
 * The buttons “per layer” and “per expert” below the sliders, and what they open. No widget holds these values: they are
 * kept here as Python said them last, and reported like turned knobs.
 */
export class VariedKnobs {
  #inbox;
  #knobs;
  /** @type {LayerEntry[]} */
  #entries = [];
  /** @type {Record<string, Record<string, number>>} */
  #own = {};
  /** @type {number[]} */
  #depth = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;
  /** @type {Map<string, Varying>} by elem_id */
  #varying = new Map();

  /**
   * @param {Inbox} inbox
   * @param {KnobChanges} knobs
   */
  constructor(inbox, knobs) {
    this.#inbox = inbox;
    this.#knobs = knobs;
    inbox.on("varied", () => this.#receive());
    inbox.on("charts", () => this.render()); // they say how many layers there are
    inbox.on("link", () => this.render());
    document.addEventListener("input", () => this.#renderSoon());
    document.addEventListener("click", () => this.#renderSoon());
    this.#receive();
    this.#renderSoon();
  }

  /** What the recipe says about parts of the model, as it is reported. */
  get entries() {
    return this.#entries;
  }

  #renderSoon() {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.render(), LATER / 3); // a folded part may open
  }

  /** Takes up what Python knows, unless it has not heard of the last change yet. */
  #receive() {
    const said = this.#inbox.get("varied");
    if (!said) return;
    if (this.#knobs.busy || [...this.#varying.values()].some(({ curve }) => curve.dragging)) {
      setTimeout(() => this.#receive(), LATER);
      return;
    }
    this.#entries = said.entries;
    this.#own = said.own;
    this.#depth = said.depth_scale;
    this.render();
  }

  render() {
    for (const [id, range, widget, model] of this.#places()) {
      const block = document.getElementById(id);
      if (block) this.#renderKnob(block, id, range, widget, model);
    }
  }

  /** @returns {[id: string, range: KnobRange, widget: string, model: string | null][]} */
  #places() {
    const ranges = Object.entries(this.#inbox.get("ranges") ?? {}).filter(([, { layered, each }]) => layered || each);
    const experts = this.#inbox.get("varied")?.experts ?? [];
    return [
      ...ranges.map(([id, range]) => /** @type {const} */ ([id, endingLike(range, id), id, null])),
      ...experts.map(({ weight, title, model }) => /** @type {const} */ ([weight, weightRange(weight, title), WEIGHT, model])),
    ].map((place) => [...place]);
  }

  /**
   * @param {HTMLElement} block
   * @param {string} id
   * @param {KnobRange} range
   * @param {string} widget
   * @param {string | null} model
   */
  #renderKnob(block, id, range, widget, model) {
    let varying = this.#varying.get(id);
    if (!varying || varying.model !== model || !sameEnds(varying.range, range)) {
      varying?.row.remove();
      varying = this.#make(id, range, widget, model);
      this.#varying.set(id, varying);
    }
    if (varying.row.parentElement !== block) block.append(varying.row); // Gradio may have made the block anew
    this.#listExperts(varying);
    const curve = this.#curveOf(varying), flat = id === DEPTH ? 1 : Number(sliderOf(id)?.value ?? numberIn(block));
    const own = Object.entries(this.#own).flatMap(([expert, knobs]) => (widget in knobs ? [[expert, knobs[widget]]] : []));
    const parts = id === DEPTH ? [] : partsOf(this.#entries, widget, ownerOf(varying));
    const experts = this.#inbox.get("varied")?.experts ?? [], allOwn = own.length > 0 && own.length >= experts.length;
    block.toggleAttribute("data-layered", curve !== null || allOwn); // the slider's value then counts for nothing
    label(varying.layers, curve ? `per layer: ${spanOf(curve)}` : parts.length ? "per layer: some" : "per layer", varying.range);
    label(varying.each, own.length ? `per expert: ${own.length} own` : "per expert", varying.range);
    if (!varying.curve.dragging && varying.layers.ariaExpanded === "true") varying.curve.show(curve, flat, this.#layers());
    if (varying.each.ariaExpanded === "true") {
      const covered = curveOf(this.#entries, widget, null) !== null;
      varying.fields.show(experts, Object.fromEntries(own), flat, covered);
    }
    this.#renderParts(varying, parts);
  }

  /**
   * @param {string} id
   * @param {KnobRange} range
   * @param {string} widget
   * @param {string | null} model
   * @returns {Varying}
   */
  #make(id, range, widget, model) {
    const row = make("div", null, "ml-vary"), layers = makeButton("per layer"), each = makeButton("per expert");
    /** @type {Varying} */
    const made = {
      ...{ id, widget, model, range, row, layers, each, parts: make("ul"), whose: make("select") },
      curve: new CurveEditor(range, (curve) => this.#setCurve(made, curve)),
      fields: new ExpertFields(range, (expert, value) => this.#setOwn(made, expert, value)),
    };
    const opens = /** @type {const} */ ([[layers, made.curve.element, range.layered], [each, made.fields.element, range.each]]);
    for (const [button, part, offered] of opens) {
      button.hidden = !offered;
      button.ariaExpanded = "false";
      label(button, button.textContent ?? "", range);
      part.hidden = true;
      button.addEventListener("click", () => {
        button.ariaExpanded = String(part.hidden);
        part.hidden = !part.hidden;
        this.render();
      });
    }
    made.whose.setAttribute("aria-label", `${range.title}: the expert that the curve is for`);
    made.whose.addEventListener("change", () => this.render());
    if (range.each) made.curve.element.prepend(made.whose);
    row.append(layers, each, made.curve.element, made.fields.element, made.parts);
    return made;
  }

  /**
   * @param {Varying} varying
   * @param {LayerEntry[]} parts
   */
  #renderParts({ layers, parts: list, widget, range }, parts) {
    list.hidden = layers.ariaExpanded !== "true" || !parts.length;
    if (list.hidden) return;
    redraw(list, parts.map((entry) => {
      const item = make("li", sentenceOf(entry, widget)), remove = makeButton("×");
      remove.setAttribute("aria-label", `Remove this value of ${range.title}`);
      remove.addEventListener("click", () => this.#report(ENTRIES, (this.#entries = withoutPart(this.#entries, entry, widget))));
      item.append(remove);
      return item;
    }));
  }

  /**
   * Offers the curve for all experts, and one for each.
   * @param {Varying} varying
   */
  #listExperts({ range, whose }) {
    const experts = this.#inbox.get("varied")?.experts ?? [], models = ["", ...experts.map(({ model }) => model)];
    if (!range.each || String(models) === String([...whose.options].map(({ value }) => value))) return;
    const before = whose.value;
    whose.replaceChildren(new Option("All experts", ""), ...experts.map(({ model, title }) => new Option(title, model)));
    whose.value = models.includes(before) ? before : "";
  }

  /** @param {Varying} varying */
  #curveOf(varying) {
    if (varying.id !== DEPTH) return curveOf(this.#entries, varying.widget, ownerOf(varying));
    return this.#depth.length ? this.#depth : null;
  }

  /**
   * @param {Varying} varying
   * @param {number[] | null} curve
   */
  #setCurve(varying, curve) {
    if (varying.id === DEPTH) this.#report(DEPTH, (this.#depth = curve ?? []));
    else this.#report(ENTRIES, (this.#entries = withCurve(this.#entries, varying.widget, ownerOf(varying), curve)));
  }

  /**
   * @param {Varying} varying
   * @param {string} expert
   * @param {number | null} value
   */
  #setOwn({ widget }, expert, value) {
    const others = Object.fromEntries(Object.entries(this.#own[expert] ?? {}).filter(([name]) => name !== widget));
    this.#own = { ...this.#own, [expert]: value === null ? others : { ...others, [widget]: value } };
    this.#report(OWN, this.#own);
  }

  /**
   * @param {string} name
   * @param {VariedValues[keyof VariedValues]} values
   */
  #report(name, values) {
    this.#knobs.onKnobChange(name, JSON.stringify(values));
    this.render();
  }

  /** How many layers the models on screen have; 0 before the first charts. */
  #layers() {
    const numbers = (this.#inbox.get("charts")?.cells ?? []).map(({ layer }) => Number(layer));
    return Math.max(-1, ...numbers.filter(Number.isInteger)) + 1;
  }
}

/**
 * @param {KnobRange} one
 * @param {KnobRange} other
 */
function sameEnds(one, other) {
  return one.low === other.low && one.high === other.high;
}

/**
 * A knob that counts experts ends where its slider does, at the number of the chosen ones.
 * @param {KnobRange} range
 * @param {string} id
 * @returns {KnobRange}
 */
function endingLike(range, id) {
  const most = Number(sliderOf(id)?.max ?? range.high);
  return most < range.high ? { ...range, high: most, most } : range;
}

/**
 * What a weight may be: its slider says so, because methods differ in it.
 * @param {string} id
 * @param {string} title
 * @returns {KnobRange}
 */
function weightRange(id, title) {
  const slider = sliderOf(id), [low, high, step] = [slider?.min, slider?.max, slider?.step].map(Number);
  const ends = { low: low || 0, high: high || 1, step: step || 0.05 };
  return { title: `Weight of ${title}`, ...ends, least: -100, most: 100, layered: true, each: false };
}

/**
 * The expert that a knob's curve is for; null for all.
 * @param {Varying} varying
 * @returns {string | null}
 */
function ownerOf({ model, whose }) {
  return model ?? (whose.value || null);
}

/** @param {HTMLElement} block */
function numberIn(block) {
  /** @type {HTMLInputElement | null} */
  const box = block.querySelector("input[type=number]");
  return box?.value ?? "";
}

/** @param {number[]} curve */
function spanOf(curve) {
  return `${tidy(curve[0])} → ${tidy(curve[curve.length - 1])}`;
}

/**
 * @param {LayerEntry} entry
 * @param {string} widget
 */
function sentenceOf({ match, layers, model, values }, widget) {
  const where = [match && `names with “${match}”`, layers && `layers ${layers[0]}–${layers[1] - 1}`].filter(Boolean).join(", ");
  const who = model ? ` for ${model}` : "";
  return `${where || "all tensors"}${who}: ${[values[widget]].flat().join(" → ")}`;
}

/**
 * Writes what a button says, and to whom it cannot be seen beside its slider, the slider's title too.
 * @param {HTMLElement} button
 * @param {string} text
 * @param {KnobRange} range
 */
function label(button, text, range) {
  button.textContent = text;
  button.setAttribute("aria-label", `${range.title} ${text}`);
}
