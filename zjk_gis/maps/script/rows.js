/* Rows of a page as one table: layers that show the same kind of thing are filtered, counted and exported
   together. A filter is a bit of each row; what a column counts leaves out its own filter, so that one sees
   what another choice would give. */

const MOST_FACETS = 24, MOST_VALUES = 400;
const TEXT_BIT = 1 << 24, TIME_BIT = 1 << 25, VIEW_BIT = 1 << 26;

/* What has a time comes first, then what is shown in classes, then what else is shown, then the rest. */
function rowSetNames(app) {
  const listed = app.layers.filter(function (layer) { return layer.rows && layer.table && !layer.echo && layer.shapes.n; });
  const rank = function (layer) { return layer.shapes.time ? 0 : !layer.on ? 3 : layer.keys.some(function (key) { return key[1]; }) ? 1 : 2; };
  return Array.from(new Set(listed.slice().sort(function (a, b) { return rank(a) - rank(b); }).map(function (layer) { return layer.rows; })));
}

async function rowSetOf(app, name) {
  const set = { name, parts: [], echoes: [], n: 0, columns: [], timed: false };
  for (const layer of app.layers) {
    if (layer.rows !== name || !layer.table || !layer.shapes.n) { continue; }
    const part = { layer, columns: await tableOf(layer), start: set.n, n: layer.shapes.n };
    if (layer.echo) { set.echoes.push(part); continue; }
    part.mask = new Uint8Array(part.n);
    set.parts.push(part);
    set.n += part.n;
    set.timed = set.timed || Boolean(layer.shapes.time);
  }
  const titles = [];
  set.parts.forEach(function (part) { part.columns.forEach(function (c) { if (!c.k && !titles.includes(c.t)) { titles.push(c.t); } }); });
  set.columns = titles.map(function (title) { return joinedColumn(set, title); });
  set.facets = set.columns.filter(function (c) { return c.common; }).slice(0, MOST_FACETS);
  set.bits = new Uint32Array(set.n);
  set.leftRows = new Uint32Array(set.n);
  set.chosen = new Map();
  set.text = ""; set.from = ""; set.to = ""; set.inView = false;
  return set;
}

/* One column over all layers of a set: different texts once, and which each row has. */
function joinedColumn(set, title) {
  const texts = [], codes = new Uint32Array(set.n), known = new Map();
  function codeOf(text) {
    let code = known.get(text);
    if (code === undefined) { code = texts.length; texts.push(text); known.set(text, code); }
    return code;
  }
  set.parts.forEach(function (part) {
    const own = part.columns.find(function (c) { return c.t === title && !c.k; });
    if (!own) { codes.fill(codeOf(""), part.start, part.start + part.n); return; }
    if (own.d) {
      const here = new Map();
      for (let i = 0; i < part.n; i++) {
        let code = here.get(own.c[i]);
        if (code === undefined) { code = codeOf(own.d[own.c[i]]); here.set(own.c[i], code); }
        codes[part.start + i] = code;
      }
    } else { for (let i = 0; i < part.n; i++) { codes[part.start + i] = codeOf(String(own.v[i])); } }
  });
  const few = texts.length > 1 && texts.length <= MOST_VALUES && texts.length < Math.max(3, 0.6 * set.n);
  return { title, texts, codes, known, common: few && !isMeasure(texts), counts: new Uint32Array(texts.length) };
}

/* Many numbers are a measure, and no kinds to choose from. */
function isMeasure(texts) {
  return texts.length > 12 && texts.filter(function (text) { return /^-?[\d,]*\.?\d+$/.test(text); }).length > 0.6 * texts.length;
}

/* The bit of a filter is set in each row that it refuses. */
function allow(set, bit) {
  const bits = set.bits, off = ~bit;
  for (let i = 0; i < set.n; i++) { bits[i] &= off; }
}

function filterColumn(set, column) {
  const chosen = set.chosen.get(column.title), bit = 1 << set.facets.indexOf(column);
  if (!chosen || !chosen.size) { allow(set, bit); return; }
  const kept = new Uint8Array(column.texts.length);
  chosen.forEach(function (text) { if (column.known.has(text)) { kept[column.known.get(text)] = 1; } });
  const bits = set.bits, codes = column.codes, off = ~bit;
  for (let i = 0; i < set.n; i++) { bits[i] = kept[codes[i]] ? bits[i] & off : bits[i] | bit; }
}

function filterText(set) {
  const key = folded(set.text), hit = new Uint8Array(set.n), bits = set.bits;
  if (!key) { allow(set, TEXT_BIT); return; }
  set.columns.forEach(function (column) {
    const found = textsWith(column, key), codes = column.codes;
    if (found) { for (let i = 0; i < set.n; i++) { hit[i] |= found[codes[i]]; } }
  });
  for (let i = 0; i < set.n; i++) { bits[i] = hit[i] ? bits[i] & ~TEXT_BIT : bits[i] | TEXT_BIT; }
}

/* Which texts of a column hold a key; null for none. What holds a longer key has held the shorter one, so that
   a reader who types on is answered from what was found last. */
