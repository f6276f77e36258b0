"use strict";
// A figure that is pressed tells its id, and puts the command that lists its rows on the clipboard.
const told = document.getElementById("told");
const shown = document.getElementById("told-command");
const done = document.getElementById("told-done");

function keep(text) {
  if (navigator.clipboard && window.isSecureContext) {
    return navigator.clipboard.writeText(text).then(() => true, () => byHand());
  }
  return Promise.resolve(byHand());
}

function byHand() {
  getSelection().selectAllChildren(shown);
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  }
}

function tell(figure) {
  shown.textContent = "zjk-gis rows " + figure.dataset.id;
  done.textContent = "";
  told.hidden = false;
  for (const each of document.querySelectorAll("span.f")) {
    each.classList.toggle("on", each.dataset.id === figure.dataset.id);
  }
  keep(shown.textContent).then((copied) => {
    done.textContent = copied ? told.dataset.copied : told.dataset.copy;
  });
}

document.addEventListener("click", (event) => {
  const figure = event.target.closest("span.f");
  if (figure) tell(figure);
  else if (event.target.closest("#told-close")) close();
});

function close() {
  told.hidden = true;
  document.querySelectorAll("span.f.on").forEach((each) => each.classList.remove("on"));
}

// One stop of the tab key a table; within it the arrows move.
for (const table of document.querySelectorAll("table.figures")) {
  table.querySelectorAll("span.f").forEach((each, at) => { each.tabIndex = at ? -1 : 0; });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
  if ((event.key === "Enter" || event.key === " ") && event.target.matches("span.f")) {
    event.preventDefault();
    tell(event.target);
  }
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const from = event.target.closest && event.target.closest("table.figures span.f");
  if (!from || !steps[event.key]) return;
  const [down, right] = steps[event.key];
  let cell = from.closest("td");
  let next = null;
  while (cell && !next) {
    const row = down ? cell.parentElement[down > 0 ? "nextElementSibling" : "previousElementSibling"] : null;
    cell = down
      ? row && row.cells[cell.cellIndex]
      : cell[right > 0 ? "nextElementSibling" : "previousElementSibling"];
    next = cell && cell.querySelector("span.f");
  }
  if (!next) return;
  event.preventDefault();
  from.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});
document.documentElement.dataset.ready = "yes";
