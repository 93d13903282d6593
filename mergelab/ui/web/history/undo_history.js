/** @import { Pins } from "../messages.d.ts" */

/**
 * What is open and pinned beside a recipe.
 * @typedef {{ tab: string, at: string | null, pins: Pins }} Scene
 */
/**
 * The scenes before and after a story's step. `turn` tells one choice of the story from the next.
 * @typedef {{ turn: number, before: Scene, after: Scene }} Scenes
 */
/**
 * A state of the recipe, known by the key that Python sends with every preview.
 * @typedef {{ key: string, scenes: Scenes | null }} Step
 */

const MOST_STEPS = 200;

/** The states of the recipe that undo and redo lead through. What one gesture does is one step. */
export class UndoHistory {
  /** @type {Step[]} */
  steps = [];
  /** The place of the current step. */
  at = -1;
  /** @type {number | null} the gesture that made the current step */
  #gesture = null;

  /** @returns {Step | undefined} */
  get current() {
    return this.steps[this.at];
  }

  get keys() {
    return this.steps.map(({ key }) => key);
  }

  /**
   * Adds a state, or replaces the current one where the same gesture goes on.
   * @param {string} key
   * @param {number} gesture its number
   */
  push(key, gesture) {
    if (key === this.current?.key) return;
    const goesOn = gesture === this.#gesture && this.at === this.steps.length - 1 && this.#changesTheSame(key);
    this.steps.length = goesOn ? this.at : this.at + 1;
    if (this.steps.at(-1)?.key !== key) this.steps.push({ key, scenes: null }); // a drag back to its start is no step
    if (this.steps.length > MOST_STEPS) this.steps.shift();
    if (this.at >= 0) this.#gesture = gesture; // the opening state is nobody's gesture
    this.at = this.steps.length - 1;
  }

  /**
   * Gives the current step the scenes of a story. Of a story told twice in a row the first scene before it stays.
   * @param {Scenes} scenes
   */
  attach(scenes) {
    if (this.current) this.current.scenes = { ...scenes, before: this.current.scenes?.before || scenes.before };
  }

  /**
   * Whether there is a step to go to.
   * @param {number} way -1 for undo, 1 for redo
   * @param {boolean} refused whether the sidebar holds a recipe that cannot be shown: it is no step, but can be left
   * @returns {boolean}
   */
  canGo(way, refused) {
    return way < 0 && refused ? this.at >= 0 : this.at + way in this.steps;
  }

  /**
   * Goes one step back or forth.
   * @param {number} way
   * @returns {Scene | null} the scene to set with it
   */
  cross(way) {
    const left = this.steps[this.at], entered = this.steps[(this.at += way)];
    return (way < 0 ? left.scenes?.before : entered.scenes?.after) ?? null;
  }

  /** Whatever comes next begins another gesture. */
  endGesture() {
    this.#gesture = null;
  }

  /**
   * Whether a key differs from the current one in what the current step changed. Answers may come late: another knob is
   * another step, whatever the hand does by now.
   * @param {string} key
   */
  #changesTheSame(key) {
    const before = this.steps[this.at - 1]?.key, here = this.steps[this.at].key;
    return differing(here, key) === differing(before, here);
  }
}

/**
 * The names of the parameters in which two keys differ.
 * @param {string | undefined} one
 * @param {string} other
 * @returns {string}
 */
function differing(one, other) {
  const [a, b] = [one, other].map((key) => new Map(new URLSearchParams(key)));
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name)).join();
}
