/** @import { LostServer } from "../frame/lost_server.js" */
/** @import { StatusStrip } from "../frame/status_strip.js" */
/** @import { Inbox } from "../transport/inbox.js" */

import { find, findAll } from "../dom/elements.js";

/**
 * The Merge button and those under Export, which cannot be pressed while there is nothing to merge or nobody to do it.
 * Merge steps back where a recipe is merged and scored already.
 */
export class MergeButton {
  #inbox;
  #status;
  #server;

  /**
   * @param {Inbox} inbox
   * @param {StatusStrip} status
   * @param {LostServer} server
   */
  constructor(inbox, status, server) {
    this.#inbox = inbox;
    this.#status = status;
    this.#server = server;
    inbox.on("scores", () => this.#render());
    status.onRefused(() => this.#render());
    server.onChange(() => this.#render());
  }

  #render() {
    const away = this.#status.refused || this.#server.watch.lost;
    for (const build of findAll(document, "[data-act=keep], [data-act=adapter], [data-act=report]", HTMLButtonElement)) {
      build.disabled = away;
    }
    const button = find(document, "#merge", HTMLButtonElement);
    button.disabled = away;
    button.classList.toggle("ml-settled", Boolean(this.#inbox.get("scores")?.settled));
  }
}
