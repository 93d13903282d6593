/** @import { Page } from "../page.d.ts" */
/** @import { TriedModel } from "../messages.d.ts" */

import { closest, colourDot, fillSlots, find, make } from "../dom/elements.js";
import { percent } from "../formatting/numbers.js";
import { Drawing } from "./drawing.js";

/** Asks all models a question: a text, or a drawn picture. */
export class TryIt {
  #page;
  #card;
  #drawing;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    this.#card = find(page.element, ".ml-try");
    this.#drawing = new Drawing(this.#card);
    this.#card.addEventListener("click", (event) => this.#click(closest(event, "button")?.dataset.try));
    this.#card.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement && target.files?.[0]) void this.#drawing.show(target.files[0]);
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      this.#ask();
    });
    page.inbox.on("tried", () => this.#renderTried());
    page.inbox.on("answers", () => this.#renderTask());
  }

  #renderTask() {
    const found = this.#page.inbox.get("answers");
    this.#card.hidden = !found?.task;
    if (!found) return;
    find(this.#card, "[data-try=text]").hidden = Boolean(found.picture);
    find(this.#card, ".ml-drawing").hidden = !found.picture;
    if (found.picture) this.#drawing.fit(found.picture);
    fillSlots(this.#card, "try-task", found.tasks[found.task] ?? "");
  }

  #renderTried() {
    const tried = this.#page.inbox.get("tried");
    if (!tried) return;
    fillSlots(this.#card, "try-about", tried.about);
    const list = find(this.#card, ".ml-tried");
    list.setAttribute("aria-busy", String(!tried.done)); // read aloud once, when all is said
    list.replaceChildren(...tried.models.map(tile));
  }

  /** @param {string | undefined} action */
  #click(action) {
    if (action === "ask") this.#ask();
    if (action === "clear") this.#drawing.clear();
  }

  #ask() {
    const found = this.#page.inbox.get("answers"), text = this.#text.value;
    if (!found?.task) return;
    const missing = found.picture ? this.#drawing.isEmpty && "Draw something first." : !text.trim() && "Type a text first.";
    fillSlots(this.#card, "try-missing", missing || "");
    if (missing) return;
    const picture = found.picture ? this.#drawing.pixels() : null;
    this.#page.requests.send("try_it", { task: found.task, text: picture ? "" : text, picture });
  }

  get #text() {
    return find(this.#card, "textarea", HTMLTextAreaElement);
  }
}

/** @param {TriedModel} model */
function tile({ title, role, colour, text, choices, complete }) {
  const made = make("li"), name = make("span", null, "ml-tried-name"), list = make("ol");
  made.dataset.role = role;
  if (colour) name.append(colourDot(colour));
  name.append(title);
  list.append(...choices.map(({ text: choice, probability }) => {
    const line = make("li"), bar = make("i");
    bar.style.setProperty("--share", String(probability));
    line.append(make("span", choice), bar, make("small", percent(probability)));
    return line;
  }));
  const said = make("p", text || (complete ? "(nothing)" : ""));
  said.classList.toggle("ml-growing", !complete);
  made.append(name, choices.length ? list : said);
  return made;
}
