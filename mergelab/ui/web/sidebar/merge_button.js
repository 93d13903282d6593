/** @import { LostServer } from "../frame/lost_server.js" */
/** @import { StatusStrip } from "../frame/status_strip.js" */

import { find } from "../dom/elements.js";

/** The Merge button, which cannot be pressed while there is nothing to merge or nobody to do it. */
export class MergeButton {
  #status;
  #server;

  /**
   * @param {StatusStrip} status
   * @param {LostServer} server
   */
  constructor(status, server) {
    this.#status = status;
    this.#server = server;
    status.onRefused(() => this.#render());
    server.onChange(() => this.#render());
  }

  #render() {
    find(document, "#merge", HTMLButtonElement).disabled = this.#status.refused || this.#server.watch.lost;
  }
}
