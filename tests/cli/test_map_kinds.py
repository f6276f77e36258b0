"""`zjk-gis map --kind`: one question on one map, from the files of a city."""

import json

import geopandas as gpd
import pytest
from shapely import LineString, Point, box

from zjk_gis.io import write_layer
from zjk_gis.synth import make_city

DAY = "2025-12-31"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    city = make_city(grids=300, incidents=1000, seed=5)
    for name, layer in city.layers.items():
        write_layer(layer, folder / "city.gpkg", layer=name)
    city.incidents.to_csv(folder / "incidents.csv", index=False)
    return folder


@pytest.mark.parametrize(
    ("kind", "more", "counted"),
    [
        ("zones", [], "zones"),
        ("assignment", ["--incidents", "incidents.csv"], "assigned"),
        ("gaps", [], "gaps"),
        ("changes", ["--before", "city.gpkg"], "after"),
        ("pipes", [], "manholes"),
        ("parking", [], "parking_gaps"),
        ("heritage", [], "historic_blocks"),
        ("density", ["--incidents", "incidents.csv"], "incidents"),
        ("choropleth", ["--layer", "residential_estates", "--column", "population"], "residential_estates"),
    ],
)
def test_each_kind_is_one_page(run, files, tmp_path, monkeypatch, kind, more, counted):
    monkeypatch.chdir(files)
    page = tmp_path / "map.html"
    arguments = ["map", "city.gpkg", "--kind", kind, "-o", page, "--source", "试验", "--json", *more]
    arguments += ["--at", DAY]
    code, out, _ = run(*arguments)
    result = json.loads(out)
    assert (code, result["kind"], result["bytes"]) == (0, kind, page.stat().st_size)
    assert result["features"][counted] > 0
    assert f"数据来源：试验 · 制图日期：{DAY}" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "density"], "give them with --incidents"),
        (["--kind", "changes"], "with --before"),
        (["--kind", "choropleth"], "--layer and the indicator with --column"),
        (["--kind", "heritage"], "has no layer historic_blocks"),
        (["--kind", "pipes"], "has no layer pipelines"),
    ],
)
def test_what_is_missing_is_named(run, tmp_path, arguments, words):
    zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(573000, 4520000, 573100, 4520100)], crs=4547)
    write_layer(zones, tmp_path / "city.gpkg", layer="responsibility_zones")
    code, out, err = run(
        "--lang", "en", "map", tmp_path / "city.gpkg", "-o", tmp_path / "map.html", *arguments
    )
    assert code == 2
    assert words in err
    assert "Traceback" not in out + err


def test_a_question_that_cannot_be_answered_is_left_out_and_said(run, tmp_path):
    """Blocks without any known core are drawn, and what was not asked is told; not so with --strict."""
    squares = [box(573000 + x, 4520000, 573100 + x, 4520100) for x in (0, 100)]
    blocks = gpd.GeoDataFrame(
        {"block_name": ["甲", "乙"], "scope": ["缓冲区", "其他"]}, geometry=squares, crs=4547
    )
    pipes = gpd.GeoDataFrame(
        {"pipe_code": ["P1", None]},
        geometry=[LineString([(573000, 4520050), (573050, 4520050)])] * 2,
        crs=4547,
    )
    write_layer(blocks, tmp_path / "city.gpkg", layer="historic_blocks")
    write_layer(pipes, tmp_path / "city.gpkg", layer="pipelines")
    arguments = ["map", tmp_path / "city.gpkg", "-o", tmp_path / "map.html"]
    for kind in ("city", "heritage"):
        code, out, err = run(*arguments, "--kind", kind, "--json")
        assert code == 0
        assert "缓冲区" in json.loads(out)["not_answered"]["pipelines_in_core"]
        assert "未能回答" in err
        assert run(*arguments, "--kind", kind, "--strict")[0] == 2


def test_rows_set_aside_are_said_with_their_reason(run, tmp_path):
    squares = [box(573000 + x, 4520000, 573100 + x, 4520100) for x in (0, 100)]
    blocks = gpd.GeoDataFrame(
        {"block_name": ["甲", "乙"], "scope": ["核心区", "缓冲区"]}, geometry=squares, crs=4547
    )
    pipes = gpd.GeoDataFrame(
        {"pipe_code": ["P1", None]},
        geometry=[LineString([(573000, 4520050), (573050, 4520050)])] * 2,
        crs=4547,
    )
    write_layer(blocks, tmp_path / "city.gpkg", layer="historic_blocks")
    write_layer(pipes, tmp_path / "city.gpkg", layer="pipelines")
    code, _, err = run("map", tmp_path / "city.gpkg", "-o", tmp_path / "map.html", "--kind", "heritage")
    assert code == 0
    assert "1 行未参与分析，必填项为空（第 1 行）" in err
    assert "历史文化街区：1 行未参与分析，值无法识别（第 1 行）" in err


def test_estates_of_which_nobody_knows_the_people_are_named_in_the_readers_language(run, tmp_path):
    squares = [box(573000 + x, 4520000, 573100 + x, 4520100) for x in (0, 100)]
    region = gpd.GeoDataFrame(
        {"area_code": ["C"]}, geometry=[box(573000, 4520000, 574000, 4521000)], crs=4547
    )
    estates = gpd.GeoDataFrame({"estate_code": ["X1", "X2"], "population": ["9", "很多"]}, geometry=squares)
    lots = gpd.GeoDataFrame({"lot_code": ["T1"]}, geometry=[Point(573900, 4520900)], crs=4547)
    layers = {"built_up_areas": region, "residential_estates": estates.set_crs(4547), "parking_lots": lots}
    for name, layer in layers.items():
        write_layer(layer, tmp_path / "city.gpkg", layer=name)
    code, _, err = run("map", tmp_path / "city.gpkg", "-o", tmp_path / "map.html", "--kind", "parking")
    assert code == 0
    assert "居住小区：1 行未参与分析" in err
    assert "population 有 1 个值" in err
    assert "（第 2 条）；已保留原值" in err
