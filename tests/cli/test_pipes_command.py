"""`zjk-gis pipes`: what is printed and written for a small city."""

from __future__ import annotations

import json

import geopandas as gpd
import pytest
from shapely import LineString, Point

CRS = 4547
X, Y = 573000, 4520000


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Return a main from a waterworks, three valves on it, a user, and a drain that ends nowhere."""
    path = tmp_path_factory.mktemp("city") / "city.gpkg"
    wells = gpd.GeoDataFrame(
        {"manhole_code": ["A", "B", "C", "W1"], "pipe_kind": ["JS", "JS", "JS", "WS"]},
        geometry=[Point(X, Y), Point(X + 100, Y), Point(X + 200, Y), Point(X, Y + 50)],
        crs=CRS,
    )
    pipes = gpd.GeoDataFrame(
        {"pipe_code": ["P1", "P2", "D1"], "pipe_kind": ["给水", "给水", "污水"]},
        geometry=[
            LineString([(X, Y), (X + 100, Y)]),
            LineString([(X + 100, Y), (X + 200, Y)]),
            LineString([(X, Y + 50), (X + 30, Y + 50)]),
        ],
        crs=CRS,
    )
    valves = gpd.GeoDataFrame(
        {"valve_code": ["V1", "V2", "V3"], "valve_kind": "闸阀"},
        geometry=[Point(X + 5, Y), Point(X + 95, Y), Point(X + 150, Y)],
        crs=CRS,
    )
    users = gpd.GeoDataFrame(
        {"user_code": ["U1"], "user_kind": ["医院"]}, geometry=[Point(X + 190, Y + 8)], crs=CRS
    )
    sources = gpd.GeoDataFrame(
        {"source_code": ["S1"], "pipe_kind": ["给水"]}, geometry=[Point(X, Y)], crs=CRS
    )
    incidents = gpd.GeoDataFrame({"incident_code": ["I1"]}, geometry=[Point(X + 60, Y + 9)], crs=CRS)
    for name, layer in (
        ("manholes", wells),
        ("pipelines", pipes),
        ("valves", valves),
        ("pipe_users", users),
        ("supply_sources", sources),
    ):
        layer.to_file(path, layer=name)
    incidents.to_file(path.with_name("incidents.gpkg"), layer="incidents")
    return path


def test_a_city_is_checked_without_naming_the_command(run, city, tmp_path):
    code, out, _ = run("pipes", city, "-o", tmp_path / "out", "--lang", "en")
    assert code == 0
    assert "3 pipes, 5 nodes" in out
    assert "ends not joined: 1" in out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "pipes.gpkg",
        "pipes.html",
        "pipes.net",
        "pipes.xlsx",
    }
    told = json.loads(run("pipes", "check", city, "--json")[1])
    assert told["faults"]["unjoined_ends"] == 1


def test_pipes_are_traced_from_a_manhole_and_drawn_with_the_day_that_is_judged(run, city, tmp_path):
    page = tmp_path / "trace.html"
    code, out, _ = run("pipes", "trace", city, "C", "--map", page, "--at", "2024-05-06", "--json")
    assert code == 0
    assert json.loads(out)["pipes"] == ["P1", "P2"]
    assert "2024-05-06" in page.read_text(encoding="utf-8")


def test_a_saved_network_is_traced_as_the_city_is(run, city, tmp_path):
    run("pipes", city, "-o", tmp_path)
    assert json.loads(run("pipes", "trace", tmp_path / "pipes.net", "P2", "--json")[1])["pipes"] == [
        "P1",
        "P2",
    ]


def test_a_burst_is_shut_off(run, city, tmp_path):
    code, out, _ = run("pipes", "shut-off", city, "P1", "--json", "-o", tmp_path)
    told = json.loads(out)
    assert code == 0
    assert told["valves"] == ["V1", "V2"]
    assert (told["isolated_m"], told["without_supply_m"], told["users"]) == (90.0, 105.0, 1)
    assert (tmp_path / "shut_off.html").exists()


def test_a_burst_may_be_an_incident_and_a_valve_stuck(run, city):
    told = json.loads(
        run(
            "pipes", "shut-off", city, "--from-incidents", city.with_name("incidents.gpkg"), "--stuck", "V2",
            "--json",
        )[1]
    )  # fmt: skip
    assert (told["valves"], told["stuck"]) == (["V1", "V3"], ["V2"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trace", "C9"), "C9"),
        (("trace",), "二者取一"),
        (("shut-off", "P1", "--stuck", "V9"), "V9"),
        (("trace", "C", "--kind", "污氺"), "污氺"),
    ],
)
def test_what_is_not_there_is_refused_by_name(run, city, words, said):
    code, _, err = run("pipes", words[0], city, *words[1:], "--lang", "zh")
    assert code == 2
    assert said in err
