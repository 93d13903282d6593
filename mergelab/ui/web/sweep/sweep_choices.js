/** @import { SweepSetting } from "../messages.d.ts" */

import { countOf } from "./sweep_points.js";

const STAGES = ["method", "sparsify"];
/** @typedef {{ path: string, stage: string, owners: string[], text: string }} Varied a setting that varies, and its values */

/** What is ticked and typed in the form of a sweep. It stays while the recipe on the sidebar changes. */
export class SweepChoices {
  /** @type {Map<string, string>} what is typed for a setting, by its path; that of a ramp's last layer by `PATH last` */
  #typed = new Map();
  /** @type {Set<string>} the paths of the ticked settings */
  #ticked = new Set();
  /** @type {Set<string>} the paths of those that go from the first to the last layer */
  #ramps = new Set();

  /** @param {string} path */
  isTicked(path) {
    return this.#ticked.has(path);
  }

  /** @param {string} path */
  isRamp(path) {
    return this.#ramps.has(path);
  }

  /**
   * @param {string} path
   * @param {boolean} on
   */
  tick(path, on) {
    toggle(this.#ticked, path, on);
  }

  /**
   * @param {string} path
   * @param {boolean} on
   */
  ramp(path, on) {
    toggle(this.#ramps, path, on);
  }

  /**
   * @param {string} path
   * @param {string} text
   */
  type(path, text) {
    this.#typed.set(path, text);
  }

  /**
   * Ticks exactly the settings that a sweep varied.
   * @param {Record<string, string>} over its values by path; a ramp is two paths
   */
  restore(over) {
    this.#ticked.clear();
    this.#ramps.clear();
    for (const [path, text] of Object.entries(over)) {
      const [, ramp, end] = /^(.+) (first|last)$/.exec(path) ?? [];
      this.#ticked.add(ramp ?? path);
      if (ramp) this.#ramps.add(ramp);
      this.#typed.set(end === "last" ? path : ramp ?? path, text);
    }
  }

  /**
   * The values of a setting, as they are typed or suggested.
   * @param {SweepSetting} setting
   * @param {boolean} [last] those of the last layer
   */
  text({ path, suggested }, last = false) {
    return this.#typed.get(last ? `${path} last` : path) ?? suggested;
  }

  /**
   * The words that are chosen for a setting.
   * @param {SweepSetting} setting
   */
  words(setting) {
    return listed(this.text(setting)).filter((word) => word in setting.options);
  }

  /**
   * The settings that count for one of the chosen methods and sparsifiers.
   * @param {SweepSetting[]} settings
   */
  offered(settings) {
    const chosen = Object.fromEntries(STAGES.map((stage) => [stage, this.names(settings, stage)]));
    return settings.filter(({ stage, owners }) => !stage || owners.some((owner) => chosen[stage].includes(owner)));
  }

  /**
   * The methods or sparsifiers that a sweep may choose: those that are ticked, or that of the recipe.
   * @param {SweepSetting[]} settings
   * @param {string} stage
   */
  names(settings, stage) {
    const setting = settings.find(({ path }) => path === stage);
    if (!setting) return [];
    if (this.#ticked.has(stage)) return this.words(setting);
    return Object.keys(setting.options).filter((name) => setting.options[name] === setting.value);
  }

  /**
   * The settings that vary, with their values; a ramp is two.
   * @param {SweepSetting[]} settings
   * @returns {Varied[]}
   */
  varied(settings) {
    return this.offered(settings).filter(({ path }) => this.#ticked.has(path)).flatMap((setting) => {
      const { path, stage, owners } = setting, words = Object.keys(setting.options).length > 0;
      const text = words ? `[${this.words(setting).join(", ")}]` : this.text(setting);
      if (!this.#ramps.has(path)) return [{ path, stage, owners, text }];
      return [{ path: `${path} first`, stage, owners, text }, { path: `${path} last`, stage, owners, text: this.text(setting, true) }];
    });
  }

  /**
   * How many recipes the grid has: knobs count for the methods that have them. NaN where values cannot be read, infinite with a range without steps.
   * @param {SweepSetting[]} settings
   */
  gridSize(settings) {
    const varied = this.varied(settings), methods = this.names(settings, "method"), sparsifiers = this.names(settings, "sparsify");
    const plain = varied.filter(({ path }) => !STAGES.includes(path));
    const sizes = methods.flatMap((method) => sparsifiers.map((sparsifier) => {
      const names = { method, sparsify: sparsifier };
      const counting = plain.filter(({ stage, owners }) => !stage || owners.includes(names[/** @type {"method" | "sparsify"} */ (stage)]));
      return counting.reduce((product, { text }) => product * countOf(text), 1);
    }));
    return sizes.reduce((sum, size) => sum + size, 0);
  }
}

/**
 * The names in a list with commas, with or without brackets.
 * @param {string} text
 */
export function listed(text) {
  return text.replace(/^\[|\]$/g, "").split(",").map((each) => each.trim()).filter(Boolean);
}

/**
 * @param {Set<string>} set
 * @param {string} each
 * @param {boolean} on
 */
function toggle(set, each, on) {
  if (on) set.add(each);
  else set.delete(each);
}
