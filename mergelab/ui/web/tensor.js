// The Tensor tab: one tensor as a map, from the whole of it down to single coordinates at every step of the merge.

function openTensor(key) { // the tab, with this tensor in it at the recipe on the sidebar
  if (state.tab !== "tensor") openTab("tensor");
  look.opening = key;
  if (key === look.tensor?.key && !isStale()) return void (tensorCard("pick").hidden = true);
  if (look.tensor && key !== look.tensor.key) tellView({ tensor: key, map: null });
  tensorWaits(true);
  request("look", { tensor: key });
}
function tensorWaits(running) {
  tensorCard("map").classList.toggle("ml-waiting", running);
  $(".ml-tensors").classList.toggle("ml-waiting", running);
  tensorChip();
}

// ---- what Python sends

function showTensor() {
  if (!isNew("tensor")) return;
  const sent = parts.tensor, same = look.tensor?.key === sent.key && look.tensor.rows === sent.rows;
  look.tensor = sent;
  look.whole = look.cells = cellsOf(parts.cells);
  look.cellsOf = wholeOf(sent);
  look.coords = null;
  last.cells = textOf("cells");
  if (!same) [look.at, look.mark, look.step] = [wholeOf(sent), null, "merge"];
  for (const name of ["map", "conflicts", "spectrum"]) tensorCard(name).hidden = false;
  tensorCard("pick").hidden = true;
  nameTensor();
  clearSpectrum();
  showConflicts();
  if (!same) comeFromLink();
  tensorWaits(false);
  fail("");
  goTo(look.at);
  look.opens = (look.opens || 0) + 1;
}
function nameTensor() {
  const { key, shape, entries, experts, rule } = look.tensor, root = tensorCard("map");
  slot(root, "tensor-name", key);
  slot(root, "tensor-about", `${shape.join(" × ") || "a single number"} · ${whole(entries)} coordinates · ${experts.length} experts · ${rule}`);
  slot(root, "go-row", look.tensor.folded ? "index" : "row");
  $('[data-go="column"]').hidden = look.tensor.folded;
  tensorChip();
}
function showCells() {
  if (!look.tensor || !isNew("cells") || parts.cells.recipe !== look.tensor.recipe) return answered();
  look.cells = cellsOf(parts.cells);
  look.cellsOf = parts.cells.window;
  answered();
  paintMap();
  tellMap();
}
function showCoordinates() {
  if (!look.tensor || !isNew("coordinates") || parts.coordinates.recipe !== look.tensor.recipe) return answered();
  const sent = parts.coordinates, floats = (text) => text && decoded(text, Float32Array);
  const steps = sent.stages.map((step) => ({ ...step, values: floats(step.values), shares: floats(step.shares), signs: floats(step.signs) }));
  const base = floats(sent.base), merged = floats(sent.merged), change = merged.map((value, at) => value - base[at]);
  const reach = Math.max(...steps.map((step) => step.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)), 1e-30);
  look.coords = { ...sent, steps, base, merged, change, reach };
  answered();
  showSteps();
  paintMap();
  tellMap();
}
function fail(sentence) {
  const box = $(".ml-unlooked");
  box.hidden = !sentence;
  box.textContent = sentence;
  if (sentence && !look.tensor) tensorCard("pick").hidden = false;
}
function showFailure() {
  if (!isNew("unlooked")) return;
  look.asked = null;
  if (!look.tensor) tellView({ tensor: null, map: null });
  tensorWaits(false);
  fail(parts.unlooked.sentence);
}

// ---- is it still true?

