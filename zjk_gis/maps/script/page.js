/* The page: layers are unpacked and painted, controls set around them. */

async function unpackLayer(layer, page) {
  if (layer.shapes) {
    layer.shapes = shapesFrom(await unpacked(layer.shapes), layer.digits);
    const time = layer.shapes.time;
    if (time) { for (let i = 0; i < time.length; i++) { if (time[i] < UNTIMED) { time[i] -= page.time.first; } } }
    layer.box = boxesOf(layer.shapes);
    layer.near = gridOf(layer.box);
    layer.onePoint = layer.shapes.n > 0 && layer.shapes.kind.every(function (kind) { return kind === 0; });
  }
  if (layer.labels) {
    const l = await unpackedJson(layer.labels);
    let lon = 0, lat = 0;
    layer.labels = Object.assign(l, {
      cut: new Set(l.cut),
      x: Float64Array.from(l.lon, function (v) { lon += v; return worldX(lon / 1e6); }),
      y: Float64Array.from(l.lat, function (v) { lat += v; return worldY(lat / 1e6); }),
      room: l.room.map(function (v) { return v / 1e6 / 360 * 256; })
    });
  }
  layer.keyText = {};
  layer.keys.forEach(function (key) { layer.keyText[key[0]] = key[1]; });
  return layer;
}

/* A map in a folded tab, a lazy frame or a cell not yet in view has no size, and cannot be framed or painted. */
function sized(map) {
  const box = map.getContainer(), hasSize = function () { return box.clientWidth > 0 && box.clientHeight > 0; };
  return new Promise(function (done) {
    new ResizeObserver(function () { if (hasSize()) { map.invalidateSize({ animate: false }); done(); } }).observe(box);
    if (hasSize()) { map.invalidateSize({ animate: false }); done(); }
  });
}

/* How much smaller the map may be for being clear of the panels, in zooms; and from how near it shows a spot. */
const COSTS = 0.5, NEAREST = 18.5;

/* How far the panels at the edges reach over the map. A map of two sides has its middle where they meet. */
function coveredBy(map, sides, plays) {
  const size = map.getSize(), frame = map.getContainer().getBoundingClientRect(), narrow = size.x <= 640;
  const of = function (what, side) { const node = map.getContainer().querySelector(what); return node ? node.getBoundingClientRect()[side] : 0; };
  const panel = map.getContainer().querySelector(".zjk-panel:not(.folded)");
  const top = Math.max(of(".zjk-title", "bottom"), narrow ? of(".zjk-search", "bottom") : 0) - frame.top;
  const left = narrow ? 0 : of(".zjk-tools", "right") - frame.left, right = panel && !narrow ? frame.right - panel.getBoundingClientRect().left : 0;
  const clock = narrow && map.getContainer().querySelector(".zjk-clock") === null && plays ? 122 : 0;
  const foot = narrow && map.getContainer().querySelector(".zjk-foot") ? clock + frame.bottom - of(".zjk-foot", "top") : 0, both = sides ? Math.max(left, right) : 0;
  return { left: 8 + Math.max(0, left, both), right: 8 + Math.max(0, right, both), top: 8 + Math.min(Math.max(0, top), size.y / 3), foot: 8 + Math.min(foot, size.y / 3) };
}

/* Until a reader moves the map, it shows the whole at whatever size it has. */
function framing(map, page) {
  let framed = null;
  function frame() {
    if (!page.bounds) { return; }
    const size = map.getSize(), below = Math.min(page.time && page.time.plays ? 140 : page.sides ? 60 : 8, size.y / 3), pad = Math.min(8, size.x / 4, size.y / 4);
    const over = coveredBy(map, page.sides, page.time && page.time.plays), bounds = L.latLngBounds(page.bounds), foot = Math.max(below, over.foot);
    /* Clear of the panels where that makes the map hardly smaller; of all, of those beside it or of those above. */
    const ways = [[pad, pad, pad, below], [over.left, over.top, over.right, foot], [over.left, pad, over.right, below], [pad, over.top, pad, foot]];
    const zooms = ways.map(function (w) { return map.getBoundsZoom(bounds, false, L.point(w[0] + w[2], w[1] + w[3])); });
    const at = [1, 2, 3].find(function (k) { return zooms[k] >= zooms[0] - COSTS; }) || 0, way = ways[at];
    map.fitBounds(bounds, { paddingTopLeft: [way[0], way[1]], paddingBottomRight: [way[2], way[3]], maxZoom: NEAREST, animate: false });
    framed = { at: map.getCenter(), zoom: map.getZoom() };
  }
  map.on("resize", function () {
    const size = map.getSize(), moved = framed && map.project(framed.at, framed.zoom).distanceTo(map.project(map.getCenter(), framed.zoom));
    if (framed && size.x > 0 && size.y > 0 && map.getZoom() === framed.zoom && moved < 2) { frame(); }
  });
  return frame;
}

