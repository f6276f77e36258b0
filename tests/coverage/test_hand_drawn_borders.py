"""Counties whose borders were each drawn by another hand: hundreds of winding gaps and overlaps repaired."""

import importlib.util
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from zjk_gis import coverage_faults
from zjk_gis.coverage import apply_repairs, mend_coverage, repair_coverage
from zjk_gis.coverage.mending import Fixes, mended

DATA = Path(__file__).parents[1] / "benchmarks" / "data.py"


@pytest.fixture(scope="module")
def counties():
    spec = importlib.util.spec_from_file_location("benchmark_data", DATA)
    data = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(data)
    shapes = data.make_counties(2, 2, per_side=90)
    return gpd.GeoDataFrame({"zone_code": list("ABCD")}, geometry=shapes, crs=4547)


def test_they_part_and_overlap_from_hairlines_to_tens_of_metres(counties):
    gaps, overlaps = coverage_faults(None, counties, min_area_m2=0, min_width_m=0)
    assert len(gaps) + shapely.get_num_geometries(overlaps.geometry).sum() > 100
    assert gaps["mean_width_m"].min() < 0.1
    assert min(gaps["width_m"].max(), overlaps["width_m"].max()) > 10
    # The ground that the four cover, counted once, is what they claim, less what is claimed twice.
    once = shapely.area(shapely.union_all(counties.geometry))
    assert counties.area.sum() - overlaps["area_m2"].sum() == pytest.approx(once, rel=1e-12)


def test_with_limits_wide_enough_nothing_is_left(counties):
    wide = {"max_fill_width_m": 500, "max_cut_width_m": 500, "max_fill_area_m2": 1e8, "max_cut_area_m2": 1e8}
    zones, repairs = mend_coverage(None, counties, **wide)
    told = zones.attrs["repairs"]
    assert (told["gaps_left"], told["overlaps_left"], told["coverage_is_valid"]) == (0, 0, True)
    assert len(repairs) > 100
    assert zones.is_valid.all()
    assert zones["zone_code"].tolist() == list("ABCD")
    ground = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(
        shapely.get_parts([shapely.union_all(counties.geometry)]))))  # fmt: skip
    assert zones.area.sum() == pytest.approx(shapely.area(ground), rel=1e-9)


def test_made_together_they_are_what_they_are_one_by_one(counties):
    proposals = repair_coverage(None, counties)
    made = proposals[proposals["status"] == "proposed"]
    together = apply_repairs(counties, proposals)
    assert together.attrs["repairs"]["refused"] == {}
    grounds = [made[made["action"] != "match"]]
    place = {name: at for at, name in enumerate("ABCD")}
    shapes = counties.geometry.to_numpy().copy()
    for row in grounds[0].sort_values("repair_code").itertuples():
        one = Fixes(
            np.array([row.geometry], dtype=object),
            np.array([place[row.gaining_code]]),
            np.array([place.get(row.losing_code, -1)]),
        )
        shapes, refused = mended(shapes, one)
        assert refused.tolist() == [""]
    apart = shapely.area(shapely.symmetric_difference(shapes, together.geometry.to_numpy()))
    assert apart == pytest.approx(0, abs=1e-3)  # square metres of nine hundred square kilometres