const isStale = () => Boolean(look.tensor && parts.charts && look.tensor.recipe !== parts.charts.name);
function tensorChip() {
  const chip = $('[data-slot="tensor-chip"]'), waiting = tensorCard("map").classList.contains("ml-waiting"), stale = isStale();
  chip.textContent = waiting ? "updating" : stale ? "stale" : "exact";
  chip.dataset.kind = chip.textContent;
  chip.title = stale ? "The recipe has changed since this map was built." : "Counted entry by entry on the tensors of this recipe.";
  tensorCard("map").classList.toggle("ml-old", stale);
  tensorCard("conflicts").classList.toggle("ml-old", stale);
  element.querySelectorAll('[data-tensor="conflicts"] .ml-chip, [data-slot="spectrum-chip"]:not(:empty)').forEach((each) => (each.textContent = each.dataset.kind = chip.textContent));
  $('[data-map="rebuild"]').hidden = !stale || waiting;
}
let following = null;
function followRecipe() { // small tensors are read again at once, others when asked
  tensorChip();
  clearTimeout(following);
  if (state.tab !== "tensor" || !parts.link) return; // a first sight without a link is not this visit's yet
  following = setTimeout(() => {
    if (!parts.charts) return;
    request("tensors"); // its answer decides whether the open tensor still exists
  }, 250);
}
function followTensors() {
  if (look.tensor && !parts.tensors.rows.some((row) => row.key === look.tensor.key)) return closeTensor();
  if (isStale() && look.tensor.follows) return openTensor(look.opening || look.tensor.key); // another one may be on its way
  if (!look.tensor && view.get("tensor") && look.opening !== view.get("tensor")) openTensor(view.get("tensor"));
  return null;
}
function closeTensor() { // other models are on the sidebar
  [look.tensor, look.at, look.coords, look.mark] = [null, null, null, null];
  for (const name of ["map", "conflicts", "spectrum"]) tensorCard(name).hidden = true;
  tensorCard("pick").hidden = false;
  last.tensor = undefined;
  tellView({ tensor: null, map: null });
}

// ---- painting

function mapParts() { // every expert's panel, then the merged one
  const { experts } = look.tensor, wide = mapCanvas.clientWidth, high = mapCanvas.clientHeight;
  return panelsFor(experts.length + 1, wide, high).map((frame, place) => ({ ...frame, expert: experts[place] || null, place }));
}
const stepAt = () => Math.max(0, stepNames().indexOf(look.step));
const stepNames = () => [...(look.coords?.steps || []).map((step) => step.name), "merge"];

