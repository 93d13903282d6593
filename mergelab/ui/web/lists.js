// What Gradio's controls cannot say by themselves: 1 minus a knob's value, and each choice's line and family.

function tellComplements() {
  // Some papers count a knob from the other end: 1 minus the value stands below its slider.
  for (const [id, words] of Object.entries(parts.complements || {})) {
    const block = document.getElementById(id), slider = block?.querySelector("input[type=range]");
    if (slider) block.dataset.complement = `${words} ${Math.round((1 - slider.value) * 1000) / 10} %`;
  }
}

function tellLists() {
  // Gradio's lists hold titles alone; each choice's line and each family's heading are written into them.
  document.querySelector("#preset input")?.setAttribute("placeholder", "no preset fits any more");
  for (const [id, entries] of Object.entries(parts.lists || {})) {
    document.querySelectorAll(`#${id} label`).forEach((label, place) => (label.title = entries[place]?.line || ""));
    document.querySelectorAll(`#${id} li[data-index]`).forEach((item) => {
      const place = Number(item.dataset.index), { family, line } = entries[place];
      item.dataset.line = line;
      item.setAttribute("aria-description", line);
      const opens = family && family !== entries[place - 1]?.family;
      if (!opens || item.previousElementSibling?.classList.contains("ml-family")) return;
      const heading = make("li", family, "ml-family");
      heading.setAttribute("role", "presentation");
      item.before(heading);
    });
  }
}
const lists = new MutationObserver(tellLists); // a list is made anew whenever it opens
document.addEventListener("focusin", (event) => {
  const list = event.target.closest?.(Object.keys(parts.lists || {}).map((id) => `#${id}`).join());
  if (list) lists.observe(list, { childList: true, subtree: true });
  tellLists();
});
