/* The panel: legend and layer control at once. */

function panelOf(app) {
  const page = app.page, panel = element("div", "zjk-panel"), sections = {}, narrow = app.map.getSize().x <= 640;
  const head = button("zjk-fold", page.words.legend, "", function () { panel.classList.toggle("folded"); head.setAttribute("aria-expanded", String(!panel.classList.contains("folded"))); });
  head.setAttribute("aria-expanded", String(!narrow));
  panel.append(head);
  if (narrow) { panel.classList.add("folded"); }
  page.groups.forEach(function (group) {
    if (!app.layers.some(function (layer) { return layer.name && layer.group === group[0]; })) { return; }
    const box = element("details");
    box.open = group[1];
    box.append(element("summary", "", group[0]));
    sections[group[0]] = box.appendChild(element("div", "rows"));
    panel.append(box);
  });
  app.layers.forEach(function (layer) {
    if (!layer.name) { return; }
    const row = element("label"), check = element("input"), rows = sections[layer.group];
    /* One class is told as well as several: only a style without a meaning stands beside the layer's name. */
    const told = layer.keys.some(function (key) { return key[1]; });
    check.type = "checkbox";
    check.checked = layer.on;
    layer.check = check;
    check.addEventListener("change", function () { layer.on = check.checked; app.repaint(); app.address.later(); });
    row.append(check);
    if (!told && !layer.cells && !layer.textOnly) { row.append(swatch(layer.styles[layer.keys[0][0]], layer.look)); }
    layer.countBox = element("span", "count", layer.count);
    layer.keyBoxes = {};
    row.append(element("span", "name", layer.name), layer.countBox);
    rows.append(row);
    if (layer.cells) { layer.cellKeys = rows.appendChild(element("div", "keys")); }
    else if (told) {
      layer.keys.forEach(function (key) {
        const line = element("div", "key");
        line.append(swatch(layer.styles[key[0]], layer.look), element("span", "", key[1]));
        layer.keyBoxes[key[0]] = line.appendChild(element("span", "count", key[2]));
        rows.append(line);
      });
    }
    if (layer.note) { rows.append(element("div", "note", layer.note)); }
  });
  page.notes.forEach(function (note) { panel.append(element("div", "note", note)); });
  corner(app.map, "topright", panel);
}

/* While a filter or the time hides rows, the panel counts those that are left. */
function tellLeft(app, layer) {
  if (!layer.countBox) { return; }
  const s = layer.shapes, clock = s.time ? app.state.clock : null, isWhole = !layer.mask && !clock, byStyle = new Uint32Array(layer.styles.length);
  if (!isWhole) { countStyles(layer, clock, byStyle); }
  const left = byStyle.reduce(function (a, b) { return a + b; }, 0);
  layer.countBox.textContent = isWhole || !layer.count ? layer.count : left.toLocaleString("en") + " / " + layer.count;
  layer.keys.forEach(function (key) {
    const box = layer.keyBoxes[key[0]];
    const same = layer.apart.indexOf(key[0]) >= 0 ? layer.apart : [key[0]];
    if (box) { box.textContent = isWhole ? key[2] : same.reduce(function (sum, s) { return sum + byStyle[s]; }, 0).toLocaleString("en"); }
  });
}

function countStyles(layer, clock, counts) {
  const { n, style, time } = layer.shapes, mask = layer.mask, from = clock ? clock[0] : 0, to = clock ? clock[1] : 0;
  for (let i = 0; i < n; i++) {
    if (mask && mask[i] || clock && (time[i] < from || time[i] >= to)) { continue; }
    counts[style[i]]++;
  }
}

/* The legend of hexagons says what the colours mean at this scale. */
function tellCells(app, layer) {
  const box = layer.cellKeys, legend = layer.legend;
  if (!box || !legend) { return; }
  box.textContent = "";
  if (legend.single) {
    box.append(element("div", "note", app.words.single.replace("{}", legend.total.toLocaleString("en"))));
    layer.keys.forEach(function (key) {
      if (!key[1]) { return; }
      const line = element("div", "key");
      line.append(swatch(layer.marks[key[0]] || layer.marks[0], 0), element("span", "", key[1]));
      box.append(line);
    });
    return;
  }
  const lat = app.map.getCenter().lat, metresWide = legend.side * Math.sqrt(3) / 256 * 40075016.7 * Math.cos(lat * Math.PI / 180);
  const wide = metresWide >= 995 ? (metresWide / 1000).toPrecision(2) + " km" : Number(metresWide.toPrecision(2)) + " m";
  box.append(element("div", "note", app.words.perCell.replace("{}", wide)));
  legend.breaks.forEach(function (from, i) {
    const line = element("div", "key"), to = legend.breaks[i + 1];
    line.append(swatch({ fillColor: legend.colours[i], fillOpacity: 0.86, color: "#ffffff", weight: 0.6 }, 2));
    line.append(element("span", "", to === undefined ? "≥ " + from.toLocaleString("en") : to - from > 1 ? from.toLocaleString("en") + "–" + (to - 1).toLocaleString("en") : String(from)));
    box.append(line);
  });
}

function corner(map, position, node) {
  const made = new L.Control({ position: position });
  made.onAdd = function () { L.DomEvent.disableClickPropagation(node); L.DomEvent.disableScrollPropagation(node); return node; };
  made.addTo(map);
  return made;
}
