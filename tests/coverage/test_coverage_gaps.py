"""Where nobody answers: gaps that can be drawn on graph paper.

Most tests cut something out of this city of four zones, each 100 m square, in a region of 200 m by 200 m::

    200 +-------+-------+
        |   C   |   D   |
    100 +-------+-------+
        |   A   |   B   |
      0 +-------+-------+
        0      100     200
"""

import inspect

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from coverages import rectangle_lists
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

from zjk_gis import coverage_faults
from zjk_gis.coverage import coverage_gaps, overlapping_zones
from zjk_gis.errors import CRSError, EmptyLayerError, GeometryError, InputError, MissingColumnError

X, Y = 573000, 4520000


def square(x, y, width=100.0, height=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + height)


def layer(shapes, crs=4547, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def make_zones(*missing, **columns):
    """Return the four zones, without some ground."""
    quarters = [square(0, 0), square(100, 0), square(0, 100), square(100, 100)]
    lost = shapely.union_all(list(missing)) if missing else Polygon()
    zones = layer([shapely.difference(q, lost) for q in quarters], zone_code=list("ABCD"), **columns)
    return zones[~zones.is_empty]


@pytest.fixture
def region():
    return layer([square(0, 0, 200, 200)])


def only(gaps):
    assert len(gaps) == 1
    return gaps.iloc[0]


@pytest.mark.parametrize(
    ("missing", "kind", "neighbours", "borders", "area", "width"),
    [
        (square(20, 20, 10, 10), "hole", "A", "40.00", 100, 10),
        (square(95, 20, 10, 10), "hole", "A;B", "20.00;20.00", 100, 10),
        (square(92, 20, 10, 10), "hole", "A;B", "26.00;14.00", 100, 10),
        (square(98, 20, 10, 10), "hole", "B;A", "26.00;14.00", 100, 10),
        (square(90, 90, 20, 20), "hole", "A;B;C;D", "20.00;20.00;20.00;20.00", 400, 20),
        (square(0, 20, 10, 10), "edge", "A", "30.00", 100, 10),
        (square(95, 0, 10, 10), "edge", "A;B", "15.00;15.00", 100, 10),
        (square(100, 20, 0.4, 60), "sliver", "B;A", "60.80;60.00", 24, 0.4),
        (square(0, 20, 0.5, 10), "sliver", "A", "11.00", 5, 0.5),
        (square(100, 100), "missing_zone", "B;C", "100.00;100.00", 10_000, 100),
        (square(100, 100, 40, 100), "edge", "D;B;C", "100.00;40.00;100.00", 4_000, 40),
    ],
)
def test_what_is_around_a_gap_tells_its_kind(region, missing, kind, neighbours, borders, area, width):
    gap = only(coverage_gaps(region, make_zones(missing)))
    assert (gap["gap_code"], gap["kind"]) == ("G001", kind)
    pairs = sorted(zip(neighbours.split(";"), map(float, borders.split(";")), strict=True))
    ordered = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    assert gap["neighbours"] == ";".join(code for code, _ in ordered)
    assert gap["neighbour_borders_m"] == ";".join(f"{metres:.2f}" for _, metres in ordered)
    assert gap["area_m2"] == pytest.approx(area, abs=1e-6)
    assert gap["width_m"] == pytest.approx(width, abs=1e-6)
    assert gap["mean_width_m"] * gap["length_m"] == pytest.approx(area, abs=1e-6)
    assert gap.geometry.symmetric_difference(missing).area < 1e-6


def test_full_coverage_has_no_gaps_but_typed_columns(region):
    gaps = coverage_gaps(region, make_zones())
    assert len(gaps) == 0
    assert gaps.dtypes.astype(str).to_dict() == {
        "gap_code": "str",
        "kind": "str",
        "area_m2": "float64",
        "width_m": "float64",
        "mean_width_m": "float64",
        "length_m": "float64",
        "neighbours": "str",
        "neighbour_borders_m": "str",
        "expired_codes": "str",
        "geometry": "geometry",
    }
    assert gaps.crs.to_epsg() == 4547


def test_a_corner_alone_makes_no_neighbour_and_no_edge():
    region = layer([shapely.union_all([square(0, 0), square(100, 100)])])
    gap = only(coverage_gaps(region, make_zones().iloc[:1]))
    assert (gap["kind"], gap["neighbours"], gap["neighbour_borders_m"]) == ("missing_zone", "", "")
    notch = Polygon([(X, Y + 50), (X + 20, Y + 40), (X + 20, Y + 60)])
    region = layer([square(0, 0, 200, 200)])
    assert only(coverage_gaps(region, make_zones(notch)))["kind"] == "hole"


def test_the_largest_comes_first_and_equals_come_from_west_to_east(region):
    holes = [
        square(150, 20, 10, 10),
        square(120, 20, 10, 10),
        square(20, 20, 20, 20),
        square(120, 150, 10, 10),
    ]
    gaps = coverage_gaps(region, make_zones(*holes))
    assert gaps["gap_code"].tolist() == ["G001", "G002", "G003", "G004"]
    assert gaps.geometry.bounds[["minx", "miny"]].to_numpy().tolist() == [
        [X + 20, Y + 20],
        [X + 120, Y + 20],
        [X + 120, Y + 150],
        [X + 150, Y + 20],
    ]


class TestWithoutRegion:
    """No region is given: holes within the zones' own outline are gaps, what lies around them is not."""

    def test_a_hole_in_one_zone_and_one_between_several_are_found(self):
        zones = make_zones(square(20, 20, 10, 10), square(90, 90, 20, 20))
        gaps = coverage_gaps(None, zones)
        assert gaps[["kind", "area_m2", "neighbours"]].to_numpy().tolist() == [
            ["hole", 400.0, "A;B;C;D"],
            ["hole", 100.0, "A"],
        ]

    def test_a_bay_at_the_edge_and_the_ground_around_are_no_gaps(self):
        assert len(coverage_gaps(None, make_zones(square(0, 20, 10, 10), square(150, 150, 50, 50)))) == 0

    def test_a_zone_within_a_hole_leaves_a_ring(self):
        zones = pd.concat(
            [make_zones(square(90, 90, 20, 20)), layer([square(95, 95, 10, 10)], zone_code=["E"])]
        )
        gap = only(coverage_gaps(None, zones.reset_index(drop=True)))
        assert (gap["area_m2"], gap["neighbours"]) == (300.0, "E;A;B;C;D")

    def test_allowed_ground_and_the_day_count_as_with_a_region(self):
        zones = make_zones(square(90, 90, 20, 20))
        pond = layer([square(90, 90, 20, 15)])
        assert only(coverage_gaps(None, zones, allowed=pond))["area_m2"] == 100
        stopgap = layer([square(90, 90, 20, 20)], zone_code=["E"], valid_to=["2024-12-31"])
        both = pd.concat([zones, stopgap], ignore_index=True)
        assert len(coverage_gaps(None, both, at="2024-12-31")) == 0
        assert only(coverage_gaps(None, both, at="2025-01-01"))["expired_codes"] == "E"

    def test_degrees_are_measured_in_metres(self):
        gap = only(coverage_gaps(None, make_zones(square(90, 90, 20, 20)).to_crs(4490)))
        assert gap["area_m2"] == pytest.approx(400, rel=1e-4)

    def test_with_overlaps_at_once(self):
        zones = make_zones(square(90, 90, 20, 20))
        gaps, overlaps = coverage_faults(None, zones)
        assert (gaps["area_m2"].tolist(), len(overlaps)) == ([400.0], 0)


class TestAllowedGround:
    """A river needs no zone, and its bank is an edge."""

    RIVER = square(90, 0, 20, 200)

    def test_allowed_ground_is_no_gap(self, region):
        assert len(coverage_gaps(region, make_zones(self.RIVER), allowed=layer([self.RIVER]))) == 0

    def test_a_gap_on_the_bank_is_at_the_edge(self, region):
        zones = make_zones(self.RIVER, square(80, 20, 10, 10))
        assert only(coverage_gaps(region, zones, allowed=layer([self.RIVER])))["kind"] == "edge"

    def test_no_rivers_are_no_problem(self, region):
        assert len(coverage_gaps(region, make_zones(), allowed=layer([]))) == 0

    def test_a_strip_on_the_bank_is_allowed_within_a_tolerance(self, region):
        """The zones keep 2 m from the river in the west, and one of them 5 m for a stretch in the east."""
        strip, bay = square(88, 0, 2, 200), square(110, 20, 5, 10)
        zones, river = make_zones(self.RIVER, strip, bay), layer([self.RIVER])
        assert coverage_gaps(region, zones, allowed=river)["area_m2"].tolist() == [400, 50]
        gaps = coverage_gaps(region, zones, allowed=river, allowed_within_m=2.5)
        assert only(gaps)["area_m2"] == 50
        assert gaps.attrs["allowed"] == {"ground_m2": 4000.0, "count": 1, "area_m2": 400.0}
        assert len(coverage_gaps(region, zones, allowed=river, allowed_within_m=5.01)) == 0

    def test_in_another_crs(self, region):
        allowed = layer([self.RIVER]).to_crs(4490)
        assert len(coverage_gaps(region, make_zones(self.RIVER), allowed=allowed)) == 0


class TestTime:
    @pytest.fixture
    def zones(self):
        """B ended in June 2025 and nobody took it over."""
        return make_zones(
            valid_from=[None, "2024-01-01", None, None], valid_to=[None, "2025-06-30", None, None]
        )

    @pytest.mark.parametrize(
        ("at", "found"), [("2025-06-30", 0), ("2025-07-01", 1), ("2023-12-31", 1), (None, 0)]
    )
    def test_a_zone_covers_from_its_first_to_its_last_day(self, region, zones, at, found):
        gaps = coverage_gaps(region, zones, at=at)
        assert gaps["kind"].tolist() == ["missing_zone"] * found
        assert gaps["expired_codes"].tolist() == ["B"] * found

    def test_expired_ground_and_ground_that_never_had_a_zone_are_apart(self, region, zones):
        zones.geometry = zones.geometry.difference(square(95, 20, 10, 10))
        gaps = coverage_gaps(region, zones, at="2025-12-31")
        assert gaps[["kind", "area_m2", "neighbours", "expired_codes"]].to_numpy().tolist() == [
            ["missing_zone", 9950, "D;A", "B"],
            ["hole", 100, "A", ""],  # B is no neighbour any more
        ]

    def test_a_successor_closes_the_gap(self, region, zones):
        heir = zones.iloc[[1]].assign(valid_from="2025-07-01", valid_to=None)
        both = pd.concat([zones, heir], ignore_index=True)
        assert len(coverage_gaps(region, both, at="2025-12-31")) == 0

    def test_no_zone_valid_at_all_is_one_large_gap(self, region, zones):
        gap = only(coverage_gaps(region, zones.assign(valid_to="2020-01-01"), at="2025-01-01"))
        assert (gap["area_m2"], gap["kind"], gap["expired_codes"]) == (40_000, "missing_zone", "A;B;C;D")


def test_gaps_and_overlaps_at_once_take_the_same_options_by_default():
    both = inspect.signature(coverage_faults).parameters
    for each in (coverage_gaps, overlapping_zones):
        alone = inspect.signature(each).parameters
        shared = sorted(both.keys() & alone.keys())
        assert "sliver_width_m" in shared
        assert [both[name].default for name in shared] == [alone[name].default for name in shared]


class TestContents:
    """Half of an estate, a building, a corner of another, and a road lie in a gap of 10 m by 10 m."""

    GAP = square(20, 20, 10, 10)

    def test_what_lies_in_a_gap_is_counted(self, region):
        people = layer([square(25, 20, 10, 10), square(60, 60)], population=[31, 500])
        buildings = layer([square(21, 21, 2, 2), square(29, 29, 5, 5), square(30, 22, 5, 5)])
        roads = layer([LineString([(X + 10, Y + 25), (X + 90, Y + 25)])])
        gaps = coverage_gaps(
            region, make_zones(self.GAP), people=people, buildings=buildings, roads=roads.to_crs(4490)
        )
        assert gaps.columns[-4:].tolist() == ["people", "buildings", "road_m", "geometry"]
        assert only(gaps)[["people", "buildings"]].tolist() == [16, 2]
        assert only(gaps)["road_m"] == pytest.approx(10, abs=1e-6)
        assert gaps.attrs["missing_zone_from_m2"] == 5000

    def test_a_building_may_be_a_point_and_a_road_an_area_of_which_half_the_outline_counts(self, region):
        doors = layer([Point(X + 22, Y + 22), Point(X + 40, Y + 40)])
        lane = layer([square(10, 23, 80, 4)])  # 10 m by 4 m of it lie in the gap
        gap = only(coverage_gaps(region, make_zones(self.GAP), buildings=doors, roads=lane))
        assert (gap["buildings"], gap["road_m"]) == (1, pytest.approx(14))

    def test_people_who_cannot_be_counted_are_told(self, region):
        homes = layer([self.GAP, square(20, 20, 5, 5)], population=[8, None])
        gaps = coverage_gaps(region, make_zones(self.GAP), people=homes)
        assert (only(gaps)["people"], gaps.attrs["people_unknown"]) == (8, 1)
        with pytest.raises(MissingColumnError, match="people: no column 'population'"):
            coverage_gaps(region, make_zones(self.GAP), people=layer([self.GAP]))
        odd = layer([self.GAP, square(20, 20, 5, 5), None], population=[8, -1, 9])
        gaps = coverage_gaps(region, make_zones(self.GAP), people=odd)
        assert (only(gaps)["people"], gaps.attrs["people_unknown"]) == (8, 2)
        assert [(row["row"], row["why"]) for row in gaps.attrs["set_aside"]] == [
            (2, "no_geometry"),
            (1, "not_an_amount"),
        ]


class TestLevels:
    def test_each_level_is_judged_by_itself(self, region):
        zones = make_zones(square(20, 20, 10, 10), level=3)
        streets = layer([square(0, 0, 200, 200)], zone_code=["S"], level=1)
        both = pd.concat([zones, streets])
        assert len(coverage_gaps(region, both)) == 1
        assert len(coverage_gaps(region, both, level=1)) == 0
        with pytest.raises(InputError, match="no zone has level 2; the levels are 1, 3"):
            coverage_gaps(region, both, level=2)


class TestHairlines:
    """One zone carries a vertex on the common border, its neighbour does not, and rounding moved it."""

    BORDER = Polygon([(X + 100, Y), (X + 100.004, Y + 33), (X + 100, Y + 100)])  # 4 mm at its widest

    def test_a_hairline_is_no_gap_but_is_counted(self, region):
        gaps = coverage_gaps(region, make_zones(self.BORDER))
        assert len(gaps) == 0
        assert gaps.attrs["dropped_hairlines"] == {"count": 1, "area_m2": pytest.approx(0.2)}

    def test_unless_it_is_asked_for(self, region):
        gap = only(coverage_gaps(region, make_zones(self.BORDER), min_width_m=0))
        assert (gap["kind"], gap["area_m2"]) == ("sliver", pytest.approx(0.2))

    def test_a_hairline_on_a_real_gap_does_not_make_it_thin_or_bring_it_to_the_edge(self, region):
        gap = only(coverage_gaps(region, make_zones(self.BORDER, square(100, 40, 5, 5))))
        assert (gap["kind"], gap["neighbours"]) == ("hole", "B;A")
        assert gap["width_m"] == pytest.approx(5, abs=0.01)

    def test_gaps_joined_by_a_hairline_are_two(self, region):
        zones = make_zones(self.BORDER, square(100, 10, 5, 5), square(100, 80, 6, 6))
        assert coverage_gaps(region, zones)["area_m2"].round().tolist() == [36, 25]

    def test_specks_are_dropped_but_counted(self, region):
        speck = square(20, 20, 0.09, 0.1)
        gaps = coverage_gaps(region, make_zones(speck))
        assert (len(gaps), gaps.attrs["dropped_below_min_area"]["count"]) == (0, 1)
        assert gaps.attrs["dropped_below_min_area"]["area_m2"] == pytest.approx(0.009)
        assert len(coverage_gaps(region, make_zones(speck), min_area_m2=0.008)) == 1

    def test_specks_of_expired_and_of_never_covered_ground_are_counted_together(self, region):
        """Two specks of 0.006 m² that no zone ever covered, one of 0.009 m² that an expired one did."""
        specks = [square(20, 20, 0.06, 0.1), square(60, 20, 0.06, 0.1), square(20, 60, 0.09, 0.1)]
        expired = layer([square(10, 50, 20, 20)], zone_code=["E"], valid_to=["2024-12-31"])
        zones = pd.concat([make_zones(*specks), expired], ignore_index=True)
        dropped = coverage_gaps(region, zones, at="2025-06-01").attrs["dropped_below_min_area"]
        assert dropped == {"count": 3, "area_m2": pytest.approx(0.021, abs=1e-6)}


class TestCoordinates:
    @pytest.mark.parametrize("crs", [4490, 4326, 4526, 3857])
    def test_zones_in_another_crs_are_brought_to_that_of_the_region(self, region, crs):
        gap = only(coverage_gaps(region, make_zones(square(95, 20, 10, 10)).to_crs(crs)))
        assert gap["area_m2"] == pytest.approx(100, abs=1e-3)

    def test_a_region_in_degrees_is_measured_in_metres(self, region):
        gaps = coverage_gaps(region.to_crs(4490), make_zones(square(95, 20, 10, 10)).to_crs(4490))
        assert gaps.crs.to_epsg() == 4547
        assert only(gaps)["area_m2"] == pytest.approx(100, abs=1e-3)

    def test_web_mercator_areas_are_not_believed(self, region):
        gaps = coverage_gaps(region.to_crs(3857), make_zones(square(95, 20, 10, 10)).to_crs(3857))
        assert only(gaps)["area_m2"] == pytest.approx(100, abs=1e-3)


def test_the_callers_frames_are_untouched(region):
    zones = make_zones(square(20, 20, 10, 10))
    zones.index = [4, 4, "x", None]
    before = zones.copy()
    coverage_gaps(region, zones)
    pd.testing.assert_frame_equal(pd.DataFrame(zones), pd.DataFrame(before))


def test_codes_may_be_numbers_and_hold_semicolons(region):
    zones = make_zones(square(20, 20, 10, 10)).assign(zone_code=["A;1", "B", "C", "D"])
    assert only(coverage_gaps(region, zones))["kind"] == "hole"
    grids = make_zones(square(95, 20, 10, 10)).assign(grid_code=[10, 9, 8, 7])
    assert only(coverage_gaps(region, grids, code="grid_code"))["neighbours"] == "10;9"


BOW_TIE = Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)])


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (
            lambda z: z.drop(columns="zone_code"),
            MissingColumnError,
            "zones: no column 'zone_code'.*责任区编码",
        ),
        (lambda z: z.assign(zone_code=["A", "B", None, "D"]), InputError, r"no zone_code \(row 2\)"),
        (lambda z: z.iloc[:0], EmptyLayerError, "zones: the layer is empty"),
        (lambda z: z.set_crs(None, allow_override=True), CRSError, "zones: no coordinate reference system"),
        (
            lambda z: z.set_geometry([*z.geometry[:3], None], crs=4547),
            GeometryError,
            r"no geometry \(row 3\)",
        ),
        (
            lambda z: z.set_geometry([*z.geometry[:3], BOW_TIE], crs=4547),
            GeometryError,
            r"1 of 4 rows are invalid \(the first: border crosses itself at 573.*\(row 3\)",
        ),
        (
            lambda z: z.set_geometry([*z.geometry[:3], Point(X, Y)], crs=4547),
            GeometryError,
            r"1 of 4 rows are not polygons \(row 3\)",
        ),
    ],
)
def test_zones_that_cannot_give_right_answers_are_refused(region, spoil, error, words):
    with pytest.raises(error, match=words):
        coverage_gaps(region, spoil(make_zones()))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"min_area_m2": -1}, "min_area_m2 must be a finite number of at least 0, not -1"),
        ({"min_width_m": np.nan}, "min_width_m"),
        ({"sliver_width_m": np.inf}, "sliver_width_m"),
        ({"missing_zone_share": -0.5}, "missing_zone_share"),
        ({"allowed_within_m": -2}, "allowed_within_m"),
        ({"at": "some day"}, "at must be a date"),
        ({"level": 2}, "level=2 was asked for"),
        ({"allowed": layer([BOW_TIE])}, "allowed: 1 of 1 rows are invalid"),
    ],
)
def test_options_that_make_no_sense_are_refused(region, options, words):
    zones = make_zones(valid_from="2024-01-01")
    with pytest.raises(InputError, match=words):
        coverage_gaps(region, zones, **options)


