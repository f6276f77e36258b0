/* Search by code and name: what is typed may stand anywhere in the columns chosen. */

function folded(text) { return String(text).normalize("NFKC").toLowerCase().replace(/\s+/g, ""); }

async function searched(app, wanted, most) {
  const key = folded(wanted), found = [];
  if (!key) { return found; }
  for (const layer of app.layers) {
    if (!layer.search || !layer.search.length) { continue; }
    const columns = await tableOf(layer);
    if (!layer.folded) {
      layer.folded = layer.search.map(function (c) {
        const column = columns[c];
        return (column.d || column.v).map(folded);
      });
    }
    for (let i = 0; i < layer.shapes.n && found.length < 2000; i++) {
      for (let k = 0; k < layer.search.length; k++) {
        const column = columns[layer.search[k]], text = layer.folded[k][column.d ? column.c[i] : i], at = text.indexOf(key);
        if (at < 0) { continue; }
        const shown = layer.search.map(function (c) { return valueOf(columns[c], i); }).filter(Boolean);
        found.push({ layer, i, shown, rank: text === key ? 0 : at === 0 ? 1 : 2 });
        break;
      }
    }
  }
  found.sort(function (a, b) { return a.rank - b.rank; });
  return found.slice(0, most);
}

function searchBox(app) {
  if (!app.layers.some(function (layer) { return layer.search && layer.search.length; })) { return; }
  const box = element("div", "zjk-search"), input = element("input"), list = element("ul");
  input.type = "search"; input.placeholder = app.words.search; input.setAttribute("aria-label", app.words.search);
  input.setAttribute("role", "combobox"); list.setAttribute("role", "listbox");
  box.append(input, list);
  let hits = [], at = -1, asked = 0;
  function choose(n, byKey) {
    if (!hits[n]) { return; }
    list.textContent = ""; list.hidden = true;
    app.show(hits[n].layer, hits[n].i, byKey);
  }
  function point(n) {
    at = hits.length ? (n + hits.length) % hits.length : -1;
    Array.from(list.children).forEach(function (item, k) { item.classList.toggle("on", k === at); if (k === at) { item.scrollIntoView({ block: "nearest" }); } });
  }
  async function look() {
    const mine = ++asked, found = await searched(app, input.value, 12);
    if (mine !== asked) { return; }
    hits = found; list.textContent = ""; list.hidden = !folded(input.value);
    hits.forEach(function (hit, n) {
      const item = element("li");
      item.setAttribute("role", "option");
      item.title = hit.shown.join(" · ") + " – " + (hit.layer.name || hit.layer.title || "");
      item.append(element("span", "", hit.shown.join(" · ")), element("small", "", hit.layer.name || hit.layer.title || ""));
      item.addEventListener("mousedown", function (event) { event.preventDefault(); choose(n); });
      list.append(item);
    });
    if (!hits.length && !list.hidden) { list.append(element("li", "none", app.words.notFound)); }
    point(0);
  }
  input.addEventListener("input", look);
  input.addEventListener("blur", function () { list.hidden = true; });
  input.addEventListener("focus", function () { list.hidden = !folded(input.value); });
  input.addEventListener("keydown", function (event) {
    event.stopPropagation();
    if (event.key === "ArrowDown") { point(at + 1); event.preventDefault(); }
    if (event.key === "ArrowUp") { point(at - 1); event.preventDefault(); }
    if (event.key === "Enter" && !event.isComposing) { choose(at, true); }
    if (event.key === "Escape") { input.value = ""; list.hidden = true; input.blur(); }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && !/INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName)) { input.focus(); event.preventDefault(); }
  });
  list.hidden = true;
  corner(app.map, "topleft", box);
}
