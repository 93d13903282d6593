/** The sidebar on a phone, where it covers the page. */

const PHONE = 768; // pixels
const PATIENCE = 3000; // milliseconds in which the sidebar may still come, or begin to listen
const CLOSING = 800, LOOKING = 150;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let looking;

/** @returns {boolean} */
export function isPhone() {
  return window.innerWidth < PHONE;
}

/**
 * Closes the sidebar, until it is closed or the person touches the page.
 * @param {number} [until]
 */
export function clearView(until = performance.now() + PATIENCE) {
  /** @type {HTMLElement | null} */
  const toggle = document.querySelector("#sidebar.open .toggle-button");
  toggle?.click();
  if (performance.now() < until) looking = setTimeout(() => clearView(until), toggle ? CLOSING : LOOKING);
}

/**
 * Opens or closes the sidebar of a phone.
 * @param {boolean} open
 */
export function showDrawer(open) {
  clearTimeout(looking);
  /** @type {HTMLElement | null} */
  const toggle = document.querySelector(`#sidebar${open ? ":not(.open)" : ".open"} .toggle-button`);
  if (isPhone()) toggle?.click();
}

/**
 * Names the button of the sidebar as it is seen on a phone, once Gradio has made it.
 * @param {number} [until]
 */
function nameToggle(until = performance.now() + PATIENCE) {
  const toggle = document.querySelector("#sidebar .toggle-button");
  if (toggle) toggle.setAttribute("aria-label", "Knobs");
  else if (performance.now() < until) setTimeout(() => nameToggle(until), LOOKING);
}

/** Names the sidebar's button, and closes the sidebar of a phone when the page opens. */
export function mountDrawer() {
  nameToggle();
  document.addEventListener("pointerdown", () => clearTimeout(looking), true); // whoever touches the page decides
  if (isPhone()) clearView();
}
