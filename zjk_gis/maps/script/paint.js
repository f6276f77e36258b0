/* Painting layers on a canvas. It is a generator: it stops where a frame's time is up, and goes on in the next. */

const BATCH = 100, LEAST_RIMMED = 2;

/* view: scale (pixels of the screen for a pixel of zoom 0), left and top (screen pixels), width and height. */
function* paintLayers(ctx, layers, view, clock) {
  const world = [view.left / view.scale, view.top / view.scale, (view.left + view.width) / view.scale, (view.top + view.height) / view.scale];
  for (const layer of layers) {
    if (layer.cells) { yield* paintCells(ctx, layer, view, world, clock); continue; }
    if (layer.textOnly) { continue; }
    const reach = 12 / view.scale, shown = layer.near([world[0] - reach, world[1] - reach, world[2] + reach, world[3] + reach]);
    const byStyle = sortedByStyle(layer, shown, clock);
    if (layer.onePoint) { yield* paintPoints(ctx, layer, byStyle, view, layer.styles); continue; }
    const typical = typicalOf(layer) * view.scale;
    if (typical < MERGED && layer.apart.length && layer.shapes.n > SEVERAL) {
      yield* paintMerged(ctx, layer, joined(layer.apart.map(function (s) { return byStyle[s]; })), view);
      layer.apart.forEach(function (s) { byStyle[s] = []; });
    }
    const kind = layer.shapes.kind, only = function (list, wanted) { return list.filter(function (i) { return wanted(kind[i]); }); };
    for (let s = 0; s < byStyle.length; s++) { if (layer.styles[s].casing) { yield* paintPaths(ctx, layer, only(byStyle[s], function (k) { return k === 1; }), view, layer.styles[s].casing); } }
    for (let s = 0; s < byStyle.length; s++) { yield* paintPaths(ctx, layer, only(byStyle[s], function (k) { return k > 0; }), view, layer.styles[s]); }
    yield* paintPoints(ctx, layer, byStyle.map(function (list) { return only(list, function (k) { return k === 0; }); }), view, layer.styles);
  }
}

/* One list of the numbers in several. */
function joined(lists) {
  const whole = new Uint32Array(lists.reduce(function (sum, list) { return sum + list.length; }, 0));
  lists.reduce(function (at, list) { whole.set(list, at); return at + list.length; }, 0);
  return whole;
}

/* The rims of all marks lie below all marks: where many overlap, they stay as full as their number. */
function* paintPoints(ctx, layer, byStyle, view, looks) {
  const number = byStyle.reduce(function (sum, list) { return sum + list.length; }, 0), isMany = number > STAMPED;
  const rims = looks.map(function (look) { return look.casing && radiusAt(look, view) >= LEAST_RIMMED ? look.casing : null; });
  if (isMany) { yield* stampPoints(ctx, layer, byStyle, view, looks, rims); return; }
  for (let s = 0; s < byStyle.length; s++) { if (rims[s]) { yield* paintMarks(ctx, layer, byStyle[s], view, rims[s]); } }
  for (let s = 0; s < byStyle.length; s++) { yield* paintMarks(ctx, layer, byStyle[s], view, looks[s]); }
}

function* stampPoints(ctx, layer, byStyle, view, looks, rims) {
  const ratio = window.devicePixelRatio || 1, stamp = stamper(Math.round(view.width * ratio), Math.round(view.height * ratio)), spots = [];
  for (let s = 0; s < byStyle.length; s++) { spots.push(spotsOf(layer, byStyle[s], view, looks[s], ratio)); yield; }
  for (let s = 0; s < byStyle.length; s++) { if (rims[s]) { yield* stamp.lay(spots[s].rimmed, spriteOf(rims[s], radiusAt(rims[s], view), ratio, true)); } }
  for (let s = 0; s < byStyle.length; s++) { yield* stamp.lay(spots[s].all, spriteOf(looks[s], radiusAt(looks[s], view), ratio, true)); }
  ctx.drawImage(stamp.done(), 0, 0, view.width, view.height);
}

