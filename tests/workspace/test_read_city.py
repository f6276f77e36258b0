"""A city from whatever holds it: a GeoPackage, a workspace in one, or a workspace in PostGIS.

The ground is two squares of 100 m, A and B, with a river through neither::

    +-----+-----+
    |  A  |  B  |
    +-----+-----+
"""

import itertools
import os

import geopandas as gpd
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from shapely import LineString, box

import zjk_gis
from zjk_gis import Workspace, read_city, write_layer
from zjk_gis.errors import FileError, InputError
from zjk_gis.workspace.city import answering_layers, read_companion, read_one, read_zones

X, Y = 573000, 4520000
_NUMBERS = itertools.count()
LAYERS = {
    "责任区": gpd.GeoDataFrame(
        {"责任区编码": ["A", "B"], "级别": ["3", "3"], "路长": ["王路", "李路"]},
        geometry=[box(X, Y, X + 100, Y + 100), box(X + 100, Y, X + 200, Y + 100)],
        crs=4547,
    ),
    "built_up_areas": gpd.GeoDataFrame(
        {"area_code": ["1"]}, geometry=[box(X, Y, X + 250, Y + 100)], crs=4547
    ),
    "道路": gpd.GeoDataFrame(
        {"路段编码": ["r1"]}, geometry=[LineString([(X, Y + 50), (X + 200, Y + 50)])], crs=4547
    ),
    "草图": gpd.GeoDataFrame({"n": [1]}, geometry=[box(X, Y, X + 9, Y + 9)], crs=4547),
}
NAMES = {"built_up_areas", "responsibility_zones", "roads"}


@pytest.fixture(params=["file", "workspace", "postgis"])
def city(request, tmp_path):
    """Where the layers are."""
    path = tmp_path / "city.gpkg"
    if request.param == "file":
        for name, layer in LAYERS.items():
            write_layer(layer, path, layer=name)
        return path
    address = path
    if request.param == "postgis":
        address = f"{request.getfixturevalue('postgis')}&schema=c{os.getpid()}_{next(_NUMBERS)}"
    with Workspace.open(address) as workspace:
        for name, layer in LAYERS.items():
            workspace.write(name, layer, on_problems="keep")
    return address


def test_a_city_has_its_layers_under_the_names_of_the_catalogue_wherever_it_is(city):
    layers = read_city(city)
    assert set(layers) == NAMES
    zones = layers["responsibility_zones"]
    assert zones["zone_code"].tolist() == ["A", "B"]
    assert (zones["level"].tolist(), zones["level"].dtype.kind) == ([3, 3], "i")
    assert zones.attrs["report"].renamed["路长"] == "chief_name"
    expected = LAYERS["责任区"].geometry
    assert zones.geometry.geom_equals_exact(expected, 1e-6).all()


def test_some_layers_only_by_either_name(city):
    assert set(read_city(city, layers=["道路", "built_up_areas", "rivers"])) == {"roads", "built_up_areas"}
    assert read_city(city, layers=["rivers"]) == {}
    with pytest.raises(InputError, match="there is no layer 'road'; the layers are"):
        read_city(city, layers=["road"])


def test_the_zones_of_a_city_answer_unless_another_layer_is_named(city):
    assert read_zones(city)["zone_code"].tolist() == ["A", "B"]
    assert read_zones(city, "草图")["n"].tolist() == [1]
    assert read_one(city, "责任区")["责任区编码"].tolist() == ["A", "B"]
    assert set(answering_layers(city)) == {"zones", "roads"}
    assert set(answering_layers(city, "责任区")) == {"zones"}
    assert set(answering_layers(city, code="zone_code")) == {"zones"}


def test_what_came_with_the_zones_helps_to_judge_them(city, tmp_path):
    assert read_companion(city, "built_up_areas")["area_code"].tolist() == ["1"]
    assert read_companion(city, "rivers") is None
    own = write_layer(LAYERS["草图"], tmp_path / "own.gpkg")
    assert read_companion(city, "built_up_areas", own)["n"].tolist() == [1]


