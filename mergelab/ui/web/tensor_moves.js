// Moving over the map: the window, zooming and panning by wheel, pinch, drag, buttons and keys.

const SINGLE = 64; // rows and columns from which on coordinates are shown singly
const CLOSEST = 4;
const look = { tensor: null, at: null, colour: "conflict", step: "merge", cells: null, whole: null, coords: null, mark: null, hovered: null, asked: null, waiting: null, draws: 0 };
state.look = look;
const mapCanvas = $(".ml-map");

const isSingle = (at) => at.rows <= SINGLE && at.columns <= SINGLE;
const wholeOf = (tensor) => ({ top: 0, left: 0, rows: tensor.rows, columns: tensor.columns });
const between = (value, low, high) => Math.min(high, Math.max(low, Math.round(value)));

function fitted(at) { // the nearest window inside the tensor; whole numbers
  const rows = between(at.rows, 1, look.tensor.rows), columns = between(at.columns, 1, look.tensor.columns);
  return { top: between(at.top, 0, look.tensor.rows - rows), left: between(at.left, 0, look.tensor.columns - columns), rows, columns };
}

function zoomed(at, factor, y = 0.5, x = 0.5) {
  // The window `factor` times as large around a point at the shares (y, x) of it. An axis waits at SINGLE for the other one.
  const closest = factor < 1 ? (isSingle(at) ? CLOSEST : SINGLE) : 1;
  const [rows, columns] = ["rows", "columns"].map((axis) => Math.round(Math.max(Math.min(at[axis], closest), at[axis] * factor)));
  return fitted({ top: at.top + y * (at.rows - Math.min(rows, look.tensor.rows)), left: at.left + x * (at.columns - Math.min(columns, look.tensor.columns)), rows, columns });
}

function goTo(at, mark) {
  if (!look.tensor) return;
  look.at = fitted(at);
  if (mark !== undefined) look.mark = mark;
  paintMap();
  tellMap();
  askForWindow();
}
const zoomBy = (factor, y, x) => look.at && goTo(zoomed(look.at, factor, y, x));
const panBy = (down, across) => look.at && goTo({ ...look.at, top: look.at.top + down * Math.max(1, look.at.rows), left: look.at.left + across * Math.max(1, look.at.columns) });
const showWhole = () => look.tensor && goTo(wholeOf(look.tensor));

function goToCoordinate(row, column) { // a window of 16 x 16 around it, with a ring on it
  const rows = Math.min(16, look.tensor.rows), columns = Math.min(16, look.tensor.columns);
  goTo({ top: row - rows / 2, left: column - columns / 2, rows, columns }, { row, column });
  hoverAt(null);
}

const sameWindow = (one, other) => ["top", "left", "rows", "columns"].every((name) => one?.[name] === other?.[name]);
const known = () => (isSingle(look.at) ? sameWindow(look.coords, look.at) : sameWindow(look.cellsOf, look.at));
function askForWindow() { // one request at a time; when it is answered, the window then on screen is asked for
  clearTimeout(look.waiting);
  look.waiting = null;
  if (!look.at || known()) return;
  if (look.asked && performance.now() - look.asked.since < 8000) return;
  const { top, left, rows, columns } = look.at;
  look.asked = { ...look.at, since: performance.now() };
  if (isSingle(look.at)) request("coordinates", { window: [top, left, rows, columns] });
  else request("cells", { window: [top, left, rows, columns] });
}
function answered() {
  const was = look.asked;
  look.asked = null;
  if (look.at && !sameWindow(was, look.at)) look.waiting = setTimeout(askForWindow, 0);
}

// ---- pointers

const pointers = new Map();
const shareOf = (event) => {
  const box = mapCanvas.getBoundingClientRect();
  return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
};
function frameAt(point) { // the panel under a point, as shares of it, for moves that begin there
  const box = mapCanvas.getBoundingClientRect();
  const frames = look.frames?.length ? look.frames : [{ x: 0, y: 0, width: box.width, height: box.height }];
  const frame = frames.find((each) => point.x * box.width >= each.x && point.x * box.width <= each.x + each.width && point.y * box.height >= each.y - 20 && point.y * box.height <= each.y + each.height) || frames[0];
  return { frame, place: frames.indexOf(frame), x: (point.x * box.width - frame.x) / frame.width, y: (point.y * box.height - frame.y) / frame.height };
}

