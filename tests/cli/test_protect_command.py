"""`zjk-gis protect`: what is printed, written and drawn of a city: a core of 100 m, control 50 m around."""

import json

import geopandas as gpd
import pytest
from shapely import LineString, Point, box

from zjk_gis.io import read_layer, write_layer
from zjk_gis.synth.hazards import SURVEYED, make_risk_field

X, Y = 573000, 4520000


def layer(*shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4547)


def at(x, y, wide=10, high=10):
    return box(X + x, Y + y, X + x + wide, Y + y + high)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = tmp_path_factory.mktemp("city") / "city.gpkg"
    core, around = at(0, 0, 100, 100), at(-50, -50, 200, 200)
    layers = {
        "historic_blocks": layer(
            core,
            around.difference(core),
            scope_code=["H1", "H2"],
            block_name="堡子里",
            scope=["核心区", "建设控制地带"],
        ),
        "historic_buildings": layer(
            at(10, 10),
            at(40, 10),
            building_code=["B1", "B2"],
            protection_class="历史建筑",
            height_m=[12.0, 5.0],
        ),
        "ancient_trees": layer(Point(X + 200, Y), tree_code=["G1"], crown_m=[10.0]),
        "projects": layer(
            at(95, 0), at(160, 0), at(300, 0), project_code=["X1", "X2", "X3"], height_m=[3.0, 3.0, 3.0]
        ),
        "excavation_permits": layer(at(205, 0), permit_code=["D1"]),
        "height_zones": layer(core, height_zone_code=["G9"], limit_m=[9.0]),
        "view_corridors": layer(
            LineString([(X - 60, Y + 15), (X + 140, Y + 15)]),
            corridor_code=["S1"],
            target_m=[20.0],
            width_m=[20.0],
        ),
        "responsibility_zones": layer(around, zone_code=["Z1"], chief_code=["L1"], chief_name=["甲"]),
        "streets": layer(around, street_code=["130703005"], street_name=["堡子里街道"]),
        "survey_extents": layer(at(-100, -100, 350, 300), extent_code=["E1"], surveyed_on=["2024-06-30"]),
    }
    for name, rows in layers.items():
        write_layer(rows, path, layer=name)
    return path


