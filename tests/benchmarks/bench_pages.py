"""A page of 100,000 incidents to be filtered, beside plain folium and Vega-Lite pages of the same rows.

Run: python tests/benchmarks/bench_pages.py [--incidents 100000] [--rounds 5] [--quick] [--markdown]

Each is one file with everything inside, opened in headless Chromium without a network, in turn, round after
round. Opened means: every incident is drawn and a frame was shown. A filter step runs from the press of the
mouse until the counts and the picture of the map are new; folium has no filter. A frame's time is that
between two frames while the mouse drags the map to and fro for five seconds, all incidents in view at first.
What the page does of its own accord against the network or the console is an error.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import altair as alt
import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from playwright.sync_api import sync_playwright
from table import Row, amount, print_rows, print_table

from zjk_gis import assign_incidents
from zjk_gis.maps import assignment_map, save_offline

X, Y = 565_000, 4_513_000
SHOWN = ["incident_code", "event_name", "source", "street_name", "zone_code", "occurred_at"]
FACETS = ["event_name", "source", "street_name"]
TITLES = ["事件名称", "上报渠道", "街道名称"]
DRAG_S = 5.0
PRESSED = [(0, 0), (1, 0), (2, 1), (0, 0), (2, 1), (1, 0), (1, 2), (0, 3), (1, 2), (0, 3), (2, 5), (2, 5)]
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

WATCH = """() => {
  window.steps = []; window.frames = []; window.isDragged = false;
  window.addEventListener("click", () => {
    const began = performance.now(), before = window.zjk ? zjk.sheets[0].painted : 0;
    const isDone = () => !window.zjk || zjk.sheets[0].painted > before && !zjk.sheets[0]._job;
    requestAnimationFrame(function frame() {
      const pass = new MessageChannel();
      pass.port1.onmessage = () => {
        if (isDone()) { steps.push(performance.now() - began); } else { requestAnimationFrame(frame); }
      };
      pass.port2.postMessage(0);
    });
  }, true);
  let last = performance.now();
  (function frame() {
    const now = performance.now();
    if (window.isDragged) { frames.push(now - last); }
    last = now;
    requestAnimationFrame(frame);
  })();
}"""


@dataclass(frozen=True)
class Seen:
    """What one visit of a page showed: seconds, and milliseconds of steps and frames."""

    opened: float
    steps: list[float]
    frames: list[float]


def make(number):
    """Return incidents at 3,000 street corners of a city, and its 400 zones."""
    rng = np.random.default_rng(20220317)
    column, row = np.arange(400) % 20, np.arange(400) // 20
    ground = shapely.box(X + 900.0 * column, Y + 700.0 * row, X + 900.0 * (column + 1), Y + 700.0 * (row + 1))
    zones = gpd.GeoDataFrame({"zone_code": [f"Z{n:03d}" for n in range(400)]}, geometry=ground, crs=4547)
    west, south, east, north = zones.total_bounds
    corners = np.column_stack([rng.normal(0.5, 0.17, 3_000), rng.normal(0.5, 0.17, 3_000)])
    at = corners[rng.integers(0, len(corners), number)] + rng.normal(0, 0.004, (number, 2))
    x, y = west + (east - west) * at[:, 0], south + (north - south) * at[:, 1]
    kinds = [f"事件{kind:02d}" for kind in range(24)]
    weights = 1 / np.arange(1, 25)
    columns = {
        "incident_code": [f"2025{n:08d}" for n in range(number)],
        "event_name": rng.choice(kinds, number, p=weights / weights.sum()),
        "source": rng.choice(["巡查", "热线", "随手拍", "视频", "上级交办"], number),
        "street_name": [f"街道{n:02d}" for n in rng.integers(0, 40, number)],
        "occurred_at": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, number), unit="D"),
    }
    incidents = gpd.GeoDataFrame(columns, geometry=shapely.points(x, y), crs=zones.crs)
    return assign_incidents(incidents, zones), zones


def ours(incidents, zones, path):
    """Draw the incidents by this package's own page."""
    save_offline(assignment_map(incidents, zones), path)


