"""Maps of many features beside plain folium maps of the same data: file size, time to load, frames.

Run: python tests/benchmarks/bench_maps.py [--features 50000] [--rounds 3] [--quick] [--markdown]

Both are one file with all scripts inside, opened in headless Chromium without a network, in turn. The plain
map is ``folium.GeoJson`` with a popup of the same columns, drawn on a canvas. Loaded means: every feature is
on the map and the browser has shown a frame. A frame's time is that between two frames while the map is
dragged to and fro. The sample city and a million points are then measured alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from playwright.sync_api import sync_playwright
from table import Row, amount, print_rows, print_table

from zjk_gis.maps import density_map, save_offline
from zjk_gis.maps.page import Page
from zjk_gis.maps.style import BLUE, area, mark

X, Y = 560_000, 4_500_000
COLUMNS = ["grid_code", "area_m2", "land_use"]
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

PAN = """async () => {
  const map = window.zjk ? zjk.map : Object.values(window).find(v => v instanceof L.Map);
  const frames = [];
  let last = performance.now(), go = true;
  (function frame() {
    const now = performance.now();
    frames.push(now - last); last = now;
    if (go) requestAnimationFrame(frame);
  })();
  for (let i = 0; i < 6; i++) {
    map.panBy([i % 2 ? -350 : 350, i % 2 ? -120 : 120], {animate: true, duration: 0.4});
    await new Promise(done => setTimeout(done, 600));
  }
  go = false;
  return frames;
}"""


def make(features: int, kind: str) -> gpd.GeoDataFrame:
    """Return areas of about twelve vertices, or points, over a city of the size that many grids have."""
    rng = np.random.default_rng(20220317)
    side = int(np.ceil(np.sqrt(features)))
    column, row = np.arange(features) % side, np.arange(features) // side
    x, y = X + 90.0 * column, Y + 90.0 * row
    if kind == "areas":
        turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        reach = rng.uniform(28, 44, (features, 12))
        rings = np.stack([x[:, None] + reach * np.cos(turn), y[:, None] + reach * np.sin(turn)], axis=-1)
        shapes = shapely.polygons(rings)
    else:
        shapes = shapely.points(x + rng.uniform(-45, 45, features), y + rng.uniform(-45, 45, features))
    codes = 130703001001000 + np.arange(features)
    columns = {
        "grid_code": pd.Series(codes).astype("str"),
        "area_m2": rng.uniform(2_000, 6_000, features).round(1),
        "land_use": rng.choice(["居住", "商业", "公园", "道路"], features),
    }
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4547)


def ours(layer: gpd.GeoDataFrame, path: Path) -> None:
    """Draw the layer by this package's page."""
    page = Page(title="benchmark", groups=[("layers", True)])
    look = mark(BLUE, radius=3) if (layer.geom_type == "Point").all() else area(BLUE, fill=0.3)
    page.add(layer, name="layer", group="layers", styles=[look], columns=COLUMNS, frames_the_page=True)
    save_offline(page.map(), path)


def plain(layer: gpd.GeoDataFrame, path: Path) -> None:
    """Draw the layer as folium's own documentation does."""
    degrees = layer.to_crs(4326)
    west, south, east, north = degrees.total_bounds
    drawn = folium.Map(tiles=None, prefer_canvas=True)
    folium.GeoJson(
        degrees,
        marker=folium.CircleMarker(radius=3),
        style_function=lambda _: {"color": BLUE, "weight": 1, "fillOpacity": 0.3},
        popup=folium.GeoJsonPopup(COLUMNS),
    ).add_to(drawn)
    drawn.fit_bounds([[south, west], [north, east]])
    save_offline(drawn, path)


def measured(browser, path: Path, *, pan: bool = True) -> tuple[float, float, float]:
    """Return seconds to load, and the median and the longest of the frames while panned, in ms."""
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    page.set_default_timeout(600_000)
    is_ours = "zjkPage" in path.read_text("utf-8")[:400_000]
    started = time.perf_counter()
    page.goto(path.as_uri())
    if is_ours:
        page.wait_for_function("window.zjk !== undefined")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    loaded = time.perf_counter() - started
    frames = page.evaluate(PAN) if pan else [0.0]
    page.close()
    return loaded, statistics.median(frames), max(frames)