function textsWith(column, key) {
  const texts = foldedTexts(column), last = column.asked, among = last && key.includes(last.key) ? last.codes : null;
  const n = among ? among.length : texts.length, codes = new Uint32Array(n);
  let many = 0;
  for (let k = 0; k < n; k++) {
    const code = among ? among[k] : k;
    if (texts[code].includes(key)) { codes[many++] = code; }
  }
  column.asked = { key, codes: codes.slice(0, many) };
  if (!many) { return null; }
  const found = new Uint8Array(texts.length);
  for (let k = 0; k < many; k++) { found[codes[k]] = 1; }
  return found;
}

/* As they are searched; made once, when a reader is about to search. */
function foldedTexts(column) {
  if (!column.folded) { column.folded = column.texts.map(folded); }
  return column.folded;
}

/* Both days count; a row without a time is kept only while no day is asked for. */
function filterTime(set, app) {
  if (!set.from && !set.to) { allow(set, TIME_BIT); return; }
  const zero = Date.UTC(1900, 0, 1) + app.page.time.first * DAY_MS;
  const from = set.from ? Math.round((Date.parse(set.from) - zero) / DAY_MS) : -Infinity, to = set.to ? Math.round((Date.parse(set.to) - zero) / DAY_MS) : UNTIMED - 1;
  set.parts.forEach(function (part) {
    const time = part.layer.shapes.time;
    for (let i = 0; i < part.n; i++) {
      const day = time ? time[i] : UNTIMED, row = part.start + i;
      set.bits[row] = day >= from && day <= to && day < UNTIMED ? set.bits[row] & ~TIME_BIT : set.bits[row] | TIME_BIT;
    }
  });
}

function filterView(set, app) {
  if (!set.inView) { allow(set, VIEW_BIT); return; }
  const b = app.map.getBounds(), w = worldX(b.getWest()), e = worldX(b.getEast()), n = worldY(b.getNorth()), s = worldY(b.getSouth());
  set.parts.forEach(function (part) {
    const box = part.layer.box;
    for (let i = 0; i < part.n; i++) {
      const row = part.start + i, there = box[4 * i] <= e && box[4 * i + 2] >= w && box[4 * i + 1] <= s && box[4 * i + 3] >= n;
      set.bits[row] = there ? set.bits[row] & ~VIEW_BIT : set.bits[row] | VIEW_BIT;
    }
  });
}

/* Count what is left, column by column, and hide on the map what is not. A row counts for all columns if no
   filter refuses it, and for one column if that column's filter alone does: each row is looked at once. */
function applied(set) {
  const bits = set.bits, left = set.leftRows, facets = set.facets;
  facets.forEach(function (column) { column.counts.fill(0); });
  let n = 0;
  for (let i = 0; i < set.n; i++) {
    const bit = bits[i];
    if (!bit) { left[n++] = i; }
    else if (bit < TEXT_BIT && !(bit & (bit - 1))) { const column = facets[31 - Math.clz32(bit)]; column.counts[column.codes[i]]++; }
  }
  set.left = n;
  facets.forEach(function (column) {
    const counts = column.counts, codes = column.codes;
    for (let k = 0; k < n; k++) { counts[codes[left[k]]]++; }
  });
  set.parts.forEach(function (part) {
    const mask = part.mask, from = part.start;
    let hidden = 0;
    /* What is out of view is not hidden: it comes into view when the map is moved. */
    for (let i = 0; i < part.n; i++) { hidden += mask[i] = bits[from + i] & ~VIEW_BIT ? 1 : 0; }
    part.layer.mask = hidden ? mask : null;
  });
  set.echoes.forEach(function (part) { part.layer.mask = echoMask(set, part); });
  set.parts.concat(set.echoes).forEach(function (part) { part.layer.turn = (part.layer.turn || 0) + 1; });
}

/* What only repeats rows of the set, such as a ring around one or a line from it, is hidden with them. */
function echoMask(set, part) {
  if (set.parts.every(function (own) { return !own.layer.mask; })) { return null; }
  const key = part.columns[0], own = set.columns.find(function (c) { return key && c.title === key.t; });
  if (!own) { return null; }
  const none = own.texts.length, seen = new Uint8Array(none + 1), bits = set.bits, codes = own.codes;
  if (!part.codes) { part.codes = Uint32Array.from({ length: part.n }, function (_, i) { const code = own.known.get(String(valueOf(key, i))); return code === undefined ? none : code; }); }
  for (let i = 0; i < set.n; i++) { if (!(bits[i] & ~VIEW_BIT)) { seen[codes[i]] = 1; } }
  return part.codes.map(function (code) { return 1 - seen[code]; });
}

function isFiltered(set) {
  return Boolean(set.text || set.from || set.to || set.inView) || Array.from(set.chosen.values()).some(function (chosen) { return chosen.size; });
}

/* The rows that are left, or the first of them, in the order of a column or as they come. */
function rowsLeft(set, sorted, most) {
  const order = sorted ? orderBy(set, sorted.column, sorted.down) : set.leftRows, until = sorted ? set.n : set.left;
  const rows = [], enough = most === undefined ? Infinity : most;
  for (let k = 0; k < until && rows.length < enough; k++) { if (!set.bits[order[k]]) { rows.push(order[k]); } }
  return rows;
}