def plain(incidents, zones, path):
    """Draw them as folium's own documentation does."""
    degrees = incidents[[*SHOWN, "geometry"]].to_crs(4326)
    degrees["occurred_at"] = degrees["occurred_at"].astype(str)
    west, south, east, north = degrees.total_bounds
    drawn = folium.Map(tiles=None, prefer_canvas=True)
    folium.GeoJson(zones[["geometry"]].to_crs(4326)).add_to(drawn)
    folium.GeoJson(degrees, marker=folium.CircleMarker(radius=3), popup=folium.GeoJsonPopup(SHOWN)).add_to(
        drawn
    )
    drawn.fit_bounds([[south, west], [north, east]])
    save_offline(drawn, path)


def vega_lite(incidents, zones, path):
    """Draw them as a chart that can be dragged, beside bars that filter it and each other."""
    alt.data_transformers.disable_max_rows()
    degrees = incidents.to_crs(4326)
    rows = pd.DataFrame(degrees[SHOWN]).assign(
        lon=degrees.geometry.x.round(6), lat=degrees.geometry.y.round(6)
    )
    chosen = {name: alt.selection_point(fields=[name], toggle="true") for name in FACETS}
    drawn = alt.Chart(rows).mark_circle(size=12).encode(
        x=alt.X("lon:Q", scale=alt.Scale(zero=False)), y=alt.Y("lat:Q", scale=alt.Scale(zero=False)),
        tooltip=SHOWN,
    ).properties(width=700, height=600)  # fmt: skip
    for name in FACETS:
        drawn = drawn.transform_filter(chosen[name])
    bars = []
    for name in FACETS:
        bar = alt.Chart(rows).mark_bar().encode(x="count()", y=alt.Y(f"{name}:N", sort="-x")).properties(
            width=200, height=130
        )  # fmt: skip
        for other in FACETS:
            if other != name:
                bar = bar.transform_filter(chosen[other])
        bars.append(bar.add_params(chosen[name]))
    whole = alt.hconcat(drawn.interactive(), alt.vconcat(*bars))
    whole.save(path, inline=True, embed_options={"renderer": "canvas"})
    text = path.read_text("utf-8")
    asked = "vegaEmbed('#vis', spec, embedOpt)"
    assert asked in text, "Altair writes its page in another way; say so here"
    path.write_text(
        text.replace(asked, asked + ".then(made => { window.vega_view = made.view; return made; })"), "utf-8"
    )


PAGES = {"zjk_gis": ours, "folium": plain, "Vega-Lite": vega_lite}
READY = {"zjk_gis": "window.zjk", "folium": "true", "Vega-Lite": "window.vega_view"}


def visited(browser, name, path, drag_s):
    """Open a page, drag it so many seconds and filter it; return what it took."""
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    page.set_default_timeout(180_000)
    wrong = []
    page.on(
        "request",
        lambda asked: (
            wrong.append(asked.url) if not asked.url.startswith(("file:", "data:", "blob:")) else None
        ),
    )
    page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    started = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_function(f"{READY[name]} !== undefined")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    opened = time.perf_counter() - started
    page.evaluate(WATCH)
    dragged(page, drag_s)
    frames = page.evaluate("frames")
    filtered(page, name)
    steps = page.evaluate("steps")
    page.close()
    if wrong:
        raise RuntimeError(f"{name}: {wrong[:3]}")
    return Seen(opened, steps, frames)


def dragged(page, drag_s):
    """Drag the map to and fro with the mouse."""
    x, y = 430, 330
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("window.isDragged = true")
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < drag_s:
        turn = 2 * np.pi * passed / 2.5
        page.mouse.move(x + 260 * np.sin(turn), y + 140 * np.sin(2 * turn))
        time.sleep(0.008)
    page.evaluate("window.isDragged = false")
    page.mouse.up()
    page.wait_for_timeout(600)


