/** @import { Page } from "../page.d.ts" */

/**
 * Asks before it opens models that the address names: an address may come from anybody, and a folder is on the server's
 * machine. Until the person has decided, the address stays as it is.
 */
export class OwnModelsNote {
  #page;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    page.inbox.on("own", () => this.#ask());
    this.#ask();
  }

  #ask() {
    const { inbox, notes, address, requests } = this.#page, offer = inbox.takeNew("own");
    if (!offer) return;
    address.hold(true);
    const experts = offer.experts.split("\n"), tasks = offer.tasks ? offer.tasks.split("\n") : [];
    const named = [...experts.map((name) => `Expert: ${name}`), ...tasks.map((name) => `Task set: ${name}`)];
    notes.ask("This address asks for models of your own:", [`Base: ${offer.base}`, ...named, ...offer.corrected], {
      "Open them": () => {
        address.hold(false);
        requests.send("own", offer);
      },
      "Not now": () => address.hold(false),
    });
  }
}
