// The Compare tab: two recipes side by side. Each side is a recipe that was put aside, or the one on screen.

const MAPS = { "map-a": "a", "map-b": "b", "map-difference": "difference" };
const SIDE = { a: "A", b: "B" };
const tabOf = (name) => $(`.ml-tab[data-tab="${name}"]`);
let compared = null;

function showCompare() {
  if (!isNew("compare")) return;
  const tab = tabOf("compare");
  compared = parts.compare || null;
  state.compared = (state.compared || 0) + 1;
  $('[data-blank="compare"]', tab).hidden = Boolean(compared);
  $(".ml-compared", tab).hidden = !compared;
  if (!compared) return;
  for (const slot of Object.keys(SIDE)) showSlot(slot);
  fillTable("diff", ["Knob", "A", "B"], compared.diff, compared.same);
  fillTable("versus", ["", "A", "B", "B − A, points"], compared.numbers, "");
  slot($('[data-table="versus"]'), "part", compared.at ? `In ${compared.at} alone.` : "Over all tensors.");
  fillTable("compared-scores", ["Task", "A", "B", "B − A, points", "n"], compared.scores, compared.unscored);
  slot($(".ml-maps"), "summary", compared.summary);
  fillSwitch("compare", Object.entries(compared.rates));
  drawMaps();
  const curves = compared.curves;
  card("compared").classList.toggle("ml-uncurved", !curves);
  slot(card("compared"), "empty", curves ? "" : "One of the two recipes has no curve over the density.");
  if (!curves) return;
  draw("compared", curves);
  $(".ml-legend", card("compared")).replaceChildren(...curves.data.filter((trace) => !trace.meta.pinned).map((trace) => { const made = curveEntry(trace); made.lastChild.remove(); return made; }));
}

function showSlot(name) {
  const root = $(`[data-side="${name}"]`), given = compared.slots[name], button = $("button", root);
  slot(root, "title", given.title);
  slot(root, "about", given.pinned ? `recipe ${given.name}, pinned · ${given.chip}` : `recipe ${given.name}, on screen · ${given.chip}`);
  button.textContent = given.pinned ? "Follow the screen" : "Pin this one";
  button.title = given.pinned ? `${SIDE[name]} becomes the recipe on the sidebar again` : `Keep the recipe on the sidebar as ${SIDE[name]}`;
}

function drawMaps() {
  for (const [chart, part] of Object.entries(MAPS)) {
    const { figure, rates } = compared[part], [trace] = figure.data;
    const chip = $('[data-slot="label"]', card(chart)), side = compared.slots[part];
    chip.textContent = side ? side.chip : "";
    chip.dataset.kind = side?.label;
    draw(chart, { ...figure, data: [{ ...trace, ...rates[chosen.compare] }] });
  }
}
chosen.compare = "conflict";
redrawn.compare = drawMaps;

function fillTable(name, titles, rows, empty) {
  const made = make("table"), head = make("tr");
  head.append(...titles.map((title) => { const cell = make("th", title); cell.scope = "col"; return cell; }));
  made.append(make("thead"), make("tbody"));
  made.firstChild.append(head);
  made.lastChild.append(...rows.map(([first, ...rest]) => {
    const row = make("tr"), title = make("th", first);
    title.scope = "row";
    row.append(title, ...rest.map((text) => make("td", text)));
    return row;
  }));
  $(".ml-table", $(`[data-table="${name}"]`)).replaceChildren(rows.length ? made : make("p", empty, "ml-empty"));
}

const lightCell = (chart, point) => Object.keys(MAPS).filter((other) => other !== chart).forEach((other) => {
  const found = point && figures[other] ? { row: figures[other].data[0].y.indexOf(point.y), column: figures[other].data[0].x.indexOf(point.x) } : null;
  litCell[other] = found && found.row >= 0 && found.column >= 0 ? found : null;
  remark(other);
});
const litCell = {};
for (const chart of Object.keys(MAPS)) {
  marks[chart] = () => {
    const found = litCell[chart];
    return found ? [{ type: "rect", x0: found.column - 0.5, x1: found.column + 0.5, y0: found.row - 0.5, y1: found.row + 0.5, line: { color: css("--ml-ink"), width: 2 } }] : [];
  };
  firstDrawn[chart] = (plot) => {
    plot.on("plotly_hover", ({ points: [point] }) => lightCell(chart, point));
    plot.on("plotly_unhover", () => lightCell(chart, null));
    plot.on("plotly_click", ({ points: [point] }) => point.customdata && lookAt({ layer: point.customdata[0], module: point.customdata[1] }));
  };
}

tabOf("compare").addEventListener("click", (event) => {
  const button = event.target.closest("button"), side = button?.closest("[data-side]")?.dataset.side;
  if (button?.dataset.pin) pin(button.dataset.pin);
  if (button?.dataset.act === "slot") compared.slots[side].pinned ? request("unpin", { slot: side }) : pin(side);
});
onPart("compare", showCompare);
begin.push(showCompare);
