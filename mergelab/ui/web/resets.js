// A reset arrow beside each knob that is not at its default. Gradio's own arrow goes back to whatever the slider showed when it
// came on the page, and stands on sliders alone; this one goes to the default that the method declares.

const fieldOf = (block) => block.querySelector("input[type=range]") || block.querySelector("input[type=number]");
const optionsOf = (block) => [...block.querySelectorAll("input[type=radio]")];

function valueOf(block) {
  const ticked = optionsOf(block).find((option) => option.checked);
  return ticked ? ticked.value : fieldOf(block) && Number(fieldOf(block).value);
}

function setTo(block, value) {
  const option = optionsOf(block).find((option) => option.value === value);
  if (option) return option.click();
  const field = fieldOf(block);
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function arrowOf(block) {
  const there = block.querySelector(".reset-button");
  if (there) return there;
  const made = make("button", "↺", "reset-button ml-reset");
  made.type = "button";
  block.append(made);
  return made;
}

function tellResets() {
  for (const [id, value] of Object.entries(parts.defaults || {})) {
    const block = document.getElementById(id);
    if (!block || valueOf(block) === null) continue;
    const arrow = arrowOf(block), turned = valueOf(block) !== value;
    if (arrow.dataset.to !== String(value)) {
      arrow.dataset.to = value;
      const name = block.querySelector("[data-testid=block-info]")?.textContent.trim();
      arrow.title = `Back to ${value}`;
      arrow.setAttribute("aria-label", `Reset ${name} to ${value}`);
    }
    arrow.classList.toggle("ml-turned", turned);
    arrow.tabIndex = turned ? 0 : -1;
  }
}

document.addEventListener("click", (event) => {
  const arrow = event.target.closest?.("#sidebar .reset-button"), block = arrow?.closest("[id]");
  if (!block || !(block.id in (parts.defaults || {}))) return;
  event.stopPropagation(); // Gradio's own idea of a reset
  setTo(block, parts.defaults[block.id]);
  tellResets();
}, true);
document.addEventListener("input", () => setTimeout(tellResets));
document.addEventListener("click", () => setTimeout(tellResets, 50)); // a folded part opens
state.defaults = parts.defaults || {};
onPart("charts", () => setTimeout(tellResets));
onPart("link", () => setTimeout(tellResets));
setTimeout(tellResets);