/* In a report or a notebook the wheel scrolls what is around the map, until a reader has clicked into it. */
function lettingScroll(map) {
  if (window.self === window.top) { return; }
  const box = map.getContainer();
  map.scrollWheelZoom.disable();
  box.addEventListener("pointerdown", function () { map.scrollWheelZoom.enable(); }, true);
  document.documentElement.addEventListener("mouseleave", function () { map.scrollWheelZoom.disable(); });
}

async function zjkPage(map, page) {
  const app = { map, page, words: page.words, state: { clock: null }, marked: L.layerGroup().addTo(map) };
  document.documentElement.lang = page.lang === "zh" ? "zh-CN" : page.lang;
  const title = element("div", "zjk-title"), name = element("b", "", page.title);
  name.setAttribute("role", "heading"); name.setAttribute("aria-level", "1");
  title.append(name, element("span", "", page.subtitle));
  title.title = page.title + "\n" + page.subtitle;
  map.getContainer().setAttribute("role", "region");
  map.getContainer().setAttribute("aria-label", page.title + " – " + page.words.mapHow);
  corner(map, "topleft", title);
  if (map.zoomControl) { map.zoomControl.remove(); L.control.zoom({ zoomInTitle: page.words.zoomIn, zoomOutTitle: page.words.zoomOut }).addTo(map); }
  lettingScroll(map);
  app.frame = framing(map, page);
  const hasSize = sized(map);
  app.layers = await Promise.all(page.layers.map(function (layer) { return unpackLayer(layer, page); }));
  app.layers.forEach(function (layer, k) { layer.number = k; });
  app.changing = function (layers) { app.layers.forEach(function (layer) { layer.changes = layers.includes(layer) || Boolean(page.time && page.time.plays && layer.shapes && layer.shapes.time); }); };
  app.changing([]);
  await hasSize;
  searchBox(app);
  toolBar(app);
  northAndScale(app);
  panelOf(app);
  if (page.foot) {
    const foot = element("div", "zjk-foot", page.foot);
    foot.title = page.foot;
    corner(map, "bottomright", foot);
  }
  app.frame();
  if (!app.layers.some(function (layer) { return layer.shapes && layer.shapes.n; })) { map.getContainer().append(element("div", "zjk-empty", page.words.nothing)); }

  function sheetOf(side, pane) {
    const layers = app.layers.filter(function (layer) { return !side || !layer.side || layer.side === side; });
    const state = Object.create(app.state, { pane: { value: pane } });
    state.onPainted = function (sheet) {
      layers.forEach(function (layer) { if (layer.cells) { tellCells(app, layer); } });
      if (sheet.waiting) { sheet.waiting(); }
    };
    return new Sheet(layers, state);
  }
  if (page.sides) {
    ["before", "after"].forEach(function (side) { map.createPane("zjk-" + side).style.zIndex = 410; });
    app.sheets = [sheetOf("before", "zjk-before"), sheetOf("after", "zjk-after")];
  } else { app.sheets = [sheetOf(null, null)]; }
  app.repaint = function (waited) { app.sheets.forEach(function (sheet) { sheet.repaint(waited); }); };
  app.sheetAt = function (point) { return page.sides && app.swipe.side(point.x) === "after" ? app.sheets[1] : app.sheets[0]; };
  const painted = Promise.all(app.sheets.map(function (sheet) { return new Promise(function (done) { sheet.waiting = done; }); }));
  app.sheets.forEach(function (sheet) { sheet.addTo(map); });

  app.pick = function (latlng, most) { return app.sheetAt(map.latLngToContainerPoint(latlng)).pick(latlng, most); };
  app.show = function (layer, i, byKey) {
    const box = layer.box.subarray(4 * i, 4 * i + 4);
    if (!layer.on) { layer.on = true; if (layer.check) { layer.check.checked = true; } app.repaint(); }
    if (page.sides && layer.side) { app.swipe.set(layer.side === "before" ? 0.8 : 0.2); }
    const below = app.desk ? app.desk.height : 0, pad = Math.max(10, Math.min(90, (map.getSize().y - below) / 4, map.getSize().x / 4));
    map.fitBounds([[latOf(box[3]), lonOf(box[0])], [latOf(box[1]), lonOf(box[2])]], { paddingTopLeft: [pad, pad], paddingBottomRight: [pad, pad + below], maxZoom: Math.max(17, map.getZoom()), animate: false });
    return openPopup(app, pointOf(layer, i), [{ layer, i }], byKey);
  };
  mousePosition(app);
  smallMap(app);
  if (page.sides) { swipeBar(app, map.getPane("zjk-before"), map.getPane("zjk-after"), page.sides); }
  if (page.time && page.time.plays) { clockBar(app); }
  app.address = addressOf(app);
  deskOf(app);
  keysOf(app);
  map.attributionControl.setPrefix("");

  map.on("click", function (event) {
    if (app.ruler.on) { app.ruler.add(event.latlng); return; }
    openPopup(app, event.latlng, app.pick(event.latlng));
  });
  hovering(app);
  await painted;
  app.layers.forEach(function (layer) { if (layer.cells) { tellCells(app, layer); } }); // painted before the legend was there
  app.search = function (text, most) { return searched(app, text, most || 12); };
  await app.address.go();
  window.addEventListener("hashchange", app.address.go);
  app.ready = true;
  map.on("moveend", app.address.later);
  window.zjk = app;
}

