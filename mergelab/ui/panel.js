// The panel: draws what Python sends in four props (charts, scores, test, status, home) and owns Plotly.
// All text is set through textContent. Runs as a function body with `element`, `props`, `watch`, `trigger`.

const $ = (selector, root = element) => root.querySelector(selector);
const card = (name) => $(`[data-chart="${name}"]`);
const state = { draws: 0, local: 0, charts: 0, scores: 0, label: "", status: "loading", scoreState: "none", density: null, last: {} };
window.mergelab = state;
state.mounted = performance.now();

const make = (tag, text, className) => {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
};
const slot = (root, name, text) => root.querySelectorAll(`[data-slot="${name}"]`).forEach((found) => (found.textContent = text || ""));
const css = (name) => getComputedStyle($(".ml")).getPropertyValue(name).trim();
const percent = (share, digits = 1) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(digits)} %`);

// ---------------------------------------------------------------- theme and drawing

const HEAT = {
  light: [[0, "#f3f1fa"], [0.25, "#cfc8ee"], [0.5, "#9d8fdc"], [0.75, "#6650bd"], [1, "#33217c"]],
  dark: [[0, "#1d1b2b"], [0.25, "#352c66"], [0.5, "#5a48ab"], [0.75, "#9382e4"], [1, "#e0d9ff"]],
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
      copy.colorscale = HEAT[isDark() ? "dark" : "light"];
      if ((width - 120) / copy.x.length < 31) delete copy.texttemplate; // no room for a number in a cell
      copy.colorbar = { ...copy.colorbar, tickfont: { color: text, size: 11 } };
    }
    const colour = copy.meta && roles[copy.meta.role];
    if (colour) copy.marker = { ...copy.marker, color: colour };
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
const figures = {};

async function draw(name, figure, again = false) {
  const same = figures[name] && JSON.stringify([figures[name].data, name]) === JSON.stringify([figure.data, name]);
  figures[name] = figure;
  if (same && !again) return; // only the thresholds moved, and they are the overlay's
  const Plotly = await plotly;
  if (figures[name].data !== figure.data) return; // a newer figure came while the library loaded
  const { data, layout } = themed(figure, $(".ml-plot", card(name)).clientWidth);
  const shown = { ...layout, shapes: [] }; // on screen the thresholds are the overlay below, which moves without a redraw
  const plot = $(".ml-plot", card(name));
  const fresh = !plot.classList.contains("js-plotly-plot");
  await Plotly.react(plot, data, shown, CONFIG);
  if (name === "histogram") {
    if (fresh) plot.on("plotly_afterplot", placeLines);
    placeLines();
  }
  state.draws += 1;
  state.firstDraw ??= performance.now();
  state.last[name] = figure;
}

async function download(name, format) {
  const Plotly = await plotly;
  if (!figures[name]) return;
  const { data, layout } = themed(figures[name]);
  const title = { text: `${$("h2", card(name)).textContent} · ${runName()}`, x: 0.02, font: { size: 15, color: css("--ml-ink") } };
  const paper = { ...layout, title, margin: { ...layout.margin, t: 48, b: 40 }, paper_bgcolor: css("--ml-surface"), plot_bgcolor: css("--ml-surface"), showlegend: name !== "heatmap" };
  const spare = document.createElement("div");
  spare.style.cssText = "position:fixed;left:-9999px;width:900px;height:520px";
  document.body.append(spare);
  await Plotly.newPlot(spare, data, paper, CONFIG);
  await Plotly.downloadImage(spare, { format, width: 900, height: 520, filename: `mergelab-${runName().replace(/\W+/g, "-")}-${name}` });
  Plotly.purge(spare);
  spare.remove();
}
const runName = () => (props.charts && props.charts.name) || "run";

const redrawAll = () => Object.entries(figures).forEach(([name, figure]) => draw(name, figure, true));
let dark = isDark();
new MutationObserver(() => {
  if (dark !== isDark()) redrawAll(); // other classes come and go as well
  dark = isDark();
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });
let width = 0;
new ResizeObserver(() => {
  const now = $(".ml").clientWidth;
  $(".ml").classList.toggle("ml-narrow", now < 860);
  if (now && now !== width && window.Plotly) redrawAll();
  width = now;
}).observe($(".ml"));

// ---------------------------------------------------------------- the threshold line: the same slider, another handle

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
    card("histogram").append(mark);
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

function tellComplements() {
  // Some papers count a knob from the other end: 1 minus the value stands below its slider.
  for (const [id, words] of Object.entries(props.complements || {})) {
    const block = document.getElementById(id), slider = block?.querySelector("input[type=range]");
    if (slider) block.dataset.complement = `${words} ${Math.round((1 - slider.value) * 1000) / 10} %`;
  }
}

function tellLists() {
  // Gradio's lists hold titles alone; each choice's line and each family's heading are written into them.
  document.querySelector("#preset input")?.setAttribute("placeholder", "no preset fits any more");
  for (const [id, entries] of Object.entries(props.lists || {})) {
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
  const list = event.target.closest?.(Object.keys(props.lists || {}).map((id) => `#${id}`).join());
  if (list) lists.observe(list, { childList: true, subtree: true });
  tellLists();
});

