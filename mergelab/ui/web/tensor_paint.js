// The paint of the tensor's map: colours, cells from block sums, and single coordinates as triangles.

const MAP_COLOURS = {
  conflict: { light: ["#f3f1fa", "#9d8fdc", "#33217c"], dark: ["#23212f", "#5a48ab", "#e0d9ff"] },
  agreement: { light: ["#eef5f3", "#6fb8a5", "#0b4d3f"], dark: ["#1b2725", "#2f7f6c", "#c4f0e3"] },
  magnitude: { light: ["#fbf4e8", "#dba24a", "#6b3a05"], dark: ["#2a2419", "#99661d", "#ffe2b0"] },
};
const MAP_WORDS = {
  conflict: "Strong cells are where experts pull the same coordinates opposite ways.",
  agreement: "Pale cells are where kept changes cancel each other in the sum.",
  magnitude: "Strong cells are where the merge moves the base most.",
};
const hexOf = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

function mapColours(mode) { // 256 colours as [r, g, b]
  const stops = MAP_COLOURS[mode][isDark() ? "dark" : "light"].map(hexOf);
  return Array.from({ length: 256 }, (_, place) => {
    const at = (place / 255) * (stops.length - 1), low = Math.min(stops.length - 2, Math.floor(at));
    return stops[low].map((from, part) => Math.round(from + (at - low) * (stops[low + 1][part] - from)));
  });
}

const decoded = (text, Kind) => new Kind(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
function cellsOf(sent) {
  const kinds = { gross: Float32Array, net: Float32Array, change: Float32Array };
  const fields = Object.fromEntries(Object.entries(sent.fields).map(([name, text]) => [name, decoded(text, kinds[name] || Uint32Array)]));
  return { ...sent, fields };
}

function cellValue(cells, place, mode, most) { // 0 to 1, or null where there is nothing to tell
  const { overlapping, conflicting, gross, net, change, entries } = cells.fields;
  if (mode === "conflict") return overlapping[place] ? conflicting[place] / overlapping[place] : null;
  if (mode === "agreement") return gross[place] ? net[place] / gross[place] : null;
  return entries[place] ? Math.min(1, Math.sqrt(change[place] / entries[place] / (most || 1))) : null;
}

const bitmaps = new WeakMap(); // cells -> {look, canvas}: painting a window again needs no new colours
function bitmapOf(cells, mode, most) {
  const look = `${mode} ${isDark()} ${most}`;
  if (bitmaps.get(cells)?.look === look) return bitmaps.get(cells).canvas;
  const canvas = document.createElement("canvas"), colours = mapColours(mode);
  canvas.width = cells.columns;
  canvas.height = cells.rows;
  const context = canvas.getContext("2d"), image = context.createImageData(cells.columns, cells.rows);
  for (let place = 0; place < cells.rows * cells.columns; place++) {
    const value = cellValue(cells, place, mode, most);
    if (value !== null) image.data.set([...colours[Math.round(255 * value)], 255], 4 * place); // else it stays transparent
  }
  context.putImageData(image, 0, 0);
  bitmaps.set(cells, { look, canvas });
  return canvas;
}

function sharp(canvas) { // its context in CSS pixels, as fine as the screen
  const ratio = window.devicePixelRatio || 1, { clientWidth, clientHeight } = canvas;
  const [wide, high] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, clientWidth, clientHeight);
  context.imageSmoothingEnabled = false;
  return context;
}

function paintCells(context, cells, frame, at, mode, most) {
  // `frame` {x, y, width, height} in pixels shows the window `at`; cells may come from an earlier window.
  const down = frame.height / at.rows, across = frame.width / at.columns;
  context.save();
  context.beginPath();
  context.rect(frame.x, frame.y, frame.width, frame.height);
  context.clip();
  context.fillStyle = css("--ml-page");
  context.fillRect(frame.x, frame.y, frame.width, frame.height);
  context.drawImage(
    bitmapOf(cells, mode, most), frame.x + (cells.left - at.left) * across, frame.y + (cells.top - at.top) * down,
    cells.columns * cells.width * across, cells.rows * cells.height * down,
  );
  context.restore();
}

function triangle(context, x, y, size, up) {
  const half = size / 2, tip = up ? -half : half;
  context.beginPath();
  context.moveTo(x, y + tip);
  context.lineTo(x + half, y - tip);
  context.lineTo(x - half, y - tip);
  context.closePath();
  context.fill();
}

function paintSigns(context, panel, at, coords, colour, valueOf, gone) {
  // One panel: the window `at` of coordinates, a triangle for each value, a dot for each that is gone.
  const down = panel.height / at.rows, across = panel.width / at.columns, room = Math.min(down, across) * 0.86;
  context.fillStyle = colour;
  for (let row = 0; row < coords.rows; row++) {
    for (let column = 0; column < coords.columns; column++) {
      const place = row * coords.columns + column, value = valueOf(place);
      const x = panel.x + (coords.left + column - at.left + 0.5) * across, y = panel.y + (coords.top + row - at.top + 0.5) * down;
      if (x < panel.x || y < panel.y || x > panel.x + panel.width || y > panel.y + panel.height) continue;
      if (value) {
        const share = Math.sqrt(Math.min(1, Math.abs(value) / coords.reach));
        context.globalAlpha = 0.5 + 0.5 * share;
        triangle(context, x, y, Math.max(2.5, room * (0.35 + 0.65 * share)), value > 0);
      } else if (gone?.(place) && room > 4) {
        context.globalAlpha = 0.4;
        context.fillRect(x - 1, y - 1, 2, 2);
      }
    }
  }
  context.globalAlpha = 1;
}

function shadeConflicts(context, panel, at, coords, disagrees) {
  const down = panel.height / at.rows, across = panel.width / at.columns;
  context.fillStyle = css("--ml-accent-soft");
  for (let place = 0; place < coords.rows * coords.columns; place++) {
    if (!disagrees(place)) continue;
    const row = coords.top + Math.floor(place / coords.columns) - at.top, column = coords.left + (place % coords.columns) - at.left;
    context.fillRect(panel.x + column * across, panel.y + row * down, across, down);
  }
}

function panelsFor(count, width, height) {
  // Places for `count` panels with a line of text above each; as many beside each other as makes them least oblong.
  const head = 20, gap = 10;
  const best = Array.from({ length: count }, (_, k) => k + 1).map((across) => {
    const down = Math.ceil(count / across), wide = (width - gap * (across - 1)) / across, high = (height - (gap + head) * down + gap) / down;
    return { across, wide, high, score: Math.min(wide, high * 1.6) };
  }).sort((a, b) => b.score - a.score)[0];
  return Array.from({ length: count }, (_, place) => ({
    x: (place % best.across) * (best.wide + gap), y: Math.floor(place / best.across) * (best.high + head + gap) + head,
    width: best.wide, height: best.high,
  }));
}
