"""`zjk-gis access`: a street of 1 km with a lot at its western end and three estates along it."""

import json

import geopandas as gpd
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


def test_who_reaches_a_lot_open_to_the_public(run, city, tmp_path):
    out = tmp_path / "out.gpkg"
    code, printed, said = run("access", city, "--to", "停车场", "--by", "社区", "-o", out)
    assert code == 0
    assert "对公众开放的停车场：1 个（共 2 个）" in said
    assert [each in printed for each in ("沿道路", "直线", "50.0%", "80.0%")] == [True] * 4
    homes = read_layer(out, layer="homes")
    assert homes["reason"].tolist() == ["reached", "too_far", "too_far"]
    assert read_layer(out, layer="service_areas")["road_m"].tolist() == [300]


def test_the_same_for_a_script(run, city):
    code, printed, _ = run("access", "reach", city, "--to", "parking_lots", "--within", "320", "--json")
    told = json.loads(printed)
    assert (code, told["people_network"], told["people_straight"], told["people"]) == (0, 160, 160, 200)
    assert told["reasons"] == {"reached": 2, "too_far": 1}


def test_the_graph_and_its_report(run, city, tmp_path):
    out, graph = tmp_path / "roads.gpkg", tmp_path / "roads.network"
    code, printed, said = run("access", "roads", city, "-o", out, "--save", graph, "--json")
    assert (code, json.loads(printed)["edges"]) == (0, 1)
    assert "节点 2 个" in said
    assert len(RoadNetwork.load(graph)) == 1
    assert len(read_layer(out, layer="road_edges")) == 1


def test_what_cannot_be_answered_is_one_line(run, city):
    code, _, said = run("--lang", "en", "access", city, "--to", "public_toilets")
    assert code == 2
    assert said.endswith("has no layer public_toilets (公共厕所); import it first\n")
    assert run("access", city, "--to", "parking_lots", "-o", "homes.csv")[0] == 2
    assert run("access", city)[0] == 2


def test_where_the_next_lot_does_most_good(run, city, tmp_path):
    places = tmp_path / "places.csv"
    gpd.GeoDataFrame(
        {"地点": ["a", "b"]}, geometry=gpd.points_from_xy([X + 300, X + 690], [Y, Y]), crs=4547
    ).to_file(tmp_path / "places.gpkg")
    out = tmp_path / "sites.gpkg"
    code, printed, _ = run(
        "access", "site", city, "--to", "parking_lots", "--count", 1, "--within", 150,
        "--candidates", tmp_path / "places.gpkg", "-o", out, "--json",
    )  # fmt: skip
    told = json.loads(printed)
    assert (code, told["served"], told["gap"]) == (0, 160, 0)
    assert told["reasons"] == {"served": 2, "not_chosen": 1}
    assert len(read_layer(out)) == 1
    assert not places.exists()
    code, printed, _ = run("access", "site", city, "--to", "停车场", "--count", 1)
    assert (code, "再建 1 处后" in printed) == (0, True)


def test_dead_ends_of_a_city(run, city, tmp_path):
    write_layer(layer(box(X - 99, Y - 99, X + 1009, Y + 99), area_code=["Q"]), city, layer="built_up_areas")
    out = tmp_path / "ends.gpkg"
    code, printed, _ = run("access", "ends", city, "-o", out)
    assert (code, "断头路" in printed, "图层边界处" in printed) == (0, True, True)
    assert sorted(read_layer(out, layer="dead_ends")["kind"]) == ["at_boundary", "dead_end"]


def test_berths_and_vehicles(run, city):
    code, printed, _ = run("access", "berths", city, "--per-household", 0.5, "--by", "communities", "--json")
    told = json.loads(printed)
    assert (code, told["berths"], told["vehicles"], told["wanted"]) == (0, 70, 35, [1.1, 1.3])
    assert told["homes_without_a_lot"] == 2
    assert told["areas"][0]["berths_private"] == 20
    assert run("access", "berths", city)[0] == 2
