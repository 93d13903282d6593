/** @import { Coordinates } from "./decoding.js" */

import { percent, plain, signed } from "../../formatting/numbers.js";
import { fromDensity } from "../density_level.js";

const NAMED = 5; // experts that a list names; the rest is counted
const MOST_DIGITS = 9;

/** @typedef {{ coords: Coordinates, at: number, names: string[] }} Weight one weight of a window; `names` of the experts */

/**
 * What became of an expert's change: empty where it takes part.
 * @param {Weight} weight
 * @param {number} expert
 * @returns {string}
 */
export function fateWord({ coords: { reasons, rows, columns }, at }, expert) {
  return reasons.words[reasons.fates[expert * rows * columns + at]] ?? "";
}

/**
 * Why a weight is what it is, in a sentence or two.
 * @param {Weight} weight
 * @returns {string}
 */
export function reasonWords(weight) {
  const { coords: { reasons }, at, names } = weight;
  const sentence = reasons.sentences[reasons.which[at]] ?? "", told = new Set();
  const figures = figureTexts(reasons.figures, at);
  /** @type {Record<string, () => string>} */
  const parts = {
    sign: () => signText(weight),
    who: () => listed(ofFate(weight, "")) || "the unchanged experts",
    terms: () => listed(ranked(weight, termOf).map(([expert, term]) => `${signed(term)} (${names[expert]})`), ", ") || "0",
    shares: () => listed(ranked(weight, coefficientOf).map(([expert, share]) => `${names[expert]} ${percent(share, 0)}`), ", "),
    coefficients: () => listed(ranked(weight, coefficientOf).map(([expert, by]) => `${plain(by)} × ${names[expert]}`), ", "),
  };
  const filled = sentence.replace(/\{(\w+)(?::([^}]+))?\}/g, (_, name, word) => {
    if (!word) return figures[name] ?? parts[name]?.() ?? "";
    told.add(word);
    return listed(ofFate(weight, word));
  });
  return [filled, lostWords(weight, told)].filter(Boolean).join(" ");
}

/**
 * Who takes no part, as far as the sentence has not said so.
 * @param {Weight} weight
 * @param {Set<string>} told fates that it has named
 */
function lostWords(weight, told) {
  const { reasons } = weight.coords;
  const clauses = reasons.words.slice(1).filter((word) => !told.has(word)).flatMap((word) => clausesOf(weight, word));
  return clauses.length ? `${clauses.join("; ")}.` : "";
}

/**
 * One clause for all experts that met a fate in the same way.
 * @param {Weight} weight
 * @param {string} word
 * @returns {string[]}
 */
function clausesOf(weight, word) {
  /** @type {Map<string, number[]>} */
  const alike = new Map();
  for (const expert of expertsOf(weight, word)) {
    const how = howText(weight, word, expert);
    alike.set(how, [...(alike.get(how) ?? []), expert]);
  }
  return [...alike].map(([how, experts]) => clauseOf(weight, `${word} ${how}`.trim(), experts));
}

/**
 * @param {Weight} weight
 * @param {string} fate
 * @param {number[]} experts
 */
function clauseOf(weight, fate, experts) {
  const { names } = weight, levels = experts.map((expert) => levelText(weight, fate, expert));
  if (experts.length === 1) return [`${names[experts[0]]} ${fate}`, levels[0]].filter(Boolean).join(", ");
  const items = experts.map((expert, place) => names[expert] + (levels[place] && ` (${levels[place]})`));
  return `${listed(items, levels.some(Boolean) ? ", " : " + ")} ${fate}`;
}

/**
 * How a change met its fate. The threshold that it lies below is not worth a word where the density that keeps it is known.
 * @param {Weight} weight
 * @param {string} word
 * @param {number} expert
 */
function howText(weight, word, expert) {
  const how = weight.coords.reasons.details[word]?.[expert] ?? "";
  return levelText(weight, how, expert) ? how.replace(/ \(below [^)]*\)$/, "") : how;
}

/**
 * From which density on a change is kept; empty where that is unknown, or where density did not decide.
 * @param {Weight} weight
 * @param {string} fate
 * @param {number} expert
 */
function levelText({ coords: { reasons, rows, columns }, at }, fate, expert) {
  const level = reasons.levels[expert * rows * columns + at];
  if (!(level > 0) || !/density|rate/.test(fate)) return "";
  return `kept ${fromDensity(level)}`;
}

/**
 * @param {Weight} weight
 * @param {string} word
 * @returns {number[]} the places of the experts with this fate
 */
function expertsOf(weight, word) {
  return weight.names.flatMap((_, expert) => (fateWord(weight, expert) === word ? [expert] : []));
}

/**
 * @param {Weight} weight
 * @param {string} word
 */
function ofFate(weight, word) {
  return expertsOf(weight, word).map((expert) => weight.names[expert]);
}

/**
 * A list that names the first few.
 * @param {string[]} items
 * @param {string} [between]
 */
function listed(items, between = " + ") {
  const rest = items.length - NAMED;
  return [...items.slice(0, NAMED), ...(rest > 0 ? [`${rest} more`] : [])].join(between);
}

/**
 * The experts with a number that is not 0, the largest first.
 * @param {Weight} weight
 * @param {(weight: Weight, expert: number) => number} valueOf
 * @returns {[expert: number, value: number][]}
 */
function ranked(weight, valueOf) {
  const all = weight.names.map((_, expert) => /** @type {[number, number]} */ ([expert, valueOf(weight, expert)]));
  return all.filter(([, value]) => value).sort(([, one], [, other]) => Math.abs(other) - Math.abs(one));
}

/**
 * By how much an expert's change counts.
 * @param {Weight} weight
 * @param {number} expert
 */
function coefficientOf({ coords: { reasons, rows, columns }, at }, expert) {
  return reasons.coefficients?.[expert * rows * columns + at] ?? 0;
}

/**
 * What an expert brings to the merged change: its coefficient times the change that the method saw.
 * @param {Weight} weight
 * @param {number} expert
 */
function termOf(weight, expert) {
  const { coords: { steps, rows, columns }, at } = weight;
  const seen = steps.filter(({ name }) => name !== "elect" && name !== "weigh").at(-1);
  return coefficientOf(weight, expert) * (seen?.values[expert * rows * columns + at] ?? 0);
}

/** @param {Weight} weight */
function signText({ coords: { steps }, at }) {
  const sign = steps.findLast(({ signs }) => signs)?.signs?.[at] ?? 0;
  return sign > 0 ? "+" : sign < 0 ? "−" : "no sign";
}

/**
 * The figures of a weight with as many digits as tell them apart.
 * @param {Record<string, Float32Array>} figures
 * @param {number} at
 * @returns {Record<string, string>}
 */
function figureTexts(figures, at) {
  const values = Object.entries(figures).map(([name, all]) => /** @type {const} */ ([name, all[at]]));
  const different = new Set(values.map(([, value]) => value)).size;
  let digits = 3;
  const texts = () => values.map(([name, value]) => /** @type {const} */ ([name, plain(value, digits)]));
  while (digits < MOST_DIGITS && new Set(texts().map(([, text]) => text)).size < different) digits++;
  return Object.fromEntries(texts());
}
