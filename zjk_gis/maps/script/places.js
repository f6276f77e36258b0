/* Where features are: boxes, and a grid of them, so that only what is in view is drawn or asked. */

function boxesOf(shapes) {
  const n = shapes.n, box = new Float64Array(4 * n);
  for (let i = 0; i < n; i++) {
    let w = Infinity, s = Infinity, e = -Infinity, t = -Infinity;
    for (let p = shapes.pointOf[shapes.ringOf[i]], end = shapes.pointOf[shapes.ringOf[i + 1]]; p < end; p++) {
      const x = shapes.x[p], y = shapes.y[p];
      if (x < w) { w = x; } if (x > e) { e = x; } if (y < s) { s = y; } if (y > t) { t = y; }
    }
    box[4 * i] = w; box[4 * i + 1] = s; box[4 * i + 2] = e; box[4 * i + 3] = t;
  }
  return box;
}

/* A grid of about n / 4 cells. Features over more than 16 cells are kept aside and always looked at. */
function gridOf(box) {
  const n = box.length / 4;
  let w = Infinity, s = Infinity, e = -Infinity, t = -Infinity;
  for (let i = 0; i < box.length; i += 4) {
    w = Math.min(w, box[i]); s = Math.min(s, box[i + 1]); e = Math.max(e, box[i + 2]); t = Math.max(t, box[i + 3]);
  }
  const wide = Math.max(e - w, 1e-9), high = Math.max(t - s, 1e-9), cells = Math.max(1, n / 4);
  const cols = Math.max(1, Math.min(2048, Math.round(Math.sqrt(cells * wide / high)))), rows = Math.max(1, Math.min(2048, Math.round(cells / cols)));
  const counts = new Uint32Array(cols * rows + 1), large = [];
  const col = function (x) { return Math.max(0, Math.min(cols - 1, Math.floor((x - w) / wide * cols))); };
  const row = function (y) { return Math.max(0, Math.min(rows - 1, Math.floor((y - s) / high * rows))); };
  function each(i, visit) {
    const c0 = col(box[4 * i]), c1 = col(box[4 * i + 2]), r0 = row(box[4 * i + 1]), r1 = row(box[4 * i + 3]);
    if ((c1 - c0 + 1) * (r1 - r0 + 1) > 16) { return false; }
    for (let r = r0; r <= r1; r++) { for (let c = c0; c <= c1; c++) { visit(r * cols + c); } }
    return true;
  }
  for (let i = 0; i < n; i++) { if (!each(i, function (cell) { counts[cell + 1]++; })) { large.push(i); } }
  for (let c = 0; c < cols * rows; c++) { counts[c + 1] += counts[c]; }
  const items = new Uint32Array(counts[cols * rows]), next = counts.slice();
  for (let i = 0; i < n; i++) { each(i, function (cell) { items[next[cell]++] = i; }); }
  const stamp = new Uint32Array(n), met = new Uint32Array(n);
  let round = 0;
  /* The features whose box meets the view, each once, in their order unless none is needed; null for all. */
  return function (view, anyOrder) {
    if (view[0] <= w && view[1] <= s && view[2] >= e && view[3] >= t) { return null; }
    let found = 0;
    round += 2;
    /* Looked at, and met where the stamp is one more. */
    function take(i) {
      if (stamp[i] >= round) { return; }
      stamp[i] = round;
      if (box[4 * i] <= view[2] && box[4 * i + 2] >= view[0] && box[4 * i + 1] <= view[3] && box[4 * i + 3] >= view[1]) { stamp[i]++; met[found++] = i; }
    }
    if (n && view[0] <= e && view[2] >= w && view[1] <= t && view[3] >= s) {
      large.forEach(take);
      const c0 = col(view[0]), c1 = col(view[2]), r0 = row(view[1]), r1 = row(view[3]);
      for (let r = r0; r <= r1; r++) { for (let k = counts[r * cols + c0], end = counts[r * cols + c1 + 1]; k < end; k++) { take(items[k]); } }
    }
    if (!anyOrder && found > n / 16) { /* many: walking along all is quicker than sorting */
      for (let i = 0, k = 0; k < found; i++) { if (stamp[i] === round + 1) { met[k++] = i; } }
      return met.slice(0, found);
    }
    const list = met.slice(0, found);
    return anyOrder ? list : list.sort();
  };
}

/* Whether feature i is at (x, y), with some reach for lines and marks. */
function isAt(layer, i, x, y, reach) {
  const s = layer.shapes, kind = s.kind[i];
  if (kind === 0) {
    const p = s.pointOf[s.ringOf[i]];
    return Math.hypot(s.x[p] - x, s.y[p] - y) <= reach;
  }
  let inside = false;
  for (let r = s.ringOf[i]; r < s.ringOf[i + 1]; r++) {
    const a = s.pointOf[r], b = s.pointOf[r + 1];
    for (let p = a, q = kind === 2 ? b - 1 : a; p < b; q = p++) {
      if (kind === 2 && (s.y[p] > y) !== (s.y[q] > y) && x < (s.x[q] - s.x[p]) * (y - s.y[p]) / (s.y[q] - s.y[p]) + s.x[p]) { inside = !inside; }
      if (kind === 1 && p !== q && toSegment(x, y, s.x[q], s.y[q], s.x[p], s.y[p]) <= reach) { return true; }
    }
  }
  return inside;
}

function toSegment(x, y, ax, ay, bx, by) {
  const dx = bx - ax, dy = by - ay, long = dx * dx + dy * dy;
  const t = long ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / long)) : 0;
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}