def test_the_command_answers_the_same_wherever_the_city_is(run, city, tmp_path):
    code, out, err = run("gaps", city, "--json")
    assert (code, err) == (0, "")
    assert '"gaps": 1' in out
    assert run("map", city, "-o", tmp_path / "map.html")[0] == 0
    incidents = tmp_path / "incidents.csv"
    incidents.write_text(f"案件编号,x,y\n1,{X + 50},{Y + 50}\n", "utf-8")
    output = tmp_path / "who.csv"
    assert run("assign", incidents, city, "-o", output, "--crs", "EPSG:4547")[0] == 0
    assert pd.read_csv(output)["责任区编码"].tolist() == ["A"]
    code, _, err = run("accept", city, "G001", "--by", "李局长", "--why", "河道", "--until", "never")
    assert (code, err) == (0, "")
    ledger = read_city(city, layers=["责任例外台账"])["accepted_faults"]
    assert ledger["accepted_by"].tolist() == ["李局长"]


def test_a_workspace_remembers_what_a_layer_of_another_name_is(tmp_path):
    path = tmp_path / "city.gpkg"
    with Workspace.open(path) as workspace:
        workspace.write("桥西2026", LAYERS["责任区"], spec="responsibility_zones", on_problems="keep")
    assert list(read_city(path)) == ["responsibility_zones"]
    assert read_zones(path)["chief_name"].tolist() == ["王路", "李路"]
    with Workspace.open(path) as workspace:
        workspace.write("桥东2026", LAYERS["责任区"], spec="responsibility_zones", on_problems="keep")
        workspace.write("roads", LAYERS["道路"], on_problems="keep")
    assert list(read_city(path)) == ["roads"]  # which of two it would be, nobody says
    with pytest.raises(InputError, match=r"has the layers .*桥东2026.*; say which one answers with layer="):
        read_zones(path)
    with Workspace.open(path) as workspace:
        workspace.write("责任区", LAYERS["责任区"].iloc[:1], on_problems="keep")
    assert read_city(path)["responsibility_zones"]["zone_code"].tolist() == ["A"]  # a name comes first


def test_a_layer_that_is_there_by_both_names_is_refused(tmp_path):
    path = write_layer(LAYERS["责任区"], tmp_path / "city.gpkg", layer="责任区")
    write_layer(LAYERS["责任区"], path, layer="responsibility_zones")
    with pytest.raises(InputError, match=r"city.gpkg: \w+ and \w+ are the same layer"):
        read_city(path)


def test_a_file_without_layers_of_a_city_is_refused(tmp_path):
    path = write_layer(LAYERS["草图"], tmp_path / "city.gpkg", layer="草图")
    with pytest.raises(InputError, match=r"city.gpkg: none of its layers \(草图\) is one that a city"):
        read_city(path)
    with pytest.raises(FileError, match="no such file"):
        read_city(tmp_path / "none.gpkg")


def test_a_layer_is_as_read_layer_reads_it(tmp_path):
    path = write_layer(LAYERS["责任区"], tmp_path / "city.gpkg", layer="责任区")
    write_layer(LAYERS["道路"], path, layer="道路")
    assert_geodataframe_equal(read_city(path)["roads"], zjk_gis.read_layer(path, layer="道路", spec="roads"))


def test_an_empty_schema_and_a_password(postgis):
    address = f"{postgis}&schema=empty{os.getpid()}&password=geheim"
    for ask in (read_zones, read_city):
        with pytest.raises((InputError, FileError), match=r"^postgresql://.*: (holds no|none)") as refused:
            ask(address)
        assert "geheim" not in str(refused.value)


def test_no_command_prints_a_password(run, postgis):
    address = f"{postgis}&schema=quiet{os.getpid()}&password=geheim&user=postgres"
    with Workspace.open(address) as workspace:
        workspace.write("责任区", LAYERS["责任区"], on_problems="keep")
    for command in ("audit", "compare", "gaps", "layers"):
        printed = run(command, address)
        assert printed[0] == (0 if command == "layers" else 2)
        assert "geheim" not in printed[1] + printed[2]