function paintMap() {
  if (!look.at || !mapCanvas.offsetParent) return;
  const single = isSingle(look.at), began = performance.now();
  const context = sharp(mapCanvas), frame = { x: 0, y: 0, width: mapCanvas.clientWidth, height: mapCanvas.clientHeight };
  if (single && look.coords) paintCoordinates(context);
  else {
    look.frames = [frame];
    paintCells(context, look.whole, frame, look.at, look.colour, look.tensor.most);
    if (look.cells !== look.whole) paintCells(context, look.cells, frame, look.at, look.colour, look.tensor.most);
    ring(context, frame);
  }
  paintMini();
  look.draws += 1;
  look.painted = performance.now() - began;
}
function paintCoordinates(context) {
  const { coords, at } = look, step = coords.steps[Math.min(stepAt(), coords.steps.length - 1)], count = coords.rows * coords.columns;
  const ended = stepAt() === coords.steps.length, { experts } = look.tensor;
  look.frames = mapParts();
  const valueOf = (expert) => (place) => step.values[expert * count + place];
  const disagrees = disagreeing(stepAt());
  context.font = `12px ${css("--ml-font")}`;
  for (const panel of look.frames) {
    context.fillStyle = css("--ml-muted");
    const title = panel.expert ? panel.expert.title : ended ? "merged" : step.signs ? "elected sign" : "merged: last step";
    context.fillText(title, panel.x + (panel.expert ? 14 : 0), panel.y - 6, panel.width - 14);
    if (panel.expert) { context.fillStyle = panel.expert.colour; context.fillRect(panel.x, panel.y - 15, 9, 9); }
    context.fillStyle = css("--ml-page");
    context.fillRect(panel.x, panel.y, panel.width, panel.height);
    shadeConflicts(context, panel, at, coords, disagrees);
    if (panel.expert) paintSigns(context, panel, at, coords, panel.expert.colour, valueOf(panel.place), (place) => coords.steps[0].values[panel.place * count + place] !== 0);
    else if (ended) paintSigns(context, panel, at, coords, css("--ml-ink"), (place) => coords.change[place]);
    else if (step.signs) paintSigns(context, panel, at, coords, css("--ml-accent"), (place) => (step.values.some((_, e) => e < experts.length && valueOf(e)(place)) ? step.signs[place] * coords.reach * 0.4 : 0));
    context.strokeStyle = css("--ml-border");
    context.strokeRect(panel.x + 0.5, panel.y + 0.5, panel.width - 1, panel.height - 1);
    ring(context, panel);
  }
}
function disagreeing(until) { // whether experts pull both ways at a place, before anybody was voted out
  const { steps, rows, columns } = look.coords, before = steps.slice(0, until + 1).filter((step) => !step.signs).at(-1), count = rows * columns;
  const pulls = (place, way) => look.tensor.experts.some((_, expert) => way * before.values[expert * count + place] > 0);
  return (place) => pulls(place, 1) && pulls(place, -1);
}
function ring(context, frame) { // around the coordinate that was chosen, and the one under the pointer
  const down = frame.height / look.at.rows, across = frame.width / look.at.columns;
  for (const [spot, colour] of [[look.mark, css("--ml-accent")], [look.hovered, css("--ml-ink")]]) {
    if (!spot) continue;
    const box = isSingle(look.at) ? { top: spot.row, left: spot.column, height: 1, width: 1 } : cellBox(spot);
    const x = frame.x + (box.left - look.at.left) * across, y = frame.y + (box.top - look.at.top) * down;
    if (x + box.width * across < frame.x || y + box.height * down < frame.y || x > frame.x + frame.width || y > frame.y + frame.height) continue;
    context.strokeStyle = colour;
    context.lineWidth = spot === look.mark ? 2 : 1;
    context.strokeRect(x, y, Math.max(4, box.width * across), Math.max(4, box.height * down));
    context.lineWidth = 1;
  }
}
function cellBox({ row, column }) {
  const { top, left, height, width } = look.cells;
  return { top: top + Math.floor((row - top) / height) * height, left: left + Math.floor((column - left) / width) * width, height, width };
}
const mini = $(".ml-mini");
function paintMini() {
  const context = sharp(mini), frame = { x: 0, y: 0, width: mini.clientWidth, height: mini.clientHeight }, { rows, columns } = look.tensor;
  paintCells(context, look.whole, frame, wholeOf(look.tensor), look.colour, look.tensor.most);
  const wide = Math.max(5, (look.at.columns / columns) * frame.width), high = Math.max(5, (look.at.rows / rows) * frame.height);
  const x = Math.min((look.at.left / columns) * frame.width, frame.width - wide), y = Math.min((look.at.top / rows) * frame.height, frame.height - high);
  for (const [colour, thick] of [[css("--ml-surface"), 5], [css("--ml-ink"), 2]]) { // seen on any colour
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.strokeRect(x, y, wide, high);
  }
}
mini.addEventListener("click", (event) => {
  const box = mini.getBoundingClientRect(), { rows, columns } = look.tensor;
  goTo({ ...look.at, top: ((event.clientY - box.top) / box.height) * rows - look.at.rows / 2, left: ((event.clientX - box.left) / box.width) * columns - look.at.columns / 2 });
});

// ---- in words

