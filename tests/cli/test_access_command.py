"""`zjk-gis access`: a street of 1 km with a lot at its western end and three estates along it."""

import json

import geopandas as gpd
import openpyxl
import pytest
from shapely import LineString, Point, box

from zjk_gis import read_layer, write_layer
from zjk_gis.access import RoadNetwork

X, Y = 573000, 4520000


def layer(*shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4547)


@pytest.fixture
def city(tmp_path):
    path = tmp_path / "city.gpkg"
    street = LineString([(X, Y), (X + 1000, Y)])
    homes = [box(X + at - 9, Y - 30, X + at + 9, Y - 4) for at in (100, 290, 700)]
    layers = {
        "roads": layer(street, edge_code=["R1"]),
        "parking_lots": layer(
            Point(X, Y), Point(X + 700, Y), lot_code=["T1", "T2"], lot_kind=["公共", "专用"], berths=[50, 20]
        ),
        "residential_estates": layer(
            *homes, estate_code=["X1", "X2", "X3"], population=[100, 60, 40], households=[40, 20, 10]
        ),
        "communities": layer(
            box(X - 9, Y - 99, X + 1009, Y + 99), community_code=["130703001001"], community_name=["明德"]
        ),
    }
    for name, rows in layers.items():
        write_layer(rows, path, layer=name)
    return path


def test_estates_of_a_city_whose_entrances_are_those_of_lots(run, city):
    write_layer(layer(Point(X, Y), facility_code=["T1"], entrance_code=["E1"]), city, layer="entrances")
    code, printed, _ = run("access", "estates", city, "--to", "停车场", "--json")
    assert code == 0
    assert json.loads(printed)["lacking"] == {"parking_lots": 1}


def test_a_lot_layer_without_codes_has_no_entrances(run, city):
    write_layer(layer(Point(X, Y), facility_code=["T1"]), city, layer="entrances")
    write_layer(layer(Point(X, Y), berths=[5]), city, layer="parking_lots")
    code, _, said = run("access", city, "--to", "停车场")
    assert code == 0, said


def headings_of(path, sheet):
    """Return the headings of a sheet, which stand in row 4."""
    rows = openpyxl.load_workbook(path, read_only=True)[sheet].iter_rows(
        min_row=4, max_row=4, values_only=True
    )
    return [cell for cell in next(rows) if cell is not None]


def test_who_reaches_a_lot_open_to_the_public(run, city, tmp_path):
    code, printed, said = run("access", city, "--to", "停车场", "--by", "社区", "-o", tmp_path / "out")
    assert code == 0
    assert "对公众开放的停车场：1 个（共 2 个）" in said
    answer = printed.splitlines()[:2]
    assert answer == [
        "停车场：200 人中，沿道路 300 米内可达的有 100 人（50.0%）；若按直线距离计，则为 160 人（80.0%）。",
        "沿道路不可达的居住小区：超出距离 2。未覆盖人口最多的是 130703001001，100 人。",
    ]
    files = {name: tmp_path / "out" / f"access.{name}" for name in ("gpkg", "xlsx", "html")}
    homes = read_layer(files["gpkg"], layer="homes")
    assert homes["reason"].tolist() == ["reached", "too_far", "too_far"]
    assert read_layer(files["gpkg"], layer="service_areas")["road_m"].tolist() == [300]
    assert "停车场沿道路 300 米可达性" in files["html"].read_text("utf-8")
    headings = headings_of(files["xlsx"], "覆盖率")
    assert {"区域编码", "沿道路可达人口", "直线可达人口"} <= set(headings)


def test_a_road_that_opens_later_is_not_there_and_the_map_tells_the_day(run, city, tmp_path):
    halves = [LineString([(X, Y), (X + 300, Y)]), LineString([(X + 300, Y), (X + 1000, Y)])]
    opened = ["2020-01-01", "2026-06-30"]
    write_layer(layer(*halves, edge_code=["R1", "R2"], opened_on=opened), city, layer="roads")
    for day, reached in (("2025-12-31", 2), ("2026-06-30", 3)):
        code, printed, said = run(
            "access", city, "--to", "停车场", "--within", 720, "--at", day, "-o", tmp_path, "--json"
        )
        assert (code, json.loads(printed)["reasons"]["reached"]) == (0, reached)
        assert ("道路：1 行未参与分析，尚未通车（第 1 行）" in said) == (reached == 2)
        assert f"制图日期：{day}" in (tmp_path / "access.html").read_text("utf-8")


def test_the_same_for_a_script(run, city):
    code, printed, _ = run("access", "reach", city, "--to", "parking_lots", "--within", "320", "--json")
    told = json.loads(printed)
    assert (code, told["people_network"], told["people_straight"], told["people"]) == (0, 160, 160, 200)
    assert told["reasons"] == {"reached": 2, "too_far": 1}


def test_the_graph_and_its_report(run, city, tmp_path):
    out, graph = tmp_path / "roads", tmp_path / "roads.network"
    code, printed, said = run("access", "roads", city, "-o", out, "--save", graph, "--json")
    assert (code, json.loads(printed)["edges"]) == (0, 1)
    assert "节点 2 个" in said
    assert len(RoadNetwork.load(graph)) == 1
    assert len(read_layer(out / "roads.gpkg", layer="road_edges")) == 1