mapCanvas.addEventListener("wheel", (event) => {
  if (!look.at || (event.deltaY > 0 && sameWindow(look.at, wholeOf(look.tensor)))) return; // the page scrolls on
  event.preventDefault();
  const { x, y } = frameAt(shareOf(event));
  zoomBy(2 ** Math.max(-1, Math.min(1, event.deltaY / 100)), Math.min(1, Math.max(0, y)), Math.min(1, Math.max(0, x)));
}, { passive: false });

mapCanvas.addEventListener("pointerdown", (event) => {
  if (event.button > 0 || !look.at) return;
  mapCanvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, shareOf(event));
  look.grip = { at: { ...look.at }, frame: frameAt(shareOf(event)).frame, points: new Map(pointers), moved: false };
});
mapCanvas.addEventListener("pointermove", (event) => {
  if (!pointers.has(event.pointerId)) return hoverAt(look.at && frameAt(shareOf(event)));
  pointers.set(event.pointerId, shareOf(event));
  dragTo(look.grip);
});
for (const end of ["pointerup", "pointercancel"]) mapCanvas.addEventListener(end, (event) => {
  const grip = look.grip;
  pointers.delete(event.pointerId);
  look.grip = pointers.size ? { at: { ...look.at }, frame: grip.frame, points: new Map(pointers), moved: true } : null;
  if (end === "pointerup" && grip && !grip.moved) clickAt(frameAt(shareOf(event)));
});
mapCanvas.addEventListener("pointerleave", () => hoverAt(null));
mapCanvas.addEventListener("dblclick", (event) => {
  const { x, y } = frameAt(shareOf(event));
  zoomBy(0.5, y, x);
});

function dragTo(grip) {
  const box = mapCanvas.getBoundingClientRect(), then = [...grip.points.values()], now = [...pointers.values()];
  const middle = (points, axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const apart = (points) => Math.hypot((points[0].x - points[1].x) * box.width, (points[0].y - points[1].y) * box.height);
  const across = ((middle(now, "x") - middle(then, "x")) * box.width) / grip.frame.width, down = ((middle(now, "y") - middle(then, "y")) * box.height) / grip.frame.height;
  if (Math.hypot(across * grip.frame.width, down * grip.frame.height) < 4 && now.length < 2) return;
  grip.moved = true;
  const start = now.length > 1 && then.length > 1 ? zoomed(grip.at, Math.max(0.1, apart(then) / Math.max(1, apart(now)))) : grip.at;
  goTo({ ...start, top: start.top - down * start.rows, left: start.left - across * start.columns });
}

function coordinateAt(point) {
  if (!point || point.x < 0 || point.y < 0 || point.x >= 1 || point.y >= 1) return null;
  return { row: look.at.top + Math.floor(point.y * look.at.rows), column: look.at.left + Math.floor(point.x * look.at.columns) };
}
function hoverAt(point) {
  look.hovered = look.at ? coordinateAt(point) : null;
  paintMap();
  tellHover();
}
function clickAt(point) {
  const found = coordinateAt(point);
  if (found && isSingle(look.at)) look.mark = found;
  hoverAt(point);
}

// ---- keys

const MAP_KEYS = {
  "+": () => zoomBy(0.5), "=": () => zoomBy(0.5), "-": () => zoomBy(2), "−": () => zoomBy(2), 0: showWhole, x: goToStrongest,
  ",": () => stepBy(-1), ".": () => stepBy(1),
};
const MAP_ARROWS = { ArrowUp: [-0.25, 0], ArrowDown: [0.25, 0], ArrowLeft: [0, -0.25], ArrowRight: [0, 0.25] };
mapCanvas.addEventListener("keydown", (event) => {
  const way = MAP_ARROWS[event.key];
  if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  panBy(...way);
});
const mapKey = (key) => (state.tab === "tensor" && look.tensor ? MAP_KEYS[key] : undefined);
