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

/* A link may lead to a place, as workbooks and reports write it: map.html#17/40.8/114.9 */
function goToAddress(app) {
  const found = /^#(\d{1,2}(?:\.\d+)?)\/(-?\d{1,2}(?:\.\d+)?)\/(-?\d{1,3}(?:\.\d+)?)$/.exec(window.location.hash);
  if (!found) { return; }
  const place = L.latLng(Number(found[2]), Number(found[3]));
  app.map.setView(place, Number(found[1]), { animate: false });
  const there = app.pick(place);
  if (there.length) { openPopup(app, place, there); }
}

/* A map in a folded tab, a lazy frame or a cell not yet in view has no size, and cannot be framed or painted. */
function sized(map) {
  const box = map.getContainer(), hasSize = function () { return box.clientWidth > 0 && box.clientHeight > 0; };
  return new Promise(function (done) {
    new ResizeObserver(function () { if (hasSize()) { map.invalidateSize({ animate: false }); done(); } }).observe(box);
    if (hasSize()) { map.invalidateSize({ animate: false }); done(); }
  });
}

/* Until a reader moves the map, it shows the whole at whatever size it has. */
function framing(map, page) {
  let framed = null;
  function frame() {
    if (!page.bounds) { return; }
    const size = map.getSize(), below = Math.min(page.time ? 140 : page.sides ? 60 : 8, size.y / 3), pad = Math.min(8, size.x / 4, size.y / 4);
    map.fitBounds(page.bounds, { paddingTopLeft: [pad, pad], paddingBottomRight: [pad, below], animate: false });
    framed = { at: map.getCenter(), zoom: map.getZoom() };
  }
  map.on("resize", function () {
    const size = map.getSize(), moved = framed && map.project(framed.at, framed.zoom).distanceTo(map.project(map.getCenter(), framed.zoom));
    if (framed && size.x > 0 && size.y > 0 && map.getZoom() === framed.zoom && moved < 2) { frame(); }
  });
  return frame;
}

async function zjkPage(map, page) {
  const app = { map, page, words: page.words, state: { clock: null }, marked: L.layerGroup().addTo(map) };
  const title = element("div", "zjk-title");
  title.append(element("b", "", page.title), element("span", "", page.subtitle));
  corner(map, "topleft", title);
  if (map.zoomControl) { map.zoomControl.remove(); L.control.zoom({ zoomInTitle: page.words.zoomIn, zoomOutTitle: page.words.zoomOut }).addTo(map); }
  app.frame = framing(map, page);
  const framed = sized(map).then(app.frame);
  app.layers = await Promise.all(page.layers.map(function (layer) { return unpackLayer(layer, page); }));
  await framed;

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
  app.repaint = function () { app.sheets.forEach(function (sheet) { sheet.repaint(); }); };
  app.sheetAt = function (point) { return page.sides && app.swipe.side(point.x) === "after" ? app.sheets[1] : app.sheets[0]; };
  const painted = Promise.all(app.sheets.map(function (sheet) { return new Promise(function (done) { sheet.waiting = done; }); }));
  app.sheets.forEach(function (sheet) { sheet.addTo(map); });

  app.pick = function (latlng, most) { return app.sheetAt(map.latLngToContainerPoint(latlng)).pick(latlng, most); };
  app.show = function (layer, i) {
    const box = layer.box.subarray(4 * i, 4 * i + 4);
    if (!layer.on) { layer.on = true; if (layer.check) { layer.check.checked = true; } app.repaint(); }
    if (page.sides && layer.side) { app.swipe.set(layer.side === "before" ? 0.8 : 0.2); }
    map.fitBounds([[latOf(box[3]), lonOf(box[0])], [latOf(box[1]), lonOf(box[2])]], { padding: [90, 90], maxZoom: Math.max(17, map.getZoom()), animate: false });
    return openPopup(app, pointOf(layer, i), [{ layer, i }]);
  };
  searchBox(app);
  toolBar(app);
  northAndScale(app);
  panelOf(app);
  if (page.foot) { corner(map, "bottomright", element("div", "zjk-foot", page.foot)); }
  mousePosition(app);
  smallMap(app);
  if (page.sides) { swipeBar(app, map.getPane("zjk-before"), map.getPane("zjk-after"), page.sides); }
  clockBar(app);
  map.attributionControl.setPrefix("");

  map.on("click", function (event) {
    if (app.ruler.on) { app.ruler.add(event.latlng); return; }
    openPopup(app, event.latlng, app.pick(event.latlng));
  });
  map.on("popupclose", function () { app.marked.clearLayers(); });
  let asked = 0;
  map.on("mousemove", function (event) {
    const now = performance.now();
    if (now - asked < 60 || app.ruler.on) { return; }
    asked = now;
    map.getContainer().classList.toggle("zjk-over", app.pick(event.latlng, 1).length > 0);
  });
  await painted;
  app.layers.forEach(function (layer) { if (layer.cells) { tellCells(app, layer); } }); // painted before the legend was there
  app.search = function (text, most) { return searched(app, text, most || 12); };
  goToAddress(app);
  window.addEventListener("hashchange", function () { goToAddress(app); });
  window.zjk = app;
}
