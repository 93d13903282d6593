/** @import { ClaimOnSuite, PaperClaims } from "../messages.d.ts" */

/** @type {Record<string, string>} the sign in front of a verdict, so that colour is not the only difference */
const SIGNS = { holds: "✓", "does not hold here": "✗", "not separable": "≈", "cannot be asked": "–" };
const UNMEASURED = "not measured";

/**
 * A verdict with its sign.
 * @param {string} verdict empty text if there is none
 * @returns {string}
 */
export function verdictWords(verdict) {
  return verdict ? `${SIGNS[verdict] ?? ""} ${verdict}`.trim() : UNMEASURED;
}

/**
 * A paper's claim as the paper's: verdicts are the lab's own.
 * @param {string} claim
 * @returns {string}
 */
export function claimWords(claim) {
  return `The paper’s claim: ${claim}`;
}

/**
 * What the chip beside the title says: how often claims held and failed, in that order.
 * @param {PaperClaims} message
 * @returns {string}
 */
export function tallyWords({ claims }) {
  const verdicts = claims.flatMap(({ suites }) => suites.flatMap(({ published }) => published?.verdict ?? []));
  return Object.keys(SIGNS).map((verdict) => `${verdict}: ${verdicts.filter((each) => each === verdict).length}`).join(" · ");
}

/**
 * Why a claim cannot be measured by a click; empty text if it can.
 * @param {ClaimOnSuite} place
 * @param {string} measuring what is being measured
 * @returns {string}
 */
export function unmeasurableWords({ suite, is_installed: isInstalled }, measuring) {
  if (!isInstalled) return `The suite ${suite} is not here: mergelab suite build ${suite} builds it.`;
  return measuring ? `Measuring ${measuring}.` : "";
}
