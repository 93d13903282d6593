/** @import { Page } from "../page.d.ts" */
/** @import { Scores } from "../messages.d.ts" */

import { fillSlots, find } from "../dom/elements.js";
import { toneOf } from "./score_table.js";

/** The scores in one figure beside the key numbers, so that a turned knob and its effect are in one view. */
export class ScoreTile {
  #page;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    page.inbox.on("scores", () => this.render());
  }

  render() {
    const scores = this.#page.inbox.get("scores");
    if (!scores) return;
    const { element } = this.#page, tile = find(element, ".ml-score"), words = tileWords(scores);
    for (const [slot, text] of Object.entries(words)) fillSlots(element, slot, text);
    find(tile, '[data-slot="score-gap"]').dataset.sign = gapTone(scores.headline);
    find(tile, '[data-slot="score-state"]').dataset.kind = scores.chip_state ?? "";
    tile.classList.toggle("ml-stale", scores.state === "outdated");
    tile.classList.toggle("ml-updating", scores.state === "updating");
    tile.title = scores.about;
  }
}

/**
 * The texts of the tile, by the name of its slots.
 * @param {Pick<Scores, "headline" | "chip" | "empty" | "rows">} scores
 * @returns {Record<string, string>}
 */
export function tileWords({ headline, chip, empty, rows }) {
  const none = { score: "–", "score-state": chip, "score-gap": "" };
  if (!headline) return { ...none, "score-detail": rows.length ? countOf(rows) : empty };
  const { mean, scale, to_experts_text: gap, pinned, tasks, n, asked } = headline;
  const beside = pinned ? `${pinned.text} vs ${pinned.slot.toUpperCase()}` : "";
  const what = tasks > 1 ? `${tasks} tasks, ` : "";
  const count = `${n.toLocaleString("en")}${n < asked ? ` of ${asked.toLocaleString("en")}` : ""}`;
  return {
    score: mean.text,
    "score-state": chip,
    "score-gap": [gap ? `${gap} vs experts` : "", beside].filter(Boolean).join(", "),
    "score-detail": `${mean.ends} ${scale} (95 %), ${what}n ${count}`,
  };
}

/**
 * Whether the first difference of the tile is for the better or the worse, as far as the examples tell.
 * @param {Scores["headline"]} headline
 * @returns {string}
 */
export function gapTone(headline) {
  const verdict = headline?.to_experts_text ? headline.verdict : headline?.pinned?.verdict;
  return verdict ? toneOf({ verdict }) : "";
}

/** @param {Scores["rows"]} rows */
function countOf(rows) {
  const tasks = rows.filter(({ is_mean: isMean }) => !isMean), done = tasks.filter(({ merged }) => merged);
  return `${done.length} of ${tasks.length} tasks`;
}
