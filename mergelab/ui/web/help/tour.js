/** @import { Tabs } from "../frame/tabs.js" */

import { actionOf, fillSlots, find } from "../dom/elements.js";
import { showDrawer } from "../sidebar/drawer.js";

/**
 * One step: what it is about, on which tab, and what it says. Without a tab, it is about the sidebar.
 * @typedef {{ target: string, tab: string | null, title: string, text: string }} Step
 */

/** @type {Step[]} */
export const STEPS = [
  {
    target: "#experts",
    tab: null,
    title: "Pick models",
    text: "A model suite has a base, experts that were fine-tuned from it, and labelled examples to score them on. To merge other models, open “Your own models”.",
  },
  {
    target: '[data-chart="heatmap"]',
    tab: "lab",
    title: "See where they disagree",
    text: "Each cell is one module of one layer. Darker: experts pull a larger share of its weights in opposite directions. Click a cell to focus the charts on it.",
  },
  {
    target: "#method",
    tab: null,
    title: "Turn a knob",
    text: "Choose a method and move its sliders. Every chart follows at once. The word beside its heading says whether it is estimated or measured.",
  },
  {
    target: "#actions",
    tab: null,
    title: "Merge",
    text: "Small models are merged after every change. For large ones press Merge; Stop ends it at any time.",
  },
  {
    target: '[data-chart="bars"]',
    tab: "lab",
    title: "Read the scores",
    text: "A good merge stays close to every task’s own expert. Tune on these validation examples, and score the test examples once, at the end.",
  },
  {
    target: '[data-tab="tensor"]',
    tab: "tensor",
    title: "Ask why",
    text: "Open a tensor, go to its largest clash, and read which expert won that weight and why. When you like a merge, build it under “Export” on the Lab tab.",
  },
];

/** A short walk through the page. It covers nothing that it talks about, and ends whenever the person likes. */
export class Tour {
  #element;
  #tabs;
  #box;
  #at = 0;

  /**
   * @param {HTMLElement} element the panel
   * @param {Tabs} tabs
   */
  constructor(element, tabs) {
    this.#element = element;
    this.#tabs = tabs;
    this.#box = find(element, ".ml-tour");
    this.#box.addEventListener("click", (event) => {
      const action = actionOf(event);
      if (action === "tour-next") this.#show(this.#at + 1);
      if (action === "tour-back") this.#show(this.#at - 1);
      if (action === "tour-end") this.end();
    });
    this.#box.addEventListener("keydown", ({ key }) => key === "Escape" && this.end());
  }

  /** Starts at the first step. */
  begin() {
    this.#box.hidden = false;
    this.#show(0);
    find(this.#box, '[data-act="tour-next"]').focus();
  }

  end() {
    this.#box.hidden = true;
    this.#mark(null);
    find(this.#element, '[data-act="welcome"]').focus({ preventScroll: true }); // where the tour can be had again
  }

  /** @param {number} place */
  #show(place) {
    if (!(place in STEPS)) return this.end();
    this.#at = place;
    const { target, tab, title, text } = STEPS[place], last = place === STEPS.length - 1;
    if (tab) this.#tabs.show(tab);
    showDrawer(!tab);
    this.#mark(document.querySelector(target));
    fillSlots(this.#element, "tour-place", `Step ${place + 1} of ${STEPS.length}`);
    fillSlots(this.#element, "tour-title", title);
    fillSlots(this.#element, "tour-text", text);
    find(this.#box, '[data-act="tour-back"]').hidden = place === 0;
    find(this.#box, '[data-act="tour-next"]').textContent = last ? "Done" : "Next";
    find(this.#box, '[data-act="tour-end"]').hidden = last;
  }

  /** @param {Element | null} target */
  #mark(target) {
    document.querySelector(".ml-toured")?.classList.remove("ml-toured");
    target?.classList.add("ml-toured");
    const tall = (target?.getBoundingClientRect().height ?? 0) > window.innerHeight / 2;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    target?.scrollIntoView({ block: tall ? "start" : "center", behavior: still ? "instant" : "smooth" });
  }
}
