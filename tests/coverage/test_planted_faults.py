"""Thousands of planted faults: all are found, none is invented, and every square metre is accounted for."""

import numpy as np
import pandas as pd
import pytest
import shapely
from coverages import plant

import zjk_gis
from zjk_gis.coverage import mismatches as edges
from zjk_gis.errors import GeometryError
from zjk_gis.overlay import faces


@pytest.fixture(scope="module")
def city():
    """3,600 squares with about 2,500 faults, 61,000 vertices: large enough for compiled code."""
    return plant(60, 60)


@pytest.fixture(params=["compiled", "plain"])
def way(request, monkeypatch):
    """Both ways to the same answer."""
    few = 0 if request.param == "compiled" else 10**9
    monkeypatch.setattr(faces, "_FEW_VERTICES", few)
    monkeypatch.setattr(edges, "_FEW_VERTICES", few)
    monkeypatch.setattr(faces, "_MESSY", 1.0)


@pytest.mark.usefixtures("way")
class TestAllFoundNoneInvented:
    def test_gaps(self, city):
        gaps = zjk_gis.coverage_gaps(city.region, city.zones)
        spots = shapely.points(list(city.gaps))
        spot, gap = shapely.STRtree(gaps.geometry.to_numpy()).query(spots, predicate="within")
        assert sorted(spot) == list(range(len(city.gaps)))
        assert sorted(gap) == list(range(len(gaps)))
        planted = list(city.gaps.values())
        found = gaps.iloc[gap[np.argsort(spot)]]
        assert found["area_m2"].to_numpy() == pytest.approx([area for area, _ in planted], rel=1e-6)
        assert found["kind"].tolist() == [kind for _, kind in planted]

    def test_overlaps(self, city):
        overlaps = zjk_gis.overlapping_zones(city.zones)
        found = {
            (row.first_code, row.second_code): (pytest.approx(row.area_m2, rel=1e-6), row.kind)
            for row in overlaps.itertuples()
        }
        assert found == city.overlaps

    def test_borders_that_do_not_match(self, city):
        """Slivers and overlaps are none: they are cut at vertices that both sides have."""
        found = zjk_gis.coverage.coverage_edges(city.zones, within_m=0.05)
        told = {
            (row.first_code, row.second_code): (row.kind, pytest.approx(row.deviation_m, abs=1e-9))
            for row in found.itertuples()
        }
        assert told == city.mismatches

    def test_the_region_is_what_is_covered_once_and_more_often_and_not_at_all(self, city):
        gaps, overlaps = zjk_gis.coverage_faults(
            city.region, city.zones, by="set", min_area_m2=0, min_width_m=0
        )
        claimed = shapely.area(city.zones.geometry.to_numpy()).sum()
        times = overlaps["codes"].str.count(";")  # how often more than once
        once_and_more = claimed - (overlaps["area_m2"] * times).sum()
        whole = city.region.area.sum()
        assert once_and_more + gaps["area_m2"].sum() == pytest.approx(whole, rel=1e-9)
        assert len(overlaps) >= len(city.overlaps)

    def test_both_at_once_are_what_each_is_alone(self, city):
        gaps, overlaps = zjk_gis.coverage_faults(city.region, city.zones)
        same = pd.testing.assert_frame_equal
        same(pd.DataFrame(gaps), pd.DataFrame(zjk_gis.coverage_gaps(city.region, city.zones)))
        same(pd.DataFrame(overlaps), pd.DataFrame(zjk_gis.overlapping_zones(city.zones)))

    def test_the_order_of_rows_changes_nothing(self, city):
        shuffled = city.zones.sample(frac=1, random_state=3)
        for one, other in zip(
            zjk_gis.coverage_faults(city.region, city.zones),
            zjk_gis.coverage_faults(city.region, shuffled),
            strict=True,
        ):
            pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))
        pd.testing.assert_frame_equal(
            pd.DataFrame(zjk_gis.coverage.coverage_edges(city.zones)),
            pd.DataFrame(zjk_gis.coverage.coverage_edges(shuffled)),
        )


def test_both_ways_tell_the_same(city, monkeypatch):
    answers = []
    for few in (0, 10**9):
        monkeypatch.setattr(faces, "_FEW_VERTICES", few)
        monkeypatch.setattr(edges, "_FEW_VERTICES", few)
        gaps, overlaps = zjk_gis.coverage_faults(city.region, city.zones)
        answers.append((gaps, overlaps, zjk_gis.coverage.coverage_edges(city.zones)))
    for one, other in zip(*answers, strict=True):
        columns = one.columns.drop("geometry")
        pd.testing.assert_frame_equal(
            pd.DataFrame(one[columns]), pd.DataFrame(other[columns]), rtol=1e-9, atol=1e-6
        )
        off = shapely.symmetric_difference(one.geometry.to_numpy(), other.geometry.to_numpy())
        assert shapely.area(off).max() < 1e-6


@pytest.mark.parametrize("side", [3, 60])
def test_invalid_rows_are_named_on_either_way(side):
    """A bow-tie, and a ring that touches itself along an edge; few rows and many."""
    city = plant(side, side)
    zones = city.zones.set_index(np.arange(len(city.zones)) + 100)
    x, y, *_ = zones.total_bounds
    tie = shapely.Polygon([(x, y), (x + 9, y + 9), (x + 9, y), (x, y + 9)])
    spike = shapely.Polygon([(x, y), (x + 20, y), (x + 10, y), (x + 10, y + 9)])
    zones.loc[[103, 105], "geometry"] = [tie, spike]
    for ask in (
        lambda: zjk_gis.coverage_gaps(city.region, zones),
        lambda: zjk_gis.overlapping_zones(zones),
        lambda: zjk_gis.coverage_faults(city.region, zones),
        lambda: zjk_gis.coverage.coverage_edges(zones),
    ):
        with pytest.raises(GeometryError, match=rf"2 of {len(zones)} rows are invalid .*\(rows 103, 105"):
            ask()