def test_every_question_that_the_layers_allow_is_answered(run, city, tmp_path):
    folder = tmp_path / "out"
    code, out, err = run("protect", city, "--at", "2025-12-31", "-o", folder, "--lang", "zh", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["found"] == {
        "in_protected_scopes": 2,
        "scope_totals": 2,
        "block_conformity": 1,
        "archive_gaps": 2,
        "archive_totals": 1,
        "height_conflicts": 1,
        "view_corridor_conflicts": 1,
    }
    assert {path.name for path in folder.iterdir()} == {
        "protection.gpkg",
        "protection.xlsx",
        "protection.html",
    }
    found = read_layer(folder / "protection.gpkg", layer="in_protected_scopes")
    assert found["code"].tolist() == ["X1", "D1"]
    assert found["scope"].tolist() == ["核心保护范围", "古树名木保护范围"]
    assert found["chief_name"].fillna("").tolist() == ["甲", ""]


def test_what_is_printed(run, city):
    code, out, err = run("protect", city, "--at", "2025-12-31", "--lang", "en")
    assert (code, err) == (0, "")
    assert "works and facilities in protected scopes: 2" in out
    code, out, _ = run("protect", city, "--at", "2025-12-31", "--lang", "zh")
    assert "保护范围内的工程与设施" in out
    assert "核心保护范围" in out


def test_without_an_extent_nothing_is_free(run, city, tmp_path):
    bare = tmp_path / "bare.gpkg"
    for name in ("historic_blocks", "projects"):
        write_layer(read_layer(city, layer=name), bare, layer=name)
    code, out, err = run("protect", bare, "--lang", "en")
    assert code == 0
    assert "is not known" in err
    assert "unknown" in out


def test_one_layer_that_cannot_be_used_does_not_hide_the_others(run, city, tmp_path):
    odd = tmp_path / "odd.gpkg"
    write_layer(
        read_layer(city, layer="historic_blocks").assign(scope="缓冲区"), odd, layer="historic_blocks"
    )
    write_layer(read_layer(city, layer="historic_buildings"), odd, layer="historic_buildings")
    code, out, err = run("protect", odd, "--lang", "en", "--json")
    assert code == 0
    assert "not answered" in err
    assert "缓冲区" in err
    assert set(json.loads(out)["found"]) == {"archive_gaps", "archive_totals"}


def test_a_city_without_protected_ground_is_refused(run, city, tmp_path):
    bare = tmp_path / "bare.gpkg"
    write_layer(read_layer(city, layer="projects"), bare, layer="projects")
    code, _, err = run("protect", bare, "--lang", "en")
    assert code == 2
    assert "has nothing to judge" in err


@pytest.mark.parametrize("options", [["--at", "去年"], ["--tolerance", "-1"], ["--surveyed-within", "-1"]])
def test_a_day_or_number_that_cannot_be_is_refused(run, city, options):
    code, out, _ = run("protect", city, *options)
    assert (code, out) == (2, "")


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Cases of contracts, street furniture, buildings and hazards, each beside a near miss."""
    path = tmp_path_factory.mktemp("field") / "field.gpkg"
    field = make_risk_field(seed=4)
    for name, rows in field.layers.items():
        if name != "patrol_tracks":
            write_layer(rows, path, layer=name)
    return path, field.truth


def test_contracts_furniture_buildings_and_hazards(run, planted, tmp_path):
    path, truth = planted
    days = ("--since", SURVEYED[0], "--at", SURVEYED[1])
    code, out, err = run("protect", path, *days, "-o", tmp_path / "out", "--lang", "en", "--json")
    assert code == 0
    found = json.loads(out)["found"]
    changes = sum(len(truth[kind]) for kind in ("newly_built", "grown", "storeys_added", "gone"))
    assert found["building_changes"] == changes
    assert found["shareable_poles"] == len(truth["shareable_poles"])
    surfaces = len(truth["berths_on_footways"]) + len(truth["obstacles_on_paving"])
    assert found["footway_obstacles"] == surfaces
    assert found["cables_along_tunnels"] == len(truth["cables_along_tunnels"])
    # Of two contracts in a row one alone is valid on the day that is judged.
    assert found["double_payment"] == len(truth["double_payment"]) - 1
    assert found["hazard_facilities"] == len(truth["hazard_facilities"])
    assert found["risk_faces"] == len(truth["risk_faces"])
    assert "no distance is known for 边坡" in err
    told = read_layer(tmp_path / "out" / "protection.gpkg", layer="risk_faces")
    assert told["hazard_codes"].str.replace(";", "|").tolist() == truth["risk_faces"]
    page = (tmp_path / "out" / "protection.html").read_text("utf-8")
    assert "buildings changed" in page


def test_changes_need_an_earlier_day(run, planted):
    code, out, err = run("protect", planted[0], "--at", SURVEYED[1], "--lang", "en", "--json")
    assert code == 0
    assert "--since" in err
    assert "building_changes" not in json.loads(out)["found"]


def test_hazards_of_which_no_distance_is_known_are_named_and_the_rest_is_answered(run, city, tmp_path):
    path = tmp_path / "hazards.gpkg"
    write_layer(layer(Point(X, Y), hazard_code=["H1"], hazard_kind="边坡"), path, layer="hazards")
    write_layer(read_layer(city, layer="historic_buildings"), path, layer="historic_buildings")
    code, out, err = run("protect", path, "--lang", "en", "--json")
    assert code == 0
    assert "not answered: hazards: no distance is known for 边坡" in err
    assert "archive_gaps" in json.loads(out)["found"]
