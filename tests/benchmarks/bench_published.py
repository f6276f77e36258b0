"""The published folder: made, its size, and how soon its pages open from the folder without a network.

Run: python tests/benchmarks/bench_published.py [--zones 50000] [--incidents 100000] [--chiefs 2000]
[--rounds 5] [--prints] [--quick] [--markdown]

A page is opened in headless Chromium by its file's address, all else refused, in a fresh page each time; the
kinds of pages take turns. Opened means: `loadEventEnd` of the page's own clock and two frames more, for the
map once the script of the map has drawn. No peer makes such a folder; what is asked for is two seconds and
5 MB a page, which stand in the place of the peer.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from measuring import measured
from playwright.sync_api import sync_playwright
from table import Row, amount, print_rows, print_table

from zjk_gis.city import publish_city

sys.path.append(str(Path(__file__).parents[1] / "engine"))
from shapes import wiggly_coverage

LIMIT_S, LIMIT_MB = 2.0, 5.0
DAY = "2025-12-31"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
TIMES = """() => {
  const seen = performance.getEntriesByType("navigation")[0];
  return [seen.domContentLoadedEventEnd, seen.loadEventEnd].map(each => each / 1000);
}"""
DRAWN = """() => new Promise(done => requestAnimationFrame(
  () => requestAnimationFrame(() => done(performance.now() / 1000))))"""


def make(zones, incidents, chiefs):
    """Return a city of 25 streets: irregular zones, some with one chief each, and a year of incidents."""
    columns = int(np.sqrt(zones))
    sizes = {"per_edge": 4, "cell": (100.0, 100.0)}
    ground = np.asarray(wiggly_coverage(columns, -(-zones // columns), **sizes))[:zones]
    west, south, east, north = shapely.total_bounds(ground)
    own = np.arange(zones) * chiefs // zones
    rng = np.random.default_rng(20220317)
    occurred = pd.Timestamp("2025-01-01") + pd.to_timedelta(
        rng.integers(0, 365 * 24 * 60, incidents), unit="min"
    )
    took = pd.to_timedelta(rng.exponential(20, incidents) * 60, unit="min").floor("min")
    handled = pd.Series(occurred + took).where(rng.random(incidents) > 0.02)
    at = shapely.points(rng.uniform(west, east, incidents), rng.uniform(south, north, incidents))
    x, y = np.linspace(west, east, 6), np.linspace(south, north, 6)
    streets = [shapely.box(x[i], y[j], x[i + 1], y[j + 1]) for i in range(5) for j in range(5)]
    names = [f"1307030{n:02}" for n in range(25)]
    layers = {
        "built_up_areas": ({"area_code": ["B"]}, [shapely.box(west, south, east, north)]),
        "streets": ({"street_code": names, "street_name": [f"第{n}街道" for n in range(25)]}, streets),
        "responsibility_zones": (
            {
                "zone_code": [f"Z{n:05}" for n in range(zones)],
                "chief_code": [f"L{n:05}" for n in own],
                "chief_name": [f"路长{n:05}" for n in own],
            },
            ground,
        ),
        "incidents": (
            {
                "incident_code": [f"2025{n:08}" for n in range(incidents)],
                "event_code": "0102", "event_name": "暴露垃圾",
                "description": "道路东侧有暴露垃圾，影响通行，请尽快处理", "occurred_at": occurred,
                "filed_at": occurred, "due_at": occurred + pd.Timedelta(hours=24), "handled_at": handled,
                "closed_at": handled, "street_code": rng.choice(names, incidents),
            },
            at,
        ),
    }  # fmt: skip
    return {
        name: gpd.GeoDataFrame(rows, geometry=shapes, crs=4547) for name, (rows, shapes) in layers.items()
    }


def pages_of(folder):
    """Return a page of each kind; of streets and chiefs the largest, which is the slowest."""
    largest = {
        kind: max(Path(folder, kind).glob("[!i]*.html"), key=lambda path: path.stat().st_size)
        for kind in ("街道", "路长")
    }
    return {
        "front page": Path(folder, "index.html"),
        "page of a street": largest["街道"],
        "page of a chief": largest["路长"],
        "list of chiefs": Path(folder, "路长/index.html"),
        "list of findings": Path(folder, "依据/findings.html"),
        "map": Path(folder, "地图.html"),
    }


def opened(browser, path):
    """Open a page; return when its text was there, when all was loaded, and when it was drawn."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(180_000)
    wrong = []
    page.route(
        "**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else refuse(route)
    )

    def refuse(route):
        wrong.append(route.request.url)
        route.abort()

    page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(path.as_uri())
    if path.name == "地图.html":
        page.wait_for_function("window.zjk !== undefined")
    drawn = page.evaluate(DRAWN)
    text, loaded = page.evaluate(TIMES)
    page.close()
    if wrong:
        raise RuntimeError(f"{path.name}: {wrong[:3]}")
    return text, loaded, drawn


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zones", type=int, default=50_000)
    parser.add_argument("--incidents", type=int, default=100_000)
    parser.add_argument("--chiefs", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prints", action="store_true", help="print sheets, too")
    parser.add_argument("--keep", type=Path, help="Where the folder stays to be looked at.")
    parser.add_argument("--quick", action="store_true", help="400 zones, 8,000 incidents, 40 chiefs, once")
    parser.add_argument("--markdown", action="store_true")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.zones, chosen.incidents, chosen.chiefs, chosen.rounds = 400, 8_000, 40, 1
    layers = make(chosen.zones, chosen.incidents, chosen.chiefs)
    with tempfile.TemporaryDirectory() as place:
        folder = chosen.keep or Path(place, "folder")
        made = measured(lambda: publish_city(layers, folder, at=DAY, printed=chosen.prints))
        seen, loads = visited(folder, chosen.rounds)
        sizes = {name: path.stat().st_size / 1e6 for name, path in pages_of(folder).items()}
        total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    return told(chosen, made, total, sizes, seen, loads)


def visited(folder, rounds):
    """Open each kind of page in turn, round after round."""
    found = os.environ.get("ZJK_GIS_CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    pages = pages_of(folder)
    seen, loads = {name: [] for name in pages}, []
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(rounds):
            for name, path in pages.items():
                loads.append(os.getloadavg()[0])
                seen[name].append(opened(browser, path))
        browser.close()
    return seen, loads


def told(chosen, made, total, sizes, seen, loads):
    """Print what making and opening took: the best round is what it takes when nobody else works."""
    least = {name: np.min(visits, axis=0) for name, visits in seen.items()}
    city = f"{chosen.zones:,} zones, {chosen.incidents:,} incidents, {chosen.chiefs:,} chiefs"
    print_table(
        ["", "MB", "DOMContentLoaded, s", "load, s", "drawn, s"],
        [[name, amount(sizes[name]), *map(amount, each)] for name, each in least.items()],
        title=f"{city}: {len(made.result.files):,} files, {total:,.1f} MB in {made.seconds:.0f} s "
        f"({made.cpu:.0f} CPU s); best of {chosen.rounds} rounds, load {min(loads):.1f} to {max(loads):.1f}",
        markdown=chosen.markdown,
    )
    rows = [Row(f"folder of {city}: made", made.cpu, peak_mb=made.peak_mb)]
    for name, each in least.items():
        small = sizes[name] <= LIMIT_MB
        rows.append(Row(f"{name}, {city}: opened", float(each[-1]), "asked for", LIMIT_S, "s"))
        rows.append(Row(f"{name}, {city}: size", sizes[name], "asked for", LIMIT_MB, "MB", same=small))
    return print_rows(rows, markdown=chosen.markdown)


if __name__ == "__main__":
    raise SystemExit(main())
