// The Lab's charts and numbers, as Python sends them.

const LIVE = ["heatmap", "histogram", "pairs", "kept"];
function showCharts() {
  const sent = parts.charts;
  if (!isNew("charts")) return;
  state.charts += 1;
  state.firstData ??= performance.now();
  state.label = sent.label;
  state.of.charts = sent.digest;
  state.cells = sent.cells;
  slot(element, "models", sent.models);
  for (const name of LIVE) {
    const root = card(name), chip = $('[data-slot="label"]', root);
    chip.textContent = sent.chip;
    chip.dataset.kind = sent.label;
    chip.title = sent.remark;
    slot(root, "summary", sent[name].summary);
    slot(root, "remark", sent.remark);
    slot(root, "empty", sent[name].empty);
  }
  slot(card("curves"), "remark", sent.remark);
  slot(card("histogram"), "notice", sent.histogram.notice);
  element.dataset.fresh = "yes";
  $(".ml-numbers").replaceChildren(...sent.numbers.map(tile));
  $(".ml-legend", card("histogram")).replaceChildren(...sent.legend.map(legendEntry));
  showPlace(sent);
  drawHeatmap();
  draw("histogram", sent.histogram.figure);
  drawPairs();
  draw("kept", sent.kept.figure);
  showExperts(sent);
  setLine(sent.line);
  setNow(sent.now);
  tellComplements();
  tellLists();
  state.shown = sent.now.place;
}

