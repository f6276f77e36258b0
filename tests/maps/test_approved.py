"""Maps look as they were approved: pictures compared coarsely, as machines differ in fonts and edges.

Where a look was changed on purpose, make the pictures again and look at them:
``ZJK_GIS_APPROVE=1 python -m pytest tests/maps/test_approved.py``.
"""

import base64
import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from zjk_gis.drawing.palette import HOT_CLASSES
from zjk_gis.maps import (
    access_map,
    assignment_map,
    changes_map,
    choropleth,
    density_map,
    gaps_map,
    heritage_map,
    hot_spots_map,
    pipes_map,
    save_offline,
    zones_map,
)

X, Y = 573000, 4520000
APPROVED = Path(__file__).parent / "approved"
WIDTH, HEIGHT = 800, 600

pytestmark = pytest.mark.browser


def areas(columns=6, rows=4):
    places = [(i, j) for j in range(rows) for i in range(columns)]
    shapes = [box(X + 200 * i, Y + 200 * j, X + 200 * (i + 1), Y + 200 * (j + 1)) for i, j in places]
    names = [f"{j + 1}街{i + 1}段" for i, j in places]
    return gpd.GeoDataFrame(
        {
            "zone_code": [f"Z{k:02d}" for k in range(len(places))],
            "zone_name": names,
            "value": range(len(places)),
        },
        geometry=shapes,
        crs=4547,
    )


def zones():
    chiefs = [None if k == 8 else f"路长{k}" for k in range(24)]
    return zones_map(areas().assign(chief_name=chiefs), date="2025-12-31")


def gaps():
    kinds = ["hole", "edge", "missing_zone", "sliver"]
    found = areas().iloc[[7, 12, 15, 22]].assign(gap_code=["G1", "G2", "G3", "G4"], kind=kinds)
    double = areas().iloc[[3, 10]].assign(overlap_code=["C1", "C2"], kind=["partial", "duplicate"])
    return gaps_map(areas(), areas(), found, double, date="2025-12-31")


def indicator():
    values = areas().assign(value=[None if k in (5, 17) else k**2 for k in range(24)])
    return choropleth(values, "value", name="案件数", unit="件", date="2025-12-31")


def pipes():
    kinds = ["JS", "WS", "TR", "RS", "GD", "DX"]
    lines = [LineString([(X, Y + 60 * i), (X + 600, Y + 60 * i + 20)]) for i in range(6)]
    ends = [Point(line.coords[k]) for line in lines for k in (0, 1)]
    drawn = gpd.GeoDataFrame({"pipe_kind": kinds}, geometry=lines, crs=4547)
    wells = gpd.GeoDataFrame({"pipe_kind": np.repeat(kinds, 2)}, geometry=ends, crs=4547)
    return pipes_map(drawn, wells, date="2025-12-31")


def density():
    k = np.arange(20_000)
    x, y = X + 400 * np.cos(k * 0.7) * (k / 20_000), Y + 400 * np.sin(k * 1.3) * (k / 20_000) ** 2
    times = pd.Timestamp("2025-01-01") + pd.to_timedelta(k % 365, unit="D")
    return density_map(
        gpd.GeoDataFrame({"occurred_at": times}, geometry=gpd.points_from_xy(x, y), crs=4547),
        date="2025-12-31",
    )


def spots(**columns):
    """A point in the middle of each area."""
    ground = areas().assign(**columns)
    return ground.set_geometry(ground.centroid)


def assignment():
    found = ["inside"] * 15 + ["border"] * 4 + ["nearest"] * 3 + ["none"] * 2
    cases = spots(found=found, ambiguous=[k > 14 for k in range(24)], event_name=["暴露垃圾"] * 24)
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(24) * 11, unit="D")
    return assignment_map(cases.assign(occurred_at=days), areas(), date="2025-12-31")


def changes():
    kinds = ["other_zone", "other_chief", "from_nobody", "to_nobody"]
    moved = areas().iloc[[2, 9, 16, 21]].assign(
        kind=kinds, move_code=["D1", "D2", "D3", "D4"], area_m2=40_000.0, from_code="Z00", to_code="Z01"
    )  # fmt: skip
    return changes_map(areas(), areas().iloc[:-2], moved, date="2025-12-31")


def access():
    reasons = ["reached", "too_far", "cut_off", "no_road", "in_barrier", "no_position"] * 4
    homes = areas().assign(reason=reasons, geometry=areas().buffer(-60))
    lots = spots(lot_code="T1").iloc[[8]]
    reach = lots.assign(within_m=300.0, geometry=lots.buffer(300))
    return access_map(homes, lots, served=reach, region=areas(), date="2025-12-31")


def hot_spots():
    classes = [*HOT_CLASSES, "not_significant"]
    return hot_spots_map(areas().assign(hot_class=classes * 3), date="2025-12-31")


def heritage():
    scopes = ["核心保护范围", "建设控制地带"] * 2
    blocks = areas().iloc[[7, 8, 13, 14]].assign(block_name="甲街区", scope=scopes)
    return heritage_map(blocks, areas().iloc[[1]].buffer(-50).to_frame("geometry"), date="2025-12-31")


MAPS = {
    "zones": zones, "gaps": gaps, "choropleth": indicator, "pipes": pipes, "density": density,
    "assignment": assignment, "changes": changes, "access": access, "hot_spots": hot_spots,
    "heritage": heritage,
}  # fmt: skip

COARSE = """async ([data, cells]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + data;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height), ctx = canvas.getContext("2d");
  ctx.drawImage(image, 0, 0);
  const d = ctx.getImageData(0, 0, image.width, image.height).data, [cols, rows] = cells, out = [];
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) {
    const sum = [0, 0, 0], w = image.width / cols, h = image.height / rows;
    for (let y = r * h | 0; y < ((r + 1) * h | 0); y++) for (let x = c * w | 0; x < ((c + 1) * w | 0); x++)
      for (let k = 0; k < 3; k++) sum[k] += d[4 * (y * image.width + x) + k];
    out.push(sum.map(v => v / (w * h)));
  }
  return out;
}"""


def coarse(browser, png):
    """The mean colours of 40 by 30 cells of a picture."""
    blank = browser.new_page()
    found = blank.evaluate(COARSE, [base64.b64encode(png).decode(), [40, 30]])
    blank.close()
    return np.array(found)


@pytest.mark.parametrize("name", MAPS)
def test_a_map_looks_as_approved(name, visit, browser, tmp_path):
    seen = visit(save_offline(MAPS[name](), tmp_path / "map.html"), width=WIDTH, height=HEIGHT)
    seen.rest(300)
    taken = seen.page.screenshot()
    path = APPROVED / f"{name}.png"
    if os.environ.get("ZJK_GIS_APPROVE"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(taken)
    apart = np.abs(coarse(browser, taken) - coarse(browser, path.read_bytes()))
    assert apart.mean() < 4
    assert np.quantile(apart, 0.98) < 40


def test_the_comparison_can_fail(visit, browser, tmp_path):
    seen = visit(save_offline(zones(), tmp_path / "map.html"), width=WIDTH, height=HEIGHT)
    seen.page.locator(".zjk-panel input").first.click()
    seen.rest(300)
    apart = np.abs(
        coarse(browser, seen.page.screenshot()) - coarse(browser, (APPROVED / "zones.png").read_bytes())
    )
    assert apart.mean() >= 4
