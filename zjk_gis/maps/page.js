/* Draws the layers of a page on one canvas. Every text that comes from data is set with textContent, so that
   it is only ever text. Coordinates arrive as [lon, lat] in units of 1e-6 degree, each as the difference to
   the one before. */
function zjkPage(map, page) {
  "use strict";
  var renderer = L.canvas({ padding: 0.4, tolerance: 4 });

  var Mark = L.CircleMarker.extend({
    _updatePath: function () {
      var shape = this.options.shape;
      if (!shape || shape === "circle") { this._renderer._updateCircle(this); return; }
      if (!this._renderer._drawing || this._empty()) { return; }
      var p = this._point, r = this._radius, ctx = this._renderer._ctx;
      ctx.beginPath();
      if (shape === "square") { ctx.rect(p.x - r, p.y - r, 2 * r, 2 * r); }
      if (shape === "diamond") { ctx.moveTo(p.x, p.y - 1.3 * r); ctx.lineTo(p.x + 1.3 * r, p.y); ctx.lineTo(p.x, p.y + 1.3 * r); ctx.lineTo(p.x - 1.3 * r, p.y); ctx.closePath(); }
      if (shape === "triangle") { ctx.moveTo(p.x, p.y - 1.3 * r); ctx.lineTo(p.x + 1.2 * r, p.y + r); ctx.lineTo(p.x - 1.2 * r, p.y + r); ctx.closePath(); }
      if (shape === "cross") { ctx.moveTo(p.x - r, p.y - r); ctx.lineTo(p.x + r, p.y + r); ctx.moveTo(p.x + r, p.y - r); ctx.lineTo(p.x - r, p.y + r); }
      this._renderer._fillStroke(ctx, this);
    }
  });

  function decode(flat) {
    var out = [], x = 0, y = 0;
    for (var i = 0; i < flat.length; i += 2) { x += flat[i]; y += flat[i + 1]; out.push([y / 1e6, x / 1e6]); }
    return out;
  }

  function popup(layer, columns, values) {
    var box = document.createElement("div");
    box.className = "zjk-popup";
    var head = document.createElement("b");
    head.textContent = layer.name;
    box.appendChild(head);
    var table = document.createElement("table");
    for (var i = 0; i < columns.length; i++) {
      if (values[i] === "" || values[i] === null) { continue; }
      var row = table.insertRow(), th = document.createElement("th");
      th.textContent = columns[i];
      row.appendChild(th);
      row.insertCell().textContent = values[i];
    }
    box.appendChild(table);
    return box;
  }

  function style(base, extra) {
    return Object.assign({ renderer: renderer, interactive: false }, base, extra || {});
  }

  function draw(layer) {
    var made = [], tell = layer.columns.length > 0;
    layer.features.forEach(function (feature) {
      var look = layer.styles[feature[1]], kind = feature[0], parts = feature[2], item;
      var options = style(look, { interactive: tell });
      if (look.casing) { made.push(L.polyline(parts.map(decode), style(look, look.casing))); }
      if (kind === "p") { item = new Mark(decode(parts)[0], options); }
      if (kind === "l") { item = L.polyline(parts.map(decode), options); }
      if (kind === "a") { item = L.polygon(parts.map(function (rings) { return rings.map(decode); }), options); }
      if (kind === "t") {
        var text = document.createElement("div");
        text.textContent = feature[3][0];
        text.className = "zjk-label " + (look.className || "");
        item = L.marker(decode(parts)[0], { interactive: false, keyboard: false, icon: L.divIcon({ className: "", iconSize: [0, 0], html: centred(text) }) });
      }
      if (tell) {
        item.on("click", function (event) {
          L.DomEvent.stopPropagation(event);
          L.popup({ maxWidth: 360, maxHeight: 320 }).setLatLng(event.latlng).setContent(popup(layer, layer.columns, feature[3])).openOn(map);
        });
        if (kind !== "p") { item.on("mouseover", function () { item.setStyle({ weight: (look.weight || 1) + 1.5 }); }).on("mouseout", function () { item.setStyle({ weight: look.weight || 1 }); }); }
      }
      made.push(item);
    });
    return L.featureGroup(made);
  }

  function centred(text) {
    var holder = document.createElement("div");
    holder.style.transform = "translate(-50%, -50%)";
    holder.style.display = "inline-block";
    holder.appendChild(text);
    return holder;
  }

  function swatch(look, kind) {
    var ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg"), mark;
    svg.setAttribute("width", 20); svg.setAttribute("height", 14);
    function add(name, attributes) {
      mark = document.createElementNS(ns, name);
      Object.keys(attributes).forEach(function (key) { mark.setAttribute(key, attributes[key]); });
      mark.setAttribute("stroke", look.stroke === false ? "none" : look.color || "none");
      mark.setAttribute("stroke-width", Math.min(look.weight || 1, 4));
      mark.setAttribute("fill", kind === "l" ? "none" : look.fillColor || look.color || "none");
      mark.setAttribute("fill-opacity", look.fillOpacity === undefined ? 0.2 : look.fillOpacity);
      if (look.dashArray) { mark.setAttribute("stroke-dasharray", look.dashArray); }
      svg.appendChild(mark);
    }
    if (kind === "a") { add("rect", { x: 2, y: 2, width: 16, height: 10 }); }
    else if (kind === "l") {
      var rim = look.casing || (look.color === "#ffffff" ? { color: "#c9d0d8", weight: 2.6 } : null);
      if (rim) { add("path", { d: "M1 7H19", style: "stroke:" + rim.color + ";stroke-width:" + rim.weight }); }
      add("path", { d: "M1 7H19" });
    }
    else if (look.shape === "square") { add("rect", { x: 6, y: 3, width: 8, height: 8 }); }
    else if (look.shape === "diamond") { add("path", { d: "M10 1L16 7L10 13L4 7Z" }); }
    else if (look.shape === "triangle") { add("path", { d: "M10 1L16 12H4Z" }); }
    else if (look.shape === "cross") { add("path", { d: "M5 2L15 12M15 2L5 12" }); }
    else if (kind === "p") { add("circle", { cx: 10, cy: 7, r: Math.min(look.radius || 4, 5.5) }); }
    return svg;
  }

  function element(tag, className, text) {
    var made = document.createElement(tag);
    made.className = className || "";
    if (text !== undefined) { made.textContent = text; }
    return made;
  }

  function control(position, node) {
    var made = new L.Control({ position: position });
    made.onAdd = function () { L.DomEvent.disableClickPropagation(node); L.DomEvent.disableScrollPropagation(node); return node; };
    made.addTo(map);
  }

  var groups = page.layers.map(draw);
  function restack() {
    groups.forEach(function (group, i) { if (map.hasLayer(group)) { group.eachLayer(function (item) { if (item.bringToFront) { item.bringToFront(); } }); } });
  }

  var title = element("div", "zjk-title");
  title.appendChild(element("b", "", page.title));
  title.appendChild(element("span", "", page.subtitle));
  control("topleft", title);

  var panel = element("div", "zjk-panel"), sections = {};
  page.groups.forEach(function (group) {
    if (!page.layers.some(function (layer) { return layer.name && layer.group === group[0]; })) { return; }
    var box = element("details");
    box.open = group[1] && map.getSize().x > 640;
    box.appendChild(element("summary", "", group[0]));
    sections[group[0]] = box.appendChild(element("div", "rows"));
    panel.appendChild(box);
  });
  page.layers.forEach(function (layer, i) {
    if (layer.on) { groups[i].addTo(map); }
    if (!layer.name) { return; }
    var row = element("label"), check = element("input");
    check.type = "checkbox";
    check.checked = layer.on;
    check.addEventListener("change", function () {
      if (check.checked) { groups[i].addTo(map); restack(); } else { map.removeLayer(groups[i]); }
    });
    row.appendChild(check);
    if (layer.keys.length === 1) { row.appendChild(swatch(layer.styles[layer.keys[0][0]], layer.kind)); }
    row.appendChild(element("span", "name", layer.name));
    row.appendChild(element("span", "count", layer.count));
    sections[layer.group].appendChild(row);
    if (layer.keys.length > 1) {
      layer.keys.forEach(function (key) {
        var line = element("div", "key");
        line.appendChild(swatch(layer.styles[key[0]], layer.kind));
        line.appendChild(element("span", "", key[1]));
        sections[layer.group].appendChild(line);
      });
    }
  });
  page.notes.forEach(function (note) { panel.appendChild(element("div", "note", note)); });
  control("topright", panel);

  var north = element("div", "zjk-north");
  north.innerHTML = '<svg viewBox="0 0 34 44" width="34" height="44"><path d="M17 14L26 42L17 36L8 42Z" fill="#1f2933"/><path d="M17 14L17 36L8 42Z" fill="#fff" stroke="#1f2933"/><text x="17" y="11" text-anchor="middle" font-size="12" font-weight="700" fill="#1f2933" font-family="sans-serif">N</text></svg>';
  control("bottomleft", north);
  L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
  control("bottomright", element("div", "zjk-foot", page.foot));
  map.attributionControl.setPrefix("");
  if (page.bounds) { map.fitBounds(page.bounds, { padding: [8, 8] }); }
  window.zjk = { map: map, groups: groups, page: page };
}
