// Scores: the tables, and the bars.

const STATES = { none: "", exact: "exact", live: "exact · live", stale: "stale", updating: "updating" };
function showScores(name) {
  const sent = parts[name], root = $(`[data-table="${name}"]`);
  if (!isNew(name)) return;
  root.hidden = false;
  chipState(root, sent);
  $(".ml-table", root).replaceChildren(...(sent.rows.length ? [tableOf(sent)] : [make("p", sent.empty, "ml-empty")]));
  markAge(root, sent.state);
  root.classList.toggle("ml-unscored", !sent.rows.length);
  if (name !== "scores") return;
  state.scores += 1;
  state.scoreState = sent.state;
  state.of.scores = sent.digest;
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

for (const name of ["scores", "test"]) {
  onPart(name, () => showScores(name));
  begin.push(() => showScores(name));
}
