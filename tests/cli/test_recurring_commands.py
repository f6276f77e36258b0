"""Commands about what recurs, and about works: five cases along a street, three of them at one place.

::

    A 8 m east of B, C: waste at one place, closed in between     D: the same report as C, an hour later
    =========================== 东街, 240 m ===========================          E: 500 m from any road
"""

import json

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, box

from zjk_gis.io import read_layer, read_table

EAST, NORTH = 573000, 4520000


@pytest.fixture
def city(tmp_path):
    path = tmp_path / "city.gpkg"
    street = LineString([(EAST, NORTH), (EAST + 240, NORTH)])
    roads = gpd.GeoDataFrame({"edge_code": ["R1"], "road_name": ["东街"]}, geometry=[street], crs=4547)
    ground = [box(EAST - 900, NORTH - 900, EAST + 900, NORTH + 900)]
    streets = gpd.GeoDataFrame(
        {"street_code": ["130703005"], "street_name": ["堡子里街道"]}, geometry=ground, crs=4547
    )
    zones = gpd.GeoDataFrame({"zone_code": ["Z1"], "chief_name": ["张三"]}, geometry=ground, crs=4547)
    cases = gpd.GeoDataFrame(
        {
            "incident_code": list("ABCDE"),
            "event_code": ["0102"] * 5,
            "event_name": ["暴露垃圾"] * 5,
            "occurred_at": pd.to_datetime(
                [
                    "2025-03-01 08:00",
                    "2025-03-10 08:00",
                    "2025-04-20 08:00",
                    "2025-04-20 09:00",
                    "2025-05-01 08:00",
                ]
            ),
            "filed_at": pd.to_datetime("2025-03-01"),
            "due_at": pd.to_datetime("2025-06-01"),
            "closed_at": pd.to_datetime(["2025-03-02", "2025-03-11", "2025-04-22", None, None]),
            "description": ["垃圾堆放", "垃圾未清", "东街路口垃圾堆放", "东街路口垃圾堆放！", "垃圾"],
        },
        geometry=gpd.points_from_xy(
            [EAST + 158, EAST + 150, EAST + 150, EAST + 152, EAST], [NORTH + 5] * 4 + [NORTH + 500]
        ),
        crs=4547,
    )
    layers = {"roads": roads, "streets": streets, "responsibility_zones": zones, "incidents": cases}
    for name, layer in layers.items():
        layer.to_file(path, layer=name)
    return path


def test_repeats_are_listed_with_street_and_chief_and_marked(run, city, tmp_path):
    out_file, marked = tmp_path / "反复.xlsx", tmp_path / "marked.csv"
    code, out, _ = run("repeats", city, "-o", out_file, "--mark", marked, "--lang", "zh")
    assert code == 0
    assert "共 5 件案件：1 处同类案件达到 2 件以上，其中 2 件为反复发生（距首案 20 米以内" in out
    assert "堡子里街道" in out
    assert "张三" in out
    assert "件数受巡查路线影响" in out
    assert read_table(out_file)["incident_codes"].tolist() == ["A;B;C"]
    told = read_layer(marked, spec="incidents")
    assert told.set_index("incident_code")["is_repeat"].tolist() == [False, True, True, False, False]


def test_several_reports_are_grouped(run, city):
    code, out, _ = run("duplicates", city, "--lang", "zh")
    assert code == 0
    assert "1 件疑似与 1 件主案为同一问题（20 米、24h 以内，文字相似度 60% 以上）" in out
    assert "定位误差约 10 米" in out
    _, out, _ = run("duplicates", city, "--json")
    told = json.loads(out)
    assert [row["incident_code"] for row in told["rows"]] == ["C", "D"]
    assert told["rows"][1]["minutes_after"] == 60


def test_the_thickest_hundred_metres_lead_and_what_is_near_no_road_is_told(run, city):
    code, out, err = run("black-spots", city, "--lang", "zh")
    assert code == 0
    assert "4 件归入最近的道路（其中 0 件所填道路不符），1 件附近没有道路。" in out
    assert "incidents" not in out
    assert "附近没有道路" in err
    _, out, _ = run("black-spots", city, "--events", "暴露垃圾", "--json")
    first = json.loads(out)["rows"][0]
    assert (first["road_name"], first["from_m"], first["to_m"]) == ("东街", 100.0, 240.0)
    assert (first["incidents"], first["left_side"], first["rank"]) == (4, 4, 1)
    assert first["incident_codes"] == "A;B;C;D"


def test_a_class_that_is_not_there_is_refused_with_those_that_are(run, city):
    code, _, err = run("black-spots", city, "--events", "0501", "--lang", "zh")
    assert code == 2
    assert "没有类别为0501的案件；最多的类别有：0102 暴露垃圾" in err


def test_assess_tells_the_share_of_repeats_when_asked(run, city):
    code, out, _ = run(
        "assess", city, "--month", "2025-04", "--by", "event_code", "--repeats", "--lang", "zh"
    )
    assert code == 0
    assert "立案 2 件，其中 1 件（50.00%）是结案后在原处再次发生的。" in out


def test_near_repeats_are_tested_against_chance_and_written(run, city, tmp_path):
    asked = ("near-repeats", city, "--within", "20", "--days", "1,60", "--permutations", "19")
    code, out, _ = run(*asked, "-o", tmp_path / "near.xlsx", "--lang", "zh")
    assert code == 0
    assert "案件 5 件：2 个分段中有" in out
    pairs = read_table(tmp_path / "near.xlsx")["pairs"].astype(int)
    assert pairs.tolist() == [1, 5]  # C with D, and A, B, C, D with each other otherwise
    code, _, err = run("near-repeats", city, "--within", "x", "--lang", "zh")
    assert code == 2
    assert "请写以逗号分隔的数" in err


def test_works_are_divided_among_areas(run, city, tmp_path):
    works = gpd.GeoDataFrame(
        {
            "project_code": ["P1"],
            "budget_yuan": [400_000],
            "due_on": ["2025-06-30"],
            "ends_on": ["2025-06-01"],
        },
        geometry=[LineString([(EAST, NORTH), (EAST + 100, NORTH)])],
        crs=4547,
    )
    works.to_file(tmp_path / "works.gpkg")
    asked = ("works", city, "--works", tmp_path / "works.gpkg", "--as-of", "2025-12-31")
    code, out, _ = run(*asked, "--areas", "streets", "--json")
    assert code == 0
    told = {row["indicator"]: row for row in json.loads(out)["rows"]}
    assert (told["budget_share"]["street_code"], told["budget_share"]["value"]) == ("130703005", 1.0)
    assert told["finished_in_time_rate"]["value"] == 1.0
    code, out, _ = run(*asked, "--lang", "zh")
    assert code == 0
    assert "工程 1 项，截至 2025-12-31" in out


def test_areas_that_no_zone_tells_are_those_of_the_layer_with_that_code(run, city):
    estates = gpd.GeoDataFrame(
        {"estate_code": ["E1", "E2"], "estate_name": ["甲苑", "乙苑"]},
        geometry=[
            box(EAST + 100, NORTH, EAST + 200, NORTH + 50),
            box(EAST, NORTH + 400, EAST + 50, NORTH + 600),
        ],
        crs=4547,
    )
    estates.to_file(city, layer="residential_estates")
    asked = ("assess", city, "--month", "2025-04", "--by", "estate_code", "--least", "1", "--json")
    code, out, _ = run(*asked)
    assert code == 0
    assert [(row["estate_code"], row["n"]) for row in json.loads(out)["ranking"]] == [("E1", 2)]
