/* Base maps. zjkBaseMap makes a Leaflet layer of the description that the page holds. Tiles whose positions
   are GCJ-02, the datum of Chinese web maps, are drawn where they are on the ground, so that everything else
   on the map stays in WGS84: popups, measuring and exports tell the truth. */
(function () {
  "use strict";
  if (window.zjkBaseMap) { return; }
  var A = 6378245, E2 = 0.00669342162296594323, WAVE = 20 * 2 / 3;

  /* Where GCJ-02 puts a point of the ground; degrees. */
  function gcj02(lng, lat) {
    if (!(lng > 72.004 && lng < 137.8347 && lat > 0.8293 && lat < 55.8271)) { return [lng, lat]; }
    var x = lng - 105, y = lat - 35, pi = Math.PI, sin = Math.sin, root = Math.sqrt(Math.abs(x));
    var both = WAVE * (sin(6 * pi * x) + sin(2 * pi * x));
    var north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + both +
      WAVE * (sin(pi * y) + 2 * sin(pi * y / 3) + 8 * sin(pi * y / 12) + 16 * sin(pi * y / 30));
    var east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + both +
      WAVE * (sin(pi * x) + 2 * sin(pi * x / 3) + 7.5 * sin(pi * x / 12) + 15 * sin(pi * x / 30));
    var phi = lat * pi / 180, magic = 1 - E2 * sin(phi) * sin(phi);
    return [
      lng + east * 180 / (A / Math.sqrt(magic) * Math.cos(phi) * pi),
      lat + north * 180 / (A * (1 - E2) / (magic * Math.sqrt(magic)) * pi)
    ];
  }

  /* Position in pixels of a map of the world at a zoom, and back; fractions kept. */
  function toPixels(lng, lat, size) {
    var s = Math.sin(lat * Math.PI / 180);
    return [(lng / 360 + 0.5) * size, (0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)) * size];
  }
  function toDegrees(x, y, size) {
    return [(x / size - 0.5) * 360, Math.atan(Math.sinh(Math.PI * (1 - 2 * y / size))) * 180 / Math.PI];
  }
  function shifted(x, y, size) {
    var ground = toDegrees(x, y, size), moved = gcj02(ground[0], ground[1]);
    return toPixels(moved[0], moved[1], size);
  }

  /* The addresses of a tile: one a layer, from below. */
  function addresses(spec, z, x, y) {
    var span = Math.pow(2, z);
    x = ((x % span) + span) % span;
    if (y < 0 || y >= span) { return []; }
    if (spec.tiles) {
      var store = window.zjkTiles[spec.tiles], number = store.numbers[z + "/" + x + "/" + y];
      return number === undefined ? [] : [store.pictures[number]];
    }
    if (spec.key && !keys.value) { return []; }
    var hosts = spec.subdomains.length ? spec.subdomains : [""], named = {
      s: hosts[(x + y) % hosts.length], z: z, x: x, y: spec.tms ? span - 1 - y : y, key: encodeURIComponent(keys.value)
    };
    return spec.urls.map(function (url) { return L.Util.template(url, named); });
  }

  /* Promises the pictures of a tile, those that can be had. */
  function load(layer, z, x, y) {
    return Promise.all(addresses(layer.options.spec, z, x, y).map(function (url) {
      return new Promise(function (resolve) {
        var picture = new Image();
        picture.onload = function () { resolve(picture); };
        picture.onerror = function () { layer.fire("tileerror", { coords: { x: x, y: y, z: z } }); resolve(null); };
        picture.alt = "";
        picture.src = url;
      });
    })).then(function (pictures) { return pictures.filter(Boolean); });
  }

  /* Far below the least zoom there is, a screen would take hundreds of tiles: nothing is drawn there. */
  var Grid = L.GridLayer.extend({
    _clampZoom: function (zoom) {
      return zoom < (this.options.minNativeZoom || 0) - 2 ? undefined : L.GridLayer.prototype._clampZoom.call(this, zoom);
    }
  });

  var Plain = Grid.extend({
    createTile: function (coords, done) {
      var holder = document.createElement("div");
      load(this, coords.z, coords.x, coords.y).then(function (pictures) {
        pictures.forEach(function (picture) {
          picture.style.cssText = "position:absolute;left:0;top:0;width:100%;height:100%";
          holder.appendChild(picture);
        });
        done(null, holder);
      });
      return holder;
    }
  });

  /* A tile of the ground is a canvas, put together from the tiles that show it. It is drawn in small squares,
     each moved by the shift at its place: within a square of 16 pixels the shift changes by less than a
     twentieth of a pixel. */
  var Shifted = Grid.extend({
    initialize: function (options) {
      L.GridLayer.prototype.initialize.call(this, options);
      this._kept = new Map();
    },
    createTile: function (coords, done) {
      var side = 256, squares = coords.z < 12 ? 32 : 16, step = side / squares, size = side * Math.pow(2, coords.z);
      var sharp = Math.min(2, Math.ceil(window.devicePixelRatio || 1));
      var canvas = document.createElement("canvas");
      canvas.width = canvas.height = side * sharp;
      var nodes = [], least = [Infinity, Infinity], most = [-Infinity, -Infinity];
      for (var j = 0; j <= squares; j++) {
        for (var i = 0; i <= squares; i++) {
          var at = shifted(coords.x * side + i * step, coords.y * side + j * step, size);
          nodes.push(at);
          for (var k = 0; k < 2; k++) { least[k] = Math.min(least[k], at[k]); most[k] = Math.max(most[k], at[k]); }
        }
      }
      var west = Math.floor((least[0] - 1) / side), north = Math.floor((least[1] - 1) / side);
      var east = Math.floor((most[0] + 1) / side), south = Math.floor((most[1] + 1) / side), asked = [];
      for (var y = north; y <= south; y++) { for (var x = west; x <= east; x++) { asked.push(this._picture(coords.z, x, y)); } }
      Promise.all(asked).then(function (found) {
        if (found.some(function (pictures) { return pictures.length; })) {
          paint(canvas, sharp, nodes, squares, mosaic(found, east - west + 1, side), west * side, north * side);
        }
        done(null, canvas);
      });
      return canvas;
    },
    /* The last few pictures are kept: each is wanted by up to four tiles of the ground. */
    _picture: function (z, x, y) {
      var name = z + "/" + x + "/" + y, found = this._kept.get(name) || load(this, z, x, y);
      this._kept.delete(name);
      this._kept.set(name, found);
      if (this._kept.size > 200) { this._kept.delete(this._kept.keys().next().value); }
      return found;
    },
    redraw: function () { this._kept.clear(); return L.GridLayer.prototype.redraw.call(this); }
  });

  /* Puts tiles side by side, each made of pictures that lie on one another. */
  function mosaic(found, columns, side) {
    var made = document.createElement("canvas");
    made.sharp = found.some(function (pictures) { return pictures.some(function (p) { return p.naturalWidth > side; }); }) ? 2 : 1;
    var step = side * made.sharp, draw;
    made.width = columns * step;
    made.height = found.length / columns * step;
    draw = made.getContext("2d");
    found.forEach(function (pictures, i) {
      pictures.forEach(function (picture) { draw.drawImage(picture, (i % columns) * step, Math.floor(i / columns) * step, step, step); });
    });
    return made;
  }

  function paint(canvas, sharp, nodes, squares, source, west, north) {
    var draw = canvas.getContext("2d"), step = canvas.width / squares, row = squares + 1;
    draw.imageSmoothingQuality = "high";
    for (var j = 0; j < squares; j++) {
      for (var i = 0; i < squares; i++) {
        var a = nodes[j * row + i], b = nodes[j * row + i + 1], c = nodes[(j + 1) * row + i], d = nodes[(j + 1) * row + i + 1];
        var x0 = (a[0] + c[0]) / 2 - west, x1 = (b[0] + d[0]) / 2 - west;
        var y0 = (a[1] + b[1]) / 2 - north, y1 = (c[1] + d[1]) / 2 - north;
        draw.drawImage(source, x0 * source.sharp, y0 * source.sharp, (x1 - x0) * source.sharp, (y1 - y0) * source.sharp, i * step, j * step, step, step);
      }
    }
  }

  /* The key of a map service is kept by the reader's browser, never by the page, unless its maker put it in. */
  var STORAGE = "zjk_gis.tianditu_key", keys = { value: "", waiting: [] };
  function recall(spec) {
    if (spec.key.value) { keys.value = spec.key.value; }
    try { keys.value = keys.value || window.localStorage.getItem(STORAGE) || ""; } catch (refused) { /* a frame without storage */ }
  }
  function ask(map, layer, spec) {
    if (keys.value) { return; }
    keys.waiting.push(layer);
    if (map._zjkAsking) { return; }
    var form = L.DomUtil.create("form", "zjk-key"), label = L.DomUtil.create("label", "", form);
    label.textContent = spec.key.ask;
    var input = L.DomUtil.create("input", "", label), button = L.DomUtil.create("button", "", form);
    input.autocomplete = "off";
    input.style.cssText = "margin:0 6px;width:15em";
    button.textContent = spec.key.use;
    form.style.cssText = "background:#fff;padding:7px 11px;font:13px sans-serif;border-radius:3px;box-shadow:0 1px 6px rgba(0,0,0,.25)";
    map._zjkAsking = new L.Control({ position: "topleft" });
    map._zjkAsking.onAdd = function () { L.DomEvent.disableClickPropagation(form); return form; };
    map._zjkAsking.addTo(map);
    L.DomEvent.on(form, "submit", function (event) {
      L.DomEvent.stop(event);
      if (!input.value.trim()) { return; }
      keys.value = input.value.trim();
      try { window.localStorage.setItem(STORAGE, keys.value); } catch (refused) { /* asked again next time */ }
      map.removeControl(map._zjkAsking);
      map._zjkAsking = null;
      keys.waiting.splice(0).forEach(function (each) { if (each._map) { each.redraw(); } });
    });
  }

  window.zjkGcj02 = gcj02;
  window.zjkBaseMap = function (spec) {
    var options = { spec: spec, attribution: spec.attribution, maxZoom: 22, opacity: spec.opacity };
    if (spec.zooms) { options.minNativeZoom = spec.zooms[0]; options.maxNativeZoom = spec.zooms[1]; }
    if (spec.bounds && !spec.gcj02) { options.bounds = spec.bounds; }
    var layer = new (spec.gcj02 ? Shifted : Plain)(options);
    if (spec.key) {
      recall(spec);
      layer.on("add", function () { ask(layer._map, layer, spec); });
    }
    return layer;
  };
})();
