// The threshold line: the density's slider, with another handle, which moves before Python has answered.

let line = null; // what Python says about the knob that the line is
let table = []; // for each step of the slider: the thresholds of the experts, log10
let shown = null; // {value, at: [...]} on screen now
const handle = $(".ml-line");

function thresholdsAt(density) {
  return line.shares.map((shares) => {
    let above = 0;
    for (let bin = shares.length - 1; bin >= 0; bin--) {
      if (above + shares[bin] >= density && shares[bin] > 0) {
        return line.edges[bin + 1] - ((density - above) / shares[bin]) * (line.edges[bin + 1] - line.edges[bin]);
      }
      above += shares[bin];
    }
    return line.edges[0];
  });
}
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const snapped = (value) => Math.min(line.high, Math.max(line.low, Math.round(value / line.step) * line.step));

function setLine(given) {
  const sameSketch = line && given && line.key === given.key;
  line = given;
  handle.hidden = !line;
  element.querySelectorAll(".ml-mark").forEach((mark) => mark.remove());
  if (!line) return;
  if (!sameSketch) {
    table = [];
    for (let value = line.low; value <= line.high + 1e-9; value += line.step) table.push({ value: snapped(value), at: thresholdsAt(value) });
  }
  line.colours.forEach((colour) => {
    const mark = make("i", null, "ml-mark");
    mark.style.background = colour;
    handle.before(mark);
  });
  handle.setAttribute("aria-label", `${line.title}: threshold line`);
  handle.setAttribute("aria-valuemin", line.low);
  handle.setAttribute("aria-valuemax", line.high);
  const slider = range();
  const value = slider ? Number(slider.value) : line.value; // the slider may be ahead of the charts
  moveLine(value, value === line.value && line.thresholds.every((at) => at !== null) ? line.thresholds : null);
}

function moveLine(value, at = null) {
  if (!line) return;
  shown = { value, at: at || thresholdsAt(value) };
  state.density = value;
  state.local += 1;
  const share = Math.round(value * 1000) / 10;
  const words = `keep ${share} %`;
  $(".ml-line-label").textContent = words;
  handle.setAttribute("aria-valuenow", value);
  handle.setAttribute("aria-valuetext", `${words} of each expert's changes`);
  element.querySelectorAll("[data-threshold]").forEach((found, place) => (found.textContent = value > 0 ? `|Δ| ≥ ${(10 ** shown.at[place]).toExponential(1)}` : "nothing kept"));
  placeLines();
}

function placeLines() {
  const plot = $(".ml-plot", card("histogram"));
  if (!line || !shown || !plot._fullLayout) return;
  const { xaxis, yaxis } = plot._fullLayout;
  const place = (node, at) => {
    const x = Math.max(0, Math.min(xaxis._length, xaxis.l2p(at)));
    node.style.transform = `translate(${xaxis._offset + x}px, ${yaxis._offset}px)`;
    node.style.height = `${yaxis._length}px`;
  };
  place(handle, mean(shown.at));
  handle.classList.toggle("ml-line-right", xaxis.l2p(mean(shown.at)) > xaxis._length * 0.7);
  element.querySelectorAll(".ml-mark").forEach((mark, row) => place(mark, shown.at[row]));
}

firstDrawn.histogram = (plot) => {
  const follow = inNextFrame(placeLines);
  plot.on("plotly_afterplot", follow);
  plot.addEventListener("ml-drawn", follow);
};

const range = () => line && document.querySelector(`#${line.elem_id} input[type=range]`);
function setKnob(value) {
  const slider = range();
  if (!slider) return;
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}

let dragging = false, waiting = null, wanted = null;
function setKnobSoon(value) {
  wanted = value;
  moveLine(value);
  if (waiting) return;
  setKnob(value);
  waiting = setTimeout(() => { waiting = null; if (wanted !== null && Number(range()?.value) !== wanted) setKnobSoon(wanted); }, 120);
}
handle.addEventListener("pointerdown", (event) => { dragging = true; handle.setPointerCapture(event.pointerId); event.preventDefault(); handle.focus({ preventScroll: true }); });
handle.addEventListener("pointermove", (event) => {
  if (!dragging) return;
  const plot = $(".ml-plot", card("histogram")), axis = plot._fullLayout.xaxis;
  const at = axis.p2l(event.clientX - plot.getBoundingClientRect().left - axis._offset);
  const nearest = table.filter((entry) => entry.value > 0).reduce((best, entry) => (Math.abs(mean(entry.at) - at) < Math.abs(mean(best.at) - at) ? entry : best));
  if (nearest.value !== shown.value) setKnobSoon(nearest.value);
});
for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, () => { if (dragging) { dragging = false; setKnob(shown.value); } });
handle.addEventListener("keydown", (event) => {
  const steps = { ArrowRight: -1, ArrowDown: -1, ArrowLeft: 1, ArrowUp: 1, PageUp: 10, PageDown: -10 }[event.key];
  if (!steps || !line) return;
  event.preventDefault();
  setKnobSoon(snapped(shown.value + steps * line.step)); // to the right lie larger changes, so fewer are kept
});
document.addEventListener("input", (event) => {
  tellComplements();
  const value = Number(event.target.value);
  if (line && event.target.closest?.(`#${line.elem_id}`) && event.target.value !== "" && value >= line.low && value <= line.high) moveLine(value);
});