/* Where marks are, in pixels of the screen: of many, one in each square of a radius. Amid others no rim is seen. */
function spotsOf(layer, list, view, look, ratio) {
  const s = layer.shapes, k = view.scale, r = radiusAt(look, view), reach = 1.4 * r + 4, all = new Int32Array(2 * list.length);
  const many = list.length > MANY_MARKS, step = Math.max(1, r), cols = Math.ceil((view.width + 2 * reach) / step) + 2;
  const taken = many ? new Uint8Array(cols * (Math.ceil((view.height + 2 * reach) / step) + 3)) : null, cells = many ? new Uint32Array(list.length) : null;
  let n = 0;
  for (let at = 0; at < list.length; at++) {
    const p = s.pointOf[s.ringOf[list[at]]], x = s.x[p] * k - view.left, y = s.y[p] * k - view.top;
    if (x < -reach || y < -reach || x > view.width + reach || y > view.height + reach) { continue; }
    if (many) {
      const cell = (((y + reach) / step | 0) + 1) * cols + ((x + reach) / step | 0) + 1;
      if (taken[cell]) { continue; }
      taken[cell] = 1;
      cells[n] = cell;
    }
    all[2 * n] = Math.round(x * ratio); all[2 * n + 1] = Math.round(y * ratio);
    n++;
  }
  return { all: all.subarray(0, 2 * n), rimmed: many ? rimmedOf(all, cells, n, taken, cols) : all.subarray(0, 2 * n) };
}

function rimmedOf(all, cells, n, taken, cols) {
  const rimmed = new Int32Array(2 * n);
  let m = 0;
  for (let at = 0; at < n; at++) {
    const c = cells[at], up = c - cols, down = c + cols;
    if (taken[up - 1] & taken[up] & taken[up + 1] & taken[c - 1] & taken[c + 1] & taken[down - 1] & taken[down] & taken[down + 1]) { continue; }
    rimmed[m++] = all[2 * at]; rimmed[m++] = all[2 * at + 1];
  }
  return rimmed.subarray(0, m);
}

/* Whether a filter or the clock hides a row. */
function isHidden(layer, i, clock) {
  const time = layer.shapes.time;
  return Boolean(layer.mask && layer.mask[i]) || Boolean(clock && time && (time[i] < clock[0] || time[i] >= clock[1]));
}

function sortedByStyle(layer, shown, clock) {
  const s = layer.shapes, n = shown ? shown.length : s.n, counts = new Uint32Array(layer.styles.length), kept = new Uint32Array(n);
  const mask = layer.mask, time = clock ? s.time : null, style = s.style;
  let left = 0;
  for (let k = 0; k < n; k++) {
    const i = shown ? shown[k] : k;
    if (mask && mask[i] || time && (time[i] < clock[0] || time[i] >= clock[1])) { continue; }
    kept[left++] = i; counts[style[i]]++;
  }
  const lists = Array.from(counts, function (count) { return new Uint32Array(count); }), next = counts.fill(0);
  for (let k = 0; k < left; k++) { const i = kept[k]; lists[style[i]][next[style[i]]++] = i; }
  return lists;
}

/* Marks of things that stand close together grow with the scale until the zoom at which they are full. */
const SMALLEST = 0.7;

function radiusAt(look, view) {
  const r = look.radius || 4;
  return look.fullAt ? Math.max(SMALLEST, r * Math.min(1, Math.pow(2, (Math.log2(view.scale) - look.fullAt) / 2))) : r;
}

/* Lines that lie close together do so, too, so that from afar they do not merge into a band. */
const THINNEST = 0.6;

function weightAt(look, view) {
  return look.fullAt ? Math.max(THINNEST, look.weight * Math.min(1, Math.pow(2, (Math.log2(view.scale) - look.fullAt) / 2))) : look.weight;
}

/* More marks of a layer than this are laid into memory; of more than MANY_MARKS of a kind those nearly on the same
   spot hide each other, and one in each square of a radius is drawn. */
const STAMPED = 1000, MANY_MARKS = 20000;

function* paintMarks(ctx, layer, list, view, look) {
  if (!list.length) { return; }
  const s = layer.shapes, ratio = window.devicePixelRatio || 1, { canvas, half } = spriteOf(look, radiusAt(look, view), ratio, false);
  for (let k = 0; k < list.length; k++) {
    const p = s.pointOf[s.ringOf[list[k]]], x = s.x[p] * view.scale - view.left, y = s.y[p] * view.scale - view.top;
    if (x < -half || y < -half || x > view.width + half || y > view.height + half) { continue; }
    ctx.drawImage(canvas, x - half, y - half, 2 * half, 2 * half);
    if (k % 500 === 499) { yield; }
  }
}

/* The picture of a mark, made once for a size. Among thousands, one that lets hardly anything through lets nothing. */
const sprites = new WeakMap(), CLEAR = 0.9;

