/* Tools: measuring, full screen, where the mouse is, north, scale and the small map. */

function toolBar(app) {
  const bar = element("div", "zjk-tools leaflet-bar"), W = app.words;
  const whole = button("", "⌂", W.whole, function () { app.frame(); });
  const ruler = app.rulerButton = button("ruler", "", W.measure, function () { app.ruler.toggle(); });
  ruler.setAttribute("aria-pressed", "false");
  ruler.append(icon("M3 15L15 3L21 9L9 21Z M7 11l2 2 M10 8l3 3 M13 5l2 2"));
  const full = button("full", "", W.full, function () {
    const container = app.map.getContainer();
    if (document.fullscreenElement) { document.exitFullscreen(); } else if (container.requestFullscreen) { container.requestFullscreen(); }
  });
  full.append(icon("M4 9V4H9 M15 4H20V9 M20 15V20H15 M9 20H4V15"));
  bar.append(whole, ruler, full);
  if (rowSetNames(app).length) {
    const desk = app.deskButton = button("desk", "", W.desk, function () { app.desk.toggle(); });
    desk.setAttribute("aria-expanded", "false");
    desk.append(icon("M3 5H21L14 13V20L10 18V13Z"));
    bar.prepend(desk);
  }
  corner(app.map, "topleft", bar);
  app.ruler = rulerOf(app);
}

function icon(path) {
  const ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg"), line = document.createElementNS(ns, "path");
  svg.setAttribute("viewBox", "0 0 24 24"); svg.setAttribute("width", 16); svg.setAttribute("height", 16);
  line.setAttribute("d", path); line.setAttribute("fill", "none"); line.setAttribute("stroke", "currentColor"); line.setAttribute("stroke-width", 2);
  svg.append(line);
  return svg;
}

function metresText(m) { return m >= 1000 ? (m / 1000).toFixed(m >= 1e4 ? 1 : 2) + " km" : m.toFixed(m < 100 ? 1 : 0) + " m"; }

function areaText(a) { return a >= 1e6 ? (a / 1e6).toFixed(2) + " km²" : Math.round(a).toLocaleString("en") + " m²"; }

function rulerOf(app) {
  const drawn = L.layerGroup().addTo(app.map), tell = element("div", "zjk-measured"), map = app.map;
  let points = [];
  tell.setAttribute("role", "status");
  const ruler = {
    on: false,
    text: function () { return tell.textContent; },
    toggle: function () {
      ruler.on = !ruler.on;
      points = []; drawn.clearLayers();
      map.getContainer().classList.toggle("zjk-measuring", ruler.on);
      app.rulerButton.classList.toggle("on", ruler.on);
      app.rulerButton.setAttribute("aria-pressed", String(ruler.on));
      if (ruler.on) { map.doubleClickZoom.disable(); map.getContainer().append(tell); tell.textContent = app.words.measureHow; }
      else { map.doubleClickZoom.enable(); tell.remove(); }
    },
    add: function (latlng) {
      points.push(latlng);
      drawn.clearLayers();
      const look = { color: "#b3261e", weight: 2.5, dashArray: "6 4", interactive: false };
      drawn.addLayer(points.length > 2 ? L.polygon(points, Object.assign({ fillOpacity: 0.08 }, look)) : L.polyline(points, look));
      points.forEach(function (p) { drawn.addLayer(L.circleMarker(p, { radius: 3.5, color: "#b3261e", fillColor: "#fff", fillOpacity: 1, weight: 2, interactive: false })); });
      tell.textContent = app.words.length + " " + metresText(lengthOf(points)) + (points.length > 2 ? "   " + app.words.area + " " + areaText(areaOf(points)) : "");
    }
  };
  return ruler;
}

