/* The address of a page records what is seen: the place, the layers that are on, and the filter. A link may
   lead to a place alone, as workbooks and reports write it: map.html#17/40.8/114.9 */

const PLACE = /^#(\d{1,2}(?:\.\d+)?)\/(-?\d{1,2}(?:\.\d+)?)\/(-?\d{1,3}(?:\.\d+)?)(?:&(.*))?$/;

function dayIn(asked, name) { return /^\d{4}-\d\d-\d\d$/.test(asked.get(name) || "") ? asked.get(name) : ""; }

function addressOf(app) {
  let waiting = null, written = null;
  function text() {
    const map = app.map, at = map.getCenter(), asked = new URLSearchParams();
    asked.set("on", app.layers.map(function (layer, k) { return layer.name && layer.on ? k : -1; }).filter(function (k) { return k >= 0; }).join("."));
    const set = app.desk ? app.desk.told : null;
    if (set) {
      asked.set("rows", set.name);
      if (set.text) { asked.set("text", set.text); }
      if (set.from) { asked.set("from", set.from); }
      if (set.to) { asked.set("to", set.to); }
      if (set.inView) { asked.set("view", "1"); }
      set.chosen.forEach(function (chosen, title) { chosen.forEach(function (value) { asked.append("is", JSON.stringify([title, value])); }); });
    }
    return "#" + map.getZoom() + "/" + at.lat.toFixed(6) + "/" + at.lng.toFixed(6) + "&" + asked.toString();
  }

  async function go() {
    const found = PLACE.exec(window.location.hash);
    if (!found || window.location.hash === written) { return; }
    const place = L.latLng(Number(found[2]), Number(found[3]));
    app.map.setView(place, Number(found[1]), { animate: false });
    if (found[4] === undefined) {
      const there = app.pick(place);
      if (there.length) { openPopup(app, place, there); }
      return;
    }
    const asked = new URLSearchParams(found[4]), on = new Set((asked.get("on") || "").split(".").map(Number));
    app.layers.forEach(function (layer, k) {
      if (!layer.name || asked.get("on") === null) { return; }
      layer.on = on.has(k);
      if (layer.check) { layer.check.checked = layer.on; }
    });
    app.repaint();
    if (!app.desk) { return; }
    if (!asked.get("rows")) { app.desk.forget(); return; }
    const chosen = new Map();
    asked.getAll("is").forEach(function (pair) {
      let read = null;
      try { read = JSON.parse(pair); } catch (error) { return; }
      if (!Array.isArray(read) || read.length !== 2) { return; }
      const title = String(read[0]);
      if (!chosen.has(title)) { chosen.set(title, []); }
      chosen.get(title).push(String(read[1]));
    });
    await app.desk.restore({ name: asked.get("rows"), text: asked.get("text") || "", from: dayIn(asked, "from"), to: dayIn(asked, "to"), inView: asked.get("view") === "1", chosen: Array.from(chosen) });
  }

  const address = {
    go,
    write() {
      clearTimeout(waiting); waiting = null;
      written = text();
      /* A frame in a notebook has no address of its own. */
      try { window.history.replaceState(null, "", written); } catch (error) { written = null; }
    },
    later() { if (app.ready) { clearTimeout(waiting); waiting = setTimeout(address.write, 250); } }
  };
  return address;
}
