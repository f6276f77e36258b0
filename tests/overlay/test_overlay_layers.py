"""The overlay of every day: no row lost, none doubled unasked, amounts that add up.

Zones A and B are squares of 100 m side by side; C lies over their common border; nobody has what is beyond.

    0        100        200
    +---------+----------+ 100
    |    A    |    B     |
    |      +--+--+       | 60
    |      |  C  |       |        C is smaller: it answers where several do
    |      +--+--+       | 40
    +---------+----------+ 0
           80  120
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

from zjk_gis.errors import CRSError, EmptyLayerError, GeometryError, InputError, MissingColumnError
from zjk_gis.overlay import overlay_layers, overlay_totals

X, Y = 573000, 4520000


def placed(shapes, **columns):
    shapes = [None if s is None else shapely.transform(s, lambda c: c + [X, Y]) for s in shapes]
    return gpd.GeoDataFrame(columns or {"note": [""] * len(shapes)}, geometry=shapes, crs=4547)


ZONES = placed(
    [box(0, 0, 100, 100), box(100, 0, 200, 100), box(80, 40, 120, 60)],
    zone_code=["A", "B", "C"],
    chief_name=["甲", "乙", "丙"],
)
AB = ZONES[:2]


def told(result, *columns):
    rows = result[["row", *columns]].astype(object)
    return [tuple(None if pd.isna(v) else v for v in row) for row in rows.itertuples(index=False)]


class TestPoints:
    def test_each_point_comes_once_with_its_zone(self):
        wells = placed([Point(50, 50), Point(100, 90), Point(150, 50), Point(300, 50)])
        found = overlay_layers(wells, ZONES)
        assert told(found, "zone_code", "found", "candidates") == [
            (0, "A", "inside", 1),
            (1, "A", "border", 2),
            (2, "B", "inside", 1),
            (3, None, "none", 0),
        ]
        assert found["chief_name"].tolist()[:3] == ["甲", "甲", "乙"]

    def test_the_smallest_zone_answers_where_several_do(self):
        found = overlay_layers(placed([Point(90, 50), Point(100, 50)]), ZONES)
        assert told(found, "zone_code", "candidates") == [(0, "C", 2), (1, "C", 3)]

    def test_crossing_tells_every_zone_that_holds_a_point(self):
        found = overlay_layers(placed([Point(90, 50), Point(500, 0)]), ZONES, "crossing")
        assert told(found, "zone_code") == [(0, "A"), (0, "C"), (1, None)]

    def test_it_agrees_with_sjoin_where_sjoin_has_one_answer(self):
        rng = np.random.default_rng(1)
        wells = placed(list(shapely.points(rng.uniform(-20, 220, (3000, 2)))))
        theirs = gpd.sjoin(wells, AB, how="left", predicate="intersects")["zone_code"]
        ours = overlay_layers(wells, AB)
        assert ours["zone_code"].fillna("").tolist() == theirs.fillna("").tolist()


class TestLines:
    PIPES = placed([LineString([(10, 10), (90, 10)]), LineString([(50, 90), (250, 90)])])

    def test_a_line_is_divided_by_length_and_its_rest_told(self):
        found = overlay_layers(self.PIPES, AB)
        assert told(found, "zone_code", "found", "length_m", "share") == [
            (0, "A", "inside", 80.0, 1.0),
            (1, "A", "partial", 50.0, 0.25),
            (1, "B", "partial", 100.0, 0.5),
            (1, None, "none", 50.0, 0.25),
        ]

    def test_ground_claimed_twice_counts_once(self):
        through = placed([LineString([(50, 50), (150, 50)])])
        found = overlay_layers(through, ZONES)
        assert told(found, "zone_code", "length_m") == [(0, "A", 30.0), (0, "B", 30.0), (0, "C", 40.0)]

    def test_once_gives_what_has_most_of_it(self):
        found = overlay_layers(self.PIPES, AB, once=True)
        assert told(found, "zone_code", "share", "candidates") == [(0, "A", 1.0, 1), (1, "B", 0.5, 2)]

    def test_within_is_all_or_nothing(self):
        found = overlay_layers(self.PIPES, AB, "within")
        assert told(found, "zone_code", "found") == [(0, "A", "inside"), (1, None, "none")]

    def test_split_cuts_the_line_at_the_border(self):
        pieces = overlay_layers(self.PIPES, ZONES, split=True)
        assert pieces.length.tolist() == pytest.approx([80, 50, 100, 50])
        assert pieces.geometry[1].iloc[2].equals(shapely.transform(LineString([(200, 90), (250, 90)]), move))

    def test_a_hairline_between_zones_is_nobodys_loss(self):
        apart = placed([box(0, 0, 100, 100), box(100.004, 0, 200, 100)], zone_code=["A", "B"])
        found = overlay_layers(placed([LineString([(50, 5), (150, 5)])]), apart)
        assert found["zone_code"].tolist() == ["A", "B"]
        assert found["length_m"].sum() == pytest.approx(100, abs=1e-9)

    def test_lines_that_cross_and_that_run_along(self):
        roads = placed(
            [LineString([(0, 0), (100, 0)]), LineString([(50, -9), (50, 9), (60, 9), (60, -9)])],
            edge_code=["R1", "R2"],
        )
        pipes = placed([LineString([(20, 0), (200, 0)]), LineString([(0, 50), (9, 50)])])
        found = overlay_layers(pipes, roads, "crossing")
        assert told(found, "edge_code", "count", "length_m") == [
            (0, "R1", 0, 80.0),
            (0, "R2", 2, 0.0),
            (1, None, None, None),
        ]


def move(coords):
    return coords + [X, Y]


class TestAreas:
    def test_polygons_are_divided_by_area(self):
        digs = placed([box(90, 0, 130, 10), box(180, 0, 260, 10)])
        found = overlay_layers(digs, AB)
        assert told(found, "zone_code", "area_m2") == [
            (0, "A", 100.0), (0, "B", 300.0), (1, "B", 200.0), (1, None, 600.0),
        ]  # fmt: skip

    def test_what_an_area_holds_of_lines_and_points(self):
        dig = placed([box(0, 0, 50, 50)])
        pipes = placed([LineString([(-10, 20), (30, 20)])], pipe_code=["P1"])
        wells = placed([Point(1, 1), Point(99, 99)], manhole_code=["M1", "M2"])
        assert told(overlay_layers(dig, pipes, "crossing"), "pipe_code", "length_m") == [(0, "P1", 30.0)]
        assert told(overlay_layers(dig, wells, "crossing"), "manhole_code", "count") == [(0, "M1", 1)]

    def test_kinds_may_be_mixed(self):
        mixed = placed([box(90, 0, 130, 10), Point(5, 5), LineString([(5, 5), (5, 25)])])
        found = overlay_layers(mixed, AB)
        assert told(found, "zone_code", "count", "length_m", "area_m2") == [
            (0, "A", None, None, 100.0),
            (0, "B", None, None, 300.0),
            (1, "A", 1, None, None),
            (2, "A", None, 20.0, None),
        ]


class TestNearest:
    def test_the_nearest_of_equally_near_is_the_lowest_code(self):
        found = overlay_layers(placed([Point(100, 130), Point(250, 50)]), AB, "nearest")
        assert told(found, "zone_code", "distance_m", "candidates") == [(0, "A", 30.0, 2), (1, "B", 50.0, 1)]

    def test_nothing_beyond_reach(self):
        found = overlay_layers(placed([Point(100, 130), Point(250, 50)]), AB, "nearest", within_m=30)
        assert told(found, "zone_code", "found") == [(0, "A", "nearest"), (1, None, "none")]


class TestSurprises:
    def test_two_coordinate_systems_are_brought_to_one(self):
        pipes = TestLines.PIPES
        degrees = overlay_layers(pipes.to_crs(4490), AB)
        assert degrees["length_m"].tolist() == pytest.approx(
            overlay_layers(pipes, AB)["length_m"].tolist(), abs=1e-4
        )
        assert degrees.crs.to_epsg() == 4490

    def test_no_row_is_lost_and_columns_stay(self):
        layer = placed([Point(5, 5), None, Point(), Point(300, 5)], zone_code=["x", "y", "z", "w"])
        layer.index = [7, 7, "third", 9]
        before = layer.copy()
        found = overlay_layers(layer, AB)
        assert found.index.tolist() == layer.index.tolist()
        assert found["zone_code"].fillna("").tolist() == ["A", "", "", ""]
        assert found["zone_code_recorded"].tolist() == ["x", "y", "z", "w"]
        assert [row["why"] for row in found.attrs["set_aside"]] == ["no_geometry", "no_geometry"]
        pd.testing.assert_frame_equal(layer, before)
        with pytest.raises(GeometryError, match="no geometry"):
            overlay_layers(layer, AB, strict=True)

    def test_zones_of_another_day_do_not_answer(self):
        dated = AB.assign(valid_to=["2024-12-31", None])
        assert overlay_layers(placed([Point(5, 5)]), dated, at="2025-01-01")["found"].tolist() == ["none"]
        assert overlay_layers(placed([Point(5, 5)]), dated, at="2024-12-31")["zone_code"].tolist() == ["A"]

    @pytest.mark.parametrize(
        ("change", "error", "words"),
        [
            ({"how": "inside"}, InputError, "how must be one of"),
            ({"how": "within", "split": True}, InputError, "split"),
            ({"least": -1}, InputError, "least"),
            ({"code": "name"}, MissingColumnError, "'name'"),
            ({"columns": ["phone"]}, MissingColumnError, "phone"),
            ({"a": AB[:0]}, EmptyLayerError, "a"),
            ({"b": AB[:0]}, EmptyLayerError, "b"),
            ({"a": AB.set_crs(None, allow_override=True)}, CRSError, "a"),
            ({"b": TestLines.PIPES.assign(pipe_code="P")}, InputError, "are not areas"),
        ],
    )
    def test_what_cannot_be_asked_is_said(self, change, error, words):
        call = {"a": TestLines.PIPES, "b": AB, "how": "share"} | change
        with pytest.raises(error, match=words):
            overlay_layers(call.pop("a"), call.pop("b"), **call)


coordinate = st.integers(-40, 240)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(coordinate, coordinate, coordinate, coordinate), min_size=1, max_size=12),
    st.lists(st.tuples(coordinate, coordinate, st.integers(10, 120)), min_size=1, max_size=8),
    st.sampled_from(["line", "area"]),
    st.randoms(use_true_random=False),
)
def test_totals_add_up_whatever_overlaps_and_in_whatever_order(lines, squares, kind, shuffler):
    if kind == "line":
        shapes = [LineString([(a, b), (c + 0.5, d)]) for a, b, c, d in lines]
    else:
        shapes = [box(a, b, a + 1 + abs(c), b + 1 + abs(d)) for a, b, c, d in lines]
    zones = placed(
        [box(x, y, x + s, y + s) for x, y, s in squares], zone_code=[f"Z{i}" for i in range(len(squares))]
    )
    layer = placed(shapes, name=[f"n{i}" for i in range(len(shapes))])
    found = overlay_layers(layer, zones)
    amount = "length_m" if kind == "line" else "area_m2"
    whole = layer.length if kind == "line" else layer.area
    assert found.groupby("row")[amount].sum().to_numpy() == pytest.approx(whole.to_numpy())
    assert overlay_totals(found)[amount].sum() == pytest.approx(whole.sum())
    assert overlay_totals(found)["share"].sum() == pytest.approx(1)
    order = list(range(len(layer)))
    shuffler.shuffle(order)
    again = overlay_layers(layer.iloc[order], zones.iloc[::-1])
    columns = ["name", "zone_code", amount]
    one, other = (pd.DataFrame(t[columns]).sort_values(columns, ignore_index=True) for t in (found, again))
    pd.testing.assert_frame_equal(one, other)


def test_a_polygon_through_a_hole_is_measured_without_it():
    ring = placed([Polygon(box(0, 0, 50, 50).exterior.coords, [box(10, 10, 20, 20).exterior.coords])])
    assert overlay_layers(ring, AB)["area_m2"].tolist() == [2400.0]
