/* What is told when a feature is clicked. All text is set as text. */

async function tableOf(layer) {
  if (!layer.table) { return []; }
  if (!layer.columns) { layer.columns = unpackedJson(layer.table); }
  return layer.columns;
}

function valueOf(column, i) { return column.d ? column.d[column.c[i]] : column.v[i]; }

function rowOf(column, value, app, columns) {
  const row = element("tr"), head = element("th", "", column.t), cell = element("td");
  head.scope = "row";
  row.append(head, cell);
  if (column.k === "bars") { cell.append(barsOf(value)); }
  else if (column.k === "links") {
    value.forEach(function (row) { cell.append(button("zjk-link", valueOf(columns[0], row), "", function () { app.show(app.layers[column.to], row); }), " "); });
  }
  else { cell.textContent = value; }
  return row;
}

function barsOf(pairs) {
  const box = element("div", "zjk-bars"), most = Math.max.apply(null, pairs.map(function (p) { return p[1]; }));
  pairs.forEach(function (pair) {
    const bar = element("i");
    bar.style.width = Math.max(2, 56 * pair[1] / most) + "px";
    box.append(element("span", "", pair[0]), bar, element("em", "", pair[1].toLocaleString("en")));
  });
  return box;
}

async function contentOf(hit, app) {
  const box = element("div"), layer = hit.layer, table = element("table");
  box.append(element("b", "", layer.name || layer.title || ""));
  if (hit.cell) {
    const row = element("tr");
    row.append(element("th", "", app.words.points), element("td", "", hit.cell.total.toLocaleString("en")));
    table.append(row);
    const pairs = hit.cell.counts.map(function (n, s) { return [layer.keyText[s], n]; }).filter(function (p) { return p[1] && p[0]; });
    if (pairs.length) {
      const parts = element("tr"), cell = element("td");
      cell.append(barsOf(pairs));
      parts.append(element("th", "", app.words.byKind), cell);
      table.append(parts);
    }
  } else {
    const columns = await tableOf(layer);
    columns.forEach(function (column) {
      const value = valueOf(column, hit.i);
      if (value !== "" && value !== null && value !== undefined && !(Array.isArray(value) && !value.length)) { table.append(rowOf(column, value, app, columns)); }
    });
    const kind = layer.keyed ? layer.keyText[layer.shapes.style[hit.i]] : "";
    if (kind && !columns.some(function (column) { return valueOf(column, hit.i) === kind; })) {
      const row = element("tr");
      row.append(element("th", "", app.words.kind), element("td", "", kind));
      table.prepend(row);
    }
  }
  box.append(table);
  return box;
}

/* One popup for all that lies at a place; its pages are turned. Opened by a key it takes the focus, so that what
   it holds is next, and gives it back. */
async function openPopup(app, latlng, hits, byKey) {
  if (!hits.length) { return; }
  const box = element("div", "zjk-popup");
  let at = 0;
  async function turn(step) {
    at = (at + step + hits.length) % hits.length;
    const content = await contentOf(hits[at], app);
    box.textContent = "";
    if (hits.length > 1) {
      const pager = element("div", "zjk-pager");
      pager.append(button("", "‹", app.words.before, function () { turn(-1); }), element("span", "", (at + 1) + " / " + hits.length), button("", "›", app.words.next, function () { turn(1); }));
      box.append(pager);
    }
    box.append(content);
    mark(app, hits[at]);
    if (app.popup) { app.popup.update(); }
  }
  await turn(0);
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-label", hits[0].layer.name || hits[0].layer.title || app.page.title);
  const before = document.activeElement;
  if (app.map.getSize().x <= NARROW) { tellBelow(app, box); } else { tellBeside(app, box, latlng); }
  if (!byKey) { return; }
  box.tabIndex = -1;
  box.focus({ preventScroll: true });
  app.back = function () { if (before && before.isConnected) { before.focus({ preventScroll: true }); } };
}

/* Where the focus was before, unless it is elsewhere by now. */
function giveBack(app, box) {
  const back = app.back, held = box.contains(document.activeElement);
  app.back = null;
  if (back && held) { back(); }
}

const NARROW = 640;