/* What is under the pointer is named; a click tells the rest. */
function hovering(app) {
  const map = app.map, name = element("div", "zjk-hover"), canHover = window.matchMedia("(hover: hover)").matches;
  let asked = 0, turn = 0;
  name.hidden = true;
  name.setAttribute("aria-hidden", "true");
  map.getContainer().append(name);
  function hide() { turn++; name.hidden = true; }
  map.on("mousemove", async function (event) {
    const now = performance.now();
    if (now - asked < 60 || app.ruler.on || map.dragging.moving()) { return; }
    asked = now;
    const hit = app.pick(event.latlng, 1)[0], mine = ++turn;
    map.getContainer().classList.toggle("zjk-over", Boolean(hit));
    if (!hit || hit.cell || !canHover || hit.layer.hover === undefined) { hide(); return; }
    const columns = await tableOf(hit.layer), text = valueOf(columns[hit.layer.hover], hit.i);
    if (mine !== turn) { return; }
    name.textContent = [text, hit.layer.keyed ? hit.layer.keyText[hit.layer.shapes.style[hit.i]] : ""].filter(Boolean).join(" · ") || hit.layer.name;
    name.hidden = false;
    const size = map.getSize(), at = event.containerPoint;
    name.style.left = Math.min(at.x + 14, size.x - name.offsetWidth - 4) + "px";
    name.style.top = Math.min(at.y + 14, size.y - name.offsetHeight - 4) + "px";
  });
  map.on("mouseout movestart click", hide);
}

/* Escape closes what is open, the uppermost first, wherever the focus is; Enter tells what lies in the middle. */
function keysOf(app) {
  const map = app.map;
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape" || event.defaultPrevented) { return; }
    if (app.told && app.told()) { app.told().shut(); }
    else if (app.ruler.on) { app.ruler.toggle(); }
    else if (app.desk && app.desk.open) { app.desk.close(); }
  });
  map.getContainer().addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || event.target !== map.getContainer()) { return; }
    const there = app.pick(map.getCenter());
    if (there.length) { openPopup(app, map.getCenter(), there, true); }
  });
}
