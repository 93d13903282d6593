// The curves over the density, and the place on them where the recipe stands, which moves before Python has answered.

let now = null; // what Python says of the place
let placeNow = null; // where it is on screen
const nowMark = $(".ml-now");

function showCurves() {
  if (!isNew("curves")) return;
  const sent = parts.curves, root = card("curves");
  state.curves = (state.curves || 0) + 1;
  slot(root, "summary", sent.summary);
  slot(root, "empty", sent.empty);
  slot(root, "pinned", sent.pinned ? `Recipe ${sent.pinned} is pinned: the faint curves behind.` : "Its curves then stay behind those of what you try next.");
  $('[data-act="pin"]').textContent = sent.pinned ? "Unpin" : "Pin this recipe";
  root.classList.toggle("ml-uncurved", !sent.figure);
  state.pinned = sent.pinned;
  fillSwitch("curves", [["figure", "overview"], ["cosines", "cosine by expert"]]);
  drawCurves();
}

function drawCurves() {
  const sent = parts.curves;
  if (!sent?.figure) return void nowMark.toggleAttribute("hidden", true);
  draw("curves", sent[chosen.curves]);
  const own = sent[chosen.curves].data.filter((trace) => !trace.meta.pinned);
  $(".ml-legend", card("curves")).replaceChildren(...own.map((trace) => curveEntry(trace, sent.lines.find((line) => line.key === trace.meta.key))));
  nowMark.querySelectorAll("i").forEach((dot) => dot.remove());
  nowMark.append(...own.map((trace) => { const dot = make("i"); dot.style.setProperty("--colour", trace.line.color || `var(--ml-${trace.meta.role})`); return dot; }));
  moveNow(placeNow);
}

function curveEntry(trace, line) {
  const made = make("li");
  made.append(swatch(trace.line.color || `var(--ml-${trace.meta.role})`, trace.line.dash), make("span", trace.name), make("em", "–"));
  if (line) made.title = line.help;
  return made;
}

function setNow(given) {
  now = given;
  slot(card("curves"), "advice", now.advice || (parts.curves?.empty ? "" : "What every other density would do."));
  const button = $('[data-act="half"]');
  button.hidden = now.half === null || now.half === undefined;
  if (!button.hidden) button.textContent = `Set density to ${Number(now.half.toFixed(4))}`;
  const slider = dial();
  moveNow(slider ? Number(slider.value) : now.place);
}

const dial = () => now?.dial && document.querySelector(`#${now.dial} input[type=range]`);

function moveNow(place) {
  placeNow = place;
  const plot = $(".ml-plot", card("curves")), figure = parts.curves?.[chosen.curves];
  nowMark.hidden = place === null || !figure || !plot._fullLayout || !hasRoom("curves");
  if (nowMark.hidden) return;
  const { xaxis, yaxis } = plot._fullLayout, own = figure.data.filter((trace) => !trace.meta.pinned);
  const x = xaxis.l2p(place), inside = x >= 0 && x <= xaxis._length;
  nowMark.style.transform = `translate(${xaxis._offset + x}px, ${yaxis._offset}px)`;
  nowMark.style.height = `${yaxis._length}px`;
  nowMark.style.visibility = inside ? "" : "hidden";
  nowMark.classList.toggle("ml-now-left", x > xaxis._length * 0.75);
  $(".ml-now-label").textContent = percent(place);
  const entries = $(".ml-legend", card("curves")).querySelectorAll("em");
  nowMark.querySelectorAll("i").forEach((dot, row) => {
    const value = valueAt(own[row], place), y = value === null ? null : yaxis.l2p(value);
    dot.hidden = y === null || y < 0 || y > yaxis._length;
    dot.style.top = `${y}px`;
    if (entries[row]) entries[row].textContent = value === null ? "–" : own[row].meta.key.startsWith("cosine") ? value.toFixed(3) : percent(value);
  });
}

function valueAt(trace, place) {
  const after = trace.x.findIndex((x) => x >= place);
  if (after < 0) return trace.y.at(-1);
  const [low, high] = [trace.y[Math.max(after - 1, 0)], trace.y[after]], width = trace.x[after] - (trace.x[after - 1] ?? 0);
  if (after === 0 || low === null || high === null || !width) return high;
  return low + ((high - low) * (place - trace.x[after - 1])) / width;
}

firstDrawn.curves = (plot) => {
  const follow = inNextFrame(() => moveNow(placeNow));
  plot.on("plotly_afterplot", follow);
  plot.addEventListener("ml-drawn", follow);
  plot.on("plotly_click", ({ points: [point] }) => turnDial(point.x));
};

function turnDial(value) {
  const slider = dial();
  if (!slider) return;
  slider.value = value; // the slider takes its nearest step
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("input", (event) => {
  if (now?.dial && event.target.closest?.(`#${now.dial}`) && event.target.value !== "") moveNow(Number(event.target.value));
});
element.addEventListener("click", (event) => {
  const act = event.target.closest("button")?.dataset.act;
  if (act === "half") turnDial(now.half);
  if (act === "pin") state.pinned ? request("unpin", { slot: "a" }) : pin("a");
});
onPart("curves", showCurves);
begin.push(showCurves);
