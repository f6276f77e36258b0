"""Manholes outside every zone, and manholes that no pipe belongs to.

Zone A is the square from 0 to 100 m, zone B its neighbour to the east, from 100 to 200 m.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, MultiLineString, Point, Polygon, box

from zjk_gis.errors import CRSError, EmptyLayerError, GeometryError, InputError, MissingColumnError
from zjk_gis.pipes import manholes_outside_zones, orphan_manholes

X, Y = 573000, 4520000


def make_manholes(*places, **columns):
    columns.setdefault("manhole_code", [f"M{i}" for i in range(len(places))])
    return gpd.GeoDataFrame(columns, geometry=[Point(X + x, Y + y) for x, y in places], crs=4547)


def make_pipes(*lines, **columns):
    columns.setdefault("pipe_code", [f"P{i}" for i in range(len(lines))])
    shapes = [LineString([(X + x, Y + y) for x, y in line]) for line in lines]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4547)


@pytest.fixture
def zones():
    return gpd.GeoDataFrame(
        {"zone_code": ["A", "B"], "valid_to": [None, "2025-06-30"]},
        geometry=[box(X, Y, X + 100, Y + 100), box(X + 100, Y, X + 200, Y + 100)],
        crs=4547,
    )


class TestOutsideZones:
    @pytest.mark.parametrize(
        ("place", "at", "expected"),
        [
            ((50, 50), "2025-12-31", None),
            ((100, 50), "2025-12-31", None),  # on the border of a valid zone
            ((100.009, 50), "2025-12-31", None),  # and a hairline beyond it
            ((100.02, 50), "2025-12-31", ("expired_zone", 0.02)),
            ((130, 50), "2025-12-31", ("expired_zone", 30)),
            ((130, 50), "2025-06-30", None),
            ((130, 50), None, None),
            ((50, 140), "2025-12-31", ("uncovered", 40)),
            ((200, 50), "2025-12-31", ("expired_zone", 100)),
        ],
    )
    def test_where_and_when_it_stands_decides(self, zones, place, at, expected):
        outside = manholes_outside_zones(make_manholes(place), zones, at=at)
        found = list(zip(outside["reason"], outside["distance_m"].round(6), strict=True))
        assert found == ([] if expected is None else [expected])

    def test_each_manhole_has_its_own_reason(self, zones):
        outside = manholes_outside_zones(make_manholes((50, 140), (130, 50)), zones, at="2025-12-31")
        assert outside["reason"].tolist() == ["uncovered", "expired_zone"]

    def test_no_zone_valid_that_day(self, zones):
        outside = manholes_outside_zones(make_manholes((130, 50)), zones[1:], at="2025-12-31")
        assert outside["reason"].tolist() == ["expired_zone"]
        assert np.isnan(outside["distance_m"]).all()

    def test_only_the_level_asked_for_counts(self, zones):
        levels = pd.concat([zones.assign(level=3), zones.assign(level=1).set_geometry(zones.buffer(500))])
        assert len(manholes_outside_zones(make_manholes((50, 140)), levels)) == 1
        assert len(manholes_outside_zones(make_manholes((50, 140)), levels, level=1)) == 0

    def test_manholes_in_degrees_stay_in_degrees_and_are_measured_in_metres(self, zones):
        outside = manholes_outside_zones(make_manholes((50, 140)).to_crs(4490), zones)
        assert outside.crs.to_epsg() == 4490
        assert outside["distance_m"].tolist() == [pytest.approx(40, abs=1e-4)]

    def test_rows_come_back_as_they_were(self, zones):
        manholes = make_manholes((50, 140), (50, 50), (50, 160), reason=["x", "y", "z"])
        manholes.index = pd.Index([5, 5, "third"], name="row")
        before = manholes.copy()
        outside = manholes_outside_zones(manholes, zones)
        assert outside.index.tolist() == [5, "third"]
        assert outside["reason_recorded"].tolist() == ["x", "z"]
        pd.testing.assert_frame_equal(pd.DataFrame(manholes), pd.DataFrame(before))


class TestOrphans:
    """One pipe runs from (0, 0) to (100, 0)."""

    LINE = ((0, 0), (100, 0))

    @pytest.mark.parametrize(
        ("place", "names", "orphan"),
        [
            ((0, 20), {"from_manhole": ["M0"]}, False),  # named
            ((0, 20), {"to_manhole": [" M0 "]}, False),
            ((0, 20), {"from_manhole": ["W7"]}, False),  # named by its well number
            ((0, 0.5), {}, False),  # a pipe ends here
            ((100.3, 0.3), {}, False),
            ((0, 0.51), {}, True),
            ((50, 0), {}, True),  # a pipe passes, but none ends
            ((0, 20), {"from_manhole": ["M1"], "to_manhole": [None]}, True),
        ],
    )
    def test_neither_named_nor_near_an_end(self, place, names, orphan):
        manholes = make_manholes(place, well_number=["W7"])
        assert len(orphan_manholes(manholes, make_pipes(self.LINE, **names))) == orphan

    def test_a_missing_name_is_no_name(self):
        manholes = make_manholes((0, 20), well_number=[None])
        pipes = make_pipes(self.LINE, from_manhole=[None], to_manhole=[""])
        assert len(orphan_manholes(manholes, pipes)) == 1

    def test_how_far_the_nearest_pipe_is(self):
        orphans = orphan_manholes(make_manholes((50, 0), (50, 30), (0, 0)), make_pipes(self.LINE))
        assert dict(zip(orphans.index, orphans["distance_m"], strict=True)) == {0: 0, 1: 30}

    def test_every_part_of_a_pipe_has_ends(self):
        pipes = make_pipes(self.LINE)
        parts = MultiLineString([[(X, Y), (X + 40, Y)], [(X + 60, Y), (X + 100, Y)]])
        pipes.geometry = [parts]
        assert len(orphan_manholes(make_manholes((40, 0), (60, 0), (50, 0)), pipes)) == 1

    def test_a_bend_is_no_end(self):
        bent = make_pipes([(0, 0), (40, 30), (100, 0)])
        assert orphan_manholes(make_manholes((40, 30), (100, 0), (0, 0)), bent).index.tolist() == [0]

    def test_how_near_is_near_can_be_chosen(self):
        manholes, pipes = make_manholes((0, 2)), make_pipes(self.LINE)
        assert len(orphan_manholes(manholes, pipes, within_m=2)) == 0
        assert len(orphan_manholes(make_manholes((0, 0)), pipes, within_m=0)) == 0


BOW_TIE = Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)])


@pytest.mark.parametrize(
    ("manholes", "options", "error", "words"),
    [
        (make_manholes((0, 0)).drop(columns="manhole_code"), {}, MissingColumnError, "manholes: no column"),
        (make_manholes((0, 0), manhole_code=[""]), {}, InputError, r"no manhole_code \(row 0\)"),
        (make_manholes(), {}, EmptyLayerError, "manholes: the layer is empty"),
        (make_manholes((0, 0)).set_crs(None, allow_override=True), {}, CRSError, "manholes: no coordinate"),
        (make_manholes((0, 0)).set_geometry([None], crs=4547), {}, GeometryError, r"no geometry \(row 0\)"),
        (make_manholes((0, 0)).set_geometry([BOW_TIE], crs=4547), {}, GeometryError, "are not points"),
        (make_manholes((0, 0)), {"within_m": -1}, InputError, "within_m must be"),
        (make_manholes((0, 0)), {"border_within_m": np.nan}, InputError, "border_within_m must be"),
    ],
)
def test_what_cannot_give_right_answers_is_refused(zones, manholes, options, error, words):
    if "border_within_m" not in options:
        with pytest.raises(error, match=words):
            orphan_manholes(manholes, make_pipes(((0, 0), (1, 1))), **options)
    if "within_m" not in options:
        with pytest.raises(error, match=words):
            manholes_outside_zones(manholes, zones, **options)


def test_manholes_and_pipes_that_cannot_be_judged_are_set_aside_and_told(zones):
    manholes = make_manholes((50, 50), (50, 140), (60, 140), manhole_code=["M0", "M1", None])
    manholes.loc[len(manholes)] = ["M3", None]
    outside = manholes_outside_zones(manholes, zones, at="2025-12-31")
    assert outside["manhole_code"].tolist() == ["M1"]
    told = [
        {"layer": "manholes", "row": 2, "why": "not_filled", "value": "manhole_code"},
        {"layer": "manholes", "row": 3, "why": "no_geometry", "value": ""},
    ]
    assert outside.attrs["set_aside"] == told
    pipes = make_pipes([(50, 50), (80, 50)], [(0, 0), (1, 1)], from_manhole=["M0", "M1"]).assign(
        geometry=lambda rows: [rows.geometry[0], None]
    )
    orphans = orphan_manholes(manholes, pipes)
    assert len(orphans) == 0, "a pipe without a line still names its manhole"
    assert orphans.attrs["set_aside"] == [
        *told,
        {"layer": "pipelines", "row": 1, "why": "no_geometry", "value": ""},
    ]
    with pytest.raises(InputError, match=r"no manhole_code \(row 2\)"):
        manholes_outside_zones(manholes, zones, strict=True)
    with pytest.raises(GeometryError, match=r"pipelines: 1 of 2 rows have no geometry \(row 1\)"):
        orphan_manholes(manholes, pipes, strict=True)
