"""What is wrong with a layer: one planted fault, one row of the list."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, affinity, box

from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import CATALOGUE, MANHOLES, RESPONSIBILITY_ZONES, UNIT_GRIDS
from zjk_gis.layers.checks.validate import validate
from zjk_gis.layers.columns.values import plain
from zjk_gis.layers.naming import conform

X, Y = 573000, 4520000
SQUARE = box(X, Y, X + 1, Y + 1)


def make_grids(**columns):
    rows = max(map(len, columns.values()), default=2)
    columns.setdefault("grid_code", [f"130703005001{i + 1:03d}" for i in range(rows)])
    columns.setdefault("geometry", [affinity.translate(SQUARE, 2 * i) for i in range(rows)])
    return gpd.GeoDataFrame(columns, crs=4547, index=[f"r{i}" for i in range(rows)])


def rules(layer, spec=UNIT_GRIDS):
    return validate(layer, spec).problems[["row", "field", "rule"]].to_numpy().tolist()


def test_days_that_could_be_two_are_problems_by_row_and_not_turned():
    written = make_grids(valid_from=["03/10/2024", "10/10/2024"])  # the second is the same day either way
    assert rules(written) == [["r0", "valid_from", "wrong_type"]]
    assert rules(make_grids(valid_from=["03/10/2024", "30/10/2024"])) == []
    both = make_grids(valid_from=["03/30/2024", "30/10/2024"])
    assert rules(both) == [["r0", "valid_from", "wrong_type"], ["r1", "valid_from", "wrong_type"]]


def test_a_sound_layer_has_no_problems():
    report = validate(make_grids(area_m2=[1.0, None], valid_from=["2024-01-01", None]), UNIT_GRIDS)
    assert report.ok
    assert report.clean.all()
    assert list(report.problems.columns) == [
        "row",
        "field",
        "value",
        "rule",
        "severity",
        "message",
        "geometry",
    ]
    assert str(report).startswith("单元网格：2 行，未发现问题")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"grid_code": ["130703005001001", None]}, ["r1", "grid_code", "missing_value"]),
        ({"grid_code": ["130703005001001", " "]}, ["r1", "grid_code", "missing_value"]),
        ({"grid_code": ["130703005001001", "13070300500100"]}, ["r1", "grid_code", "wrong_length"]),
        ({"grid_code": ["130703005001001", "13070300500100A"]}, ["r1", "grid_code", "not_digits"]),
        ({"area_m2": ["9", "约9"]}, ["r1", "area_m2", "wrong_type"]),
        ({"area_m2": [9, -1]}, ["r1", "area_m2", "out_of_bounds"]),
        ({"valid_to": ["2025-01-01", "soon"]}, ["r1", "valid_to", "wrong_type"]),
        (
            {"valid_from": ["2024-01-01", "2025-01-02"], "valid_to": [None, "2025-01-01"]},
            ["r1", "valid_to", "period_reversed"],
        ),
        ({"geometry": [SQUARE, None]}, ["r1", "geometry", "no_geometry"]),
        ({"geometry": [SQUARE, Polygon()]}, ["r1", "geometry", "empty_geometry"]),
        ({"geometry": [SQUARE, Point(X, Y)]}, ["r1", "geometry", "wrong_geometry_type"]),
        (
            {"geometry": [SQUARE, Polygon([(X, Y), (X + 1, Y + 1), (X + 1, Y), (X, Y + 1)])]},
            ["r1", "geometry", "invalid_geometry"],
        ),
    ],
)
def test_one_fault_is_one_problem(columns, expected):
    assert rules(make_grids(**columns)) == [expected]


def test_a_value_outside_the_list_names_the_list():
    wells = gpd.GeoDataFrame(
        {"manhole_code": ["1307030102000001"], "state": ["坏了"]}, geometry=[Point(X, Y)], crs=4547
    )
    problem = validate(wells, MANHOLES).problems.iloc[0]
    assert (problem["rule"], problem["value"]) == ("not_allowed", "坏了")
    assert "完好, 破损, 丢失, 废弃" in problem["message"]


@pytest.mark.parametrize("kind", ["污水", "ws", "sewage", "污水管"])
def test_a_value_that_is_spelled_otherwise_is_a_warning_that_says_how_it_is_read(kind):
    well = {"manhole_code": ["1307030102000001"], "pipe_kind": [kind]}
    problem = validate(gpd.GeoDataFrame(well, geometry=[Point(X, Y)], crs=4547), MANHOLES).problems.iloc[0]
    assert (problem["rule"], problem["severity"], problem["value"]) == ("other_spelling", "warning", kind)
    assert "WS" in problem["message"]


def test_a_reference_that_lost_its_zeros_is_a_warning_that_names_the_code():
    covers = gpd.GeoDataFrame({"manhole_code": ["01", "12"]}, geometry=[Point(X, Y)] * 2, crs=4547)
    pipes = gpd.GeoDataFrame(
        {"from_manhole": ["12", "1", "9"]}, geometry=[LineString([(X, Y), (X + 9, Y)])] * 3, crs=4547
    )
    problems = validate(pipes, "pipelines", layers={"manholes": covers}, lang="en").problems
    problems = problems[problems["rule"].isin(["other_zeros", "unknown_reference"])]
    assert problems[["row", "rule", "severity"]].to_numpy().tolist() == [
        [1, "other_zeros", "warning"],
        [2, "unknown_reference", "error"],
    ]
    assert "manholes has 01" in problems["message"].iloc[0]


def test_faults_of_the_whole_layer_come_first_and_have_no_row():
    layer = make_grids().drop(columns="grid_code").set_crs(None, allow_override=True)
    layer.loc["r0", "geometry"] = None
    assert rules(layer) == [
        [None, "grid_code", "missing_column"],
        [None, "geometry", "no_crs"],
        ["r0", "geometry", "no_geometry"],
    ]
    assert [None, "geometry", "no_geometry"] in rules(pd.DataFrame({"grid_code": ["130703005001001"]}))


def test_codes_stored_as_numbers_are_a_warning():
    layer = make_grids(grid_code=[130703005001001, 130703005001002])
    problems = validate(layer, UNIT_GRIDS).problems
    assert problems[["rule", "severity"]].to_numpy().tolist() == [["codes_as_numbers", "warning"]]


def test_problems_stand_in_the_order_of_the_rows():
    layer = make_grids(grid_code=["1", None, "2"], geometry=[None, SQUARE, None])
    assert [row for row, *_ in rules(layer)] == ["r0", "r0", "r1", "r2", "r2"]


@pytest.mark.parametrize(
    ("periods", "overlapping"),
    [
        ([("2024-01-01", "2024-12-31"), ("2025-01-01", None)], []),
        ([("2024-01-01", "2025-01-01"), ("2025-01-01", None)], [0, 1]),
        ([(None, None), (None, None)], [0, 1]),
        ([(None, "2024-12-31"), ("2024-06-01", "2024-06-30"), ("2025-01-01", None)], [0, 1]),
        ([("2024-01-01", "2024-01-31"), ("2024-03-01", None), ("2024-02-01", "2024-02-29")], []),
        ([("2024-01-01", None), ("2024-02-01", "2024-02-02"), ("2024-03-01", "2024-03-02")], [0, 1, 2]),
    ],
)
def test_versions_of_a_code_must_not_share_a_day(periods, overlapping):
    zones = gpd.GeoDataFrame(
        {
            "zone_code": ["A"] * len(periods),
            "valid_from": [begin for begin, _ in periods],
            "valid_to": [end for _, end in periods],
        },
        geometry=[affinity.translate(SQUARE, 2 * i) for i in range(len(periods))],
        crs=4547,
    )
    expected = [[row, "zone_code", "overlapping_versions"] for row in overlapping]
    assert rules(zones, RESPONSIBILITY_ZONES) == expected
    shuffled = rules(zones.iloc[::-1], RESPONSIBILITY_ZONES)
    assert sorted(shuffled) == expected


def test_without_periods_a_code_comes_once():
    squares = [affinity.translate(SQUARE, 2 * i) for i in range(3)]
    zones = gpd.GeoDataFrame({"zone_code": ["A", "B", "A"]}, geometry=squares, crs=4547)
    assert rules(zones, RESPONSIBILITY_ZONES) == [
        [0, "zone_code", "duplicate_code"],
        [2, "zone_code", "duplicate_code"],
    ]


def days_overlap(first, second):
    return max(first[0], second[0]) <= min(first[1], second[1])


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 9), st.integers(0, 5)), max_size=7))
def test_overlapping_versions_are_those_a_pairwise_look_finds(rows):
    periods = [(code, begin, begin + length) for code, begin, length in rows]
    zones = gpd.GeoDataFrame(
        {
            "zone_code": pd.Series([code for code, _, _ in periods], dtype="str"),
            "valid_from": [f"2025-01-{begin:02d}" for _, begin, _ in periods],
            "valid_to": [f"2025-01-{end:02d}" for _, _, end in periods],
        },
        geometry=[affinity.translate(SQUARE, 2 * i) for i in range(len(periods))],
        crs=4547,
    )
    pairwise = [
        i
        for i, (code, *days) in enumerate(periods)
        if any(
            j != i and code == other and days_overlap(days, more) for j, (other, *more) in enumerate(periods)
        )
    ]
    assert validate(zones, RESPONSIBILITY_ZONES).problems["row"].tolist() == pairwise


@pytest.mark.parametrize(
    "name", ["grid_code", "Grid_Code", " 网格编码 ", "单元网格编码", "ＢＧＣｏｄｅ", "bgid", "网格 编码"]
)
def test_a_column_is_known_by_any_of_its_names(name):
    layer = make_grids().rename(columns={"grid_code": name})
    result = conform(layer, UNIT_GRIDS)
    assert "grid_code" in result.columns
    assert result.attrs["renamed"] == ({} if name == "grid_code" else {name: "grid_code"})
    assert name in layer.columns


def test_a_unit_in_brackets_is_no_part_of_a_name():
    layer = make_grids(**{"面积(m²)": [1, 2]})
    assert "area_m2" in conform(layer, UNIT_GRIDS).columns


def test_two_columns_for_one_field_are_refused_by_name():
    layer = make_grids(BGID=["1", "2"]).rename(columns={"grid_code": "网格编码"})
    with pytest.raises(InputError, match="'BGID' and '网格编码' could both be grid_code"):
        conform(layer, UNIT_GRIDS)


def test_the_english_name_beats_an_alias_which_is_left_alone():
    layer = make_grids(BGID=["1", "2"])
    assert {"grid_code", "BGID"} <= set(conform(layer, UNIT_GRIDS).columns)


def test_a_repeated_column_is_refused():
    layer = make_grids(a=[1, 2], b=[1, 2]).rename(columns={"b": "a"})
    with pytest.raises(InputError, match="'a' is there more than once"):
        conform(layer, UNIT_GRIDS)
    several = pd.DataFrame([[1, 2, 3, 4]], columns=["b", "a", "a", "b"])
    with pytest.raises(InputError, match="'a' is there more than once"):  # the first that repeats another
        conform(several, UNIT_GRIDS)


def test_what_a_notebook_shows_of_a_report_is_escaped():
    report = validate(make_grids(grid_code=["<script>1</script>", "130703005001001"]), UNIT_GRIDS)
    page = report._repr_html_()
    assert "&lt;script&gt;1" in page
    assert "<script" not in page
    assert "border=" not in page
    assert report.clean.tolist() == [False, True]


def test_the_bounds_of_a_number_are_told():
    layer = make_grids(area_m2=[-1, 9])
    for lang, words in (("zh", "应不小于 0 m²"), ("en", "must be at least 0 m²")):
        told = validate(layer, UNIT_GRIDS, lang=lang).problems
        assert told.loc[told["rule"] == "out_of_bounds", "message"].tolist() == [words]
    way = LineString([(573000, 4520000), (573030, 4520000)])
    built = gpd.GeoDataFrame({"built_year": [1800]}, geometry=[way], crs=4547)
    for lang, words in (("zh", "在 1900 至 2100 之间"), ("en", "from 1900 to 2100")):
        told = validate(built, CATALOGUE["pipelines"], lang=lang).problems
        assert words in told.loc[told["rule"] == "out_of_bounds", "message"].iloc[0]


def test_other_columns_and_the_geometry_keep_their_names():
    layer = make_grids(remark=["甲", "乙"]).rename_geometry("面积")
    conformed = conform(layer, UNIT_GRIDS)
    assert {"remark", "面积"} <= set(conformed.columns)
    assert conformed.attrs["renamed"] == {}


@pytest.mark.parametrize("spec", CATALOGUE.values(), ids=lambda spec: spec.name)
def test_no_name_of_the_catalogue_means_two_fields(spec):
    meant = {(plain(name).casefold(), field.name) for field in spec.fields for name in field.names}
    assert len(meant) == len({name for name, _ in meant})


@settings(deadline=None)
@given(st.data())
def test_conforming_twice_is_conforming_once(data):
    spec = data.draw(st.sampled_from(list(CATALOGUE.values())))
    fields = data.draw(st.lists(st.sampled_from(spec.fields), unique=True))
    columns = {data.draw(st.sampled_from(field.names)): ["x"] for field in fields}
    layer = gpd.GeoDataFrame(columns, geometry=[SQUARE], crs=4547)
    once = conform(layer, spec)
    assert [name for name in once.columns if name != "geometry"] == [field.name for field in fields]
    assert list(conform(once, spec).columns) == list(once.columns)


def test_a_hundred_thousand_copies_are_told_one_by_one():
    rows = 100_000
    layer = gpd.GeoDataFrame(
        {
            "grid_code": [f"130703005001{1 + i // 2:03d}" for i in range(rows)],
            "area_m2": np.arange(rows) - 5.0,
            "valid_from": ["2024-01-01", "2025-01-01"] * (rows // 2),
            "valid_to": ["2024-12-31", ""] * (rows // 2),
        },
        geometry=[SQUARE] * rows,
        crs=4547,
    )
    counts = validate(layer, UNIT_GRIDS).problems["rule"].value_counts().to_dict()
    expected = {
        "no_overlap": rows,
        "repeated_geometry": rows,
        "out_of_bounds": 5,
        "wrong_length": rows - 1998,
    }
    assert counts == expected


def test_levels_and_priorities_may_be_words_of_an_order():
    zones = gpd.GeoDataFrame(
        {"zone_code": ["A", "B"], "level": ["一级", "二级"], "priority": ["高", "低"]},
        geometry=[SQUARE, affinity.translate(SQUARE, 2)],
        crs=4547,
    )
    assert rules(zones, RESPONSIBILITY_ZONES) == []
    wrong = zones.assign(level=["一级", "重点"], priority=["高", "P1"])
    assert rules(wrong, RESPONSIBILITY_ZONES) == [[1, "level", "wrong_type"], [1, "priority", "wrong_type"]]
