/** @import { Inbox } from "../transport/inbox.js" */
/** @import { Charts, LinkMessage, Status, StatusKind } from "../messages.d.ts" */

import { fillSlots, find, make, write } from "../dom/elements.js";
import { Announcer } from "./announcer.js";

const BUSY = ["loading", "running", "queued"], GIVEN_UP = ["stopped", "error"];

/** The strip that says what the page is doing, and the problems that keep it from doing it. */
export class StatusStrip {
  /** @type {StatusKind} */
  kind = "loading";
  /** Whether the recipe on the sidebar has no charts, so that those on screen are of an earlier one. */
  refused = false;
  /** @type {(() => void)[]} */
  #listeners = [];
  #element;
  #inbox;
  #announcer;

  /**
   * @param {HTMLElement} element the panel
   * @param {Inbox} inbox
   */
  constructor(element, inbox) {
    this.#element = element;
    this.#inbox = inbox;
    this.#announcer = new Announcer((text) => fillSlots(element, "announced", text));
    inbox.on("charts", () => {
      this.#refuse(false);
      this.render(); // work may have ended before they came
    });
    inbox.on("status", () => this.render());
  }

  /**
   * Calls `callback` whenever a recipe is refused, or shown again.
   * @param {() => void} callback
   */
  onRefused(callback) {
    this.#listeners.push(callback);
  }

  /** Whether work is under way. */
  get isBusy() {
    return BUSY.includes(this.kind);
  }

  render() {
    const status = this.#inbox.get("status");
    if (!status) return;
    const element = this.#element, strip = find(element, ".ml-strip"), frame = find(element, ".ml");
    const busy = BUSY.includes(status.kind), fraction = status.fraction ?? null;
    this.kind = status.kind;
    strip.dataset.kind = status.kind;
    strip.classList.toggle("ml-still", fraction === null);
    write(find(element, ".ml-strip-text"), status.text);
    const [charts, link, stack] = [this.#inbox.get("charts"), this.#inbox.get("link"), this.#inbox.get("stack")];
    const left = figuresLeft(status.kind, charts, stack ? null : link);
    write(find(element, ".ml-strip-detail"), [status.detail, left].filter(Boolean).join(" "));
    this.#announcer.say(status.text);
    find(element, ".ml-bar i").style.scale = `${fraction ?? 0} 1`;
    find(element, '[data-act="stop"]').hidden = !busy;
    frame.classList.toggle("ml-loading", status.kind === "loading");
    frame.classList.toggle("ml-behind", left !== "");
    if (status.kind === "refused") this.#refuse(true);
    document.body.classList.toggle("ml-busy", busy);
    this.#renderProblems(status);
  }

  /** @param {boolean} refused */
  #refuse(refused) {
    const charts = this.#inbox.get("charts");
    this.refused = refused;
    find(this.#element, ".ml").classList.toggle("ml-refused", refused);
    fillSlots(this.#element, "belongs", refused ? belonging(charts) : "");
    for (const callback of this.#listeners) callback();
  }

  /** @param {Status} status */
  #renderProblems({ problems, trace }) {
    const box = find(this.#element, ".ml-problems");
    box.hidden = !problems.length;
    if (!problems.length) return;
    find(box, "ul").replaceChildren(...problems.map((problem) => make("li", problem)));
    find(box, "details").hidden = !trace;
    find(box, "pre").textContent = trace;
  }
}

/**
 * Whose the figures on screen are where work was given up before those of the sidebar's recipe came; else an empty text.
 * @param {StatusKind} kind
 * @param {Charts | null} charts those on screen
 * @param {LinkMessage | null} link the recipe on the sidebar; null for a stack, which has a diagram in their place
 */
export function figuresLeft(kind, charts, link) {
  return GIVEN_UP.includes(kind) && charts && link && charts.digest !== link.digest ? belonging(charts) : "";
}

/** @param {Charts | null} charts */
function belonging(charts) {
  return charts ? `The figures below belong to ${charts.recipe} (${charts.models}).` : "";
}