function spriteOf(look, r, ratio, isOneOfMany) {
  const made = sprites.get(look), fillOpacity = isOneOfMany && look.fillOpacity > CLEAR ? 1 : look.fillOpacity;
  if (made && made.r === r && made.ratio === ratio && made.fillOpacity === fillOpacity) { return made; }
  const half = Math.ceil(1.4 * r + (look.weight || 0) + 1), canvas = document.createElement("canvas"), ctx = canvas.getContext("2d", { willReadFrequently: true });
  canvas.width = canvas.height = 2 * half * ratio;
  ctx.scale(ratio, ratio);
  paintMark(ctx, Object.assign({}, look, { fillOpacity, weight: r < LEAST_RIMMED ? 0 : look.weight }), half, half, r);
  const sprite = { canvas, half, r, ratio, fillOpacity, pixels: null };
  sprites.set(look, sprite);
  return sprite;
}

/* Its pixels, and how far each is from the first: those that hide what is below, and those that let it through. */
function pixelsOf(sprite, width) {
  if (sprite.pixels && sprite.pixels.width === width) { return sprite.pixels; }
  const side = sprite.canvas.width, own = sprite.canvas.getContext("2d").getImageData(0, 0, side, side).data, all = new Uint32Array(own.buffer);
  const of = function (isOne) {
    const at = Uint32Array.from(all.keys()).filter(function (i) { return isOne(own[4 * i + 3]); });
    return { step: Int32Array.from(at, function (i) { return Math.floor(i / side) * width + i % side; }), colour: at.map(function (i) { return all[i]; }) };
  };
  const full = of(function (alpha) { return alpha === 255; }), soft = of(function (alpha) { return alpha > 0 && alpha < 255; });
  sprite.pixels = { width, side, full, soft, core: full.colour.length ? full.colour[full.colour.length >> 1] : 0 };
  return sprite.pixels;
}

/* A colour over another, both as the four bytes of a pixel. */
function over(above, below) {
  const a = above >>> 24, part = a + (a >>> 7), left = 256 - part;
  if (below >>> 24 === 255) { // nearly always; two colours at once, in parts of 256
    const odd = Math.imul(above & 0xff00ff, part) + Math.imul(below & 0xff00ff, left) >>> 8 & 0xff00ff, even = Math.imul(above >>> 8 & 0xff, part) + Math.imul(below >>> 8 & 0xff, left) & 0xff00;
    return (0xff000000 | odd | even) >>> 0;
  }
  const rest = (below >>> 24) * (255 - a) / 255, alpha = a + rest;
  const mixed = function (shift) { return Math.round(((above >>> shift & 255) * a + (below >>> shift & 255) * rest) / alpha) << shift; };
  return (Math.round(alpha) << 24 | mixed(16) | mixed(8) | mixed(0)) >>> 0;
}

/* Thousands of marks are laid into memory pixel by pixel, on whole pixels: a call to the canvas for each takes
   ten times as long. Marks lie over each other as the canvas would lay them. What is not used at this moment is
   kept for the next picture, since to make it anew takes longer than to fill it. */
const spareSheets = [];

function stamper(width, height) {
  const at = spareSheets.findIndex(function (spare) { return spare.image.width === width && spare.image.height === height; });
  const sheet = at < 0 ? { image: new ImageData(width, height), canvas: document.createElement("canvas") } : spareSheets.splice(at, 1)[0];
  const whole = new Uint32Array(sheet.image.data.buffer);
  whole.fill(0);
  return {
    lay: function* (spots, sprite) {
      const pixels = pixelsOf(sprite, width), off = Math.round(sprite.half * sprite.ratio);
      for (let from = 0; from < spots.length; from += 8000) {
        layMarks(whole, width, height, spots.subarray(from, from + 8000), off, pixels);
        yield;
      }
    },
    /* To be drawn at once: the next picture may take it. */
    done: function () {
      const canvas = sheet.canvas;
      if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
      canvas.getContext("2d").putImageData(sheet.image, 0, 0);
      spareSheets.push(sheet);
      while (spareSheets.length > 2) { spareSheets.shift(); }
      return canvas;
    }
  };
}

/* Where marks of a kind lie thick, most of a rim is hidden already. A mark over the edge is left out: it is far
   out of view. */
function layMarks(whole, width, height, spots, off, pixels) {
  const { side, core, full, soft } = pixels, fullStep = full.step, fullColour = full.colour, softStep = soft.step, softColour = soft.colour;
  for (let m = 0; m < spots.length; m += 2) {
    const left = spots[m] - off, top = spots[m + 1] - off;
    if (left < 0 || top < 0 || left + side > width || top + side > height) { continue; }
    const base = top * width + left;
    for (let k = 0; k < softStep.length; k++) {
      const to = base + softStep[k], below = whole[to];
      if (below !== core) { whole[to] = below ? over(softColour[k], below) : softColour[k]; }
    }
    for (let k = 0; k < fullStep.length; k++) { whole[base + fullStep[k]] = fullColour[k]; }
  }
}