def filtered(page, name):
    """Press on values of the columns, one after another."""
    page.evaluate("window.steps.length = 0")
    if name == "folium":
        return
    if name == "zjk_gis":
        page.click(".zjk-tools .desk")
        page.wait_for_selector(".zjk-desk table")
        page.wait_for_timeout(500)
        page.evaluate("window.steps.length = 0")
    for column, bar in PRESSED:
        told = page.evaluate("steps.length")
        if name == "zjk_gis":
            page.locator(f".zjk-desk .facet[aria-label={TITLES[column]}] .bar").nth(bar).click()
        else:
            box = page.locator("canvas").first.bounding_box()
            place = page.evaluate(BAR, [column, bar])
            page.mouse.click(box["x"] + place[0], box["y"] + place[1])
        page.wait_for_function("told => steps.length > told", arg=told)
        page.wait_for_timeout(150)


# Where on the canvas the bar so many of a chart stands.
BAR = """([chart, bar]) => {
  const found = [], pad = vega_view.padding();
  (function walk(item, x, y) {
    if (item.marktype === "rect" && item.role === "mark" && item.items.length) {
      found.push(item.items.map(i => [x + i.x + Math.min(6, i.width / 2), y + i.y + i.height / 2, i.width]));
    }
    const moved = (i, side) => item.marktype ? i[side] || 0 : 0;
    (item.items || []).forEach(i => walk(i, x + moved(i, "x"), y + moved(i, "y")));
  })(vega_view.scenegraph().root, vega_view.origin()[0] + pad.left, vega_view.origin()[1] + pad.top);
  const bars = found[chart].sort((a, b) => b[2] - a[2]);
  return bars[Math.min(bar, bars.length - 1)].slice(0, 2);
}"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--incidents", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="20,000 incidents, once, no folium")
    parser.add_argument("--only", choices=list(PAGES), help="one of the pages")
    parser.add_argument("--markdown", action="store_true")
    chosen = parser.parse_args()
    drag_s = DRAG_S
    if chosen.quick:
        chosen.incidents, chosen.rounds, drag_s = 20_000, 1, 2.0
    incidents, zones = make(chosen.incidents)
    found = os.environ.get("ZJK_GIS_CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    pages = [name for name in PAGES if not chosen.quick or name != "folium"]
    pages = [chosen.only] if chosen.only else pages
    seen, sizes, loads = {name: [] for name in pages}, {}, []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        for name in pages:
            path = Path(folder, f"{name}.html")
            PAGES[name](incidents, zones, path)
            sizes[name] = path.stat().st_size / 1e6
        browser = running.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(chosen.rounds):
            for name in pages:
                loads.append(os.getloadavg()[0])
                seen[name].append(visited(browser, name, Path(folder, f"{name}.html"), drag_s))
        browser.close()
    return told(chosen, sizes, seen, loads)


def told(chosen, sizes, seen, loads):
    """Print what each page took; the best round of all is what the page takes when nobody else works."""
    figures = {}
    for name, visits in seen.items():
        steps, frames = ([getattr(visit, what) for visit in visits] for what in ("steps", "frames"))
        has_steps = all(steps)
        figures[name] = {
            "file": sizes[name],
            "opened": min(visit.opened for visit in visits),
            "filter step, median": min(map(np.median, steps)) if has_steps else None,
            "filter step, longest": min(map(max, steps)) if has_steps else None,
            "frame while dragged, median": min(map(np.median, frames)),
            "frame while dragged, 95th percentile": min(np.percentile(each, 95) for each in frames),
            "frame while dragged, longest": min(map(max, frames)),
        }  # fmt: skip
    units = dict(zip(next(iter(figures.values())), ["MB", "s", *["ms"] * 5], strict=True))
    print_table(
        ["", *(f"{what}, {unit}" for what, unit in units.items())],
        [[name, *map(amount, row.values())] for name, row in figures.items()],
        title=f"{chosen.incidents:,} incidents, best of {chosen.rounds} rounds; load of the machine "
        f"{min(loads):.1f} to {max(loads):.1f} on {os.cpu_count()} cores",
        markdown=chosen.markdown,
    )
    rows = []
    for what, unit in units.items():
        for name in figures:
            if name != "zjk_gis" and figures[name][what] is not None:
                work = f"page of {chosen.incidents:,} incidents, {what}"
                rows.append(
                    Row(work, float(figures["zjk_gis"][what]), name, float(figures[name][what]), unit)
                )
    return print_rows(rows, markdown=chosen.markdown)


if __name__ == "__main__":
    raise SystemExit(main())
