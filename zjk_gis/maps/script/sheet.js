/* A sheet: the canvas of a map. What was painted moves and grows with the map; a new picture is painted beside
   it in slices of a frame, and takes its place when it is whole. */

/* How long a frame may paint: at first, while the map rests, and while it is moved; then less if frames come late. */
const FIRST_MS = 400, REST_MS = 24, SLICE_MS = 10, LEAST_MS = 2, MOST_MS = 14, LATE_MS = 26, PAD = 0.25;

/* A picture that a reader waits for has no margin; it gets one when nothing else is asked for so long. */
const SETTLED_MS = 300;

/* A picture that is laid again while place and layers are the same and no filter has touched these. */
function keptPicture() { return { key: "", view: null, canvas: document.createElement("canvas") }; }

function keyOf(layers, view) {
  const turns = layers.map(function (layer) { return layer.number + "." + (layer.turn || 0); });
  return [view.scale, window.devicePixelRatio].concat(turns).join();
}

function isHeld(picture, key, view) {
  const v = picture.view;
  return picture.key === key && v.left <= view.left && v.top <= view.top && v.left + v.width >= view.left + view.width && v.top + v.height >= view.top + view.height;
}

function emptied(canvas, width, height) {
  const ctx = canvas.getContext("2d");
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return ctx;
}

function layPicture(ctx, picture, view) {
  const ratio = window.devicePixelRatio || 1;
  ctx.save();
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.globalAlpha = 1;
  ctx.drawImage(picture.canvas, Math.round((picture.view.left - view.left) * ratio), Math.round((picture.view.top - view.top) * ratio));
  ctx.restore();
}

function namesOf(placed) { return placed.map(function (label) { return label.text; }); }

