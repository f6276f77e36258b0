/* The desk: filters with counts on one side, the table of what they leave on the other. It lies at the foot of
   the page, as a sheet that the map shows above. */

const PAGE_ROWS = 50, FIRST_VALUES = 8;

function deskOf(app) {
  const names = rowSetNames(app), W = app.words, container = app.map.getContainer();
  if (!names.length) { return; }
  const box = element("section", "zjk-desk"), sets = new Map();
  let set = null, sorted = null, first = 0, opener = null;
  box.hidden = true;
  box.setAttribute("aria-label", W.desk);
  const head = element("div", "head"), chooser = element("select"), status = element("output", "left");
  const search = input("search", W.filterText), from = input("date", W.from), to = input("date", W.to), view = input("checkbox", W.inView);
  const inView = element("label", "check"), days = element("span", "days");
  const shut = button("shut", "✕", W.shut, function () { desk.close(); });
  chooser.setAttribute("aria-label", W.whatRows);
  names.forEach(function (name) { const option = element("option", "", name); option.value = name; chooser.append(option); });
  status.setAttribute("aria-live", "polite");
  search.placeholder = W.filterText;
  inView.append(view, W.inView);
  days.append(from, " – ", to);
  const clear = button("", W.clearAll, "", function () { cleared(); changed(); });
  const csv = button("", W.asCsv, "", function () { saveText(fileName() + ".csv", csvOf(set, rowsLeft(set, sorted), W), "text/csv;charset=utf-8"); });
  const json = button("", W.asGeoJson, "", function () { saveText(fileName() + ".geojson", geoJsonOf(set, rowsLeft(set, sorted)), "application/geo+json"); });
  const link = button("", W.copyLink, "", function () { app.address.write(); copied(window.location.href).then(function (done) { status.textContent = done ? W.linkCopied : window.location.href; }); });
  head.append(chooser, status, search, days, inView, clear, csv, json, link, shut);
  const body = element("div", "body"), facets = element("div", "facets"), held = element("div", "held");
  facets.setAttribute("role", "group");
  facets.setAttribute("aria-label", W.filters);
  body.append(facets, held);
  box.append(head, body);
  L.DomEvent.disableClickPropagation(box); L.DomEvent.disableScrollPropagation(box);
  container.append(box);

  function input(type, name) {
    const made = element("input");
    made.type = type; made.setAttribute("aria-label", name);
    return made;
  }

  function fileName() { return app.page.title + "-" + set.name; }

  function cleared() {
    set.chosen.clear();
    set.text = set.from = set.to = ""; set.inView = false;
    toInputs();
    set.facets.forEach(function (column) { filterColumn(set, column); });
    filterText(set); filterTime(set, app); filterView(set, app);
  }

  function toInputs() { search.value = set.text; from.value = set.from; to.value = set.to; view.checked = set.inView; }

  /* After a filter: the counts, the map, the panel, the bars of time, the table and the address. */
  function changed() {
    applied(set);
    first = 0;
    status.textContent = W.left.replace("{}", set.left.toLocaleString("en")).replace("{}", set.n.toLocaleString("en"));
    clear.disabled = !isFiltered(set);
    csv.disabled = json.disabled = !set.left;
    set.facets.forEach(tellFacet);
    tellRows();
    set.parts.forEach(function (part) { tellLeft(app, part.layer); });
    if (app.clock) { app.clock.recount(); }
    app.repaint();
    app.address.later();
  }

  function drawFacets() {
    facets.textContent = "";
    days.hidden = !set.timed;
    set.facets.forEach(function (column) {
      const group = element("section", "facet"), bars = element("div", "bars");
      group.append(element("h3", "", column.title), bars);
      group.setAttribute("role", "group"); group.setAttribute("aria-label", column.title);
      column.bars = bars;
      column.whole = false;
      facets.append(group);
    });
  }

  function tellFacet(column) {
    const chosen = set.chosen.get(column.title) || new Set(), held = document.activeElement && column.bars.contains(document.activeElement) ? document.activeElement.dataset.value : null;
    const order = Array.from(column.counts.keys()).filter(function (code) { return column.counts[code] || chosen.has(column.texts[code]); });
    order.sort(function (a, b) { return column.counts[b] - column.counts[a] || (column.texts[a] < column.texts[b] ? -1 : 1); });
    const shown = column.whole ? order : order.filter(function (code, k) { return k < FIRST_VALUES || chosen.has(column.texts[code]); });
    const most = Math.max(1, column.counts[order[0]] || 0);
    column.bars.textContent = "";
    shown.forEach(function (code) {
      const text = column.texts[code], on = chosen.has(text), bar = element("button", on ? "bar on" : "bar");
      bar.type = "button"; bar.dataset.value = text; bar.title = text;
      bar.setAttribute("aria-pressed", String(on));
      const fill = element("i");
      fill.style.width = 100 * column.counts[code] / most + "%";
      bar.append(fill, element("span", "", text || W.blank), element("em", "", column.counts[code].toLocaleString("en")));
      bar.addEventListener("click", function () { desk.choose(column.title, text); });
      column.bars.append(bar);
      if (text === held) { bar.focus(); }
    });
    if (order.length > shown.length || column.whole && order.length > FIRST_VALUES) {
      column.bars.append(button("more", column.whole ? W.fewer : W.more.replace("{}", (order.length - shown.length).toLocaleString("en")), "", function () { column.whole = !column.whole; tellFacet(column); }));
    }
  }

  function tellRows() {
    const rows = rowsLeft(set, sorted, first + PAGE_ROWS), table = element("table"), top = element("tr"), list = element("tbody");
    const columns = set.columns.filter(function (c) { return c.texts.length > 1 || c.texts[0]; });
    table.append(element("caption", "", set.name));
    columns.forEach(function (column) {
      const cell = element("th"), mine = sorted && sorted.column === column;
      cell.scope = "col";
      if (mine) { cell.setAttribute("aria-sort", sorted.down ? "descending" : "ascending"); }
      cell.append(button("", column.title + (mine ? sorted.down ? " ▾" : " ▴" : ""), W.sortBy.replace("{}", column.title), function () {
        sorted = mine && sorted.down ? null : { column, down: Boolean(mine) };
        first = 0;
        tellRows();
        held.querySelectorAll("th button")[columns.indexOf(column)].focus();
      }));
      top.append(cell);
    });
    rows.slice(first, first + PAGE_ROWS).forEach(function (row) {
      const line = element("tr");
      columns.forEach(function (column, k) {
        const cell = element("td");
        if (k) { cell.textContent = textOf(column, row); } else { cell.append(button("zjk-link", textOf(column, row) || W.blank, W.showRow, function () { go(row); })); }
        line.append(cell);
      });
      line.addEventListener("click", function (event) { if (event.target.tagName !== "BUTTON") { go(row); } });
      list.append(line);
    });
    const thead = element("thead");
    thead.append(top);
    table.append(thead, list);
    held.textContent = "";
    held.append(table);
    if (!set.left) { held.append(element("p", "none", W.noneLeft)); }
    if (set.left > PAGE_ROWS) {
      const pager = element("nav", "pager"), before = button("", "‹", W.before, function () { first -= PAGE_ROWS; tellRows(); }), next = button("", "›", W.next, function () { first += PAGE_ROWS; tellRows(); });
      before.disabled = first === 0; next.disabled = first + PAGE_ROWS >= set.left;
      pager.append(before, element("span", "", (first + 1) + "–" + Math.min(set.left, first + PAGE_ROWS) + " / " + set.left.toLocaleString("en")), next);
      held.append(pager);
    }
  }

  function go(row) {
    const part = partOf(set, row);
    app.show(part.layer, row - part.start);
  }

  async function use(name) {
    if (!sets.has(name)) { sets.set(name, await rowSetOf(app, name)); }
    set = sets.get(name); sorted = null;
    chooser.value = name;
    toInputs();
    drawFacets();
    changed();
  }

  const desk = {
    get open() { return !box.hidden; },
    get set() { return set; },
    get height() { return box.hidden ? 0 : box.offsetHeight; },
    async show(name) {
      opener = document.activeElement;
      box.hidden = false;
      container.classList.add("zjk-desked");
      app.deskButton.setAttribute("aria-expanded", "true");
      await use(names.includes(name) ? name : set ? set.name : names[0]);
      chooser.focus();
    },
    close() {
      box.hidden = true;
      container.classList.remove("zjk-desked");
      app.deskButton.setAttribute("aria-expanded", "false");
      if (opener && opener.focus) { opener.focus(); }
    },
    toggle() { return desk.open ? desk.close() : desk.show(); },
    choose(title, text) {
      const column = set.facets.find(function (c) { return c.title === title; });
      if (!column) { return; }
      const chosen = set.chosen.get(title) || new Set();
      if (!chosen.delete(text)) { chosen.add(text); }
      set.chosen.set(title, chosen);
      filterColumn(set, column);
      changed();
    },
    /* What the address says, put into effect at once. */
    async restore(asked) {
      if (!names.includes(asked.name)) { return; }
      await desk.show(asked.name);
      set.text = asked.text; set.from = asked.from; set.to = asked.to; set.inView = asked.inView;
      set.chosen = new Map(asked.chosen.map(function (pair) { return [pair[0], new Set(pair[1])]; }));
      toInputs();
      set.facets.forEach(function (column) { if (set.chosen.has(column.title)) { filterColumn(set, column); } });
      filterText(set); filterTime(set, app); filterView(set, app);
      changed();
    }
  };
  search.addEventListener("input", function () { set.text = search.value; filterText(set); changed(); });
  [from, to].forEach(function (day) { day.addEventListener("change", function () { set.from = from.value; set.to = to.value; filterTime(set, app); changed(); }); });
  view.addEventListener("change", function () { set.inView = view.checked; filterView(set, app); changed(); });
  app.map.on("moveend", function () { if (set && set.inView) { filterView(set, app); changed(); } });
  chooser.addEventListener("change", function () { use(chooser.value); });
  app.desk = desk;
}

async function copied(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch (error) { return false; }
}
