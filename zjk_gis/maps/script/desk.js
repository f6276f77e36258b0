/* The desk: filters with counts on one side, the table of what they leave on the other. It lies at the foot of
   the page, as a sheet that the map shows above. */

const PAGE_ROWS = 50, FIRST_VALUES = 8;

function deskOf(app) {
  const names = rowSetNames(app), W = app.words, container = app.map.getContainer();
  if (!names.length) { return; }
  const box = element("section", "zjk-desk"), sets = new Map();
  let set = null, sorted = null, first = 0, opener = null, asked = 0, told = 0, columns = [], tableLines = [], list = null, after = null;
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
    refilter();
  }

  function refilter() {
    set.facets.forEach(function (column) { filterColumn(set, column); });
    filterText(set); filterTime(set, app); filterView(set, app);
  }

  function toInputs() { search.value = set.text; from.value = set.from; to.value = set.to; view.checked = set.inView; }

  /* After a filter: the counts, the legend and the map at once; the table and the bars of time when that is shown. */
  function changed() {
    applied(set);
    first = 0;
    status.textContent = W.left.replace("{}", numberText(set.left)).replace("{}", numberText(set.n));
    clear.disabled = !isFiltered(set);
    csv.disabled = json.disabled = !set.left;
    set.facets.forEach(tellFacet);
    set.parts.concat(set.echoes).forEach(function (part) { tellLeft(app, part.layer); });
    app.repaint(true);
    app.address.later();
    asked++;
    later(asked);
  }

  function later(mine) {
    requestAnimationFrame(function () { setTimeout(function () {
      if (mine !== asked || !desk.busy) { return; }
      if (app.sheets.some(function (sheet) { return sheet._job; })) { later(mine); } else { tellRest(); }
    }, 0); });
  }

  function tellRest() {
    told = asked;
    tellRows();
    if (app.clock) { app.clock.recount(); }
  }

  function drawFacets() {
    facets.textContent = "";
    days.hidden = !set.timed;
    set.facets.forEach(function (column) {
      const group = element("section", "facet"), bars = element("div", "bars");
      group.append(element("h3", "", column.title), bars);
      group.setAttribute("role", "group"); group.setAttribute("aria-label", column.title);
      column.bars = bars;
      column.lines = [];
      column.whole = false;
      column.more = button("more", "", "", function () { column.whole = !column.whole; tellFacet(column); });
      bars.addEventListener("click", function (event) {
        const bar = event.target.closest(".bar");
        if (bar) { desk.choose(column.title, bar.dataset.value); }
      });
      facets.append(group);
    });
  }

  /* The bars stay, and only what is new about them is written. */
  function tellFacet(column) {
    const chosen = set.chosen.get(column.title) || new Set(), { counts, texts, lines, bars } = column;
    const held = bars.contains(document.activeElement) ? document.activeElement.dataset.value : undefined;
    if (!column.order) { column.order = Array.from(counts.keys()); }
    column.order.sort(function (a, b) { return counts[b] - counts[a] || (texts[a] < texts[b] ? -1 : 1); }); // hardly new: quick
    const order = column.order.filter(function (code) { return counts[code] || chosen.has(texts[code]); });
    const shown = column.whole ? order : order.filter(function (code, k) { return k < FIRST_VALUES || chosen.has(texts[code]); });
    const most = Math.max(1, counts[order[0]] || 0);
    while (lines.length > shown.length) { lines.pop().bar.remove(); }
    shown.forEach(function (code, k) {
      if (k === lines.length) { lines.push(barLine()); bars.insertBefore(lines[k].bar, column.more.parentNode ? column.more : null); }
      tellBar(lines[k], texts[code], counts[code], counts[code] / most, chosen.has(texts[code]));
      if (texts[code] === held) { lines[k].bar.focus(); }
    });
    if (order.length > shown.length || column.whole && order.length > FIRST_VALUES) {
      column.more.textContent = column.whole ? W.fewer : W.more.replace("{}", numberText(order.length - shown.length));
      if (!column.more.parentNode) { bars.append(column.more); }
    } else { column.more.remove(); }
  }

  function barLine() {
    const bar = button("bar", "", "", function () { /* the group listens */ }), line = { bar, fill: element("i"), name: element("span"), count: element("em") };
    bar.append(line.fill, line.name, line.count);
    return line;
  }

  function tellBar(line, text, count, share, on) {
    if (line.text !== text) {
      line.text = line.bar.dataset.value = line.bar.title = text;
      line.name.textContent = text || W.blank;
    }
    if (line.total !== count) { line.total = count; line.count.textContent = numberText(count); }
    if (line.share !== share) { line.share = share; line.fill.style.width = 100 * share + "%"; }
    if (line.on !== on) { line.on = on; line.bar.classList.toggle("on", on); line.bar.setAttribute("aria-pressed", String(on)); }
  }

  /* A table of as many rows as a page has; its cells stay, too. */
  function drawTable() {
    const table = element("table"), top = element("tr"), thead = element("thead");
    columns = set.columns.filter(function (c) { return c.texts.length > 1 || c.texts[0]; });
    table.append(element("caption", "", set.name));
    columns.forEach(function (column) {
      const cell = element("th"), mine = sorted && sorted.column === column;
      cell.scope = "col";
      if (mine) { cell.setAttribute("aria-sort", sorted.down ? "descending" : "ascending"); }
      cell.append(button("", column.title + (mine ? sorted.down ? " ▾" : " ▴" : ""), W.sortBy.replace("{}", column.title), function () {
        sorted = mine && sorted.down ? null : { column, down: Boolean(mine) };
        first = 0;
        drawTable();
        tellRows();
        held.querySelectorAll("th button")[columns.indexOf(column)].focus();
      }));
      top.append(cell);
    });
    thead.append(top);
    list = element("tbody");
    list.addEventListener("click", function (event) {
      const line = event.target.closest("tr");
      if (line) { go(tableLines.find(function (each) { return each.line === line; }).row); }
    });
    table.append(thead, list);
    tableLines = [];
    after = element("div");
    held.textContent = "";
    held.append(table, after);
  }

  function tableLine() {
    const line = element("tr"), cells = columns.map(function (_, k) {
      const cell = line.appendChild(element("td"));
      return k ? cell : cell.appendChild(button("zjk-link", "", W.showRow, function () { /* the table listens */ }));
    });
    return { line: list.appendChild(line), cells, texts: [] };
  }

  function tellRows() {
    const rows = rowsLeft(set, sorted, first + PAGE_ROWS).slice(first);
    while (tableLines.length > rows.length) { tableLines.pop().line.remove(); }
    rows.forEach(function (row, r) {
      if (r === tableLines.length) { tableLines.push(tableLine()); }
      const made = tableLines[r];
      made.row = row;
      columns.forEach(function (column, k) {
        const text = textOf(column, row) || (k ? "" : W.blank);
        if (made.texts[k] !== text) { made.texts[k] = made.cells[k].textContent = text; }
      });
    });
    after.textContent = "";
    if (!set.left) { after.append(element("p", "none", W.noneLeft)); }
    if (set.left > PAGE_ROWS) {
      const pager = element("nav", "pager"), before = button("", "‹", W.before, function () { first -= PAGE_ROWS; tellRows(); }), next = button("", "›", W.next, function () { first += PAGE_ROWS; tellRows(); });
      before.disabled = first === 0; next.disabled = first + PAGE_ROWS >= set.left;
      pager.append(before, element("span", "", (first + 1) + "–" + Math.min(set.left, first + PAGE_ROWS) + " / " + numberText(set.left)), next);
      after.append(pager);
    }
  }

  function go(row) {
    const part = partOf(set, row);
    app.show(part.layer, row - part.start);
  }

  async function use(name) {
    if (!sets.has(name)) { sets.set(name, await rowSetOf(app, name)); }
    set = sets.get(name); sorted = null;
    app.changing(set.parts.concat(set.echoes).map(function (part) { return part.layer; }));
    chooser.value = name;
    toInputs();
    drawFacets();
    drawTable();
    changed();
    tellRest();
  }

  const desk = {
    get open() { return !box.hidden; },
    get set() { return set; },
    /* What a link has to bring along: the rows that are listed, and a filter that hides some though the desk is shut. */
    get told() { return set && (desk.open || isFiltered(set)) ? set : null; },
    get busy() { return told !== asked; },
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
      app.address.later();
      if (opener && opener.focus) { opener.focus(); }
    },
    /* An address without rows hides none. */
    forget() {
      if (!set) { return; }
      cleared();
      changed();
      if (desk.open) { desk.close(); }
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
    /* What the address says, put into effect at once. A value that the page does not have, such as that of an
       older link, is left out and told: it would refuse every row. */
    async restore(asked) {
      if (!names.includes(asked.name)) { return; }
      await desk.show(asked.name);
      const unknown = [];
      set.text = asked.text; set.from = asked.from; set.to = asked.to; set.inView = asked.inView;
      set.chosen = new Map();
      asked.chosen.forEach(function (pair) {
        const column = set.facets.find(function (c) { return c.title === pair[0]; }), isKnown = function (text) { return column && column.known.has(text); };
        if (column) { set.chosen.set(column.title, new Set(pair[1].filter(isKnown))); }
        pair[1].forEach(function (text) { if (!isKnown(text)) { unknown.push(pair[0] + " " + text); } });
      });
      toInputs();
      refilter();
      changed();
      if (unknown.length) { status.textContent += " · " + W.unknown.replace("{}", unknown.join(W.comma).slice(0, 200)); }
    }
  };
  search.addEventListener("focus", function () { set.columns.forEach(foldedTexts); });
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
