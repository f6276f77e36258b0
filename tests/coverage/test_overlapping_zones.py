"""Where two answer for the same ground. A is the square from 0 to 100; the others are as each case says."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely.affinity
from shapely import MultiPolygon, Polygon, box

from zjk_gis.coverage import overlapping_zones
from zjk_gis.errors import CRSError, GeometryError, InputError, MissingColumnError

X, Y = 573000, 4520000


def square(x, y, width=100.0, height=100.0):
    return box(X + x, Y + y, X + x + width, Y + y + height)


def make_zones(*shapes, crs=4547, **columns):
    columns.setdefault("zone_code", [chr(ord("A") + i) for i in range(len(shapes))])
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def only(overlaps):
    assert len(overlaps) == 1
    return overlaps.iloc[0]


@pytest.mark.parametrize(
    ("other", "kind", "area"),
    [
        (square(90, 0), "partial", 1000),
        (square(99.5, 0), "sliver", 50),
        (square(0, 0), "duplicate", 10_000),
        (square(20, 20, 10, 10), "nested", 100),
        (square(-50, -50, 200, 200), "nested", 10_000),
        (square(20, 20, 0.5, 10), "nested", 5),
    ],
)
def test_how_two_zones_lie_tells_the_kind_of_overlap(other, kind, area):
    overlap = only(overlapping_zones(make_zones(square(0, 0), other)))
    assert (overlap["overlap_code"], overlap["first_code"], overlap["second_code"]) == ("C001", "A", "B")
    assert (overlap["kind"], overlap["area_m2"]) == (kind, pytest.approx(area, abs=1e-6))


@pytest.mark.parametrize("other", [square(100, 0), square(100, 100), square(300, 0)])
def test_a_common_border_or_corner_is_no_overlap(other):
    overlaps = overlapping_zones(make_zones(square(0, 0), other))
    assert len(overlaps) == 0
    assert overlaps.columns.tolist() == [
        "overlap_code",
        "first_code",
        "second_code",
        "codes",
        "kind",
        "area_m2",
        "width_m",
        "mean_width_m",
        "length_m",
        "first_share",
        "second_share",
        "geometry",
    ]
    assert overlaps.crs.to_epsg() == 4547


def test_the_lower_code_comes_first_whatever_the_order_of_rows():
    zones = make_zones(square(90, 0), square(0, 0), zone_code=["Z2", "Z10"])
    overlap = only(overlapping_zones(zones))
    assert (overlap["first_code"], overlap["second_code"]) == ("Z10", "Z2")  # codes are text


def test_three_zones_on_one_spot_are_three_pairs():
    overlaps = overlapping_zones(make_zones(square(0, 0), square(50, 0), square(50, 50)))
    assert overlaps[["first_code", "second_code", "area_m2"]].to_numpy().tolist() == [
        ["A", "B", 5000],
        ["B", "C", 5000],
        ["A", "C", 2500],
    ]


def test_by_set_each_piece_of_ground_comes_once_with_all_who_claim_it():
    zones = make_zones(square(0, 0), square(50, 0), square(50, 50))
    overlaps = overlapping_zones(zones, by="set")
    assert overlaps[["codes", "area_m2", "first_code", "second_code", "kind"]].to_numpy().tolist() == [
        ["A;B", 2500, "A", "B", "partial"],
        ["A;B;C", 2500, "A", "B", "partial"],
        ["B;C", 2500, "B", "C", "partial"],
    ]
    assert shapely.union_all(overlaps.geometry).area == overlaps["area_m2"].sum() == 7500


class TestBySet:
    """Ground by all who claim it, where borders meet badly."""

    def claimed_more_than_once(self, shapes):
        return shapely.area(shapes).sum() - shapely.union_all(shapes).area

    def test_a_neighbour_that_lacks_a_vertex_is_no_reason_to_stop(self):
        """B has a vertex on the slanting border of A and B, rounded to a hair beside it."""
        rng = np.random.default_rng(0)
        for _ in range(60):
            ends, tips = rng.uniform(0, 100, (2, 2)) + (X, Y), rng.uniform(-100, 200, (2, 2)) + (X, Y)
            middle = ends[0] + rng.uniform(0.05, 0.95) * (ends[1] - ends[0])
            shapes = [Polygon([*ends, tips[0]]), Polygon([ends[0], middle, ends[1], tips[1]])]
            overlaps = overlapping_zones(make_zones(*shapes), by="set", min_area_m2=0, min_width_m=0)
            twice = shapely.area(shapely.intersection(*shapes))
            assert overlaps["area_m2"].sum() == pytest.approx(twice, abs=1e-4)

    @pytest.mark.parametrize("seed", range(12))
    def test_stars_that_cross_at_will_are_divided_without_remainder(self, seed):
        rng = np.random.default_rng(seed)
        for _ in range(8):
            angles = np.sort(rng.uniform(0, 2 * np.pi, (5, 12)))
            reach, middle = rng.uniform(24, 60, (5, 12)), rng.uniform(0, 60, (5, 1, 2)) + (X, Y)
            points = np.stack([np.cos(angles), np.sin(angles)], axis=-1) * reach[..., None] + middle
            stars = shapely.polygons(points)
            stars = stars[shapely.is_valid(stars)]
            overlaps = overlapping_zones(make_zones(*stars), by="set", min_area_m2=0, min_width_m=0)
            more_than_once = (overlaps["area_m2"] * overlaps["codes"].str.count(";")).sum()
            assert more_than_once == pytest.approx(self.claimed_more_than_once(stars), abs=1e-3)


def test_the_shares_are_of_all_the_ground_of_a_code():
    zones = make_zones(square(0, 0), square(90, 0), square(300, 0), zone_code=["A", "B", "B"])
    overlap = only(overlapping_zones(zones))
    assert (overlap["first_share"], overlap["second_share"]) == (0.1, 0.05)
    assert (overlap["width_m"], overlap["mean_width_m"], overlap["length_m"]) == pytest.approx((10, 10, 100))


def test_one_row_a_pair_however_many_places_it_overlaps_in():
    comb = MultiPolygon([square(90, 0, 20, 10), square(90, 50, 20, 10)])
    overlap = only(overlapping_zones(make_zones(square(0, 0), comb)))
    assert (overlap["area_m2"], len(overlap.geometry.geoms)) == (200, 2)


def test_one_row_a_pair_however_many_rows_a_zone_has():
    zones = make_zones(square(0, 0), square(90, 0, 20, 10), square(90, 50, 20, 10), zone_code=["A", "B", "B"])
    assert only(overlapping_zones(zones))["area_m2"] == 200


class TestTime:
    """A was redrawn on 1 January 2025, its eastern half going to B."""

    @pytest.fixture
    def zones(self):
        return make_zones(
            square(0, 0),
            square(0, 0, 50),
            square(50, 0, 50),
            zone_code=["A", "A", "B"],
            valid_from=["2024-01-01", "2025-01-01", "2025-01-01"],
            valid_to=["2024-12-31", None, None],
        )

    @pytest.mark.parametrize("at", [None, "2024-06-01", "2024-12-31", "2025-01-01"])
    def test_versions_that_follow_each_other_do_not_overlap(self, zones, at):
        assert len(overlapping_zones(zones, at=at)) == 0

    @pytest.mark.parametrize(
        ("at", "pairs"), [("2024-12-31", 0), ("2025-01-01", 2), (None, 2), ("2025-01-02", 0)]
    )
    def test_periods_that_share_one_day_do(self, zones, at, pairs):
        zones.loc[0, "valid_to"] = "2025-01-01"
        overlaps = overlapping_zones(zones, at=at)
        assert overlaps[["first_code", "second_code"]].to_numpy().tolist() == [["A", "A"], ["A", "B"]][:pairs]

    @pytest.mark.parametrize("codes", [["A", "B"], ["B", "A"]])
    @pytest.mark.parametrize(
        ("last", "first", "shared"),
        [("2025-01-01", "2025-01-01", 1), ("2024-12-31", "2025-01-01", 0), ("2025-01-02", "2025-01-01", 1)],
    )
    def test_a_zone_replaced_on_its_last_day_overlaps_its_successor(self, codes, last, first, shared):
        zones = make_zones(
            square(0, 0), square(0, 0), zone_code=codes, valid_from=[None, first], valid_to=[last, None]
        )
        assert len(overlapping_zones(zones)) == shared

    def test_on_one_day_only_the_zones_of_that_day_count(self, zones):
        claimed = pd.concat(
            [zones, make_zones(square(80, 0, 50), zone_code=["C"], valid_from=["2025-07-01"])],
            ignore_index=True,
        )
        assert len(overlapping_zones(claimed, at="2025-06-30")) == 0
        assert only(overlapping_zones(claimed, at="2025-07-01"))["first_code"] == "B"
        assert only(overlapping_zones(claimed))["area_m2"] == 2000


class TestLevels:
    def test_a_zone_and_the_street_it_belongs_to_are_no_overlap(self):
        zones = make_zones(square(0, 0, 300), square(0, 0), square(90, 0), level=[1, 3, 3])
        overlap = only(overlapping_zones(zones))
        assert (overlap["first_code"], overlap["second_code"]) == ("B", "C")
        assert len(overlapping_zones(zones, level=1)) == 0


class TestHairlines:
    def test_a_hairline_is_no_overlap_but_is_counted(self):
        bulge = Polygon([(X + 100, Y), (X + 99.996, Y + 40), (X + 100, Y + 100), (X + 200, Y + 50)])
        overlaps = overlapping_zones(make_zones(square(0, 0), bulge))
        assert len(overlaps) == 0
        assert overlaps.attrs["dropped_hairlines"] == {"count": 1, "area_m2": pytest.approx(0.2)}
        assert len(overlapping_zones(make_zones(square(0, 0), bulge), min_width_m=0)) == 1

    def test_specks_are_dropped_but_counted(self):
        zones = make_zones(square(0, 0), square(99.95, 99.9))
        overlaps = overlapping_zones(zones)
        assert (len(overlaps), overlaps.attrs["dropped_below_min_area"]["count"]) == (0, 1)
        assert len(overlapping_zones(zones, min_area_m2=0.004)) == 1

    def test_a_duplicate_drawn_again_is_still_a_duplicate(self):
        again = shapely.affinity.rotate(square(0, 0), 0.001)  # degrees: its corners move by a millimetre
        assert only(overlapping_zones(make_zones(square(0, 0), again)))["kind"] == "duplicate"


def test_degrees_are_measured_in_metres():
    zones = make_zones(square(0, 0), square(90, 0)).to_crs(4490)
    overlaps = overlapping_zones(zones)
    assert overlaps.crs.to_epsg() == 4547
    assert only(overlaps)["area_m2"] == pytest.approx(1000, abs=1e-2)


BOW_TIE = Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)])


@pytest.mark.parametrize(
    ("zones", "options", "error", "words"),
    [
        (make_zones(square(0, 0)), {"code": "id"}, MissingColumnError, "no column 'id'"),
        (make_zones(square(0, 0), BOW_TIE), {}, GeometryError, r"1 of 2 rows are invalid .*\(row 1\)"),
        (make_zones(square(0, 0), crs=None), {}, CRSError, "no coordinate reference system"),
        (make_zones(square(0, 0)), {"min_area_m2": np.nan}, InputError, "min_area_m2"),
        (make_zones(square(0, 0)), {"by": "triple"}, InputError, "by must be 'pair' or 'set', not 'triple'"),
        (
            make_zones(square(0, 0), valid_to=["soon"]),
            {},
            InputError,
            r"valid_to: 1 of 1 values are not dates",
        ),
    ],
)
def test_what_cannot_give_right_answers_is_refused(zones, options, error, words):
    with pytest.raises(error, match=words):
        overlapping_zones(zones, **options)
