/* How things look: hatches, marks and the swatches of the legend, which are drawn by the same hand. */

const hatches = new Map();

function hatchOf(ctx, look, ox, oy) {
  const ratio = window.devicePixelRatio || 1, key = [look.hatch, look.color, ratio].join();
  if (!hatches.has(key)) {
    const tile = document.createElement("canvas"), size = 8;
    tile.width = tile.height = Math.round(size * ratio);
    const t = tile.getContext("2d");
    t.scale(tile.width / size, tile.height / size);
    t.strokeStyle = t.fillStyle = look.color;
    t.lineWidth = 1.3;
    t.beginPath();
    if (look.hatch === "dots") { t.arc(2, 2, 1.2, 0, 7); t.moveTo(7.2, 6); t.arc(6, 6, 1.2, 0, 7); t.fill(); }
    if (look.hatch === "diagonal" || look.hatch === "cross") { t.moveTo(-2, 10); t.lineTo(10, -2); t.moveTo(-2, 2); t.lineTo(2, -2); t.moveTo(6, 10); t.lineTo(10, 6); }
    if (look.hatch === "back" || look.hatch === "cross") { t.moveTo(-2, -2); t.lineTo(10, 10); t.moveTo(6, -2); t.lineTo(10, 2); t.moveTo(-2, 6); t.lineTo(2, 10); }
    if (look.hatch === "level") { t.moveTo(0, 2); t.lineTo(8, 2); t.moveTo(0, 6); t.lineTo(8, 6); }
    if (look.hatch === "upright") { t.moveTo(2, 0); t.lineTo(2, 8); t.moveTo(6, 0); t.lineTo(6, 8); }
    if (look.hatch !== "dots") { t.stroke(); }
    hatches.set(key, tile);
  }
  const pattern = ctx.createPattern(hatches.get(key), "repeat");
  if (pattern.setTransform) { pattern.setTransform(new DOMMatrix([1 / ratio, 0, 0, 1 / ratio, ox % 8, oy % 8])); }
  return pattern;
}

function markPath(ctx, shape, x, y, r) {
  ctx.beginPath();
  if (shape === "square") { ctx.rect(x - r, y - r, 2 * r, 2 * r); }
  else if (shape === "diamond") { ctx.moveTo(x, y - 1.3 * r); ctx.lineTo(x + 1.3 * r, y); ctx.lineTo(x, y + 1.3 * r); ctx.lineTo(x - 1.3 * r, y); ctx.closePath(); }
  else if (shape === "triangle") { ctx.moveTo(x, y - 1.3 * r); ctx.lineTo(x + 1.2 * r, y + r); ctx.lineTo(x - 1.2 * r, y + r); ctx.closePath(); }
  else if (shape === "cross") { ctx.moveTo(x - r, y - r); ctx.lineTo(x + r, y + r); ctx.moveTo(x + r, y - r); ctx.lineTo(x - r, y + r); }
  else if (shape === "plus") { ctx.moveTo(x - 1.2 * r, y); ctx.lineTo(x + 1.2 * r, y); ctx.moveTo(x, y - 1.2 * r); ctx.lineTo(x, y + 1.2 * r); }
  else { ctx.arc(x, y, r, 0, 7); }
}

function paintMark(ctx, look, x, y, r) {
  markPath(ctx, look.shape, x, y, r);
  if (look.fill !== false) { ctx.globalAlpha = look.fillOpacity === undefined ? 1 : look.fillOpacity; ctx.fillStyle = look.fillColor || look.color; ctx.fill(); }
  ctx.globalAlpha = 1;
  if (look.weight && !look.casing) { ctx.lineWidth = look.weight; ctx.strokeStyle = look.color; ctx.stroke(); }
}

function fillAs(ctx, look, ox, oy) {
  const opacity = look.fillOpacity === undefined ? 0.2 : look.fillOpacity;
  if (opacity > 0) { ctx.globalAlpha = opacity; ctx.fillStyle = look.fillColor || look.color; ctx.fill("nonzero"); }
  ctx.globalAlpha = 1;
  if (look.hatch) { ctx.fillStyle = hatchOf(ctx, look, ox, oy); ctx.fill("nonzero"); }
}

function strokeAs(ctx, look) {
  if (!look.weight) { return; }
  ctx.lineJoin = "round";
  ctx.lineCap = look.dashArray ? "butt" : "round";
  ctx.setLineDash(look.dashArray ? look.dashArray.split(/[ ,]+/).map(Number) : []);
  ctx.lineWidth = look.weight; ctx.strokeStyle = look.color; ctx.globalAlpha = look.opacity === undefined ? 1 : look.opacity;
  ctx.stroke();
  ctx.setLineDash([]); ctx.globalAlpha = 1;
}

/* Colours that mean the same are shown side by side in one swatch. */
function stripes(ctx, look) {
  const each = 20 / look.fills.length;
  ctx.strokeStyle = look.color; ctx.lineWidth = 0.7;
  look.fills.forEach(function (fill, i) { ctx.fillStyle = fill; ctx.fillRect(2 + i * each, 2, each, 12); ctx.strokeRect(2 + i * each, 2, each, 12); });
}

function swatch(look, kind) {
  const ratio = 2, canvas = element("canvas", "swatch"), ctx = canvas.getContext("2d");
  canvas.width = 24 * ratio; canvas.height = 16 * ratio;
  ctx.scale(ratio, ratio);
  if (kind === 2) {
    if (look.fills) { stripes(ctx, look); }
    ctx.beginPath(); ctx.rect(2, 2, 20, 12);
    if (!look.fills) { fillAs(ctx, look, 0, 0); }
    strokeAs(ctx, Object.assign({}, look, { weight: Math.min(look.weight || 0, 2.4) }));
  }
  else if (kind === 1) {
    const rim = look.casing || (/^#f[a-f0-9]f/i.test(look.color) ? { color: "#c9d0d8", weight: look.weight + 1.2 } : null);
    ctx.beginPath(); ctx.moveTo(1, 8); ctx.lineTo(23, 8);
    if (rim) { strokeAs(ctx, rim); }
    strokeAs(ctx, Object.assign({}, look, { weight: Math.min(look.weight, 5) }));
  }
  else { paintMark(ctx, look, 12, 8, Math.max(2.5, Math.min(look.radius || 4, 5.5))); }
  return canvas;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) { made.className = className; }
  if (text !== undefined) { made.textContent = text; }
  return made;
}

function button(className, text, title, press) {
  const made = element("button", className, text);
  made.type = "button";
  if (title) { made.title = title; made.setAttribute("aria-label", title); }
  made.addEventListener("click", press);
  return made;
}

const NUMBERS = new Intl.NumberFormat("en");

function numberText(number) { return NUMBERS.format(number); }
