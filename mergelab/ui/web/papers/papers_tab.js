/** @import { Page } from "../page.d.ts" */
/** @import { ClaimOnSuite, PaperClaim, PaperFigure, PaperOutcome } from "../messages.d.ts" */
/** @import { Tabs } from "../frame/tabs.js" */
/** @import { OpenDialog } from "../open/open_dialog.js" */

import { closest, fillSlots, find, make, makeButton } from "../dom/elements.js";
import { redraw } from "../dom/redraw.js";
import { makeRow, makeTable } from "../dom/table.js";
import { claimWords, tallyWords, unmeasurableWords, verdictWords } from "./verdict_words.js";

const TAB = "papers", ARXIV = "https://arxiv.org/abs/";
const FIGURES = ["Figure", "Value", "95 % interval", "n", "Seeds", "Expected", ""];

/** The Papers tab: what papers claim, what each suite said, and the chosen claim on the chosen suite. */
export class PapersTab {
  #page;
  #tabs;
  #open;
  #tab;
  #name = "";
  #suite = "";

  /**
   * @param {Page} page
   * @param {Tabs} tabs
   * @param {OpenDialog} open
   */
  constructor(page, tabs, open) {
    this.#page = page;
    this.#tabs = tabs;
    this.#open = open;
    this.#tab = find(page.element, `[data-tab="${TAB}"]`);
    this.#tab.addEventListener("click", (event) => this.#click(event));
    tabs.onOpen(TAB, () => page.requests.send("papers", {}));
    page.inbox.on("papers", () => this.render());
  }

  render() {
    const found = this.#page.inbox.get("papers");
    if (!found) return;
    fillSlots(this.#tab, "papers-about", tallyWords(found));
    this.#name ||= found.claims[0]?.name ?? "";
    this.#suite ||= found.claims[0]?.suites[0]?.suite ?? "";
    this.#renderClaims(found.claims);
    this.#renderClaim(found.measuring);
  }

  /** The claim that is shown. */
  get #claim() {
    return this.#page.inbox.get("papers")?.claims.find(({ name }) => name === this.#name);
  }

  /** The suite of it that is shown. */
  get #place() {
    return this.#claim?.suites.find(({ suite }) => suite === this.#suite);
  }

  /** @param {Event} event */
  #click(event) {
    const { claim, suite, papers: action } = closest(event, "button")?.dataset ?? {};
    if (claim) this.#name = claim;
    if (suite) this.#suite = suite;
    if (claim || suite) this.render();
    if (action === "open") this.#openRecipe();
    if (action === "measure") this.#page.requests.send("measure_claim", { name: this.#name, suite: this.#suite });
  }

  #openRecipe() {
    const recipe = recipeOf(this.#place);
    if (!recipe) return;
    this.#open.take(recipe);
    this.#tabs.show("lab");
  }

  /** @param {PaperClaim[]} claims */
  #renderClaims(claims) {
    const titles = ["Claim", ...(claims[0]?.suites ?? []).map(({ suite }) => suite)];
    redraw(find(this.#tab, ".ml-claims"), [makeTable(titles, claims.map((claim) => this.#row(claim)))]);
  }

  /** @param {PaperClaim} claim */
  #row({ number, name, title, suites }) {
    const row = makeRow([`${number}. ${title}`], []);
    for (const { suite, published } of suites) {
      const button = makeButton(verdictWords(published?.verdict ?? "")), cell = make("td");
      button.dataset.claim = name;
      button.dataset.suite = suite;
      button.dataset.verdict = published?.verdict ?? "";
      button.setAttribute("aria-pressed", String(name === this.#name && suite === this.#suite));
      button.setAttribute("aria-label", `${title}, on ${suite}: ${verdictWords(published?.verdict ?? "")}`);
      cell.append(button);
      row.append(cell);
    }
    return row;
  }

  /** @param {string} measuring */
  #renderClaim(measuring) {
    const claim = this.#claim, place = this.#place;
    find(this.#tab, ".ml-claim").hidden = !claim || !place;
    if (!claim || !place) return;
    fillSlots(this.#tab, "claim-title", `${claim.number}. ${claim.title}`);
    fillSlots(this.#tab, "claim-text", claimWords(claim.claim));
    fillSlots(this.#tab, "claim-command", place.command);
    fillSlots(this.#tab, "claim-why", unmeasurableWords(place, measuring));
    redraw(find(this.#tab, ".ml-claim-papers"), claim.papers.flatMap((paper) => [paperLink(paper), new Text(" ")]));
    redraw(find(this.#tab, ".ml-switch"), claim.suites.map(({ suite }) => this.#suiteButton(suite)));
    find(this.#tab, ".ml-outcomes").replaceChildren(...outcomeSections(place));
    this.#button("open").disabled = !recipeOf(place);
    this.#button("measure").disabled = !place.is_installed || Boolean(measuring);
    this.#button("stop").hidden = !measuring;
  }

  /** @param {string} suite */
  #suiteButton(suite) {
    const button = makeButton(suite);
    button.dataset.suite = suite;
    button.setAttribute("aria-pressed", String(suite === this.#suite));
    return button;
  }

  /** @param {string} name */
  #button(name) {
    return find(this.#tab, `[data-papers="${name}"]`, HTMLButtonElement);
  }
}

/**
 * The recipe of a claim on a suite; empty text if there is none, or if the suite is not here.
 * @param {ClaimOnSuite | undefined} place
 */
function recipeOf(place) {
  return (place?.is_installed && (place.published?.recipe || place.here?.recipe)) || "";
}

/** @param {string} paper its arXiv id */
function paperLink(paper) {
  const link = make("a", `arXiv:${paper}`);
  link.href = ARXIV + paper;
  link.target = "_blank";
  link.rel = "noreferrer";
  return link;
}

/**
 * What the project measured and released as its record, and below it what was measured on this machine.
 * @param {ClaimOnSuite} place
 */
function outcomeSections({ published, here }) {
  const none = make("p", "This was not measured before this version of MergeLab came out.");
  return [published ? outcomeSection("Our measurement", published) : none, ...(here ? [outcomeSection("Measured on this machine", here)] : [])];
}

/**
 * @param {string} title
 * @param {PaperOutcome} outcome
 */
function outcomeSection(title, { verdict, sentence, figures, notes, measured }) {
  const section = make("section"), head = make("h3", `${title}: `), word = make("span", verdictWords(verdict)), list = make("ul");
  word.dataset.verdict = verdict;
  head.append(word);
  list.append(...[...notes, measured].map((note) => make("li", note)));
  section.append(head, make("p", sentence), ...(figures.length ? [figureTable(figures)] : []), list);
  return section;
}

/** @param {PaperFigure[]} figures */
function figureTable(figures) {
  const box = make("div", null, "ml-table");
  box.tabIndex = 0; // it scrolls on a narrow page
  box.role = "region";
  box.ariaLabel = "Figures";
  box.append(makeTable(FIGURES, figures.map(figureRow)));
  return box;
}

/** @param {PaperFigure} figure */
function figureRow({ label, value, interval, n, seeds, expected, verdict }) {
  const row = makeRow([label], [value, interval, n, seeds, expected]), last = make("td", verdict ? verdictWords(verdict) : "");
  if (verdict) last.dataset.verdict = verdict;
  row.classList.toggle("ml-expected", Boolean(expected));
  row.append(last);
  return row;
}