def test_what_cannot_be_answered_is_one_line(run, city):
    code, _, said = run("--lang", "en", "access", city, "--to", "public_toilets")
    assert code == 2
    assert said.endswith("has no layer public_toilets (公共厕所); import it first\n")
    code, _, said = run("access", city, "--to", "parking_lots", "-o", "homes.csv")
    assert (code, "请指定目录" in said) == (2, True)
    assert run("access", city)[0] == 2


def test_where_the_next_lot_does_most_good(run, city, tmp_path):
    places = tmp_path / "places.csv"
    gpd.GeoDataFrame(
        {"地点": ["a", "b"]}, geometry=gpd.points_from_xy([X + 300, X + 690], [Y, Y]), crs=4547
    ).to_file(tmp_path / "places.gpkg")
    out = tmp_path / "sites"
    code, printed, _ = run(
        "access", "site", city, "--to", "parking_lots", "--count", 1, "--within", 150,
        "--candidates", tmp_path / "places.gpkg", "-o", out, "--json",
    )  # fmt: skip
    told = json.loads(printed)
    assert (code, told["served"], told["gap"]) == (0, 160, 0)
    assert told["reasons"] == {"served": 2, "not_chosen": 1}
    assert len(read_layer(out / "sites.gpkg", layer="sites")) == 1
    assert not places.exists()
    code, printed, _ = run("access", "site", city, "--to", "停车场", "--count", 1)
    assert (code, "再建 1 处后，200 人中有" in printed) == (0, True)


def test_dead_ends_of_a_city(run, city, tmp_path):
    write_layer(layer(box(X - 99, Y - 99, X + 1009, Y + 99), area_code=["Q"]), city, layer="built_up_areas")
    out = tmp_path / "ends"
    code, printed, _ = run("access", "ends", city, "-o", out)
    assert (code, "断头路 1 处，其中 0 处附近有路可连通。" in printed, "图层边界处" in printed) == (
        0,
        True,
        True,
    )
    assert sorted(read_layer(out / "dead_ends.gpkg", layer="dead_ends")["kind"]) == [
        "at_boundary",
        "dead_end",
    ]


def test_berths_and_vehicles(run, city):
    code, printed, _ = run("access", "berths", city, "--per-household", 0.5, "--by", "communities", "--json")
    told = json.loads(printed)
    assert (code, told["berths"], told["vehicles"], told["wanted"]) == (0, 70, 35, [1.1, 1.3])
    assert told["homes_without_a_lot"] == 2
    assert told["areas"][0]["berths_private"] == 20
    assert run("access", "berths", city)[0] == 2


def test_toilets_to_a_square_kilometre(run, city, tmp_path):
    region = tmp_path / "region.gpkg"
    write_layer(layer(box(X, Y, X + 2000, Y + 1000), area_code=["Q"]), region)
    at = [Point(X + east, Y + 500) for east in (200, 400, 600, 800)]
    write_layer(layer(*at, toilet_code=list("abcd")), city, layer="public_toilets")
    out = tmp_path / "density"
    code, printed, _ = run("access", "density", city, "--region", region, "-o", out)
    assert code == 0
    assert printed.splitlines()[:2] == [
        "公共厕所：2.00 平方公里内共 4 处，每平方公里 2.00 处；要求 4.00 处，未达标。",
        "参与评判的 2 个 1 公里格网中 1 个未达标；缺口最大的是 C002，尚缺 4 处。",
    ]
    assert headings_of(out / "density.xlsx", "设施密度")[:3] == ["格网编码", "面积(km²)", "设施数"]
    code, _, said = run("access", "density", city, "--to", "parking_lots", "--region", region)
    assert (code, "没有每平方公里数量的标准值" in said) == (2, True)


def test_what_each_estate_lacks(run, city, tmp_path):
    write_layer(layer(Point(X + 900, Y), toilet_code=["C1"]), city, layer="public_toilets")
    out = tmp_path / "estates"
    code, printed, _ = run("access", "estates", city, "--radius", "parking_lots=300", "-o", out)
    assert code == 0
    assert printed.splitlines()[:2] == [
        "3 个小区中有 3 个沿道路步行范围内至少缺一类设施（缺少的小区数：停车场 2、公共厕所 2）。",
        "缺得最多的是 X2：停车场、公共厕所；步行范围为沿道路 500 米，单独设定的除外。",
    ]
    written = read_layer(out / "estates.gpkg", layer="estates_lacking").set_index("estate_code")
    assert written["kinds_lacking"].to_dict() == {"X2": 2, "X1": 1, "X3": 1}
    assert written.loc["X1", "lacking_kinds"] == "公共厕所"
    for wrong in ("parking_lots", "parking_lots=far"):
        assert run("access", "estates", city, "--radius", wrong)[0] == 2
    assert run("access", "estates", city, "--built-until", 2000)[0] == 2


def test_lots_none_of_which_has_a_place_are_refused(run, city):
    lots = layer(Point(X, Y), lot_code=["T1"], lot_kind=["公共"]).assign(geometry=None).set_crs(4547)
    write_layer(lots, city, layer="parking_lots")
    for words in (["access", city], ["access", "site", city, "--count", "1"]):
        code, _, said = run(*words, "--to", "停车场")
        assert (code, "没有一行有有效的位置" in said) == (2, True)