function placeLines() {
  const plot = $(".ml-plot", card("histogram"));
  if (!line || !shown || !plot._fullLayout) return;
  const { xaxis, yaxis } = plot._fullLayout;
  const left = plot.offsetLeft + xaxis._offset, top = plot.offsetTop + yaxis._offset, height = yaxis._length;
  const place = (node, at) => {
    const x = Math.max(0, Math.min(xaxis._length, xaxis.l2p(at)));
    node.style.transform = `translate(${left + x}px, ${top}px)`;
    node.style.height = `${height}px`;
  };
  place(handle, mean(shown.at));
  handle.classList.toggle("ml-line-right", xaxis.l2p(mean(shown.at)) > xaxis._length * 0.7);
  element.querySelectorAll(".ml-mark").forEach((mark, row) => place(mark, shown.at[row]));
}

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

// ---------------------------------------------------------------- what Python sends

const last = {}; // the JSON of each part as last shown: what comes a second time is not drawn a second time
function isNew(name) {
  const text = JSON.stringify(props[name] ?? null);
  if (text === "null" || text === last[name]) return false;
  last[name] = text;
  return true;
}

function showCharts() {
  const sent = props.charts;
  if (!isNew("charts")) return;
  state.charts += 1;
  state.firstData ??= performance.now();
  state.label = sent.label;
  slot(element, "models", sent.models);
  for (const name of ["heatmap", "histogram"]) {
    const root = card(name), chip = $('[data-slot="label"]', root);
    chip.textContent = sent.chip;
    chip.dataset.kind = sent.label;
    chip.title = sent.remark;
    slot(root, "summary", sent[name].summary);
    slot(root, "remark", sent.remark);
  }
  slot(card("heatmap"), "empty", sent.heatmap.empty);
  slot(card("histogram"), "notice", sent.histogram.notice);
  element.dataset.fresh = "yes";
  $(".ml-numbers").replaceChildren(...sent.numbers.map(tile), ...onlyExact(sent).map(tile));
  $(".ml-legend", card("histogram")).replaceChildren(...sent.legend.map(legendEntry));
  draw("heatmap", sent.heatmap.figure);
  draw("histogram", sent.histogram.figure);
  setLine(sent.line);
  tellComplements();
  tellLists();
}

let exactNumbers = []; // numbers that a preview cannot know keep their place, so that the strip does not jump
function onlyExact(sent) {
  if (sent.label === "exact") exactNumbers = sent.numbers;
  const known = sent.numbers.map((number) => number.name);
  return exactNumbers.filter((number) => !known.includes(number.name)).map((number) => ({ ...number, text: "–" }));
}

function tile(number) {
  const made = make("div", null, "ml-tile");
  made.append(make("b", number.text), make("span", number.name), make("small", number.help));
  return made;
}

function swatch(colour, dash) {
  const made = make("i", null, "ml-swatch");
  made.style.setProperty("--colour", colour);
  if (dash) made.dataset.dash = dash;
  return made;
}

function legendEntry(entry) {
  const made = make("li");
  made.append(swatch(entry.colour, entry.dash), make("span", entry.title));
  if (props.charts.line) {
    const threshold = make("em");
    threshold.dataset.threshold = "";
    made.append(threshold);
  } else made.append(make("em", `kept ${percent(entry.kept)}`));
  return made;
}