/* Of many areas those of a few pixels are drawn without their rims, and those of fewer as rectangles: nobody
   could tell, and it is drawn several times as fast. */
const MANY = 5000, RIMLESS = 9, RECTANGLE = 3;

/* Of several areas the rims fade as the areas grow small, and where nobody could tell neighbours apart they are
   one: their ground in one colour with a rim around it, under what is marked among them. */
const SEVERAL = 1000, MERGED = 5, FULL = 18;

/* How large the areas of a layer are, in pixels of zoom 0: the larger side of the middle one. */
function typicalOf(layer) {
  if (layer.typical === undefined) {
    const sides = [], s = layer.shapes, box = layer.box, step = Math.max(1, Math.floor(s.n / 2000));
    for (let i = 0; i < s.n; i += step) { if (s.kind[i] === 2) { sides.push(Math.max(box[4 * i + 2] - box[4 * i], box[4 * i + 3] - box[4 * i + 1])); } }
    sides.sort(function (a, b) { return a - b; });
    layer.typical = sides.length ? sides[sides.length >> 1] : Infinity;
  }
  return layer.typical;
}

function fadedRim(layer, look, view) {
  const share = typicalOf(layer) * view.scale / FULL;
  if (layer.shapes.n <= SEVERAL || share >= 1 || !look.weight || look.hatch) { return look; }
  return Object.assign({}, look, { weight: look.weight * Math.max(0.35, share), opacity: (look.opacity === undefined ? 1 : look.opacity) * Math.max(0.25, share) });
}

function* paintMerged(ctx, layer, list, view) {
  if (!list.length) { return; }
  const look = layer.styles[layer.apart.find(function (s) { return layer.styles[s].fills; })], ratio = window.devicePixelRatio || 1;
  const ground = blank(), solid = { fillColor: look.fillColor, fillOpacity: 1, color: look.fillColor, weight: 1 };
  const apart = Object.assign({}, layer, { apart: [], typical: Infinity });
  yield* paintPaths(ground.getContext("2d"), apart, list, view, solid);
  /* Laid over itself, the ground closes seams and gaps that are narrower than a pixel. */
  for (let k = 0; k < 2; k++) { ground.getContext("2d").drawImage(ground, 0, 0, view.width, view.height); }
  const rim = blank(), r = rim.getContext("2d"), tinted = blank(), t = tinted.getContext("2d");
  t.drawImage(ground, 0, 0, view.width, view.height);
  t.globalCompositeOperation = "source-in"; t.fillStyle = look.color; t.fillRect(0, 0, view.width, view.height);
  [[-1, -1], [1, -1], [-1, 1], [1, 1]].forEach(function (at) { r.drawImage(tinted, at[0], at[1], view.width, view.height); });
  r.globalCompositeOperation = "destination-out"; r.drawImage(ground, 0, 0, view.width, view.height);
  ctx.globalAlpha = look.fillOpacity; ctx.drawImage(ground, 0, 0, view.width, view.height);
  ctx.globalAlpha = 1; ctx.drawImage(rim, 0, 0, view.width, view.height);
  function blank() {
    const made = document.createElement("canvas");
    made.width = Math.round(view.width * ratio); made.height = Math.round(view.height * ratio);
    made.getContext("2d").scale(ratio, ratio);
    return made;
  }
}

/* Where two dashed areas meet, both would dash the border, each from its own corner, and fill the other's gaps:
   an edge belongs to the first that has it. For each point whether the edge to the next is the area's own. */
const MOST_EDGES = 200000;

function ownEdges(layer) {
  if (layer.edges !== undefined) { return layer.edges; }
  const s = layer.shapes, points = s.pointOf[s.pointOf.length - 1];
  layer.edges = points <= MOST_EDGES ? new Uint8Array(points) : null;
  if (!layer.edges) { return null; }
  const taken = new Set();
  for (let i = 0; i < s.n; i++) {
    if (s.kind[i] !== 2) { continue; }
    for (let ring = s.ringOf[i]; ring < s.ringOf[i + 1]; ring++) {
      const from = s.pointOf[ring], to = s.pointOf[ring + 1];
      for (let p = from; p < to; p++) {
        const q = p + 1 < to ? p + 1 : from, a = s.x[p] + " " + s.y[p], b = s.x[q] + " " + s.y[q], key = a < b ? a + " " + b : b + " " + a;
        if (!taken.has(key)) { taken.add(key); layer.edges[p] = 1; }
      }
    }
  }
  return layer.edges;
}

