// The Tensor tab's lists: tensors to pick from, the strongest conflicts, the singular values.

const tensorCard = (name) => $(`[data-tensor="${name}"]`);
const amount = (value, digits = 3) => {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value), text = size >= 0.001 && size < 10000 ? String(Number(size.toPrecision(digits))) : size.toExponential(digits - 1).replace("e-", "e−").replace("e+", "e");
  return `${value < 0 ? "−" : "+"}${text}`;
};
const size = (value, digits) => amount(value, digits).replace("+", "");
const whole = (value) => value.toLocaleString("en-US");

function indexOf(row, column) { // how the tensor itself counts this coordinate
  let place = row * look.tensor.columns + column;
  const index = [...look.tensor.shape].reverse().map((length) => {
    const at = place % length;
    place = (place - at) / length;
    return at;
  });
  return index.reverse().join(", ");
}
const isThere = (row, column) => row * look.tensor.columns + column < look.tensor.entries;

// ---- tensors to pick from

function showTensors() {
  if (!isNew("tensors")) return;
  const { rows } = parts.tensors, field = $(".ml-find");
  slot(tensorCard("pick"), "tensors", `${whole(rows.length)} tensors`);
  $(".ml-tensors").replaceChildren(...rows.map(tensorRow));
  filterTensors();
  field.disabled = false;
  state.tensors = rows;
  followTensors();
}
function tensorRow(row) {
  const made = make("button", null, "ml-tensor"), bar = make("i"), share = make("b", row.conflict === null ? "–" : percent(row.conflict, 0));
  made.type = "button";
  made.dataset.key = row.key;
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", row.key === look.tensor?.key);
  bar.style.setProperty("--share", row.conflict ?? 0);
  made.append(make("span", row.key), make("small", [row.shape, `layer ${row.layer}`, row.module, row.shared ? `${whole(row.shared)} shared` : "nothing shared"].join(" · ")), bar, share);
  made.title = row.conflict === null ? "No coordinate is kept by two experts." : `${percent(row.conflict)} of the ${whole(row.shared)} coordinates that two or more experts keep conflict.`;
  return made;
}
function filterTensors() {
  const wanted = $(".ml-find").value.trim().toLowerCase().split(/\s+/);
  element.querySelectorAll(".ml-tensor").forEach((row) => (row.hidden = !wanted.every((word) => row.textContent.toLowerCase().includes(word))));
}
$(".ml-find").addEventListener("input", filterTensors);
$(".ml-tensors").addEventListener("click", (event) => {
  const row = event.target.closest(".ml-tensor");
  if (row) openTensor(row.dataset.key);
});
$(".ml-tensors").addEventListener("keydown", (event) => {
  const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!way) return;
  event.preventDefault();
  const rows = [...element.querySelectorAll(".ml-tensor:not([hidden])")];
  rows[(rows.indexOf(document.activeElement) + way + rows.length) % rows.length]?.focus();
});

// ---- the strongest conflicts

function showConflicts() {
  const { conflicts, experts } = look.tensor, found = conflicts.places.length, root = tensorCard("conflicts");
  const some = found < conflicts.total ? `The ${found} strongest of ${whole(conflicts.total)} coordinates in conflict` : found === 1 ? "The only coordinate in conflict" : `All ${whole(found)} coordinates in conflict`;
  slot(root, "conflicts-notice", found ? `${some}. Click a row to go there. Small numbers: the density from which on the expert’s change is kept.` : "");
  slot(root, "conflicts-empty", found ? "" : "No coordinate of this tensor has two kept changes of opposite signs. Raise the density, or pick another tensor.");
  $('[data-map="csv"]').hidden = !found;
  const table = make("table"), head = make("tr"), body = make("tbody"), top = make("thead");
  head.append(make("th", "Index"), make("th", "Strength"));
  experts.forEach((expert) => {
    const cell = make("th");
    cell.append(swatch(expert.colour), make("span", expert.title));
    head.append(cell);
  });
  head.append(make("th", "Elected"), make("th", "Merged"));
  top.append(head);
  body.append(...conflicts.places.map((_, place) => conflictRow(place)));
  table.append(top, body);
  $(".ml-conflicts").replaceChildren(...(found ? [table] : []));
}
const signOf = (sign) => (sign === null ? "–" : sign > 0 ? "▲ +" : sign < 0 ? "▼ −" : "0");
function conflictRow(place) {
  const { conflicts, columns, experts } = look.tensor, at = conflicts.places[place], made = make("tr");
  const row = Math.floor(at / columns), column = at % columns, first = make("th"), button = make("button", indexOf(row, column));
  button.type = "button";
  button.dataset.row = row;
  button.dataset.column = column;
  button.title = "Go there";
  first.append(button);
  made.append(first, make("td", size(conflicts.strengths[place])));
  experts.forEach((_, expert) => {
    const cell = make("td"), level = conflicts.levels[expert][place];
    cell.append(make("span", amount(conflicts.deltas[expert][place])), make("small", level === null ? (conflicts.kept[expert][place] ? "" : "dropped") : `from ${level < 0.001 ? "< 0.1 %" : percent(level)}`));
    if (!conflicts.kept[expert][place]) cell.className = "ml-dropped";
    made.append(cell);
  });
  made.append(make("td", signOf(conflicts.signs[place])), make("td", amount(conflicts.merged[place] - conflicts.base[place])));
  return made;
}
$(".ml-conflicts").addEventListener("click", (event) => {
  const button = event.target.closest("tr")?.querySelector("[data-row]");
  if (!button) return;
  goToCoordinate(Number(button.dataset.row), Number(button.dataset.column));
  tensorCard("map").scrollIntoView({ block: "nearest" });
});

