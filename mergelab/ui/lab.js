// The Lab's charts and numbers, as Python sends them.

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

watch("charts", showCharts);
showCharts();
