// What the page is doing, what the recipe is as text, and the buttons that start work.

const BUSY = ["loading", "running", "queued"];
function showStatus() {
  const sent = parts.status;
  if (!sent) return;
  const strip = $(".ml-strip"), busy = BUSY.includes(sent.kind);
  state.status = sent.kind;
  strip.dataset.kind = sent.kind;
  strip.classList.toggle("ml-still", sent.fraction === null || sent.fraction === undefined);
  $(".ml-strip-text").textContent = sent.text;
  $(".ml-strip-detail").textContent = sent.detail;
  $(".ml-bar i").style.width = `${100 * (sent.fraction ?? 0)}%`;
  $('[data-act="stop"]').hidden = !busy;
  $(".ml").classList.toggle("ml-loading", sent.kind === "loading");
  $(".ml").classList.toggle("ml-refused", sent.kind === "refused");
  document.body.classList.toggle("ml-busy", busy);
  const problems = $(".ml-problems");
  problems.hidden = !sent.problems.length;
  if (sent.problems.length) {
    $("strong", problems).textContent = sent.text;
    $("ul", problems).replaceChildren(...sent.problems.map((problem) => make("li", problem)));
    $("details", problems).hidden = !sent.trace;
    $("pre", problems).textContent = sent.trace;
  }
}

function showHome() {
  const sent = parts.home;
  if (!sent) return;
  state.yaml = sent.yaml;
  slot(element, "yaml", sent.yaml);
  slot(element, "cli", sent.cli);
  slot(element, "python", sent.python);
}

function showDevice() {
  const badge = $('[data-slot="device"]');
  if (!parts.device) return;
  badge.textContent = parts.device === "cuda" ? "GPU" : "CPU";
  badge.dataset.kind = parts.device;
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.act === "stop") trigger("stop", {});
  if (button.dataset.act === "test") request("test");
  if (button.dataset.act === "keep") request("keep");
  if (button.dataset.save) download(button.closest("[data-chart]").dataset.chart, button.dataset.save);
  if (button.dataset.copy) copy(button, $(`[data-slot="${button.dataset.copy}"]`).textContent);
});
async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren($(`[data-slot="${button.dataset.copy}"]`)); // no clipboard here: leave it selected for Ctrl+C
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 1500);
}
document.addEventListener("change", (event) => {
  // Leaving a number box may bring its value back into the range, without an input event either.
  const slider = event.target.matches?.("#sidebar input[type=number]") && event.target.closest(".block")?.querySelector("input[type=range]");
  if (slider) setTimeout(() => slider.dispatchEvent(new Event("input", { bubbles: true })), 60);
});
document.addEventListener("mousedown", (event) => {
  // Gradio opens a list when its box gets the focus; after Escape the box has it already.
  const box = event.target.closest?.("#sidebar [role=combobox]");
  if (box && box === document.activeElement && box.getAttribute("aria-expanded") === "false") box.blur();
}, true);
let clearing = null;
function clearView(until = performance.now() + 3000) { // on a phone the sidebar would cover the page; it may come, or listen, a little later
  const toggle = document.querySelector("#sidebar.open .toggle-button");
  toggle?.click();
  if (performance.now() < until) clearing = setTimeout(() => clearView(until), toggle ? 800 : 150);
}
document.addEventListener("pointerdown", () => clearTimeout(clearing), true); // whoever touches the page decides
if (window.innerWidth < 768) clearView();

onPart("status", showStatus);
onPart("home", showHome);
onPart("device", showDevice);
begin.push(showStatus, showHome, showDevice);