const span = (from, count) => (count === 1 ? whole(from) : `${whole(from)}–${whole(from + count - 1)}`);
const spanWords = (what, from, count) => `${what}${count === 1 ? "" : "s"} ${span(from, count)}`;
function tellMap() {
  const { at, tensor } = look, single = isSingle(at), root = tensorCard("map");
  const where = tensor.folded ? `${spanWords("line", at.top, at.rows)} of ${whole(tensor.rows)}, ${whole(tensor.columns)} a line · ${spanWords("place", at.left, at.columns)}`
    : `${spanWords("row", at.top, at.rows)} of ${whole(tensor.rows)} · ${spanWords("column", at.left, at.columns)} of ${whole(tensor.columns)}`;
  slot(root, "map-where", where);
  slot(root, "map-notice", single ? "Each triangle is one number: ▲ pulls up, ▼ down, larger is stronger. Shaded: experts that disagree at this step." : MAP_WORDS[look.colour]);
  slot(root, "map-summary", single ? `${where}. ${windowInWords()}` : `${tensor.summary} On screen: ${where}.`);
  $(".ml-scrub").hidden = !single || !look.coords;
  mapCanvas.setAttribute("aria-label", `Map of ${tensor.key}, ${where}. Arrows move it, + and − zoom, 0 shows the whole.`);
  mapCanvas.style.touchAction = sameWindow(at, wholeOf(tensor)) ? "pan-y" : "none";
  element.querySelectorAll("[data-colour]").forEach((button) => choose(button, button.dataset.colour === look.colour));
  $('[data-choice="colour"]').classList.toggle("ml-off", single);
  $('[data-map="whole"]').disabled = $('[data-map="out"]').disabled = sameWindow(at, wholeOf(tensor));
  tellLegend(single);
  tellHover();
  const step = look.step === "merge" ? "" : look.step;
  const plain = sameWindow(at, wholeOf(tensor)) && look.colour === "conflict" && !step;
  tellView({ tensor: tensor.key, map: plain ? null : [at.top, at.left, at.rows, at.columns, look.colour, step].join(",").replace(/,$/, "") });
}
function choose(button, chosen) {
  button.setAttribute("aria-checked", chosen);
  button.tabIndex = chosen ? 0 : -1;
}
function windowInWords() {
  if (!look.coords) return "";
  const count = look.coords.rows * look.coords.columns, disagrees = disagreeing(look.coords.steps.length);
  const both = Array.from({ length: count }, (_, place) => disagrees(place)).filter(Boolean).length;
  return `${whole(both)} of ${whole(count)} coordinates are in conflict.`;
}
function tellLegend(single) {
  const list = $('[data-slot-list="map-legend"]');
  if (single) {
    const entries = look.tensor.experts.map((expert) => ({ title: expert.title, colour: expert.colour }));
    list.replaceChildren(...[...entries, { title: "merged", colour: "var(--ml-ink)" }].map((entry) => {
      const made = make("li");
      made.append(swatch(entry.colour), make("span", entry.title));
      return made;
    }), make("li", look.coords ? `largest change here ${size(look.coords.reach)}` : ""));
    return;
  }
  const scale = make("li"), bar = make("i", null, "ml-scale"), colours = mapColours(look.colour);
  bar.style.background = `linear-gradient(90deg, ${[0, 64, 128, 191, 255].map((at) => `rgb(${colours[at].join(" ")})`).join()})`;
  const ends = look.colour === "magnitude" ? ["0", `${size(look.tensor.most)} or more`] : ["0 %", "100 %"];
  scale.append(make("span", ends[0]), bar, make("span", ends[1]));
  const none = make("li");
  none.append(swatch("var(--ml-page)"), make("span", look.colour === "conflict" ? "no coordinate that two experts keep" : "nothing kept"));
  list.replaceChildren(scale, ...(look.colour === "magnitude" ? [] : [none]));
}

