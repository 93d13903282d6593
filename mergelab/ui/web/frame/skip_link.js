import { make } from "../dom/elements.js";

/**
 * The page's first link, which leads past the sidebar's many controls. It shows while it has the focus.
 * @param {HTMLElement} element the panel
 */
export function mountSkipLink(element) {
  const link = make("a", "Skip to the results", "ml-skip");
  link.href = "#panel";
  link.addEventListener("click", (event) => {
    event.preventDefault(); // the address holds the recipe
    /** @type {HTMLElement | null} */
    const tab = element.querySelector(".ml-tabs [aria-selected=true]");
    tab?.focus();
  });
  document.body.prepend(link);
}
