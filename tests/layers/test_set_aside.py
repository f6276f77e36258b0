"""Rows that cannot be judged are set aside with their reason; strictly, none is."""

import geopandas as gpd
import pytest
from shapely import LineString, Point, Polygon, box

from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.catalogue import MANHOLES
from zjk_gis.layers.set_aside import SetAside

BOW_TIE = Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])


def zones(*shapes, **columns):
    columns.setdefault("zone_code", [f"Z{at}" for at in range(len(shapes))])
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4547, index=range(10, 10 + len(shapes)))


def told(aside):
    return [(row["row"], row["why"], row["value"]) for row in aside.rows]


class TestSound:
    LAYER = zones(
        box(0, 0, 1, 1), None, Point(0, 0), BOW_TIE, box(0, 0, 1, 1), Polygon(), LineString([(0, 0), (1, 1)]),
        zone_code=["A", "B", "C", "D", " ", None, "G"],
    )  # fmt: skip

    def test_each_row_has_its_reason(self):
        aside = SetAside()
        kept = aside.sound(self.LAYER, "zones", kind="polygon", filled=["zone_code", "not there"])
        assert kept.index.tolist() == [10]
        assert told(aside) == [
            (11, "no_geometry", ""),
            (12, "other_geometry", "Point"),
            (13, "invalid_geometry", ""),
            (14, "not_filled", "zone_code"),
            (15, "not_filled", "zone_code"),
            (16, "other_geometry", "LineString"),
        ]
        assert {row["layer"] for row in aside.rows} == {"zones"}

    @pytest.mark.parametrize(
        ("layer", "strict"), [(LAYER, True), (LAYER.iloc[1:4], False), (LAYER.iloc[:1], False)]
    )
    def test_a_layer_of_which_nothing_is_set_aside_is_returned_itself(self, layer, strict):
        aside = SetAside(strict=strict)
        assert aside.sound(layer, "zones", kind="polygon") is layer
        assert aside.rows == []

    def test_a_layer_without_a_geometry_is_left_to_the_check_that_follows(self):
        layer = gpd.GeoDataFrame({"zone_code": ["A"]})
        assert SetAside().sound(layer, "zones", kind="polygon") is layer


class TestAmounts:
    LAYER = zones(*[box(0, 0, 1, 1)] * 5, population=[3, 0, -1, None, "many"])

    def test_what_is_no_amount_is_not_known_and_told(self):
        aside = SetAside()
        amounts, unknown = aside.amounts(self.LAYER, "estates", "population")
        assert amounts.tolist() == [3, 0, 0, 0, 0]
        assert unknown.tolist() == [False, False, True, True, True]
        assert told(aside) == [(12, "not_an_amount", "-1"), (14, "not_an_amount", "many")]

    def test_strictly_a_blank_is_not_known_and_what_is_wrong_refused(self):
        aside = SetAside(strict=True)
        amounts, unknown = aside.amounts(self.LAYER.iloc[[0, 3]], "estates", "population")
        assert (amounts.tolist(), unknown.tolist()) == ([3, 0], [False, True])
        with pytest.raises(InputError, match=r"estates: 2 of 5 rows .* at least 0 \(rows 12, 14\)"):
            aside.amounts(self.LAYER, "estates", "population")

    def test_a_column_that_is_not_there_is_named(self):
        with pytest.raises(MissingColumnError, match="estates: no column 'people'"):
            SetAside().amounts(self.LAYER, "estates", "people")


def test_a_kind_that_is_blank_or_not_understood():
    layer = zones(*[Point(0, 0)] * 3, pipe_kind=["污水", None, "下水"])
    field = MANHOLES.field("pipe_kind")
    aside = SetAside()
    meant = aside.coded(layer, field, "manholes")
    assert meant.fillna("-").tolist() == ["WS", "-", "-"]
    assert told(aside) == [(11, "not_filled", ""), (12, "not_understood", "下水")]
    assert SetAside(strict=True).coded(layer.iloc[:1], field, "manholes").tolist() == ["WS"]
    with pytest.raises(InputError, match=r"2 of 3 rows have no known pipe_kind \(rows 11, 12\)"):
        SetAside(strict=True).coded(layer, field, "manholes")