/* All rows in the order of a column, those of one value as they come. It holds whatever the filter, and is kept. */
function orderBy(set, column, down) {
  const kept = down ? "orderDown" : "orderUp";
  if (column[kept]) { return column[kept]; }
  if (!column.rank) { column.rank = ranked(column.texts); }
  const last = column.texts.length - 1, place = function (row) { const rank = column.rank[column.codes[row]]; return down ? last - rank : rank; };
  const next = new Uint32Array(last + 2), order = column[kept] = new Uint32Array(set.n);
  for (let i = 0; i < set.n; i++) { next[place(i) + 1]++; }
  for (let k = 0; k <= last; k++) { next[k + 1] += next[k]; }
  for (let i = 0; i < set.n; i++) { order[next[place(i)]++] = i; }
  return order;
}

/* Numbers by their value, then texts as Chinese orders them; what is empty comes last. */
function ranked(texts) {
  const collator = new Intl.Collator("zh", { numeric: true }), rank = new Uint32Array(texts.length);
  const keyed = texts.map(function (text, i) { const plain = text.replace(/,/g, ""); return { i, text, number: /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : NaN }; });
  keyed.sort(function (a, b) {
    if (!a.text !== !b.text) { return a.text ? -1 : 1; }
    const plain = Number(isNaN(a.number)) - Number(isNaN(b.number));
    return plain || (isNaN(a.number) ? collator.compare(a.text, b.text) : a.number - b.number);
  });
  keyed.forEach(function (key, at) { rank[key.i] = at; });
  return rank;
}

function partOf(set, row) {
  for (const part of set.parts) { if (row < part.start + part.n) { return part; } }
  return null;
}

function textOf(column, row) { return column.texts[column.codes[row]]; }

/* A field of CSV: what a spreadsheet would take for a formula is told to be text. */
function csvField(text) {
  const told = /^'*[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^[+-]?[\d,]*\.?\d+$/.test(text) ? "'" + text : text;
  return /[",\r\n]/.test(told) ? '"' + told.replace(/"/g, '""') + '"' : told;
}

function csvOf(set, rows, words) {
  const points = set.parts.every(function (part) { return part.layer.onePoint; });
  const lines = [set.columns.map(function (c) { return csvField(c.title); }).concat(points ? [words.lon, words.lat] : []).join(",")];
  rows.forEach(function (row) {
    const part = partOf(set, row), fields = set.columns.map(function (c) { return csvField(textOf(c, row)); });
    if (points) { const at = pointOf(part.layer, row - part.start); fields.push(at.lng.toFixed(6), at.lat.toFixed(6)); }
    lines.push(fields.join(","));
  });
  return "\ufeff" + lines.join("\r\n") + "\r\n";
}

function geoJsonOf(set, rows) {
  const features = rows.map(function (row) {
    const part = partOf(set, row), properties = Object.create(null);
    set.columns.forEach(function (c) { properties[c.title] = textOf(c, row) || null; });
    return { type: "Feature", properties, geometry: geometryOf(part.layer.shapes, row - part.start) };
  });
  return JSON.stringify({ type: "FeatureCollection", features });
}

/* Outer rings turn one way and holes the other; a hole follows the ring that it lies in. */
function geometryOf(s, i) {
  const rings = [];
  for (let r = s.ringOf[i]; r < s.ringOf[i + 1]; r++) {
    const ring = [];
    for (let p = s.pointOf[r]; p < s.pointOf[r + 1]; p++) { ring.push([Number(lonOf(s.x[p]).toFixed(6)), Number(latOf(s.y[p]).toFixed(6))]); }
    rings.push(ring);
  }
  if (s.kind[i] === 0) { return { type: "Point", coordinates: rings[0][0] }; }
  if (s.kind[i] === 1) { return rings.length === 1 ? { type: "LineString", coordinates: rings[0] } : { type: "MultiLineString", coordinates: rings }; }
  const areas = [], way = Math.sign(turned(rings[0]));
  rings.forEach(function (ring) {
    const outer = Math.sign(turned(ring)) === way;
    if (outer || !areas.length) { areas.push([]); }
    areas[areas.length - 1].push(ring.concat([ring[0]]));
  });
  return areas.length === 1 ? { type: "Polygon", coordinates: areas[0] } : { type: "MultiPolygon", coordinates: areas };
}

function turned(ring) {
  let twice = 0;
  ring.forEach(function (p, k) { const q = ring[(k + 1) % ring.length]; twice += p[0] * q[1] - q[0] * p[1]; });
  return twice;
}

function saveText(name, text, type) {
  const link = document.createElement("a"), url = URL.createObjectURL(new Blob([text], { type }));
  link.href = url;
  link.download = name.replace(/[\\/:*?"<>|\u0000-\u001f]+/g, "_").slice(0, 120);
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(function () { URL.revokeObjectURL(url); }, 60000);
}