function conflictsAsCsv() {
  const { conflicts, experts, columns, key } = look.tensor, quoted = (text) => `"${String(text).replaceAll('"', '""')}"`;
  const each = (name) => experts.map((expert) => quoted(`${name} ${expert.name}`));
  const lines = [["tensor", "index", "flat", "strength", ...each("delta"), ...each("kept"), ...each("level"), "elected", "base", "merged"].join()];
  conflicts.places.forEach((at, place) => {
    const across = (rows) => rows.map((row) => row[place] ?? "");
    const numbers = [...across(conflicts.deltas), ...across(conflicts.kept), ...across(conflicts.levels), conflicts.signs[place] ?? "", conflicts.base[place], conflicts.merged[place]];
    lines.push([quoted(key), quoted(indexOf(Math.floor(at / columns), at % columns)), at, conflicts.strengths[place], ...numbers].join());
  });
  return `${lines.join("\n")}\n`;
}
function saveCsv() {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([conflictsAsCsv()], { type: "text/csv" }));
  link.download = `mergelab-${look.tensor.recipe}-${look.tensor.key.replace(/[^\w.-]+/g, "-")}-conflicts.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// ---- singular values

function showSpectrum() {
  if (!isNew("spectrum") || !look.tensor) return;
  const sent = parts.spectrum, root = tensorCard("spectrum"), plot = $(".ml-plot", root);
  if (sent.key !== look.tensor.key) return;
  const faces = new Map(look.tensor.experts.map((expert) => [expert.name, expert]));
  const lines = sent.names.map((name, at) => ({ title: faces.get(name)?.title || "merged", colour: faces.get(name)?.colour, dash: faces.get(name)?.dash || "solid", rank: sent.ranks[at], values: sent.values[at] }));
  slot(root, "spectrum-chip", sent.reason ? "" : "exact");
  $('[data-slot="spectrum-chip"]', root).dataset.kind = "exact";
  const told = lines.map((line) => `${line.title} ${line.rank ?? "–"}`).join(", ");
  slot(root, "spectrum-notice", sent.reason ? `Not decomposed: ${sent.reason}.` : "How many directions each change needs: a steep fall means few. Values of all, largest first.");
  slot(root, "spectrum-summary", sent.reason ? "" : `Singular values that hold 95 % of the energy: ${told}, of ${sent.values[0].length}.`);
  $(".ml-legend", root).replaceChildren(...lines.map((line) => {
    const made = make("li");
    made.append(swatch(line.colour || "var(--ml-ink)", line.dash), make("span", line.title), make("em", `95 % of the energy in ${line.rank ?? "–"}`));
    return made;
  }));
  plot.hidden = Boolean(sent.reason);
  state.spectrum = sent;
  if (!sent.reason) draw("spectrum", spectrumFigure(lines), true);
}
function spectrumFigure(lines) {
  const data = lines.map((line) => ({
    type: "scatter", mode: "lines", x: line.values.map((_, at) => at + 1), y: line.values.map((value) => value || null), name: line.title,
    line: { color: line.colour || css("--ml-ink"), width: line.colour ? 1.5 : 2.2, dash: line.dash }, hovertemplate: `${line.title.replace(/[<>]/g, "")}: value %{x} is %{y:.3g}<extra></extra>`,
  }));
  const axis = { automargin: true, fixedrange: true };
  return { data, layout: { margin: { l: 56, r: 12, t: 8, b: 40 }, showlegend: false, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", xaxis: { ...axis, title: { text: "place" } }, yaxis: { ...axis, type: "log", title: { text: "singular value" }, exponentformat: "power", dtick: 1 } } };
}
function clearSpectrum() {
  const root = tensorCard("spectrum");
  $(".ml-plot", root).hidden = true;
  $(".ml-legend", root).replaceChildren();
  for (const name of ["spectrum-chip", "spectrum-summary"]) slot(root, name, "");
  slot(root, "spectrum-notice", "Does the change live in a few directions, or in all? Decompose the tensor to see.");
}
