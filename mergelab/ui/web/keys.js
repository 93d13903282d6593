// Shortcuts, and the list of them. None fires while somebody types.

const dialog = $(".ml-keys");
const showKeys = () => dialog.open || dialog.showModal(); // the browser gives the focus back when it closes
$('[data-act="keys"]').addEventListener("click", showKeys);
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside the list

const isTyping = (control) =>
  control.isContentEditable || control.getAttribute("aria-expanded") === "true" || (typesText(control) && !control.readOnly);

function stopOrClear() {
  if (document.body.classList.contains("ml-busy")) trigger("stop", {});
  else if (!$(".ml-note").hidden) note("", []);
  else if (!storyBox.hidden) closeStory();
  else if (state.at) lookAt(null);
}
const PLAIN = {
  u: () => go(-1), r: () => go(1), c: giveLink, "?": showKeys, Escape: stopOrClear, "[": () => nextLayer(-1), "]": () => nextLayer(1),
  w: () => parts.charts && lookAt(parts.charts.cells[0]), h: () => now?.half && turnDial(now.half),
  ...Object.fromEntries([...element.querySelectorAll(".ml-tab")].map((tab, place) => [String(place + 1), () => openTab(tab.dataset.tab)])),
};
const WITH_CTRL = { enter: () => document.querySelector("#merge")?.click(), z: () => go(-1), "shift z": () => go(1), y: () => go(1) };

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || dialog.open || isTyping(event.target)) return;
  const ctrl = event.ctrlKey || event.metaKey;
  const act = ctrl ? WITH_CTRL[`${event.shiftKey ? "shift " : ""}${event.key.toLowerCase()}`] : !event.altKey && (PLAIN[event.key] || mapKey(event.key));
  if (!act) return;
  event.preventDefault();
  act();
});
