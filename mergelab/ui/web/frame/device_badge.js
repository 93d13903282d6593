/** @import { Inbox } from "../transport/inbox.js" */

import { find } from "../dom/elements.js";

/**
 * Says where merges and scores are computed.
 * @param {HTMLElement} element the panel
 * @param {Inbox} inbox
 */
export function renderDevice(element, inbox) {
  const device = inbox.get("device"), badge = find(element, '[data-slot="device"]');
  if (!device) return;
  badge.textContent = device === "cuda" ? "GPU" : "CPU";
  badge.dataset.kind = device;
}
