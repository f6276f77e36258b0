/* Labels that do not collide: the weightiest first, each only where it is free and, for areas, where it fits.
   Names too long to be written whole come last, so that one of them hides no other. */

const FONT = '"Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", system-ui, sans-serif';
const MOST_LABELS = 400;
const widths = new Map();

function widthOf(ctx, font, text) {
  const key = font + text;
  if (!widths.has(key)) { ctx.font = font; widths.set(key, ctx.measureText(text).width); }
  return widths.get(key);
}

function paintLabels(ctx, layers, view) {
  const candidates = [];
  layers.forEach(function (layer) {
    const l = layer.labels;
    if (!l) { return; }
    for (let i = 0; i < l.text.length; i++) {
      const x = l.x[i] * view.scale - view.left, y = l.y[i] * view.scale - view.top;
      if (x < 0 || y < 0 || x > view.width || y > view.height) { continue; }
      if (layer.mask && l.of && layer.mask[l.of[i]]) { continue; }
      const room = l.room[i] * view.scale;
      if (room && room < 14) { continue; }
      candidates.push({ x, y, room, text: l.text[i], look: l.look, rank: l.look.rank || 0, weight: l.weight[i], cut: l.cut.has(i) ? 1 : 0, i });
    }
  });
  candidates.sort(function (a, b) { return a.cut - b.cut || b.rank - a.rank || b.weight - a.weight || a.i - b.i; });
  const bins = new Map(), placed = [];
  for (const c of candidates) {
    if (placed.length >= MOST_LABELS) { break; }
    const size = c.look.size || 12, font = (c.look.italic ? "italic " : "") + (c.look.bold === false ? "" : "600 ") + size + "px " + FONT;
    const lines = c.text.split("\n"), wide = Math.max.apply(null, lines.map(function (t) { return widthOf(ctx, font, t); })), high = lines.length * size * 1.2;
    if (c.room && wide > c.room * 1.15) { continue; }
    const up = c.look.above || 0, rect = [c.x - wide / 2 - 3, c.y - high / 2 - 2 - up, c.x + wide / 2 + 3, c.y + high / 2 + 2 - up];
    if (!isFree(bins, rect)) { continue; }
    placed.push({ c, lines, size, font, rect, up });
  }
  ctx.textAlign = "center"; ctx.textBaseline = "middle"; ctx.lineJoin = "round"; ctx.setLineDash([]); ctx.globalAlpha = 1;
  placed.forEach(function (p) {
    ctx.font = p.font;
    p.lines.forEach(function (line, i) {
      const y = p.c.y - p.up + (i - (p.lines.length - 1) / 2) * p.size * 1.2;
      ctx.strokeStyle = "rgba(255,255,255,.9)"; ctx.lineWidth = 3.5; ctx.strokeText(line, p.c.x, y);
      ctx.fillStyle = p.c.look.color || "#334e68"; ctx.fillText(line, p.c.x, y);
    });
  });
  return placed.map(function (p) { return { text: p.c.text, rect: p.rect }; });
}

function isFree(bins, rect) {
  const cells = [];
  for (let c = Math.floor(rect[0] / 64); c <= Math.floor(rect[2] / 64); c++) {
    for (let r = Math.floor(rect[1] / 64); r <= Math.floor(rect[3] / 64); r++) {
      const key = c + "," + r, there = bins.get(key) || [];
      if (there.some(function (o) { return rect[0] < o[2] && rect[2] > o[0] && rect[1] < o[3] && rect[3] > o[1]; })) { return false; }
      cells.push(key);
    }
  }
  cells.forEach(function (key) { if (!bins.has(key)) { bins.set(key, []); } bins.get(key).push(rect); });
  return true;
}
