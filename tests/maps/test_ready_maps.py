"""Every ready map takes any valid layer of its kind: empty, without its optional columns, in any CRS."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, MultiPoint, Point, Polygon, box

from zjk_gis.errors import CRSError, InputError, MissingColumnError
from zjk_gis.maps import (
    assignment_map,
    base_map,
    changes_map,
    choropleth,
    city_map,
    density_map,
    dig_map,
    gaps_map,
    heritage_map,
    parking_map,
    pipes_map,
    save_offline,
    zones_map,
)
from zjk_gis.maps.offline.basemaps import MiniMap

X, Y = 573000, 4520000
CRSES = (4547, 4526, 4490, 4326, 3857, 32650)


def zones(n=3, **columns):
    shapes = [box(X + 300 * i, Y, X + 300 * (i + 1), Y + 300) for i in range(n)]
    return gpd.GeoDataFrame({"zone_code": [f"Z{i}" for i in range(n)]} | columns, geometry=shapes, crs=4547)


def lines(n=2, **columns):
    shapes = [LineString([(X, Y + i), (X + 50, Y + i)]) for i in range(n)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4547)


def points(n=2, **columns):
    return gpd.GeoDataFrame(columns, geometry=[Point(X + 9 * i, Y) for i in range(n)], crs=4547)


ASSIGNED = {"zone_code": ["Z0", None], "found": ["inside", "none"]}
MAPS = {
    "zones": lambda c: zones_map(c(zones())),
    "assignment": lambda c: assignment_map(c(points(**ASSIGNED)), c(zones())),
    "gaps": lambda c: gaps_map(c(zones(1)), c(zones()), c(zones(1)), c(zones(1))),
    "changes": lambda c: changes_map(c(zones()), c(zones(2))),
    "pipes": lambda c: pipes_map(c(lines()), c(points())),
    "parking": lambda c: parking_map(c(points()), gaps=c(zones(1))),
    "heritage": lambda c: heritage_map(c(zones(1)), c(zones(1))),
    "density": lambda c: density_map(c(points())),
    "choropleth": lambda c: choropleth(c(zones(value=[1, 2, None])), "value"),
    "city": lambda c: city_map({"responsibility_zones": c(zones())}, results={"gaps": c(zones(1))}),
}


def page_of(drawn):
    """The page that a map hands to its script."""
    script = next(child for child in drawn._children.values() if child.get_name().startswith("zjk_page"))
    return json.loads(script.json)


@pytest.mark.parametrize("crs", CRSES)
@pytest.mark.parametrize("kind", MAPS)
def test_any_crs_opens_on_the_same_ground(kind, crs):
    page = page_of(MAPS[kind](lambda layer: layer.to_crs(crs)))
    expected = page_of(MAPS[kind](lambda layer: layer))
    assert np.array(page["bounds"]) == pytest.approx(np.array(expected["bounds"]), abs=2e-5)


@pytest.mark.parametrize("kind", MAPS)
def test_an_empty_layer_is_a_map_that_says_none(kind):
    page = page_of(MAPS[kind](lambda layer: layer.iloc[:0]))
    assert all(layer["count"] in ("无", "") for layer in page["layers"] if layer["name"])


@pytest.mark.parametrize("kind", MAPS)
def test_rows_without_geometry_are_counted(kind):
    def with_one_missing(layer):
        shapes = layer.geometry.copy()
        shapes.iloc[0] = None
        return layer.set_geometry(shapes)

    assert any("行没有坐标，未画出" in note for note in page_of(MAPS[kind](with_one_missing))["notes"])


@pytest.mark.parametrize("kind", MAPS)
def test_a_layer_without_crs_is_refused(kind):
    with pytest.raises(CRSError):
        MAPS[kind](lambda layer: layer.set_crs(None, allow_override=True))


@pytest.mark.parametrize("kind", MAPS)
def test_the_callers_layers_are_left_alone(kind):
    given = []

    def keep(layer):
        given.append((layer, layer.copy()))
        return layer

    MAPS[kind](keep)
    for layer, before in given:
        pd.testing.assert_frame_equal(pd.DataFrame(layer), pd.DataFrame(before))


@pytest.mark.parametrize("kind", MAPS)
def test_the_order_of_rows_changes_no_figure(kind):
    plain = page_of(MAPS[kind](lambda layer: layer))
    turned = page_of(MAPS[kind](lambda layer: layer.iloc[::-1]))
    told = [
        [(layer["name"], layer["count"], layer["keys"]) for layer in page["layers"]]
        for page in (plain, turned)
    ]
    assert told[0] == told[1]


def test_mixed_and_odd_geometries_are_drawn():
    shapes = [
        Point(X, Y),
        MultiPoint([(X, Y), (X + 9, Y)]),
        Polygon(),
        lines(1).geometry[0],
        zones(1).geometry[0],
    ]
    layer = gpd.GeoDataFrame({"lot_code": list("abcde")}, geometry=shapes, crs=4547)
    page = page_of(parking_map(layer.iloc[[0, 1, 3, 4, 2]]))
    assert [layer["count"] for layer in page["layers"]][-1] == "4"


def test_areas_without_ground_are_drawn_too():
    flat = zones(2).set_geometry([Polygon([(X, Y), (X + 9, Y), (X, Y)]), zones(1).geometry[0]])
    assert page_of(zones_map(flat))["layers"][0]["count"] == "2"


@pytest.mark.parametrize("draw", [zones_map, lambda z: city_map({"responsibility_zones": z})])
def test_a_zone_whose_level_or_dates_are_not_read_is_drawn_and_told(draw):
    layer = zones(3, level=[2, "不详", 2], valid_from=["2024-01-01", None, "2025/13/45"])
    page = page_of(draw(layer))
    assert page["layers"][0]["count"] == "3"
    assert page["notes"] == ["1 个责任区的级别无法辨认，照样画出", "1 个责任区的生效日期无法辨认，照样画出"]


def test_on_its_day_a_zone_whose_dates_are_not_read_is_drawn_and_one_that_expired_is_not():
    layer = zones(3, valid_to=["2024-12-31", "不详", None])
    for page in (
        page_of(zones_map(layer, at="2025-06-01")),
        page_of(city_map({"responsibility_zones": layer}, date="2025-06-01")),
    ):
        assert page["layers"][0]["count"] == "2"
        assert len(page["notes"]) == 2


class TestZones:
    def test_zones_without_a_chief_are_told(self):
        page = page_of(zones_map(zones(chief_name=["甲", None, " "])))
        assert page["subtitle"] == "责任区 3 个 · 路长 1 名 · 未落实路长 2 个"
        assert [key[1] for key in page["layers"][0]["keys"]] == ["已落实路长", "未落实路长"]

    def test_zones_that_are_not_valid_are_left_out_and_counted(self):
        page = page_of(zones_map(zones(valid_to=["2024-12-31", None, None]), at="2025-06-01"))
        assert page["layers"][0]["count"] == "2"
        assert page["notes"] == ["1 个责任区在 2025-06-01 不在有效期，未画出"]

    def test_coarser_levels_are_outlines(self):
        page = page_of(zones_map(zones(level=[1, 2, 2])))
        assert [(layer["name"], layer["on"]) for layer in page["layers"]] == [
            ("二级责任区", True),
            ("一级责任区", False),
        ]

    def test_levels_keep_the_words_of_the_layer(self):
        page = page_of(zones_map(zones(level=["区级", "街道级", "街道级"])))
        assert [layer["name"] for layer in page["layers"]] == ["街道级责任区", "区级责任区"]

    def test_a_chief_who_is_nobody_is_not_counted(self):
        page = page_of(zones_map(zones(chief_name=["甲", "待定", "-"])))
        assert page["subtitle"] == "责任区 3 个 · 路长 1 名 · 未落实路长 2 个"

    def test_zones_under_findings_are_all_drawn_where_levels_are_no_hierarchy(self):
        page = page_of(gaps_map(None, zones(level=[1, 2, 3]), zones(1)))
        drawn = {layer["name"]: layer["count"] for layer in page["layers"]}
        assert drawn["责任区"] == "3"

    def test_a_layer_without_codes_is_refused(self):
        with pytest.raises(MissingColumnError, match="has no column zone_code or grid_code"):
            zones_map(zones().drop(columns="zone_code"))


class TestChanges:
    def test_zones_are_told_apart_by_code_shape_and_chief(self):
        old = zones(3, chief_name=["甲", "乙", "丙"])
        new = zones(4, chief_name=["甲", "丁", "丙", "戊"])
        new.loc[2, "geometry"] = box(X + 600, Y, X + 900, Y + 310)
        assert page_of(changes_map(old, new))["subtitle"] == "新设 1 · 范围变化 1 · 换路长 1"

    def test_the_same_is_no_change_in_whatever_order_and_crs(self):
        assert page_of(changes_map(zones(), zones().iloc[::-1].to_crs(4490)))["subtitle"] == "没有变化"


@pytest.mark.parametrize("kind", ["WS", "污水", "ＷＳ", "PS", "排水"])
def test_pipes_are_of_their_class_however_it_is_written(kind):
    page = page_of(pipes_map(lines(pipe_code=["P1", "P2"], pipe_kind=[kind, "下水"])))
    assert [layer["name"] for layer in page["layers"]] == ["排水", "类别不明"]


def test_sewage_and_rain_are_told_apart_within_the_colour_of_drains():
    layer = page_of(pipes_map(lines(pipe_code=["P1", "P2"], pipe_kind=["污水", "雨水"])))["layers"][0]
    assert layer["name"] == "排水"
    assert [key[1] for key in layer["keys"]] == ["污水", "雨水"]
    sewage, rain = layer["styles"]
    assert rain["casing"]["color"] == sewage["color"] != rain["color"]


def test_a_dig_is_drawn_with_what_it_meets():
    pipes = lines(pipe_code=["P1", "P2"], pipe_kind=["TR", "WS"], impact=["is_hit", "clear"])
    page = page_of(dig_map(pipes, zones(1), pipes))
    assert page["title"] == "开挖影响"
    assert [layer["name"] for layer in page["layers"]][-1] == "受影响管线"


def test_a_core_is_drawn_as_one_by_any_of_its_names():
    blocks = zones(3, block_name=["甲", "乙", "丙"], scope=["核心区", "建控地带", "缓冲区"])
    layer = page_of(heritage_map(blocks))["layers"][0]
    assert [key[1] for key in layer["keys"]] == ["建设控制地带", "核心保护范围", "范围不明"]


def test_what_conflicts_with_protection_is_drawn_over_streets_and_names():
    blocks = zones(2, block_name=["甲", "乙"], scope=["核心区", "风貌协调区"])
    found = zones(1, layer=["projects"], code=["X1"], scope=["核心保护范围"])
    streets = zones(2, street_code=["1", "2"], street_name=["堡子里街道", "堡子里街道"])
    drawn = heritage_map(blocks, findings={"in_protected_scopes": found}, layers={"streets": streets})
    page = page_of(drawn)
    assert [layer["name"] for layer in page["layers"]] == ["街道", "历史文化街区", "工程项目"]
    assert [key[1] for key in page["layers"][1]["keys"]] == ["环境协调区", "核心保护范围"]
    with pytest.raises(InputError, match="cannot be drawn"):
        heritage_map(blocks, findings={"gaps": found})


class TestChoropleth:
    def test_no_data_is_a_class_of_its_own(self):
        page = page_of(choropleth(zones(value=["1", "乱", None]), "value"))
        assert [key[1:] for key in page["layers"][0]["keys"]] == [["1", "1"], ["无数据", "2"]]
        assert page["notes"] == ["1 个区域的值不是数字，按无数据显示"]
        assert page["subtitle"] == "3 个区域，其中 2 个无数据"

    def test_own_breaks_are_said_to_be_own(self):
        page = page_of(choropleth(zones(value=[5, 15, 25]), "value", breaks=[0, 10, 20], unit="件"))
        assert [key[1:] for key in page["layers"][0]["keys"]] == [
            ["0 – 10", "1"],
            ["10 – 20", "1"],
            ["20 – 25", "1"],
        ]
        assert "自定分级" in page["layers"][0]["note"]
        assert page["title"] == "数值(件)"

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"column": "nothing"}, "has no column nothing"),
            ({"method": "jenks"}, "method must be one of quantile, natural, equal"),
            ({"classes": 9}, "classes must be 1 to 7"),
            ({"palette": "rainbow"}, "palette must be one of"),
            ({"breaks": [3, 2]}, "breaks must be 1 to 7 ascending numbers"),
            ({"lang": "fr"}, "lang must be one of"),
        ],
    )
    def test_what_cannot_be_is_refused(self, options, words):
        with pytest.raises(InputError, match=words):
            choropleth(zones(value=[1, 2, 3]), **({"column": "value"} | options))


def test_assignment_needs_what_was_found():
    with pytest.raises(MissingColumnError, match="assign_incidents returns"):
        assignment_map(points(zone_code=["a", "b"]))


@pytest.mark.parametrize("kind", MAPS)
def test_in_english_no_word_is_chinese(kind):
    makers = {
        "zones": lambda: zones_map(zones(), lang="en"),
        "assignment": lambda: assignment_map(points(**ASSIGNED), zones(), lang="en"),
        "gaps": lambda: gaps_map(zones(1), zones(), zones(1), zones(1), lang="en"),
        "changes": lambda: changes_map(zones(), zones(2), lang="en"),
        "pipes": lambda: pipes_map(lines(pipe_kind=["WS", "JS"]), points(pipe_kind=["WS", "?"]), lang="en"),
        "parking": lambda: parking_map(points(berths=[3, 4]), gaps=zones(1, people=[3]), lang="en"),
        "heritage": lambda: heritage_map(zones(1), zones(1), lang="en"),
        "density": lambda: density_map(points(), lang="en"),
        "choropleth": lambda: choropleth(zones(value=[1, 2, None]), "value", lang="en"),
        "city": lambda: city_map({"responsibility_zones": zones()}, lang="en"),
    }
    assert set(makers) == set(MAPS)
    page = page_of(makers[kind]())
    for layer in page["layers"]:
        for packed in ("shapes", "table", "labels"):
            layer.pop(packed, None)
    text = str(page)
    assert "".join(c for c in text if "\u4e00" <= c <= "\u9fff") == ""


def test_the_same_map_is_the_same_page(tmp_path):
    """With a base map and a mini map, too: of what is drawn, nothing is named at random."""
    zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(573000, 4520000, 573100, 4520100)], crs=4547)

    def page(name):
        drawn = zones_map(zones, date="2026-01-01")
        base_map("none").add_to(drawn)
        MiniMap(base_map("none")).add_to(drawn)
        return save_offline(drawn, tmp_path / name).read_bytes()

    assert page("one.html") == page("two.html")