function tellHover() {
  const spot = look.hovered || look.mark, root = tensorCard("map");
  if (!spot) return slot(root, "map-hover", isSingle(look.at) ? "Hover a coordinate for its numbers; click to keep them." : "Hover a cell for its counts; double-click zooms in.");
  return slot(root, "map-hover", isSingle(look.at) && look.coords ? coordinateInWords(spot) : cellInWords(spot));
}
function cellInWords(spot) {
  const { top, left, height, width, rows, columns, fields } = look.cells, row = Math.floor((spot.row - top) / height), column = Math.floor((spot.column - left) / width);
  if (row < 0 || column < 0 || row >= rows || column >= columns) return "…";
  const at = row * columns + column, first = top + row * height, start = left + column * width;
  const of = `${spanWords("row", first, Math.min(height, look.tensor.rows - first))}, ${spanWords("column", start, Math.min(width, look.tensor.columns - start))}`;
  const { overlapping, conflicting, active, entries, gross, net, change } = fields;
  const disagree = overlapping[at] ? `${percent(conflicting[at] / overlapping[at], 0)} of ${whole(overlapping[at])} overlapping coordinates disagree` : "no two experts keep the same coordinate";
  return `${of}: ${disagree}; ${whole(active[at])} of ${whole(entries[at])} are kept by some expert; agreement ${gross[at] ? percent(net[at] / gross[at], 0) : "–"}; mean change ${size(entries[at] ? change[at] / entries[at] : 0)}`;
}
function coordinateInWords({ row, column }) {
  const { coords, tensor } = look, inside = { row: row - coords.top, column: column - coords.left };
  if (inside.row < 0 || inside.column < 0 || inside.row >= coords.rows || inside.column >= coords.columns) return `[${indexOf(row, column)}] lies outside this window`;
  if (!isThere(row, column)) return "Past the end of the tensor.";
  const at = inside.row * coords.columns + inside.column, count = coords.rows * coords.columns;
  const number = stepAt(), ended = number === coords.steps.length, step = coords.steps[Math.min(number, coords.steps.length - 1)];
  const words = tensor.experts.map((expert, place) => {
    const value = step.values[place * count + at], first = coords.steps[0].values[place * count + at], share = step.shares?.[place * count + at];
    const gone = value === 0 && first !== 0 ? ` (out; delta ${amount(first)})` : "";
    return `${expert.title} ${amount(value)}${share === undefined ? "" : ` (share ${percent(share)})`}${gone}`;
  });
  const elected = step.signs ? `elected ${signOf(step.signs[at])}; ` : "";
  const merged = ended ? `merged change ${amount(coords.change[at])}; base ${amount(coords.base[at], 5)} → ${amount(coords.merged[at], 5)} (${coords.dtype})` : "";
  return `[${indexOf(row, column)}] ${ended ? "" : `${tensor.words[step.name][0]}: `}${words.join(" · ")}; ${elected}${merged}`.replace(/[; ]+$/, "");
}

// ---- the steps

function showSteps() {
  const names = stepNames(), box = $('[data-choice="step"]');
  if (!names.includes(look.step)) look.step = "merge";
  const shown = [...box.children].map((button) => button.dataset.step).join();
  if (shown !== names.join()) box.replaceChildren(...names.map((name) => {
    const made = make("button", look.tensor.words[name][0]);
    made.type = "button";
    made.dataset.step = name;
    made.setAttribute("role", "radio");
    return made;
  }));
  [...box.children].forEach((button) => choose(button, button.dataset.step === look.step));
  slot(tensorCard("map"), "step-says", look.tensor.words[look.step][1]);
}
function setStep(name) {
  look.step = name;
  showSteps();
  paintMap();
  tellMap();
}
const stepBy = (way) => look.coords && isSingle(look.at) && setStep(stepNames()[between(stepAt() + way, 0, stepNames().length - 1)]);

// ---- jumps

function goToStrongest() {
  const { places } = look.tensor.conflicts;
  if (!places.length) return sayWhere("There is no conflict in this tensor.");
  sayWhere("");
  return goToCoordinate(Math.floor(places[0] / look.tensor.columns), places[0] % look.tensor.columns);
}
function drawn(seed) { // mulberry32: the same seed, the same place
  let state32 = (seed + 0x6d2b79f5) | 0;
  state32 = Math.imul(state32 ^ (state32 >>> 15), state32 | 1);
  state32 ^= state32 + Math.imul(state32 ^ (state32 >>> 7), state32 | 61);
  return ((state32 ^ (state32 >>> 14)) >>> 0) / 4294967296;
}
function goToRandom() {
  const field = $(".ml-map-go [name=seed]"), seed = Math.max(0, Math.floor(Number(field.value) || 0));
  const place = Math.floor(drawn(seed) * look.tensor.entries);
  field.value = seed;
  goToCoordinate(Math.floor(place / look.tensor.columns), place % look.tensor.columns);
  sayWhere(`Seed ${seed} leads to [${indexOf(look.mark.row, look.mark.column)}].`);
  field.value = seed + 1;
}
const sayWhere = (sentence) => ($(".ml-go-error").textContent = sentence);
function goToTyped() {
  const { rows, columns, entries, folded } = look.tensor, form = $(".ml-map-go");
  const read = (name, length) => {
    const text = form.elements[name].value.trim().replaceAll(",", "");
    if (/^\d+$/.test(text) && Number(text) < length) return Number(text);
    sayWhere(`${name === "row" && folded ? "The index" : `The ${name}`} must be a whole number from 0 to ${whole(length - 1)}; ${text ? `“${text.slice(0, 20)}” is not` : "it is empty"}.`);
    form.elements[name].focus();
    return null;
  };
  const first = read("row", folded ? entries : rows), second = first === null ? null : folded ? first % columns : read("column", columns);
  if (first === null || second === null) return;
  sayWhere("");
  goToCoordinate(folded ? Math.floor(first / columns) : first, second);
}