def test_a_region_that_cannot_serve_is_refused():
    with pytest.raises(EmptyLayerError, match="region: the layer is empty"):
        coverage_gaps(layer([]), make_zones())
    with pytest.raises(GeometryError, match=r"region: 1 of 1 rows are invalid"):
        coverage_gaps(layer([BOW_TIE]), make_zones())


@settings(max_examples=80, deadline=None)
@given(shapes=rectangle_lists, seed=st.integers(0, 2**32 - 1))
def test_every_square_metre_of_a_region_is_covered_once_more_than_once_or_a_gap(shapes, seed):
    """The region is 10 m by 10 m and zones follow its metre squares, so counting squares is the truth."""
    region = layer([box(X, Y, X + 10, Y + 10)])
    zones = layer(shapes, zone_code=[f"Z{i}" for i in range(len(shapes))])
    covers = np.zeros((10, 10), dtype=int)
    for west, south, east, north in (shapely.bounds(shapes) - [X, Y, X, Y]).astype(int):
        covers[west:east, south:north] += 1

    gaps, overlaps = coverage_gaps(region, zones), overlapping_zones(zones)
    assert gaps["area_m2"].sum() == pytest.approx((covers == 0).sum(), abs=1e-6)
    assert shapely.union_all(overlaps.geometry).area == pytest.approx((covers > 1).sum(), abs=1e-6)
    pairs = (covers * (covers - 1) // 2).sum()
    assert overlaps["area_m2"].sum() == pytest.approx(pairs, abs=1e-6)
    assert shapely.union_all(gaps.geometry).intersection(shapely.union_all(shapes)).area == 0

    shuffled = zones.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(pd.DataFrame(coverage_gaps(region, shuffled)), pd.DataFrame(gaps))
    pd.testing.assert_frame_equal(pd.DataFrame(overlapping_zones(shuffled)), pd.DataFrame(overlaps))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_gaps_in_an_irregular_city_are_those_of_a_plain_difference(seed):
    """Zones with unmatched vertices, a few of them gone, a few grown over their neighbours."""
    rng = np.random.default_rng(seed)
    frame = box(X, Y, X + 1000, Y + 1000)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.MultiPoint(rng.uniform([X, Y], [X + 1000, Y + 1000], (60, 2))))
    )
    cells = shapely.intersection(cells, frame)
    kept = cells[rng.random(len(cells)) > 0.1]
    grown = rng.random(len(kept)) < 0.1
    kept = np.where(grown, shapely.buffer(kept, 2.5), kept)
    zones = layer(kept, zone_code=[f"Z{i}" for i in range(len(kept))])
    gaps = coverage_gaps(layer([frame]), zones)
    plain = shapely.difference(frame, shapely.union_all(kept))
    assert gaps["area_m2"].sum() == pytest.approx(plain.area, rel=1e-6, abs=0.1)
    assert shapely.symmetric_difference(plain, shapely.union_all(gaps.geometry)).area < 0.1
