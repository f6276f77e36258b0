/* Many points, honestly: hexagons with the count of what lies in each, single points once few enough are in
   view to be told apart. */

const SINGLE = 3000, SIDE = 9;

function hexSide(view) { return SIDE / Math.pow(2, Math.floor(Math.log2(view.scale) + 1e-9)); }

/* Count what is in view. The lattice is fixed to the ground, so that panning moves it and changes no count. */
function countCells(layer, world, side, clock) {
  const s = layer.shapes, high = 1.5 * side, wide = Math.sqrt(3) * side, pad = 2 * side;
  const q0 = Math.floor((world[0] - pad) / wide), r0 = Math.floor((world[1] - pad) / high);
  const cols = Math.ceil((world[2] + pad) / wide) - q0 + 2, rows = Math.ceil((world[3] + pad) / high) - r0 + 2;
  const counts = new Uint32Array(cols * rows), near = layer.near([world[0] - pad, world[1] - pad, world[2] + pad, world[3] + pad], true);
  const n = near ? near.length : s.n;
  let total = 0;
  for (let k = 0; k < n; k++) {
    const i = near ? near[k] : k;
    if (isHidden(layer, i, clock)) { continue; }
    const cell = hexAt(s.x[i], s.y[i], wide, high), c = cell[0] - q0, r = cell[1] - r0;
    if (c < 0 || r < 0 || c >= cols || r >= rows) { continue; }
    counts[r * cols + c]++; total++;
  }
  return { counts, cols, rows, q0, r0, wide, high, side, total, near };
}

const cellFound = [0, 0];

/* The nearest of the two centres that can be it; the array is used again. */
function hexAt(x, y, wide, high) {
  const r = Math.floor(y / high);
  let best = Infinity;
  for (let row = r; row <= r + 1; row++) {
    const shift = row & 1 ? 0.5 : 0, q = Math.round(x / wide - shift), dx = x - (q + shift) * wide, dy = y - row * high, d = dx * dx + dy * dy;
    if (d < best) { best = d; cellFound[0] = q; cellFound[1] = row; }
  }
  return cellFound;
}

/* Classes that begin at 1, 2, 5, 10, 20, 50 ..., so that a reader can name them. */
function cellBreaks(counts, classes) {
  const sorted = Uint32Array.from(counts.filter(Boolean)).sort(), high = sorted.length ? sorted[Math.floor(sorted.length * 0.97)] : 1;
  const series = [];
  for (let decade = 1; decade <= 1e9; decade *= 10) { series.push(decade, 2 * decade, 5 * decade); }
  let last = series.findIndex(function (v) { return v > high; });
  last = Math.max(1, last);
  const chosen = series.slice(Math.max(0, last - classes), last);
  chosen[0] = 1;
  return chosen;
}

function* paintCells(ctx, layer, view, world, clock) {
  const side = hexSide(view), found = countCells(layer, world, side, clock);
  yield;
  if (found.total <= SINGLE && view.scale >= Math.pow(2, 13)) {
    layer.legend = { single: true, total: found.total };
    const byStyle = sortedByStyle(layer, found.near, clock);
    yield* paintPoints(ctx, layer, byStyle, view, layer.marks);
    return;
  }
  const colours = layer.ramp, breaks = cellBreaks(found.counts, colours.length), k = view.scale;
  layer.legend = { breaks, total: found.total, colours, side: side };
  layer.found = found;
  const paths = colours.map(function () { return new Path2D(); }), R = side * k;
  for (let r = 0; r < found.rows; r++) {
    for (let c = 0; c < found.cols; c++) {
      const count = found.counts[r * found.cols + c];
      if (!count) { continue; }
      let cls = breaks.length - 1;
      while (cls > 0 && count < breaks[cls]) { cls--; }
      const row = r + found.r0, x = (c + found.q0 + (row & 1 ? 0.5 : 0)) * found.wide * k - view.left, y = row * found.high * k - view.top;
      hexPath(paths[cls], x, y, R);
    }
  }
  paths.forEach(function (path, i) { ctx.globalAlpha = 0.86; ctx.fillStyle = colours[i]; ctx.fill(path); ctx.globalAlpha = 1; ctx.lineWidth = 0.6; ctx.strokeStyle = "#ffffff"; ctx.stroke(path); });
}

function hexPath(path, x, y, r) {
  const h = r / 2, w = r * Math.sqrt(3) / 2;
  path.moveTo(x, y - r); path.lineTo(x + w, y - h); path.lineTo(x + w, y + h); path.lineTo(x, y + r); path.lineTo(x - w, y + h); path.lineTo(x - w, y - h); path.closePath();
}

/* What lies in the hexagon at (x, y): the count, and by style. */
function cellAt(layer, x, y, clock) {
  if (!layer.legend || layer.legend.single) { return null; }
  const f = layer.found, wanted = hexAt(x, y, f.wide, f.high).slice(), s = layer.shapes, counts = layer.marks.map(function () { return 0; });
  const near = layer.near([x - 2 * f.side, y - 2 * f.side, x + 2 * f.side, y + 2 * f.side]);
  let total = 0;
  for (let k = 0, n = near ? near.length : s.n; k < n; k++) {
    const i = near ? near[k] : k;
    if (isHidden(layer, i, clock)) { continue; }
    const cell = hexAt(s.x[i], s.y[i], f.wide, f.high);
    if (cell[0] === wanted[0] && cell[1] === wanted[1]) { total++; counts[s.style[i]]++; }
  }
  return total ? { total, counts } : null;
}
