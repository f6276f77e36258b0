"""Ground united, taken apart, freed of hairlines; layers made ready to be measured."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from zjk_gis.errors import CRSError, EmptyLayerError, GeometryError, InputError
from zjk_gis.layers.metric import ready, require_amounts, require_reach, require_shares
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.versions import split_at
from zjk_gis.overlay.polygons import cover_of, largest_first, pieces_of, solid_pieces

rectangles = st.builds(
    lambda x, y, w, h: box(x, y, x + w, y + h),
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(1, 4),
    st.integers(1, 4),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(rectangles, max_size=9), st.randoms())
def test_the_quick_union_is_the_plain_one_whatever_overlaps_nests_or_repeats(shapes, random):
    """The quick way is only right where edges match, so it must notice where they do not."""
    united = cover_of(np.array(shapes, dtype=object))
    assert united.is_valid
    assert united.symmetric_difference(shapely.union_all(shapes)).area == 0
    random.shuffle(shapes)
    assert cover_of(np.array(shapes, dtype=object)).equals_exact(united, 0)


def test_the_quick_union_closes_no_hairline_and_leaves_none_where_edges_match():
    apart = np.array([box(0, 0, 1, 1), box(1.001, 0, 2, 1)])
    assert cover_of(apart).area == pytest.approx(1.999)
    assert cover_of(np.array([MultiPolygon([box(0, 0, 1, 1), box(2, 0, 3, 1)]), box(1, 0, 2, 1)])).equals(
        box(0, 0, 3, 1)
    )


def test_pieces_are_polygons_alone():
    mixed = GeometryCollection(
        [box(0, 0, 1, 1), LineString([(0, 0), (5, 5)]), MultiPolygon([box(3, 3, 4, 4)])]
    )
    assert shapely.area(pieces_of(mixed)).tolist() == [1, 1]
    assert len(pieces_of(Polygon())) == 0
    assert len(pieces_of(Point(0, 0))) == 0


class TestHairlines:
    """What is nowhere wider than 1 cm."""

    def solid(self, *shapes, **options):
        options = {"min_area_m2": 0.01, "min_width_m": 0.01} | options
        return solid_pieces(shapely.union_all(list(shapes)), **options)

    def test_a_piece_without_tails_keeps_every_coordinate(self):
        star = Polygon([(0, 0), (1.3, 9.1), (2.7, 0.2), (9.9, 5.5), (4.1, -7.3)])
        pieces, _ = self.solid(star)
        assert pieces[0].equals_exact(shapely.normalize(star), 0)

    def test_a_tail_is_cut_off_and_counted(self):
        pieces, dropped = self.solid(box(0, 0, 10, 10), box(10, 4, 90, 4.005))
        assert shapely.area(pieces).tolist() == [pytest.approx(100, abs=1e-3)]
        assert shapely.length(pieces).tolist() == [pytest.approx(40, abs=0.1)]
        assert dropped["dropped_hairlines"] == {"count": 1, "area_m2": pytest.approx(0.4, abs=1e-3)}

    def test_pieces_that_a_hairline_joins_come_apart(self):
        pieces, _ = self.solid(box(0, 0, 10, 10), box(10, 4, 20, 4.005), box(20, 0, 29, 10))
        assert sorted(shapely.area(pieces).round(2).tolist()) == [90, 100]

    def test_a_hairline_alone_is_dropped_a_narrow_strip_is_not(self):
        assert len(self.solid(box(0, 0, 100, 0.009))[0]) == 0
        assert len(self.solid(box(0, 0, 100, 0.011))[0]) == 1

    def test_zero_keeps_everything(self):
        pieces, dropped = self.solid(box(0, 0, 100, 1e-6), min_width_m=0, min_area_m2=0)
        assert len(pieces) == 1
        assert dropped["dropped_hairlines"] == {"count": 0, "area_m2": 0}

    def test_nothing_lost(self):
        """What is kept and what is dropped make up what was given."""
        shapes = [box(0, 0, 10, 10), box(10, 4, 90, 4.005), box(200, 0, 200.05, 0.1), box(300, 0, 400, 0.001)]
        pieces, dropped = self.solid(*shapes)
        total = shapely.area(pieces).sum() + sum(account["area_m2"] for account in dropped.values())
        assert total == pytest.approx(shapely.union_all(shapes).area, abs=1e-5)
        assert [account["count"] for account in dropped.values()] == [2, 1]


def test_the_largest_first_then_west_to_east_then_south_to_north():
    shapes = np.array([box(5, 0, 6, 1), box(0, 3, 1, 4), box(0, 0, 1, 1), box(9, 9, 11, 11)])
    assert largest_first(shapes).tolist() == [3, 2, 1, 0]
    assert largest_first(shapes[:0]).tolist() == []
    # A millimetre decides, what is less does not.
    near = np.array([box(0.002, 0, 1.002, 1), box(0, 3, 1, 4), box(0.0004, 2, 1.0004, 3)])
    assert largest_first(near).tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("value", "amount", "reach", "share"),
    [
        (0, True, True, True),
        (0.5, True, True, True),
        (1, True, True, True),
        (1.5, True, True, False),
        (-0.5, False, False, False),
        (np.inf, False, True, False),
        (np.nan, False, False, False),
        ("1", False, False, False),
        (None, False, False, False),
    ],
)
def test_which_options_are_amounts_distances_or_shares(value, amount, reach, share):
    for require, is_one in ((require_amounts, amount), (require_reach, reach), (require_shares, share)):
        if is_one:
            require(option=value)
        else:
            with pytest.raises(InputError, match="option must be a"):
                require(option=value)


class TestReady:
    ZONE = box(573000, 4520000, 573100, 4520100)

    def layer(self, shape=ZONE, crs=4547):
        return gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[shape], crs=crs)

    def test_a_metric_layer_is_returned_itself(self):
        layer = self.layer()
        assert ready(layer, "zones", kind="polygon", code="zone_code") is layer
        assert ready(layer, "zones", kind="polygon", crs=layer.crs) is layer

    def test_others_are_converted(self):
        degrees = self.layer().to_crs(4490)
        assert ready(degrees, "zones", kind="polygon").crs.to_epsg() == 4547
        prefixed = ready(degrees, "zones", kind="polygon", crs=self.layer().to_crs(4526).crs)
        assert prefixed.total_bounds[0] == pytest.approx(38573000, abs=1e-3)

    @pytest.mark.parametrize(
        ("layer", "error", "words"),
        [
            (gpd.GeoDataFrame(geometry=[ZONE]), CRSError, "zones: no coordinate reference system"),
            (gpd.GeoDataFrame(geometry=[], crs=4547), EmptyLayerError, "zones: the layer is empty"),
            (gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=4547), GeometryError, "not polygons"),
            (
                gpd.GeoDataFrame(geometry=[box(40.8, 114.8, 40.9, 114.9)], crs=4490),  # axes swapped
                CRSError,
                "reaches from 114.8.* to 114.9.* in latitude.*swapped",
            ),
        ],
    )
    def test_what_cannot_serve_is_refused(self, layer, error, words):
        with pytest.raises(error, match=words):
            ready(layer, "zones", kind="polygon")

    def test_coordinates_that_the_wanted_crs_cannot_take_are_refused(self):
        swapped = gpd.GeoDataFrame(geometry=[box(40.8, 114.8, 40.9, 114.9)], crs=4490)
        told = r"zones \(converted to EPSG:4547\): 1 of 1 rows have a coordinate that is NaN or infinite"
        with pytest.raises(GeometryError, match=told):
            ready(swapped, "zones", kind="polygon", crs=self.layer().crs)


def test_answers_never_replace_what_was_recorded():
    rows = gpd.GeoDataFrame(
        {"reason": ["first"], "reason_recorded": ["second"]}, geometry=[Point(0, 0)], crs=4547
    )
    answered = with_answers(rows, {"reason": ["third"]})
    assert answered[["reason_recorded_earlier", "reason_recorded", "reason"]].iloc[0].tolist() == [
        "first",
        "second",
        "third",
    ]
    assert rows.columns.tolist() == ["reason", "reason_recorded", "geometry"]


def test_zones_are_split_by_day_within_their_level():
    zones = gpd.GeoDataFrame(
        {"zone_code": ["S", "A", "B"], "level": [1, 3, 3], "valid_to": [None, None, "2024-12-31"]},
        geometry=[box(0, 0, 9, 9)] * 3,
        crs=4547,
        index=pd.Index([7, 7, 7]),
    )
    valid, others = split_at(zones, "2025-01-01")
    assert (valid["zone_code"].tolist(), others["zone_code"].tolist()) == (["A"], ["B"])
    valid, others = split_at(zones, None, level=1)
    assert (valid["zone_code"].tolist(), others["zone_code"].tolist()) == (["S"], [])
