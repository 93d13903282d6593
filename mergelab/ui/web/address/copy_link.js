/** @import { Page } from "../page.d.ts" */

import { fillSlots } from "../dom/elements.js";

const SHOWN_FOR = 1500; // milliseconds

/**
 * Copies a link to what is on the page, and notes what the link cannot say.
 * @param {Page} page
 */
export async function copyLink({ element, inbox, address, notes }) {
  const link = inbox.get("link");
  if (!link) return notes.show("There is nothing to link to yet.", ["Wait until the charts appear."]);
  const left = link.note ? [link.note] : [];
  try {
    await navigator.clipboard.writeText(address.link);
    fillSlots(element, "copied", "Copied");
    setTimeout(() => fillSlots(element, "copied", "Copy link"), SHOWN_FOR);
    notes.show(left.length ? "The link is copied." : "", left);
  } catch {
    notes.show("The browser does not let this page use the clipboard. Copy the link here:", left, address.link);
  }
}
