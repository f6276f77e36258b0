/* Before and after: two sheets, one clipped to each side of a bar that is drawn over the map. */

function swipeBar(app, left, right, titles) {
  const map = app.map, container = map.getContainer(), bar = element("div", "zjk-swipe"), grip = element("input");
  grip.type = "range"; grip.min = 0; grip.max = 1000; grip.value = 500;
  grip.setAttribute("aria-label", app.words.swipe);
  const names = [element("span", "left", titles[0]), element("span", "right", titles[1])];
  bar.append(element("i"), names[0], names[1]);
  function clip() {
    const size = map.getSize(), x = size.x * grip.value / 1000, nw = map.containerPointToLayerPoint([0, 0]), se = map.containerPointToLayerPoint(size), middle = map.containerPointToLayerPoint([x, 0]).x;
    left.style.clip = "rect(" + [nw.y, middle, se.y, nw.x].map(px).join(" ") + ")";
    right.style.clip = "rect(" + [nw.y, se.x, se.y, middle].map(px).join(" ") + ")";
    bar.style.left = x + "px";
  }
  function px(v) { return v + "px"; }
  grip.addEventListener("input", clip);
  L.DomEvent.disableClickPropagation(grip);
  bar.addEventListener("pointerdown", function (event) {
    event.preventDefault(); event.stopPropagation();
    bar.setPointerCapture(event.pointerId);
    bar.onpointermove = function (e) { grip.value = 1000 * (e.clientX - container.getBoundingClientRect().left) / map.getSize().x; clip(); };
  });
  bar.addEventListener("pointerup", function () { bar.onpointermove = null; });
  L.DomEvent.disableClickPropagation(bar);
  grip.className = "zjk-grip";
  container.append(bar, grip);
  map.on("move zoom viewreset resize zoomend moveend", clip);
  clip();
  app.swipe = { set: function (share) { grip.value = 1000 * share; clip(); }, side: function (x) { return x < map.getSize().x * grip.value / 1000 ? "before" : "after"; } };
}
