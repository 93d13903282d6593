// Which charts are in sight, and how much room they have, as observers tell it: asking in the middle of drawing would make
// the browser lay the page out again for each chart.

const room = new Map(); // by plot: its width and height
const inSight = new Set();
const plotOf = (name) => $(".ml-plot", card(name));
const chartOf = (plot) => plot.closest("[data-chart]").dataset.chart;
const hasRoom = (name) => Boolean(room.get(plotOf(name))?.width); // a chart in a tab that is not open has none

const owing = new Set(); // charts to be drawn when they come into sight, or when nothing else is to do
const payOwed = (ready) => [...owing].filter(ready).forEach((name) => draw(name, figures[name], true, true));
state.owes = () => [...owing].some(hasRoom);
let paying = null;
function owe(name) {
  owing.add(name);
  clearTimeout(paying);
  paying = setTimeout(() => payOwed(hasRoom), 400);
}

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect: { width, height } } of entries) {
    const before = room.get(target), name = chartOf(target);
    room.set(target, { width, height });
    if (figures[name] && (before?.width !== width || before?.height !== height)) redraw([name]);
  }
});
const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) isIntersecting ? inSight.add(target) : inSight.delete(target);
  payOwed((name) => inSight.has(plotOf(name)) && hasRoom(name));
}, { rootMargin: "100px" });
for (const plot of element.querySelectorAll("[data-chart] .ml-plot")) {
  sizes.observe(plot);
  sight.observe(plot);
}

function inNextFrame(work) { // once, however often it is asked for
  let frame = null;
  return () => (frame ??= requestAnimationFrame(() => { frame = null; work(); }));
}
