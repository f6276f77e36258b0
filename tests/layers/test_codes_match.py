"""When a recorded code is that of a layer: a table of what is recorded and what it is taken for."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from zjk_gis.layers.columns.codes import in_one_writing, matched_codes, with_text_codes
from zjk_gis.layers.columns.values import code_text


@pytest.mark.parametrize(
    ("known", "recorded", "taken"),
    [
        (["5", "12"], 5.0, "5"),
        (["5", "12"], "5.0", "5"),
        (["5", "12"], "05", "5"),
        (["5", "12"], " ５ ", "5"),
        ([5.0, 12.0, None], "5", "5"),
        (["5.0", "12.0"], "5", "5.0"),
        (["5.0", "12.0"], 5, "5.0"),
        (["5.0", "5.00"], "5", None),
        (["05", "12"], 5, "05"),
        (["05", "12"], "5.0", "05"),
        (["05", "12"], "005", None),
        (["0102", "1307"], 102.0, "0102"),
        (["130703005001001"], 130703005001001.0, "130703005001001"),
        # Where 05 and 5 are both there, only the same text matches.
        (["05", "5"], "5", "5"),
        (["05", "5"], "05", "05"),
        (["05", "5"], "005", None),
        # Nothing is guessed of codes of several widths, or with letters.
        (["05", "123"], "5", None),
        (["A05", "A12"], "A5", None),
        (["05", "12"], "7", None),
        ([], "5", None),
    ],
)
def test_a_recorded_code_and_that_of_the_layer(known, recorded, taken):
    match = matched_codes(pd.Series([recorded], dtype=object), known)
    assert match.known.tolist() == [taken is not None]
    if taken is not None:
        assert match.codes.tolist() == [taken]


def test_what_was_restored_is_told_with_its_count():
    match = matched_codes(pd.Series([5.0, 5.0, "12", None], dtype=object), ["05", "12"])
    assert match.codes.fillna("-").tolist() == ["05", "05", "12", "-"]
    assert (match.restored, match.rows) == ({"5": "05"}, 2)
    assert match.told("zone_code") == [
        "zone_code: 2 codes matched after their zeros were restored (such as 5 is 05)"
    ]
    assert "2 个编码" in match.told("zone_code", "zh")[0]
    assert matched_codes(pd.Series(["12"]), ["05", "12"]).told("zone_code") == []


@pytest.mark.parametrize(("old", "new"), [(["05", "12"], [5, 12]), ([5, 12], ["05", "12"])])
def test_two_versions_are_written_with_their_zeros_whichever_lost_them(old, new):
    points = gpd.points_from_xy([0, 1], [0, 0])
    layers = [gpd.GeoDataFrame({"zone_code": codes}, geometry=points) for codes in (old, new)]
    one, other, matches = in_one_writing(*layers, ["zone_code", "chief_code"])
    assert code_text(one["zone_code"]).tolist() == code_text(other["zone_code"]).tolist() == ["05", "12"]
    assert list(matches) == ["zone_code"]


@pytest.mark.parametrize(("old", "new"), [(["5.0", "12.0"], ["5", "12"]), ([5, 12], ["5.0", "12.0"])])
def test_two_versions_are_written_without_a_point_whichever_got_one(old, new):
    points = gpd.points_from_xy([0, 1], [0, 0])
    layers = [gpd.GeoDataFrame({"zone_code": codes}, geometry=points) for codes in (old, new)]
    one, other, _ = in_one_writing(*layers, ["zone_code"])
    assert code_text(one["zone_code"]).tolist() == code_text(other["zone_code"]).tolist() == ["5", "12"]


def test_only_columns_of_codes_become_text():
    layer = gpd.GeoDataFrame(
        {"zone_code": [130703005001001.0, np.nan], "area_m2": [1.5, 2.0]},
        geometry=gpd.points_from_xy([0, 1], [0, 0]),
    )
    told = with_text_codes(layer)
    assert told["zone_code"].fillna("-").tolist() == ["130703005001001", "-"]
    assert told["area_m2"].tolist() == [1.5, 2.0]
    assert with_text_codes(told) is told
    untidy = told.assign(zone_code=pd.Series([" 05", "１２"], dtype="str"))
    assert with_text_codes(untidy)["zone_code"].tolist() == ["05", "12"]
    assert with_text_codes(told.assign(zone_code=["05", "12"]).astype({"zone_code": object})).dtypes[
        "zone_code"
    ] == pd.StringDtype(na_value=float("nan"))
