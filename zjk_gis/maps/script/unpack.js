/* Unpacking: base64, then deflate, then whole numbers of one to five bytes. */

function bytesOf(text) {
  const raw = atob(text), out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) { out[i] = raw.charCodeAt(i); }
  return out;
}

/* The browser's own decompression where it has one; older browsers take the slower way of inflate.js. */
async function unpacked(text) {
  const bytes = bytesOf(text);
  if (typeof DecompressionStream === "undefined") { return inflate(bytes); }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function unpackedJson(text) {
  return JSON.parse(new TextDecoder("utf-8").decode(await unpacked(text)));
}

function reader(bytes) {
  let at = 0;
  function whole() {
    let value = 0, shift = 1, byte;
    do { byte = bytes[at++]; value += (byte & 127) * shift; shift *= 128; } while (byte & 128);
    return value;
  }
  function signed() { const v = whole(); return v % 2 ? -(v + 1) / 2 : v / 2; }
  function many(n, Type, one) {
    const out = new Type(n);
    for (let i = 0; i < n; i++) { out[i] = one(); }
    return out;
  }
  return { whole, wholes: (n, Type) => many(n, Type, whole), signeds: (n, Type) => many(n, Type, signed) };
}

/* Shapes as flat arrays: feature i has the rings ringOf[i] to ringOf[i + 1], ring r the points pointOf[r] to
   pointOf[r + 1]; x and y in pixels of zoom 0. */
function shapesFrom(bytes, digits) {
  const read = reader(bytes), n = read.whole(), rings = read.whole(), points = read.whole(), timed = read.whole();
  const kind = read.wholes(n, Uint8Array), style = read.wholes(n, Uint16Array);
  const ringOf = ends(read.wholes(n, Uint32Array)), pointOf = ends(read.wholes(rings, Uint32Array));
  const x = read.signeds(points, Float64Array), y = read.signeds(points, Float64Array);
  const time = timed ? read.wholes(n, Uint32Array) : null;
  let lon = 0, lat = 0;
  for (let i = 0; i < points; i++) {
    lon += x[i]; lat += y[i];
    x[i] = worldX(lon / digits); y[i] = worldY(lat / digits);
  }
  return { n, kind, style, ringOf, pointOf, x, y, time };
}

function ends(counts) {
  const out = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) { out[i + 1] = out[i] + counts[i]; }
  return out;
}