/* A ring as the runs of its own edges. */
function addRuns(ctx, s, edges, from, to, view) {
  const k = view.scale;
  let drawing = false;
  for (let p = from; p < to; p++) {
    const q = p + 1 < to ? p + 1 : from;
    if (!edges[p]) { drawing = false; continue; }
    if (!drawing) { ctx.moveTo(s.x[p] * k - view.left, s.y[p] * k - view.top); drawing = true; }
    ctx.lineTo(s.x[q] * k - view.left, s.y[q] * k - view.top);
  }
}

function* paintPaths(ctx, layer, list, view, look) {
  if (look.fullAt) { look = Object.assign({}, look, { weight: weightAt(look, view) }); }
  const s = layer.shapes, box = layer.box, tiny = [], k = view.scale, many = list.length > MANY;
  const plain = Object.assign({}, look, { weight: 0 }), least = many ? RECTANGLE : 1.2;
  if (many && look.weight) { look = Object.assign({}, look, { weight: Math.min(look.weight, 0.8) }); }
  look = fadedRim(layer, look, view);
  const edges = look.dashArray && !layer.mask && !s.time ? ownEdges(layer) : null, dashed = [];
  let batch = 0, areas = false, rimless = false;
  function flush() {
    if (batch) {
      if (areas) { fillAs(ctx, look, -view.left, -view.top); }
      if (areas && edges) {
        ctx.beginPath();
        dashed.forEach(function (r) { addRuns(ctx, s, edges, s.pointOf[r], s.pointOf[r + 1], view); });
      }
      strokeAs(ctx, rimless ? plain : look);
    }
    ctx.beginPath(); batch = 0; areas = false; dashed.length = 0;
  }
  flush();
  for (const i of list) {
    const kind = s.kind[i], wide = Math.max(box[4 * i + 2] - box[4 * i], box[4 * i + 3] - box[4 * i + 1]) * k;
    if (wide < least) { tiny.push(i); continue; }
    const bare = many && kind === 2 && wide < RIMLESS && look.fillOpacity > 0.05;
    if (bare !== rimless) { flush(); rimless = bare; }
    if (kind === 2) { areas = true; }
    for (let r = s.ringOf[i]; r < s.ringOf[i + 1]; r++) {
      addRing(ctx, s, s.pointOf[r], s.pointOf[r + 1], kind === 2, view);
      if (edges && kind === 2) { dashed.push(r); }
    }
    if (++batch >= BATCH) { flush(); yield; }
  }
  flush();
  yield* paintTiny(ctx, layer, tiny, view, look);
}

/* Points nearer than 0.8 pixels to the last one drawn change nothing that can be seen. */
function addRing(ctx, s, from, to, closed, view) {
  const k = view.scale, X = s.x, Y = s.y, left = view.left, top = view.top;
  let px = X[from] * k - left, py = Y[from] * k - top;
  ctx.moveTo(px, py);
  for (let p = from + 1; p < to; p++) {
    const x = X[p] * k - left, y = Y[p] * k - top, dx = x - px, dy = y - py;
    if (dx * dx + dy * dy < 0.64 && p < to - 1) { continue; }
    ctx.lineTo(x, y); px = x; py = y;
  }
  if (closed) { ctx.closePath(); }
}

function* paintTiny(ctx, layer, list, view, look) {
  if (!list.length) { return; }
  const taken = new Uint8Array(view.width * view.height), areas = layer.shapes.kind[list[0]] === 2, box = layer.box;
  const fill = areas && (look.fillOpacity === undefined || look.fillOpacity > 0.05);
  ctx.fillStyle = fill ? look.fillColor || look.color : look.color;
  ctx.globalAlpha = fill ? Math.max(0.5, look.fillOpacity || 0.2) : 0.8;
  for (let k = 0; k < list.length; k++) {
    const i = list[k], left = box[4 * i] * view.scale - view.left, top = box[4 * i + 1] * view.scale - view.top, x = Math.floor(left), y = Math.floor(top);
    if (x < 0 || y < 0 || x >= view.width || y >= view.height || taken[y * view.width + x]) { continue; }
    taken[y * view.width + x] = 1;
    ctx.fillRect(left, top, Math.max(1.3, (box[4 * i + 2] - box[4 * i]) * view.scale), Math.max(1.3, (box[4 * i + 3] - box[4 * i + 1]) * view.scale));
    if (k % 2000 === 1999) { yield; }
  }
  ctx.globalAlpha = 1;
}