const STATES = { none: "", exact: "exact", live: "exact · live", stale: "stale", updating: "updating" };
function showScores(name) {
  const sent = props[name], root = $(`[data-table="${name}"]`);
  if (!isNew(name)) return;
  root.hidden = false;
  chipState(root, sent);
  $(".ml-table", root).replaceChildren(...(sent.rows.length ? [tableOf(sent)] : [make("p", sent.empty, "ml-empty")]));
  markAge(root, sent.state);
  root.classList.toggle("ml-unscored", !sent.rows.length);
  if (name !== "scores") return;
  state.scores += 1;
  state.scoreState = sent.state;
  state.rows = sent.rows;
  const bars = card("bars");
  chipState(bars, sent);
  markAge(bars, sent.state);
  slot(bars, "summary", sent.summary);
  slot(bars, "notice", sent.notice);
  $(".ml-legend", bars).replaceChildren(...sent.legend.map((entry) => { const made = make("li"); made.append(swatch(css(entry.colour) || entry.colour), make("span", entry.title)); return made; }));
  bars.classList.toggle("ml-unscored", !sent.rows.length);
  slot(bars, "empty", sent.rows.length ? "" : sent.empty);
  $('[data-act="test"]').closest(".ml-foot").hidden = !sent.rows.length;
  if (sent.state === "none") $('[data-table="test"]').hidden = true; // those were of other models too
  if (sent.rows.length) draw("bars", sent.figure);
}

function markAge(root, age) {
  root.classList.toggle("ml-stale", age === "stale");
  root.classList.toggle("ml-updating", age === "updating");
}

function chipState(root, sent) {
  const chip = $('[data-slot="state"]', root);
  chip.textContent = STATES[sent.state];
  chip.dataset.kind = sent.state === "live" ? "exact" : sent.state;
  chip.title = sent.about;
}

function tableOf(sent) {
  const made = make("table"), head = make("tr");
  for (const [text, title] of [["Task", ""], ["Base", "before fine-tuning"], ["Expert", "trained for this task"], ["Merged", "this recipe"], ["n", "rows"]]) {
    const cell = make("th", text);
    cell.scope = "col";
    if (title) cell.title = title;
    head.append(cell);
  }
  made.append(make("thead"), make("tbody"));
  made.firstChild.append(head);
  for (const row of sent.rows) made.lastChild.append(tableRow(row));
  return made;
}

function tableRow(row) {
  const made = make("tr"), name = make("th");
  if (row.place === null) made.className = "ml-mean";
  name.scope = "row";
  if (row.colour) name.append(swatch(row.colour));
  name.append(document.createTextNode(row.title));
  made.append(name, scoreCell(row.base), scoreCell(row.own), scoreCell(row.merged, row.to_own), make("td", row.n.toLocaleString("en")));
  return made;
}

function scoreCell(score, difference = null) {
  const made = make("td");
  if (!score) return make("td", "–");
  made.append(make("b", percent(score.value)));
  if (difference !== null) {
    const sign = difference > 0.00005 ? "+" : difference < -0.00005 ? "−" : "±";
    const delta = make("em", `${sign}${Math.abs(100 * difference).toFixed(1)}`);
    delta.dataset.sign = sign;
    delta.title = "points against the task's own expert";
    made.append(delta);
  }
  const whole = (share) => Math.round(100 * share);
  const interval = make("small", `${whole(score.low)}–${whole(score.high)}`);
  interval.title = "95 % interval, percent";
  made.append(interval);
  return made;
}

const BUSY = ["loading", "running", "queued"];
function showStatus() {
  const sent = props.status;
  if (!sent) return;
  if (sent.kind === "preview") {
    if (BUSY.includes(state.status)) return; // a merge is under way: its progress matters more
    sent.kind = "ready";
  }
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
  const sent = props.home;
  if (!sent) return;
  state.yaml = sent.yaml;
  slot(element, "yaml", sent.yaml);
  slot(element, "cli", sent.cli);
  slot(element, "python", sent.python);
}

function showDevice() {
  const badge = $('[data-slot="device"]');
  if (!props.device) return;
  badge.textContent = props.device === "cuda" ? "GPU" : "CPU";
  badge.dataset.kind = props.device;
}

// ---------------------------------------------------------------- what the person does

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.act === "stop") trigger("stop", {});
  if (button.dataset.act === "test") trigger("test", {});
  if (button.dataset.act === "keep") trigger("keep", {});
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
const toggle = document.querySelector("#sidebar.open .toggle-button");
if (toggle && window.innerWidth < 768) toggle.click(); // on a phone the sidebar would cover the page

watch("charts", showCharts);
watch("scores", () => showScores("scores"));
watch("test", () => showScores("test"));
watch("status", showStatus);
watch("home", showHome);
watch("device", showDevice);
for (const show of [showCharts, showStatus, showHome, showDevice]) show();
showScores("scores");
showScores("test");
