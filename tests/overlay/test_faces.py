"""Large layers go another way than small ones, to the same answer."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import zjk_gis
from zjk_gis.overlay import faces

SIDE = 100.0


@pytest.fixture
def region():
    return gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 10 * SIDE, 10 * SIDE)], crs=4547)


@pytest.fixture
def zones():
    """A hundred squares, of which one is missing, one is smaller, one larger, and one comes twice."""
    column, row = np.divmod(np.arange(100), 10)
    shapes = shapely.box(column * SIDE, row * SIDE, (column + 1) * SIDE, (row + 1) * SIDE)
    shapes[23] = shapely.buffer(shapes[23], -10, join_style="mitre")
    shapes[67] = shapely.buffer(shapes[67], 10, join_style="mitre")
    kept = np.r_[0:45, 46:100, 88]
    codes = [f"Z{at:02}" for at in kept[:-1]] + ["double"]
    return gpd.GeoDataFrame({"zone_code": codes}, geometry=shapes[kept], crs=4547)


@pytest.fixture(params=["by faces", "one by one"])
def way(request, monkeypatch):
    monkeypatch.setattr(faces, "_FEW_VERTICES", 0 if request.param == "by faces" else 10**9)
    monkeypatch.setattr(faces, "_MESSY", 1.0)


@pytest.mark.usefixtures("way")
def test_all_planted_gaps_are_found_and_no_others(region, zones):
    gaps = zjk_gis.coverage_gaps(region, zones)
    assert gaps["area_m2"].round(6).tolist() == [SIDE**2, SIDE**2 - 80.0**2]
    assert gaps["kind"].tolist() == ["missing_zone", "hole"]


@pytest.mark.usefixtures("way")
def test_all_planted_overlaps_are_found_and_no_others(zones):
    overlaps = zjk_gis.overlapping_zones(zones).set_index(["first_code", "second_code"])["area_m2"].round(6)
    around = {("Z67", f"Z{at}"): SIDE * 10 for at in (68, 77)} | {("Z57", "Z67"): 1000, ("Z66", "Z67"): 1000}
    corners = {("Z56", "Z67"): 100, ("Z58", "Z67"): 100, ("Z67", "Z76"): 100, ("Z67", "Z78"): 100}
    expected = pd.Series({**around, **corners, ("Z88", "double"): SIDE**2}, dtype=float)
    assert overlaps.sort_index().to_dict() == expected.sort_index().to_dict()


@pytest.mark.usefixtures("way")
def test_ground_is_conserved(region, zones):
    """Covered once, covered more often and not at all make up the region."""
    gaps = zjk_gis.coverage_gaps(region, zones)["area_m2"].sum()
    cover = faces.faces_of(zones.geometry.to_numpy()).cover
    inside = shapely.intersection(cover, region.geometry.iloc[0])
    assert gaps + inside.area == pytest.approx(region.area.sum(), rel=1e-12)


@pytest.mark.parametrize(
    "ring",
    [
        [(0, 0), (9, 9), (9, 0), (0, 9), (0, 0)],
        [(0, 0), (9, 0), (float("nan"), 9), (0, 9), (0, 0)],
        [(0, 0), (9, 0), (float("inf"), 9), (0, 9), (0, 0)],
        [(0, 0), (5, 5), (9, 9), (5, 5), (0, 0)],
    ],
    ids=["crosses itself", "NaN", "infinite", "flat"],
)
@pytest.mark.parametrize("options", [{}, {"at": "2026-01-01"}, {"level": "9"}])
def test_what_is_refused_in_small_layers_is_refused_in_large_ones_in_the_same_words(
    zones, ring, options, monkeypatch
):
    """Of large layers the ground is divided before all polygons have been looked through."""
    zones.loc[40, "geometry"] = shapely.set_coordinates(shapely.box(0, 0, 9, 9), ring)
    zones["level"] = "1"
    told = []
    for few in (10**9, 0):
        monkeypatch.setattr(faces, "_FEW_VERTICES", few)
        with pytest.raises(zjk_gis.errors.GeometryError) as refused:
            faces.divide(zones, code="zone_code", **options)
        told.append(str(refused.value))
    assert "row 40" in told[0]
    assert told[0] == told[1]
