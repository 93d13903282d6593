/** @type {Record<string, string>} */
const SAMPLERS = {
  "": "every combination of the values if no more recipes than are tried, else TPE",
  grid: "every combination of the values",
  random: "values drawn by chance",
  tpe: "TPE looks where the good recipes so far lie closer together than the bad ones; the usual choice",
  gp: "a Gaussian process draws a smooth surface through the scores so far and looks where it may be highest; for few, slow recipes",
  "cma-es": "CMA-ES moves a cloud of recipes step by step towards the better ones; for many numbers, not for names",
  "nsga-ii": "NSGA-II crosses the best recipes so far and changes them a little, as in evolution; made for two goals",
};
/** @type {Record<string, string>} */
const RACES = {
  halving: "all answer the same growing blocks of examples, and after each the worse half leaves; fast, but a good recipe may leave early",
  safe: "all answer the same growing blocks of examples, and only recipes that are clearly worse than the best leave",
  none: "every recipe answers every example; slowest",
};

/**
 * What a choice of the form means, in plain words.
 * @param {string} name of the list
 * @param {string} value
 */
export function meaningOf(name, value) {
  return { sampler: SAMPLERS, race: RACES }[name]?.[value] ?? "";
}

/**
 * What the chosen sampler and race mean.
 * @param {string} sampler
 * @param {string} race
 * @param {boolean} isFront whether there are two goals, for which no recipes race
 */
export function helpWords(sampler, race, isFront) {
  const raced = isFront ? "none with two goals: every recipe answers every example" : meaningOf("race", race);
  return `Recipes: ${meaningOf("sampler", sampler)}. Race: ${raced}.`;
}