const EXPERT_COLUMNS = [["Expert", ""], ["‖Δ‖", "length of the whole delta"], ["Kept", "of its changed entries"], ["Energy kept", "of ‖Δ‖²"], ["Cosine", "of the merged delta with the whole delta"]];
function showExperts(sent) {
  const root = $('[data-table="experts"]'), chip = $('[data-slot="label"]', root);
  chip.textContent = sent.chip;
  chip.dataset.kind = sent.label;
  const made = make("table"), head = make("tr");
  head.append(...EXPERT_COLUMNS.map(([text, title]) => { const cell = make("th", text); cell.scope = "col"; cell.title = title; return cell; }));
  made.append(make("thead"), make("tbody"));
  made.firstChild.append(head);
  made.lastChild.append(...sent.experts.map((expert) => {
    const row = make("tr"), name = make("th");
    name.scope = "row";
    name.append(swatch(expert.colour), document.createTextNode(expert.title));
    row.append(name, ...expert.cells.map((text) => make("td", text)));
    return row;
  }));
  $(".ml-table", root).replaceChildren(made);
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

function legendEntry(entry, place) {
  const made = make("li");
  made.append(swatch(entry.colour, entry.dash), make("span", entry.title));
  if (parts.charts.line) {
    const threshold = make("em");
    threshold.dataset.threshold = "";
    made.append(threshold);
  } else made.append(make("em", `kept ${percent(entry.kept)}`));
  made.addEventListener("pointerenter", () => lightExpert(place));
  made.addEventListener("pointerleave", () => lightExpert(null));
  return made;
}

// ---------------------------------------------------------------- switches inside a card

const chosen = { heatmap: "conflict", curves: "figure", pairs: "figure" };
function fillSwitch(name, options) {
  const root = $(`[data-switch="${name}"]`);
  if (root.childElementCount) return;
  root.replaceChildren(...options.map(([value, title]) => {
    const made = make("button", title);
    made.type = "button";
    made.dataset.value = value;
    made.addEventListener("click", () => switchTo(name, value));
    return made;
  }));
  tellSwitch(name);
}
const tellSwitch = (name) => $(`[data-switch="${name}"]`).querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", button.dataset.value === chosen[name]));
const redrawn = { heatmap: () => drawHeatmap(), curves: () => drawCurves(), pairs: () => drawPairs() };
function switchTo(name, value) {
  chosen[name] = value;
  tellSwitch(name);
  redrawn[name]();
}

function drawHeatmap() {
  const sent = parts.charts.heatmap;
  fillSwitch("heatmap", Object.entries(sent.rates).map(([rate, { title }]) => [rate, title]));
  const [trace] = sent.figure.data, { z, text } = sent.rates[chosen.heatmap];
  draw("heatmap", { ...sent.figure, data: [{ ...trace, z, text }] });
}

function drawPairs() {
  const sent = parts.charts.pairs;
  fillSwitch("pairs", [["figure", "conflict"], ["cosines", "cosine"]]);
  draw("pairs", sent[chosen.pairs]);
}

// ---------------------------------------------------------------- one part of the model, or all of it

const sameCell = (one, other) => one && other && one.layer === other.layer && one.module === other.module;
function lookAt(cell) {
  tellView({ at: cell && `${cell.layer}:${cell.module}` });
  request("narrow", { layer: cell?.layer ?? null, module: cell?.module ?? null });
}

function showPlace(sent) {
  const at = sent.at, select = $('[data-slot="cells"]');
  state.at = at;
  const options = sent.cells.map((cell, place) => { const made = make("option", cell.title); made.value = place; return made; });
  const first = make("option", "Choose a layer and module …");
  first.value = "";
  select.replaceChildren(first, ...options);
  select.value = at ? sent.cells.findIndex((cell) => sameCell(cell, at)) : "";
  $('[data-act="everywhere"]').setAttribute("aria-current", !at);
  $(".ml").classList.toggle("ml-narrowed", Boolean(at));
  $(".ml-where-tensors").replaceChildren(...(at ? [make("span", at.title, "ml-chip"), ...at.tensors.map(tensorButton)] : []));
}

function tensorButton(tensor) {
  const made = make("button", `Open ${tensor.key.split(".").at(-1)} ${tensor.shape}`);
  made.type = "button";
  made.title = tensor.key;
  made.hidden = typeof openTensor === "undefined";
  made.addEventListener("click", () => openTensor(tensor.key));
  return made;
}

function nextLayer(way) {
  const cells = parts.charts?.cells || [], at = state.at || { ...cells[0], layer: null };
  const [trace] = figures.heatmap?.data || [];
  if (!trace) return;
  const column = trace.customdata.map((row) => row.find((cell) => cell && cell[1] === at.module)).filter(Boolean);
  const place = column.findIndex((cell) => cell[0] === at.layer);
  const next = column[place < 0 ? 0 : place + way];
  if (next) lookAt({ layer: next[0], module: next[1] });
}

element.addEventListener("click", (event) => {
  const act = event.target.closest("button")?.dataset.act;
  if (act === "everywhere") lookAt(null);
  if (act === "experts-csv") saveText(csvOf([EXPERT_COLUMNS.map(([title]) => title), ...parts.charts.experts.map((expert) => [expert.title, ...expert.cells])]), fileName("experts", "csv"));
  if (act === "worst" && parts.charts) lookAt(parts.charts.cells[0]);
});
$('[data-slot="cells"]').addEventListener("change", (event) => lookAt(event.target.value === "" ? null : parts.charts.cells[event.target.value]));

// What stands over a chart's cells: the one that is looked at, and the row under the pointer.
const outlined = { heatmap: null, kept: null };
marks.heatmap = () => {
  const [trace] = figures.heatmap.data, at = state.at;
  const row = at ? trace.customdata.findIndex((cells) => cells.some((cell) => cell && cell[0] === at.layer && cell[1] === at.module)) : -1;
  const column = row < 0 ? -1 : trace.customdata[row].findIndex((cell) => cell && cell[1] === at.module);
  const ring = row < 0 ? [] : [{ type: "rect", x0: column - 0.5, x1: column + 0.5, y0: row - 0.5, y1: row + 0.5, line: { color: css("--ml-ink"), width: 2 } }];
  return [...ring, ...rowMark("heatmap")];
};
marks.kept = () => rowMark("kept");
function rowMark(name) {
  const row = outlined[name];
  if (row === null) return [];
  return [{ type: "rect", xref: "paper", x0: 0, x1: 1, y0: row - 0.5, y1: row + 0.5, line: { color: css("--ml-accent"), width: 1.5 } }];
}
function lightRow(name, layer) {
  const names = name === "kept" ? figures.kept.layout.yaxis.ticktext : figures[name].data[0].y;
  const row = layer === null ? -1 : names.indexOf(layer);
  outlined[name] = row < 0 ? null : row;
  remark(name);
}
firstDrawn.heatmap = (plot) => {
  plot.on("plotly_click", ({ points: [point] }) => point.customdata && lookAt({ layer: point.customdata[0], module: point.customdata[1] }));
  plot.on("plotly_hover", ({ points: [point] }) => lightRow("kept", point.y));
  plot.on("plotly_unhover", () => lightRow("kept", null));
};
firstDrawn.kept = (plot) => {
  plot.on("plotly_hover", ({ points: [point] }) => lightRow("heatmap", figures.kept.layout.yaxis.ticktext[point.y]));
  plot.on("plotly_unhover", () => lightRow("heatmap", null));
};
firstDrawn.pairs = (plot) => {
  plot.on("plotly_hover", ({ points: [point] }) => lightExpert(point.x, point.y));
  plot.on("plotly_unhover", () => lightExpert(null));
};

function lightExpert(...places) {
  const lit = places[0] === null ? null : places;
  $(".ml-legend", card("histogram")).querySelectorAll("li").forEach((entry, place) => entry.classList.toggle("ml-dim", Boolean(lit) && !lit.includes(place)));
  const lines = $(".ml-plot", card("histogram")).querySelectorAll(".scatterlayer .trace");
  lines.forEach((found, place) => (found.style.opacity = lit && !lit.includes(place) ? 0.15 : ""));
}

let linked = view.get("at"); // the cell that the address asks for, until the first charts are there
function followLink() {
  if (!linked || !parts.charts) return;
  const [layer, module] = linked.split(/:(.*)/), cell = parts.charts.cells.find((each) => sameCell(each, { layer, module }));
  linked = null;
  if (cell) return lookAt(cell);
  tellView({ at: null });
  note("Not all of this link fits, so it was changed:", [`These models have no layer “${layer.slice(0, 40)}” with a module “${(module || "").slice(0, 40)}”, so all tensors are shown.`]);
}

const REST = 150; // ms that a knob rests before what the charts are of is merged and scored
let asking = null;
function askForScores() {
  clearTimeout(asking);
  if (!parts.charts || parts.charts.label === "exact") return;
  asking = setTimeout(() => (state.drawing || telling ? askForScores() : request("live")), REST);
}

onPart("later", () => parts.later && request("preview")); // the answer takes a while, and reports as it goes
onPart("charts", () => { showCharts(); followLink(); });
onPart("link", askForScores); // every answer has a link of its own, also where its charts are on screen already
begin.push(showCharts, followLink);
