/* Filters of the tables: words that a row must hold, and one value of each column of words. Everything is read from
   and written to the page as text; without this script the tables stand there whole. */
(function () {
"use strict";
const FEW = 2, MANY = 12; // so many different words a column has to have, to be chosen from

function plain(text) { return text.normalize("NFKC").toLowerCase(); }

function chooser(bar, table, at, title, all) {
  const words = Array.from(new Set(Array.from(table.tBodies[0].rows, function (row) { return row.cells[at].textContent; }))).sort();
  if (words.length < FEW || words.length > MANY) { return null; }
  const label = document.createElement("label"), choice = document.createElement("select");
  label.append(title + " ", choice);
  choice.add(new Option(all, "all"));
  words.forEach(function (word, n) { choice.add(new Option(word || "—", "is" + n)); });
  bar.insertBefore(label, bar.querySelector("output"));
  return { at: at, choice: choice, chosen: function () { return choice.selectedIndex === 0 ? null : words[choice.selectedIndex - 1]; } };
}

document.querySelectorAll(".filter").forEach(function (bar) {
  const table = bar.parentElement.querySelector(".rows"), box = bar.querySelector("input"), told = bar.querySelector("output");
  const rows = Array.from(table.tBodies[0].rows), texts = rows.map(function (row) { return plain(row.textContent); });
  const choosers = Array.from(table.tHead.rows[0].cells).map(function (head, at) {
    return head.hasAttribute("data-words") ? chooser(bar, table, at, head.textContent, bar.dataset.all) : null;
  }).filter(Boolean);
  function apply() {
    const wanted = plain(box.value).split(/\s+/).filter(Boolean);
    let left = 0;
    rows.forEach(function (row, n) {
      const fits = wanted.every(function (word) { return texts[n].includes(word); }) && choosers.every(function (one) {
        return one.chosen() === null || row.cells[one.at].textContent === one.chosen();
      });
      row.hidden = !fits;
      left += fits ? 1 : 0;
    });
    told.textContent = left === rows.length ? "" : left ? left + " / " + rows.length : bar.dataset.none;
  }
  function clear() { box.value = ""; choosers.forEach(function (one) { one.choice.selectedIndex = 0; }); apply(); }
  bar.addEventListener("input", apply);
  bar.addEventListener("keydown", function (event) { if (event.key === "Escape") { clear(); event.preventDefault(); } });
  bar.hidden = false;
  apply(); // a browser that goes back keeps what was typed
});
})();