def compare(browser, folder: Path, features: int, rounds: int, *, markdown: bool, pan: bool) -> list[Row]:
    """Print how both fare with the same features."""
    shared = []
    for kind in ("areas", "points"):
        layer = make(features, kind)
        paths = {"zjk_gis": folder / f"ours_{kind}.html", "folium": folder / f"plain_{kind}.html"}
        made = {}
        for name, draw in (("zjk_gis", ours), ("folium", plain)):
            started = time.perf_counter()
            draw(layer, paths[name])
            made[name] = time.perf_counter() - started
        found = {name: [] for name in paths}
        for _ in range(rounds):
            for name, path in paths.items():
                found[name].append(measured(browser, path, pan=pan))
        rows = []
        best = {name: np.median(np.array(values), axis=0) for name, values in found.items()}
        for name, path in paths.items():
            load, frame, slow = best[name]
            size = path.stat().st_size / 1e6
            rows.append([name, *(amount(v) for v in (made[name], size, load, frame, slow))])
        sizes = {name: path.stat().st_size for name, path in paths.items()}
        work = f"map of {features:,} {kind}, "
        for what, unit, own, theirs in (
            ("made", "s", made["zjk_gis"], made["folium"]),
            ("file", "MB", *(sizes[name] / 1e6 for name in ("zjk_gis", "folium"))),
            ("loaded", "s", *(best[name][0] for name in ("zjk_gis", "folium"))),
            ("a frame", "ms", *(best[name][1] for name in ("zjk_gis", "folium"))),
        ):
            if pan or unit != "ms":
                shared.append(Row(work + what, float(own), "folium", float(theirs), unit))
        with np.errstate(invalid="ignore"):
            ratios = [
                made["folium"] / made["zjk_gis"],
                sizes["folium"] / sizes["zjk_gis"],
                *(best["folium"] / best["zjk_gis"]),
            ]
        rows.append(["folium / zjk_gis", *(amount(ratio) for ratio in ratios)])
        print_table(
            ["", "making, s", "file, MB", "loading, s", "frame, ms", "longest, ms"],
            rows,
            title=f"{features:,} {kind}",
            markdown=markdown,
        )
    return shared


def alone(browser, folder: Path, points: int, *, markdown: bool) -> None:
    """Print what a million points and the sample city take."""
    rng = np.random.default_rng(7)
    shapes = shapely.points(rng.normal(114.88, 0.05, points), rng.normal(40.82, 0.04, points))
    times = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, points), unit="D")
    layer = gpd.GeoDataFrame({"occurred_at": times}, geometry=shapes, crs=4490)
    started = time.perf_counter()
    path = save_offline(density_map(layer), folder / "points.html")
    rows = [[f"{points:,} points in hexagons", time.perf_counter() - started, path]]
    demo = Path("build/demo/map.html")
    if demo.is_file():
        rows.append(["the sample city (build/demo)", None, demo])
    told = []
    for name, made, page in rows:
        load, frame, slow = measured(browser, page.resolve())
        told.append([name, *(amount(v) for v in (made, page.stat().st_size / 1e6, load, frame, slow))])
    print_table(
        ["", "making, s", "file, MB", "loading, s", "frame, ms", "longest, ms"],
        told,
        title="alone",
        markdown=markdown,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--features", type=int, default=50_000)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="2,000 features, once, not dragged")
    parser.add_argument("--markdown", action="store_true")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.features, chosen.rounds = 2_000, 1
    found = os.environ.get("ZJK_GIS_CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        rows = compare(
            browser, Path(folder), chosen.features, chosen.rounds, markdown=chosen.markdown,
            pan=not chosen.quick,
        )  # fmt: skip
        if not chosen.quick:
            alone(browser, Path(folder), chosen.points, markdown=chosen.markdown)
        browser.close()
    print_rows(rows, markdown=chosen.markdown)


if __name__ == "__main__":
    main()
