"""Borders that should match and do not. Nine squares of 10 m; one of the rim has a vertex too many.

2 | 5 | 8
--+---+--
1 | E | 7
--+---+--
0 | 3 : 6        ":" is where 3 has a vertex at half height that 6 lacks; all fits around E
"""

import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely
from coverages import plant
from shapely import Polygon, box

import zjk_gis
from zjk_gis.coverage.mismatches import stray_vertices

X, Y = 573000, 4520000


def place(x, y):
    return (X + x, Y + y)


def square(x, y, width=10.0, height=10.0):
    return box(X + x, Y + y, X + x + width, Y + y + height)


def nine(middle, off=0.0):
    """The nine squares, the middle one under a given name; the vertex is so far east of the border of 6."""
    shapes = [square(10 * x, 10 * y) for x, y in itertools.product(range(3), range(3))]
    shapes[3] = Polygon([place(10, 0), place(20, 0), place(20 + off, 5), place(20, 10), place(10, 10)])
    names = [f"M{at}" for at in range(9)]
    names[4] = middle
    return gpd.GeoDataFrame({"zone_code": names}, geometry=shapes, crs=4547)


@pytest.mark.parametrize("middle", ["A", "M4", "M65", "Z"])
class TestWhateverTheZoneIsCalled:
    def test_a_vertex_too_many_is_found(self, middle):
        found = zjk_gis.coverage.coverage_edges(nine(middle))
        assert len(found) == 1
        row = found.iloc[0]
        assert (row["first_code"], row["second_code"]) == ("M3", "M6")
        assert (row["kind"], row["lacking_code"], row["vertices"]) == ("unmatched_vertex", "M6", 1)
        assert row.geometry == shapely.Point(place(20, 5))

    def test_a_vertex_beside_the_border_is_found(self, middle):
        found = zjk_gis.coverage.coverage_edges(nine(middle, off=0.02))
        assert found[["kind", "lacking_code", "vertices"]].to_numpy().tolist() == [["near_edges", "M6", 1]]
        assert found["deviation_m"].tolist() == pytest.approx([0.02])
        assert found["length_m"].tolist() == pytest.approx([10.0], abs=1e-3)


@pytest.mark.parametrize(("off", "is_near"), [(0.25, True), (0.5, True), (0.5 + 2.0**-20, False)])
def test_a_vertex_is_near_up_to_and_with_the_distance_asked(off, is_near):
    found = zjk_gis.coverage.coverage_edges(nine("E", off=off), within_m=0.5)
    assert set(found["deviation_m"]) == ({off} if is_near else set())
    bent = Polygon([place(10, 0), place(20, 0), place(20, 10), place(10, 10), place(10 + off, 5)])
    pair = gpd.GeoDataFrame({"zone_code": ["A", "B"]}, geometry=[square(0, 0), bent], crs=4547)
    assert set(zjk_gis.coverage.coverage_edges(pair, within_m=0.5)["deviation_m"]) == (
        {off} if is_near else set()
    )


def test_names_change_nothing_in_a_city_with_many_faults():
    city = plant(12, 12, seed=3)
    codes = city.zones["zone_code"].to_numpy()
    renamed = dict(zip(codes, np.random.default_rng(8).permutation(codes), strict=True))
    one = zjk_gis.coverage.coverage_edges(city.zones, within_m=0.05)
    other = zjk_gis.coverage.coverage_edges(
        city.zones.assign(zone_code=list(renamed.values())), within_m=0.05
    )

    def told(found, name):
        return sorted(
            (*sorted(map(name, (row.first_code, row.second_code))), row.kind, row.vertices)
            for row in found.itertuples()
        )

    assert len(one) == len(city.mismatches) > 10
    assert told(one, renamed.get) == told(other, str)


def test_a_mismatch_lies_where_the_borders_part():
    """B's border has a step of 2 cm from 30 to 60 m; A's has none. The stretch begins and ends there."""
    step = [place(100, 30), place(100.02, 30), place(100.02, 60), place(100, 60)]
    right = Polygon([place(100, 0), *step, place(100, 100), place(200, 100), place(200, 0)])
    zones = gpd.GeoDataFrame({"zone_code": ["A", "B"]}, geometry=[square(0, 0, 100, 100), right], crs=4547)
    row = zjk_gis.coverage.coverage_edges(zones).iloc[0]
    assert (row["kind"], row["lacking_code"]) == ("near_edges", "A")
    assert row.geometry.bounds == (X + 100, Y, X + 100, Y + 100)


def test_a_stretch_that_begins_within_an_edge_begins_there():
    """B leaves A's straight border at 40 m and comes within reach again at 80 m: 2 m off in between."""
    bay = [place(100, 40), place(102, 40), place(102, 80), place(100, 80)]
    right = Polygon([place(100, 0), *bay, place(100, 100), place(200, 100), place(200, 0)])
    zones = gpd.GeoDataFrame({"zone_code": ["A", "B"]}, geometry=[square(0, 0, 100, 100), right], crs=4547)
    found = zjk_gis.coverage.coverage_edges(zones)
    assert found["kind"].tolist() == ["unmatched_vertex"] * 2
    assert sorted(found["geometry"].y - Y) == [40.0, 80.0]
    near = zjk_gis.coverage.coverage_edges(zones.assign(geometry=[square(0, 0, 99.98, 100), right]))
    # Along A, which has an edge of 100 m, the two stretches are from 0 to 40 and from 80 to 100.
    assert sorted((low - Y, high - Y) for _, low, _, high in near.bounds.to_numpy()) == [
        (pytest.approx(0.0), pytest.approx(40.0)),
        (pytest.approx(80.0), pytest.approx(100.0)),
    ]
    assert sorted(near["length_m"]) == pytest.approx([20.0, 40.0])


@pytest.mark.parametrize(("dx", "dy"), [(0, 2.0**-24), (2.0**-24, 0), (2.0**-24, -(2.0**-24))])
def test_of_two_vertices_nearly_in_one_place_the_western_or_southern_one_stays(dx, dy):
    """Both lie on the border of A and B, which has no other vertex there."""
    left = Polygon([(0, 0), (8, 0), (8, 4), (8, 8), (0, 8)])
    right = Polygon([(8, 0), (16, 0), (16, 8), (8, 8), (8 + dx, 4 + dy)])
    for shapes, has, lacks in (([left, right], 0, 1), ([right, left], 1, 0)):
        points, of, by = stray_vertices(np.array(shapes), 1e-6)
        assert points.tolist() == [[8, 4]]
        assert (of.tolist(), by.tolist()) == ([has], [lacks])
