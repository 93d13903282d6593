/** @import { RecipeExports as Exports } from "../messages.d.ts" */
/** @import { Inbox } from "../transport/inbox.js" */

import { closest, fillSlots, find, findAll } from "../dom/elements.js";
import { saveText } from "../dom/save_file.js";

const SHOWN_FOR = 1500; // milliseconds
/** @type {Record<string, string>} what a text is called as a file */
const FILES = { yaml: "recipe.yml", mergekit: "mergekit.yml" };

/** The recipe as YAML, as a command and as a Python program, each with a button that copies it. */
export class RecipeExports {
  /** The recipe on screen. */
  yaml = "";
  #element;
  #inbox;

  /**
   * @param {HTMLElement} element the panel
   * @param {Inbox} inbox
   */
  constructor(element, inbox) {
    this.#element = element;
    this.#inbox = inbox;
    inbox.on("home", () => this.render());
    inbox.on("figures", () => this.#renderFigures());
    element.addEventListener("click", (event) => {
      const button = closest(event, "button");
      const name = button?.dataset.file;
      if (name) saveText(find(element, `[data-slot="${name}"]`).textContent ?? "", FILES[name], "application/yaml");
      if (button?.dataset.copy) void copy(button, find(element, `[data-slot="${button.dataset.copy}"]`));
    });
  }

  render() {
    const exports = this.#inbox.get("home");
    if (!exports) return;
    this.yaml = exports.yaml;
    fillSlots(this.#element, "yaml", exports.yaml);
    fillSlots(this.#element, "cli", exports.cli);
    fillSlots(this.#element, "python", exports.python);
    this.#renderMergekit(exports);
  }

  /** @param {Exports} exports */
  #renderMergekit({ mergekit, unwritten }) {
    const reason = find(this.#element, '[data-slot="unwritten"]');
    fillSlots(this.#element, "mergekit", mergekit);
    reason.textContent = `mergekit cannot run this recipe: ${unwritten.replaceAll("\n", "; ")}.`;
    reason.hidden = !unwritten;
    find(this.#element, 'pre[data-slot="mergekit"]').hidden = Boolean(unwritten);
    for (const button of findAll(this.#element, '[data-copy="mergekit"], [data-file="mergekit"]')) button.hidden = Boolean(unwritten);
  }

  #renderFigures() {
    const figures = this.#inbox.get("figures");
    fillSlots(this.#element, "figures", figures);
    find(this.#element, ".ml-figures").hidden = !figures;
  }
}

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} source
 */
async function copy(button, source) {
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    button.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(source); // there is no clipboard: the selection is ready for Ctrl+C
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), SHOWN_FOR);
}
