/* Time: bars of how many a day or month, a window that moves over them, play and pause. */

/* Days are counted from 1900-01-01; rows without a time have the last number of all. */
const DAY_MS = 86400000, UNTIMED = 1e9;

function dateText(base, day) { return new Date(base + day * DAY_MS).toISOString().slice(0, 10); }

function clockBar(app) {
  const timed = app.layers.filter(function (layer) { return layer.shapes && layer.shapes.time && layer.tells && !layer.echo; });
  if (!timed.length || !app.page.time) { return; }
  const base = Date.UTC(1900, 0, 1) + app.page.time.first * DAY_MS, days = app.page.time.days, W = app.words;
  const box = element("div", "zjk-clock"), canvas = element("canvas"), text = element("span", "when"), slider = element("input");
  const unit = element("select"), play = button("play", "▶", W.play, function () { timer ? stop() : start(); });
  [["month", W.month], ["week", W.week], ["day", W.day]].forEach(function (u) { const o = element("option", "", u[1]); o.value = u[0]; unit.append(o); });
  if (days < 62) { unit.value = "day"; }
  const all = button("all", W.allTimes, "", function () { stop(); set(-1); });
  slider.type = "range"; slider.min = 0; slider.setAttribute("aria-label", W.time);
  unit.setAttribute("aria-label", W.step);
  let edges = [], counts = [], stepOf = null, at = -1, timer = null, width = 0;

  function cut() {
    edges = [0];
    if (unit.value === "month") {
      const first = new Date(base);
      for (let m = 1; edges[edges.length - 1] < days; m++) { edges.push(Math.round((Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + m, 1) - base) / DAY_MS)); }
    } else { const step = unit.value === "week" ? 7 : 1; for (let d = step; edges[edges.length - 1] < days; d += step) { edges.push(d); } }
    stepOf = new Uint32Array(days + 1);
    for (let k = 0; k + 1 < edges.length; k++) { for (let d = edges[k]; d < Math.min(edges[k + 1], days + 1); d++) { stepOf[d] = k; } }
    slider.max = edges.length - 2;
    recount();
    set(-1);
  }

  /* What a filter hides is not counted. */
  function recount() {
    counts = new Array(edges.length - 1).fill(0);
    timed.forEach(function (layer) {
      const time = layer.shapes.time, mask = layer.mask;
      for (let i = 0; i < time.length; i++) { if (time[i] < days && !(mask && mask[i])) { counts[stepOf[time[i]]]++; } }
    });
  }

  function set(n) {
    at = n;
    slider.value = Math.max(0, n);
    app.state.clock = n < 0 ? null : [edges[n], edges[n + 1]];
    tell();
    app.layers.forEach(function (layer) { if (layer.shapes && layer.shapes.time) { tellLeft(app, layer); } });
    app.repaint(true);
  }

  function tell() {
    const n = at, total = n < 0 ? counts.reduce(function (a, b) { return a + b; }, 0) : counts[n];
    const from = dateText(base, n < 0 ? 0 : edges[n]), to = dateText(base, Math.min(days, n < 0 ? days : edges[n + 1]) - 1);
    text.textContent = (from === to ? from : unit.value === "month" && n >= 0 ? from.slice(0, 7) : from + " – " + to) + "  " + W.counted.replace("{}", total.toLocaleString("en"));
    draw();
  }

  function draw() {
    width = width || canvas.clientWidth;
    const ratio = window.devicePixelRatio || 1, w = width || 300, h = 34, ctx = canvas.getContext("2d"), most = Math.max.apply(null, counts.concat(1)), one = w / counts.length;
    canvas.width = w * ratio; canvas.height = h * ratio;
    ctx.scale(ratio, ratio);
    counts.forEach(function (n, k) {
      ctx.fillStyle = at < 0 || k === at ? "#0b5394" : "#b8c4d1";
      const high = n ? Math.max(1.5, (h - 3) * n / most) : 0;
      ctx.fillRect(k * one + (one > 4 ? 1 : 0), h - high, Math.max(0.8, one - (one > 4 ? 2 : 0)), high);
    });
    ctx.fillStyle = "#9aa5b1"; ctx.fillRect(0, h - 1, w, 1);
  }

  function start() {
    play.textContent = "❚❚"; play.title = W.pause; play.setAttribute("aria-label", W.pause);
    if (at >= counts.length - 1) { at = -1; }
    set(at + 1);
    timer = setInterval(function () { if (at >= counts.length - 1) { stop(); } else { set(at + 1); } }, unit.value === "month" ? 900 : 350);
  }

  function stop() {
    clearInterval(timer); timer = null;
    play.textContent = "▶"; play.title = W.play; play.setAttribute("aria-label", W.play);
  }

  slider.addEventListener("input", function () { stop(); set(Number(slider.value)); });
  unit.addEventListener("change", function () { stop(); cut(); });
  canvas.addEventListener("click", function (event) { stop(); set(Math.min(counts.length - 1, Math.floor(event.offsetX / canvas.clientWidth * counts.length))); });
  const row = element("div", "row"), bars = element("div", "bars");
  row.append(play, text, unit, all);
  bars.append(canvas, slider);
  box.append(row, bars);
  L.DomEvent.disableClickPropagation(box); L.DomEvent.disableScrollPropagation(box);
  app.map.getContainer().append(box);
  app.map.getContainer().classList.add("zjk-timed");
  cut();
  app.map.on("resize", function () { width = 0; draw(); });
  app.clock = { set: set, recount: function () { recount(); tell(); }, get at() { return at; }, get playing() { return timer !== null; } };
  if (app.page.time.untimed) { box.title = W.untimed.replace("{}", app.page.time.untimed.toLocaleString("en")); }
}