/* A popup, moved clear of the panels that lie over the map. */
function tellBeside(app, box, latlng) {
  const map = app.map, size = map.getSize(), frame = map.getContainer().getBoundingClientRect();
  const panel = document.querySelector(".zjk-panel"), title = document.querySelector(".zjk-title"), tools = document.querySelector(".zjk-tools");
  const right = panel && !panel.classList.contains("folded") ? Math.min(size.x / 2, frame.right - panel.getBoundingClientRect().left) : 0;
  const top = title ? Math.min(size.y / 3, title.getBoundingClientRect().bottom - frame.top) : 0, left = tools ? tools.getBoundingClientRect().right - frame.left : 0;
  const below = app.desk ? app.desk.height : 0, free = size.y - below - top;
  app.popup = L.popup({
    maxWidth: Math.max(160, Math.min(360, size.x - right - left - 60)), maxHeight: Math.max(90, Math.round(Math.min(size.y * 0.5, free - 60))),
    autoPanPaddingTopLeft: [left + 8, top + 8], autoPanPaddingBottomRight: [right + 8, below + 8], closeOnEscapeKey: false
  }).setLatLng(latlng).setContent(box);
  const popup = app.popup;
  box.addEventListener("keydown", function (event) { if (event.key === "Escape") { giveBack(app, box); } });
  popup.on("remove", function () { if (app.popup === popup) { app.popup = null; app.marked.clearLayers(); } });
  app.told = function () { return app.popup && { shut: function () { app.map.closePopup(app.popup); } }; };
  popup.openOn(map);
}

/* On a narrow page a sheet at its foot tells what a popup would. */
function tellBelow(app, box) {
  const container = app.map.getContainer(), old = container.querySelector(".zjk-below"), sheet = element("div", "zjk-below");
  if (old) { old.remove(); }
  const shut = function () { giveBack(app, sheet); sheet.remove(); app.marked.clearLayers(); app.told = null; };
  sheet.append(button("shut", "✕", app.words.shut, shut), box);
  L.DomEvent.disableClickPropagation(sheet); L.DomEvent.disableScrollPropagation(sheet);
  container.append(sheet);
  app.told = function () { return { shut }; };
}

/* Draw a rim around the feature that is told about. */
function mark(app, hit) {
  app.marked.clearLayers();
  if (hit.cell) { return; }
  const s = hit.layer.shapes, i = hit.i, look = { color: "#111827", weight: 3, fill: false, interactive: false, className: "zjk-marked" };
  const rings = [];
  for (let r = s.ringOf[i]; r < s.ringOf[i + 1]; r++) {
    const ring = [];
    for (let p = s.pointOf[r]; p < s.pointOf[r + 1]; p++) { ring.push([latOf(s.y[p]), lonOf(s.x[p])]); }
    rings.push(ring);
  }
  if (s.kind[i] === 0) { app.marked.addLayer(L.circleMarker(rings[0][0], Object.assign({ radius: (hit.layer.styles[s.style[i]].radius || 4) + 4 }, look))); }
  else if (s.kind[i] === 1) { app.marked.addLayer(L.polyline(rings, Object.assign({ opacity: 0.7 }, look))); }
  else { rings.forEach(function (ring) { app.marked.addLayer(L.polygon(ring, look)); }); }
}

function pointOf(layer, i) {
  const s = layer.shapes, l = layer.labels;
  if (l && l.of) { const k = l.of.indexOf(i); if (k >= 0) { return L.latLng(latOf(l.y[k]), lonOf(l.x[k])); } }
  const a = s.pointOf[s.ringOf[i]], b = s.pointOf[s.ringOf[i] + 1];
  if (s.kind[i] === 0) { return L.latLng(latOf(s.y[a]), lonOf(s.x[a])); }
  if (s.kind[i] === 1) { const m = (a + b) >> 1; return L.latLng(latOf(s.y[m]), lonOf(s.x[m])); }
  return insideOf(layer, i);
}

/* A point inside an area: the middle of the widest stretch of its middle line. */
function insideOf(layer, i) {
  const s = layer.shapes, box = layer.box;
  let best = [0, (box[4 * i] + box[4 * i + 2]) / 2, (box[4 * i + 1] + box[4 * i + 3]) / 2];
  [0.5, 0.35, 0.65, 0.2, 0.8].forEach(function (share) {
    const y = box[4 * i + 1] + share * (box[4 * i + 3] - box[4 * i + 1]), cuts = [];
    for (let r = s.ringOf[i]; r < s.ringOf[i + 1]; r++) {
      for (let a = s.pointOf[r], b = s.pointOf[r + 1], p = a, q = b - 1; p < b; q = p++) {
        if ((s.y[p] > y) !== (s.y[q] > y)) { cuts.push((s.x[q] - s.x[p]) * (y - s.y[p]) / (s.y[q] - s.y[p]) + s.x[p]); }
      }
    }
    cuts.sort(function (a, b) { return a - b; });
    for (let k = 0; k + 1 < cuts.length; k += 2) { if (cuts[k + 1] - cuts[k] > best[0]) { best = [cuts[k + 1] - cuts[k], (cuts[k] + cuts[k + 1]) / 2, y]; } }
  });
  return L.latLng(latOf(best[2]), lonOf(best[1]));
}