// ---- links

function comeFromLink() {
  const said = view.get("map")?.split(",");
  if (!said || view.get("tensor") !== look.tensor.key) return;
  const numbers = said.slice(0, 4).map((text) => (/^\d+$/.test(text) ? Number(text) : NaN)), notes = [];
  if (numbers.length === 4 && !numbers.some(Number.isNaN)) {
    const wanted = { top: numbers[0], left: numbers[1], rows: numbers[2], columns: numbers[3] };
    look.at = fitted(wanted);
    if (!sameWindow(wanted, look.at)) notes.push(`The window of the link reaches beyond ${look.tensor.key}, so the nearest one inside is shown.`);
  } else notes.push("The window of the link is not four whole numbers, so the whole tensor is shown.");
  if (said[4] && !MAP_COLOURS[said[4]]) notes.push(`There is no colouring “${said[4].slice(0, 30)}”, so conflicts are shown.`);
  look.colour = MAP_COLOURS[said[4]] ? said[4] : "conflict";
  if (said[5] && !look.tensor.words[said[5]]) notes.push(`There is no step “${said[5].slice(0, 30)}”, so the last one is shown.`);
  look.step = look.tensor.words[said[5]] ? said[5] : "merge";
  if (notes.length) note("Not all of this link fits, so it was changed:", notes);
}

// ---- wiring

const MAP_ACTS = {
  in: () => zoomBy(0.5), out: () => zoomBy(2), whole: showWhole, strongest: goToStrongest, random: goToRandom, csv: saveCsv,
  rebuild: () => openTensor(look.tensor.key), other: () => { const pick = tensorCard("pick"); pick.hidden = !pick.hidden; if (!pick.hidden) $(".ml-find").focus(); },
  spectrum: () => request("spectrum"),
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.map) MAP_ACTS[button.dataset.map]();
  if (button?.dataset.colour) { look.colour = button.dataset.colour; paintMap(); tellMap(); }
  if (button?.dataset.step) setStep(button.dataset.step);
});
element.querySelectorAll(".ml-choice").forEach((group) => group.addEventListener("keydown", (event) => {
  const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], buttons = [...group.children];
  if (!way) return;
  event.preventDefault();
  const next = buttons[(buttons.indexOf(document.activeElement) + way + buttons.length) % buttons.length];
  next.click();
  group.querySelector('[aria-checked="true"]')?.focus();
}));
$(".ml-map-go").addEventListener("submit", (event) => { event.preventDefault(); goToTyped(); });
new ResizeObserver(() => paintMap()).observe(mapCanvas);
new MutationObserver(() => look.tensor && (paintMap(), tellLegend(isSingle(look.at)))).observe(document.body, { attributes: true, attributeFilter: ["class"] });
element.addEventListener("ml-tab", (event) => {
  if (event.detail !== "tensor") return;
  paintMap();
  followRecipe();
});

onPart("tensors", showTensors);
onPart("tensor", showTensor);
onPart("cells", showCells);
onPart("coordinates", showCoordinates);
onPart("spectrum", showSpectrum);
onPart("unlooked", showFailure);
onPart("charts", followRecipe);
onPart("link", followRecipe);
