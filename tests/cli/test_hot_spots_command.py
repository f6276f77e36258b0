"""`zjk-gis hot-spots`: a city of 2 km by 2 km, two streets, and a corner where everything happens.

::

    +---------+---------+ 2000 m
    |         |         |
    |   甲    |   乙    |     forty incidents of 0501 around x in the last of twelve months,
    |         |      x  |     one elsewhere in each month
    +---------+---------+
"""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from shapely import box

from zjk_gis import write_layer

EAST, NORTH = 573000, 4520000


@pytest.fixture
def city(tmp_path):
    path = tmp_path / "city.gpkg"
    region = [box(EAST, NORTH, EAST + 2000, NORTH + 2000)]
    half = [box(EAST + x, NORTH, EAST + x + 1000, NORTH + 2000) for x in (0, 1000)]
    built_up = gpd.GeoDataFrame({"area_code": ["B1"]}, geometry=region, crs=4547)
    streets = gpd.GeoDataFrame(
        {"street_code": ["130703001", "130703002"], "street_name": ["甲街道", "乙街道"]},
        geometry=half,
        crs=4547,
    )
    rng = np.random.default_rng(1)
    spot = [1700, 500] + rng.uniform(-90, 90, (40, 2))
    rest = rng.uniform(0, 2000, (12, 2))
    x, y = (np.vstack([spot, rest]) + [EAST, NORTH]).T
    months = [f"2025-{month:02d}-15" for month in range(1, 13)]
    incidents = gpd.GeoDataFrame(
        {
            "incident_code": [f"A{n:03d}" for n in range(52)],
            "occurred_at": pd.to_datetime(["2025-12-10"] * 40 + months),
            "event_code": ["0501"] * 40 + ["0102"] * 12,
        },
        geometry=gpd.points_from_xy(x, y),
        crs=4547,
    )
    for name, layer in (("built_up_areas", built_up), ("streets", streets), ("incidents", incidents)):
        write_layer(layer, path, layer=name)
    return path


def test_the_worst_place_is_told_by_its_street(run, city, tmp_path):
    code, out, err = run("hot-spots", city, "--month", "2025-12", "-o", tmp_path / "热点", "--lang", "zh")
    assert code == 0
    assert "41 件案件，100 个格网" in out
    assert "最热处为乙街道" in out
    assert "判定范围 4.00 km²，200 米格网 100 个" in out
    assert "未作归一化" in out
    assert "判定范围：适用城区" in err
    cells = pyogrio.read_dataframe(tmp_path / "热点" / "hot_spots.gpkg", layer="hot_cells")
    assert len(cells) == 100
    assert {"hot_99", "not_significant"} <= set(cells["hot_class"])
    assert set(cells["cell_m"]) == {200.0}
    assert set(cells["basis"]) == {"nothing"}
    places = pd.read_excel(
        tmp_path / "热点" / "hot_spots.xlsx", sheet_name="热点清单", engine="calamine", header=3
    )
    assert places["街道名称"].tolist() == ["乙街道"]
    page = (tmp_path / "热点" / "hot_spots.html").read_text("utf-8")
    assert "热点分析（2025-12）" in page


def test_over_time_the_place_is_new(run, city):
    code, out, _ = run("hot-spots", city, "--over-time", "--lang", "zh")
    assert code == 0
    assert "2025-01 至 2025-12 共 12 期，52 件案件：新增热点" in out
    assert "乙街道" in out
    assert "2025-12" in out


def test_one_class_and_hexagons_as_json(run, city):
    code, out, _ = run("hot-spots", city, "--class", "05", "--hexagons", "--reach", 300, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["counts"]["hot_99"] > 0
    assert sum(place["incidents"] for place in told["places"]) == 40


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--class", "09"], "没有事件代码以 09 开头的案件；现有 0102"),
        (["--month", "2024-01"], "都不在此时段内"),
        (["--over-time", "--month", "2025-12"], "不能与 --month 同用"),
        (["--over-time", "--since", "2025-06-01"], "只有 7 个完整的月"),
        (["--per", "people"], "residential_estates"),
        (["--areas", "unit_grids"], "unit_grids"),
    ],
)
def test_what_cannot_be_answered_is_refused(run, city, options, words):
    code, _, err = run("hot-spots", city, *options, "--lang", "zh")
    assert code == 2
    assert words in err


def test_a_city_without_ground_is_refused(run, city, tmp_path):
    rows = pyogrio.read_dataframe(city, layer="incidents")
    bare = tmp_path / "bare.gpkg"
    write_layer(rows, bare, layer="incidents")
    code, _, err = run("hot-spots", bare, "--lang", "zh")
    assert code == 2
    assert "--region" in err