function mousePosition(app) {
  const box = button("zjk-mouse", "", app.words.mouseHow, function () { inMetres = !inMetres; tell(last); });
  let inMetres = false, last = app.map.getCenter();
  function tell(p) {
    last = p;
    if (!inMetres) { box.textContent = "WGS84  " + p.lng.toFixed(6) + "°E  " + p.lat.toFixed(6) + "°N"; return; }
    const meridian = Math.round(p.lng / 3) * 3, m = gaussKruger(p.lng, p.lat, meridian);
    box.textContent = "CGCS2000 / CM " + meridian + "E  X " + m[1].toFixed(1) + "  Y " + (m[0] + 500000).toFixed(1) + " m";
  }
  app.map.on("mousemove", function (event) { tell(event.latlng); });
  tell(last);
  corner(app.map, "bottomright", box);
}

function northAndScale(app) {
  const north = element("div", "zjk-north"), ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 34 44"); svg.setAttribute("width", 30); svg.setAttribute("height", 40);
  [["M17 14L26 42L17 36Z", "#1f2933"], ["M17 14L17 36L8 42Z", "#ffffff"]].forEach(function (half) {
    const path = document.createElementNS(ns, "path");
    path.setAttribute("d", half[0]); path.setAttribute("fill", half[1]); path.setAttribute("stroke", "#1f2933"); path.setAttribute("stroke-linejoin", "round");
    svg.append(path);
  });
  const text = document.createElementNS(ns, "text");
  text.setAttribute("x", 17); text.setAttribute("y", 11); text.setAttribute("text-anchor", "middle"); text.setAttribute("font-size", 12); text.setAttribute("font-weight", 700);
  text.textContent = app.words.north;
  svg.append(text);
  north.append(svg);
  corner(app.map, "bottomleft", north);
  L.control.scale({ imperial: false, maxWidth: 160 }).addTo(app.map);
}

/* The whole ground at once, with a frame around what is in view. */
function smallMap(app) {
  const bounds = app.page.bounds, map = app.map;
  if (!bounds || map.getSize().x <= 640) { return; }
  const framing = app.layers.filter(function (layer) { return layer.frames && !layer.cells && !layer.onePoint; });
  const layers = framing.length ? framing : app.layers.filter(function (layer) { return layer.on && !layer.cells && !layer.onePoint; });
  if (!layers.length) { return; }
  const w = worldX(bounds[0][1]), e = worldX(bounds[1][1]), n = worldY(bounds[1][0]), s = worldY(bounds[0][0]);
  const size = 150, scale = size * 0.9 / Math.max(e - w, s - n, 1e-6), width = Math.max(70, Math.round((e - w) * scale * 1.1)), height = Math.max(60, Math.round((s - n) * scale * 1.1));
  const view = { scale, left: (w + e) / 2 * scale - width / 2, top: (n + s) / 2 * scale - height / 2, width, height };
  const box = element("div", "zjk-small"), ground = element("canvas"), frame = element("i");
  ground.width = width; ground.height = height;
  box.style.width = width + "px"; box.style.height = height + "px";
  box.append(ground, frame);
  box.title = app.words.small;
  const ctx = ground.getContext("2d");
  for (const layer of layers) { const work = paintLayers(ctx, [layer], view, null); while (!work.next().done) { /* whole at once */ } }
  function follow() {
    const b = map.getPixelBounds(), k = scale / Math.pow(2, map.getZoom());
    const x0 = Math.max(0, b.min.x * k - view.left), y0 = Math.max(0, b.min.y * k - view.top), x1 = Math.min(width, b.max.x * k - view.left), y1 = Math.min(height, b.max.y * k - view.top);
    frame.style.left = x0 + "px"; frame.style.top = y0 + "px"; frame.style.width = Math.max(2, x1 - x0) + "px"; frame.style.height = Math.max(2, y1 - y0) + "px";
  }
  box.addEventListener("click", function (event) {
    const at = box.getBoundingClientRect();
    map.panTo([latOf((event.clientY - at.top + view.top) / scale), lonOf((event.clientX - at.left + view.left) / scale)]);
  });
  map.on("move", follow);
  corner(map, "bottomright", box);
  follow();
}