const Sheet = L.Layer.extend({
  initialize: function (layers, state) { this._layers = layers; this._state = state; this._labels = []; this._below = keptPicture(); this._above = keptPicture(); },

  onAdd: function (map) {
    this._box = L.DomUtil.create("div", "zjk-sheet", map.getPane(this._state.pane || "overlayPane"));
    this._front = this._canvas(); this._back = this._canvas();
    this.repaint();
  },

  _canvas: function () {
    const made = L.DomUtil.create("canvas", "leaflet-zoom-animated", this._box);
    made.style.visibility = "hidden";
    return made;
  },

  getEvents: function () {
    return {
      movestart: function () { this._isMoved = true; },
      moveend: function () { this._isMoved = false; this.repaint(); },
      viewreset: this.repaint, resize: this.repaint, move: this._follow,
      zoomanim: function (e) { this._place(this._front, e.center, e.zoom); },
      zoom: function () { this._place(this._front, this._map.getCenter(), this._map.getZoom()); }
    };
  },

  _place: function (canvas, center, zoom) {
    const at = canvas.at;
    if (!at) { return; }
    const scale = this._map.getZoomScale(zoom, at.zoom), origin = this._map._getNewPixelOrigin(center, zoom);
    L.DomUtil.setTransform(canvas, at.corner.multiplyBy(scale).subtract(origin), scale);
    if (this._state.onPlace) { this._state.onPlace(); }
  },

  /* Panned beyond the margin: paint without waiting for the hand to stop. */
  _follow: function () {
    const at = this._front.at;
    if (!at || this._job || at.zoom !== this._map.getZoom()) { return; }
    const size = this._map.getSize(), now = this._map.getPixelBounds().min.subtract(at.corner);
    const rx = now.x / (PAD * size.x), ry = now.y / (PAD * size.y);
    if (rx < 0.1 || ry < 0.1 || rx > 1.9 || ry > 1.9) { this.repaint(); }
  },

  /* However often a picture is asked for, it is begun once, in the next frame; the first is begun at once, and so
     is one that a reader waits for, unless another is being painted. */
  repaint: function (waited) {
    if (!this._map) { return; }
    const isFree = !this._job, isWaited = waited === true;
    if (this._job) { cancelAnimationFrame(this._job); }
    clearTimeout(this._settling);
    this._job = null;
    if (this.painted && !(isWaited && isFree)) { this._job = requestAnimationFrame(this._begin.bind(this, isWaited)); } else { this._begin(isWaited); }
  },

  /* What is told of hexagons, and which names find room, hangs on the margin, too. */
  _isTight: function (shown) {
    return shown.every(function (layer) { return !layer.cells && !(layer.labels && layer.changes); });
  },

  _begin: function (isWaited) {
    this._job = null;
    if (!this._map) { return; }
    const map = this._map, size = map.getSize(), zoom = map.getZoom(), ratio = window.devicePixelRatio || 1;
    const shown = this._layers.filter(function (layer) { return layer.on; }), clock = this._state.clock, isTight = isWaited && this._isTight(shown);
    const margin = size.multiplyBy(isTight ? 0 : PAD).round(), corner = map.getPixelBounds().min.subtract(margin).round();
    const view = { scale: Math.pow(2, zoom), left: corner.x, top: corner.y, width: size.x + 2 * margin.x, height: size.y + 2 * margin.y };
    const canvas = this._back;
    const ctx = emptied(canvas, Math.round(view.width * ratio), Math.round(view.height * ratio));
    canvas.style.width = view.width + "px"; canvas.style.height = view.height + "px";
    canvas.at = { corner: corner, zoom: zoom };
    ctx.scale(ratio, ratio);
    const work = this._paint(ctx, shown, view, clock), self = this, began = performance.now();
    /* The first picture is waited for; no hand is on the map yet. */
    let slice = !this.painted ? FIRST_MS : this._isMoved ? SLICE_MS : REST_MS, before = 0;
    function go() {
      const start = performance.now();
      if (before && self._isMoved) { slice = start - before > LATE_MS ? Math.max(LEAST_MS, slice / 2) : Math.min(MOST_MS, slice * 1.2); }
      before = start;
      let step;
      do { step = work.next(); } while (!step.done && performance.now() - start < slice);
      if (!step.done) { self._job = requestAnimationFrame(go); return; }
      self._job = null;
      self._show(performance.now() - began);
      if (isTight) { self._settling = setTimeout(function () { self.repaint(); }, SETTLED_MS); }
    }
    go();
  },

  /* What lies below all that a filter or the time hides, and the names over it, are painted once for a place. */
  _paint: function* (ctx, shown, view, clock) {
    const first = shown.findIndex(function (layer) { return layer.changes; }), below = shown.slice(0, Math.max(0, first));
    if (below.length) { yield* this._paintBelow(ctx, below, view, clock); }
    yield* paintLayers(ctx, shown.slice(below.length), view, clock);
    const named = shown.filter(function (layer) { return layer.labels; });
    if (first < 0) { this._labels = namesOf(paintLabels(ctx, named, view)); } else if (named.length) { this._paintAbove(ctx, named, view); }
  },

  _paintBelow: function* (ctx, layers, view, clock) {
    const key = keyOf(layers, view), picture = this._below;
    if (isHeld(picture, key, view)) { layPicture(ctx, picture, view); return; }
    yield* paintLayers(ctx, layers, view, clock);
    emptied(picture.canvas, ctx.canvas.width, ctx.canvas.height).drawImage(ctx.canvas, 0, 0);
    picture.key = key; picture.view = view;
  },

  _paintAbove: function (ctx, layers, view) {
    const key = keyOf(layers, view), picture = this._above;
    if (!isHeld(picture, key, view)) {
      const own = emptied(picture.canvas, ctx.canvas.width, ctx.canvas.height);
      own.setTransform(ctx.getTransform());
      this._labels = namesOf(paintLabels(own, layers, view));
      picture.key = key; picture.view = view;
    }
    layPicture(ctx, picture, view);
  },

  _show: function (took) {
    const front = this._back;
    this._back = this._front; this._front = front;
    this._place(front, this._map.getCenter(), this._map.getZoom());
    front.style.visibility = ""; this._back.style.visibility = "hidden";
    this.took = took;
    this.painted = (this.painted || 0) + 1;
    if (this._state.onPainted) { this._state.onPainted(this); }
  },

  /* The features at a place, uppermost first. */
  pick: function (latlng, most) {
    const x = worldX(latlng.lng), y = worldY(latlng.lat), k = Math.pow(2, this._map.getZoom()), found = [], clock = this._state.clock;
    for (let l = this._layers.length - 1; l >= 0; l--) {
      const layer = this._layers[l];
      if (!layer.on || !layer.tells) { continue; }
      if (layer.cells) {
        const cell = cellAt(layer, x, y, clock);
        if (cell) { found.push({ layer, cell }); }
        if (!layer.legend || !layer.legend.single) { continue; }
      }
      const reach = 10 / k, s = layer.shapes, near = layer.near([x - reach, y - reach, x + reach, y + reach]);
      for (let n = (near ? near.length : s.n) - 1; n >= 0; n--) {
        const i = near ? near[n] : n, look = layer.styles[s.style[i]];
        if (isHidden(layer, i, clock)) { continue; }
        if (isAt(layer, i, x, y, (s.kind[i] === 0 ? (look.radius || 4) + 3 : (look.weight || 2) / 2 + 4) / k)) { found.push({ layer, i }); }
        if (found.length >= (most || 12)) { return found; }
      }
    }
    return found;
  }
});
