/** @import { Inbox } from "../transport/inbox.js" */
/** @import { ListEntry } from "../messages.d.ts" */

import { closest, findAll, make } from "../dom/elements.js";

const NO_PRESET = "Custom recipe"; // what the list says of a recipe that cannot be read

/** Writes each choice's line and each family's heading into Gradio's lists, which hold titles alone. */
export class ChoiceLists {
  #inbox;
  #observer = new MutationObserver(() => this.render()); // Gradio makes a list anew whenever it opens

  /** @param {Inbox} inbox */
  constructor(inbox) {
    this.#inbox = inbox;
    inbox.on("link", () => this.#renderPreset());
    inbox.on("status", () => this.#renderRefused());
    document.addEventListener("focusin", (event) => {
      const list = closest(event, Object.keys(this.#lists).map((id) => `#${id}`).join() || ":not(*)");
      if (list) this.#observer.observe(list, { childList: true, subtree: true });
      this.render();
    });
  }

  render() {
    for (const [id, entries] of Object.entries(this.#lists)) {
      findAll(document, `#${id} label`).forEach((label, place) => (label.title = entries[place]?.line || ""));
      for (const item of findAll(document, `#${id} li[data-index]`)) describe(item, entries);
    }
  }

  /** Says beside which preset the recipe stands: Gradio's list does not hear of a turned knob. */
  #renderPreset(preset = this.#inbox.get("link")?.preset) {
    const box = document.querySelector("#preset input");
    if (box instanceof HTMLInputElement && preset && box !== document.activeElement) box.value = preset;
  }

  /** A recipe that cannot be read has no link, so the last one is still that of the charts. */
  #renderRefused() {
    const { digest } = this.#inbox.get("link") ?? {}, refused = this.#inbox.get("status")?.kind === "refused";
    if (refused && (!digest || digest === this.#inbox.get("charts")?.digest)) this.#renderPreset(NO_PRESET);
  }

  get #lists() {
    return this.#inbox.get("lists") ?? {};
  }
}

/**
 * @param {HTMLElement} item of an open list
 * @param {ListEntry[]} entries
 */
function describe(item, entries) {
  const place = Number(item.dataset.index), { family, line } = entries[place];
  item.dataset.line = line;
  item.setAttribute("aria-description", line);
  const opens = family && family !== entries[place - 1]?.family;
  if (!opens || item.previousElementSibling?.classList.contains("ml-family")) return;
  const heading = make("li", family, "ml-family");
  heading.setAttribute("role", "presentation");
  item.before(heading);
}
