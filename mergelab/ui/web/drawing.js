// The ground of the panel: finding things in it, the theme, and plotly, which the panel alone owns. Text is set through
// textContent.

const $ = (selector, root = element) => root.querySelector(selector);
const card = (name) => $(`[data-chart="${name}"]`);
const begin = []; // what each script shows as soon as all of them have run
const state = { draws: 0, drawing: 0, local: 0, charts: 0, scores: 0, label: "", status: "loading", scoreState: "none", density: null, last: {} };
state.of = { sidebar: null, charts: null, scores: null }; // digests of recipes: of what Python heard of the sidebar last, and of what is shown
window.mergelab = state;
state.mounted = performance.now();

const make = (tag, text, className) => {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
};
const slot = (root, name, text) => root.querySelectorAll(`[data-slot="${name}"]`).forEach((found) => (found.textContent = text || ""));
const colours = new Map(); // of the theme at hand: asking in the middle of drawing would make the browser work styles out anew
function css(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle($(".ml")).getPropertyValue(name).trim());
  return colours.get(name);
}
const percent = (share, digits = 1) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(digits)} %`);

const PALETTES = {
  heat: {
    light: [[0, "#f3f1fa"], [0.25, "#cfc8ee"], [0.5, "#9d8fdc"], [0.75, "#6650bd"], [1, "#33217c"]],
    dark: [[0, "#1d1b2b"], [0.25, "#352c66"], [0.5, "#5a48ab"], [0.75, "#9382e4"], [1, "#e0d9ff"]],
  },
  diverging: {
    light: [[0, "#b35806"], [0.25, "#f1a340"], [0.5, "#f7f7f7"], [0.75, "#998ec3"], [1, "#542788"]],
    dark: [[0, "#f1a340"], [0.25, "#a8651c"], [0.5, "#24262d"], [0.75, "#6650bd"], [1, "#c9bdff"]],
  },
};
const isDark = () => document.body.classList.contains("dark");

function themed(figure, width = 900) {
  const layout = { ...structuredClone(figure.layout), autosize: true }; // plotly writes a zoom into the ranges it was given
  const text = css("--ml-muted"), grid = css("--ml-grid");
  layout.font = { family: css("--ml-font"), size: 12, color: text };
  layout.hoverlabel = { align: "left", bgcolor: css("--ml-raised"), bordercolor: css("--ml-border"), font: { family: css("--ml-font"), size: 12, color: css("--ml-ink") } };
  for (const axis of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
    layout[axis] = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, tickcolor: grid, zeroline: false, ...layout[axis], tickfont: { color: text } };
  }
  const roles = { base: css("--ml-base"), merged: css("--ml-ink") };
  const data = figure.data.map((trace) => {
    const copy = { ...trace };
    if (copy.type === "heatmap") {
      copy.colorscale = PALETTES[copy.meta.palette][isDark() ? "dark" : "light"];
      if ((width - 120) / copy.x.length < 31) delete copy.texttemplate; // no room for a number in a cell
      if ((width - 120) / copy.x.length < 62 && layout.xaxis.ticktext) { // words wrap where there is a space, not at a hyphen
        layout.xaxis.ticktext = layout.xaxis.ticktext.map((name) => name.replaceAll(/-(?=\w)/g, "-<br>"));
      }
      copy.colorbar = { ...copy.colorbar, tickfont: { color: text, size: 11 } };
    }
    const role = copy.meta?.role;
    if (role && copy.type === "scatter") copy.line = { ...copy.line, color: css(`--ml-${role}`) };
    else if (roles[role]) copy.marker = { ...copy.marker, color: roles[role] };
    if (copy.error_y) copy.error_y = { ...copy.error_y, color: text };
    return copy;
  });
  return { data, layout };
}

const CONFIG = { displayModeBar: false, displaylogo: false, showSendToCloud: false, responsive: false, doubleClick: "reset" };
const plotly = new Promise((resolve) => {
  const look = () => (window.Plotly ? resolve(window.Plotly) : setTimeout(look, 20));
  look();
});
const figures = {}; // by chart: what it is to show
const painted = {}; // by chart: the data that plotly was given last, as text
const firstDrawn = {}; // by chart: what to do with its plot when it is drawn for the first time

const marks = {}; // by chart: shapes that the page adds, such as a ring around the cell that is looked at
// Overlaid shapes stand over the plot as elements of their own, which move without a redraw.
const shapesOf = (name, layout) => [...(layout.shapes || []).filter((shape) => shape.name !== "overlaid"), ...(marks[name]?.() || [])];
async function remark(name) {
  const plot = $(".ml-plot", card(name)), shapes = shapesOf(name, figures[name].layout);
  if (!plot.classList.contains("js-plotly-plot") || JSON.stringify(shapes) === JSON.stringify(plot.layout.shapes || [])) return;
  await (await plotly).relayout(plot, { shapes });
}

// Where a page has a <base>, plotly refers to its own gradients and clips by the page's full address, which changes here
// with every knob: they would be lost.
function withoutBase(work) {
  const base = document.querySelector("base");
  base?.remove();
  const done = work();
  if (base) document.head.prepend(base);
  return done;
}

async function draw(name, figure, again = false, anywhere = false) {
  state.drawing += 1;
  try { await drawChart(name, figure, again, anywhere); } finally { state.drawing -= 1; }
}
async function drawChart(name, figure, again, anywhere) {
  const text = JSON.stringify(figure.data);
  figures[name] = figure;
  if (text === painted[name] && !again) return void remark(name); // only the thresholds moved, and they are the overlay's
  const Plotly = await plotly;
  if (figures[name].data !== figure.data) return; // a newer figure came while the library loaded
  const plot = plotOf(name);
  if (!hasRoom(name) || !(anywhere || inSight.has(plot))) return void owe(name);
  owing.delete(name);
  painted[name] = text;
  const { data, layout } = themed(figure, room.get(plot).width);
  const shown = { ...layout, ...room.get(plot), autosize: false, shapes: shapesOf(name, layout) };
  const fresh = !plot.classList.contains("js-plotly-plot");
  await withoutBase(() => Plotly.react(plot, data, shown, CONFIG));
  if (fresh) firstDrawn[name]?.(plot);
  plot.dispatchEvent(new CustomEvent("ml-drawn"));
  state.draws += 1;
  state.firstDraw ??= performance.now();
  state.last[name] = figure;
}

function saveText(text, name) {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const cellOf = (value) => (value === null || value === undefined ? "" : /[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
const csvOf = (rows) => rows.map((row) => row.map(cellOf).join(",")).join("\n") + "\n";
function tableOfFigure({ data, layout }) {
  const named = (axis, value) => axis?.ticktext?.[axis.tickvals.indexOf(value)] ?? value;
  const [first] = data;
  if (first.type === "heatmap") return [["row", "column", "value"], ...first.z.flatMap((row, i) => row.map((value, j) => [named(layout.yaxis, first.y[i]), named(layout.xaxis, first.x[j]), value]))];
  return [["series", "x", "y"], ...data.flatMap((trace) => trace.x.map((x, i) => [trace.name, String(x).replaceAll("<br>", " "), trace.y[i]]))];
}

const fileName = (name, format) => `mergelab-${runName().replace(/\W+/g, "-")}-${name}.${format}`;
async function download(name, format) {
  const Plotly = await plotly;
  if (!figures[name]) return;
  if (format === "csv") return saveText(csvOf(tableOfFigure(figures[name])), fileName(name, "csv"));
  const { data, layout } = themed(figures[name]);
  const title = { text: `${$("h2", card(name)).textContent} · ${runName()}`, x: 0.02, font: { size: 15, color: css("--ml-ink") } };
  const paper = { ...layout, title, margin: { ...layout.margin, t: 48, b: 40 }, paper_bgcolor: css("--ml-surface"), plot_bgcolor: css("--ml-surface"), showlegend: data[0].type !== "heatmap" };
  const spare = document.createElement("div");
  spare.style.cssText = "position:fixed;left:-9999px;width:900px;height:520px";
  document.body.append(spare);
  await Plotly.newPlot(spare, data, paper, CONFIG);
  await Plotly.downloadImage(spare, { format, width: 900, height: 520, filename: fileName(name, format).replace(/\.\w+$/, "") });
  Plotly.purge(spare);
  spare.remove();
}
const runName = () => (parts.charts && parts.charts.name) || "run";

const redraw = (names) => [...names].forEach((name) => draw(name, figures[name], true));
const redrawAll = () => redraw(Object.keys(figures));
let dark = isDark();
new MutationObserver(() => {
  if (dark === isDark()) return; // other classes come and go as well
  dark = isDark();
  colours.clear();
  redrawAll();
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });
new ResizeObserver(([{ contentRect }]) => $(".ml").classList.toggle("ml-narrow", contentRect.width < 860)).observe($(".ml"));
