"""Hazards, buildings and street furniture beside near misses: all found, none invented, for any seed."""

import pytest

from zjk_gis.protection import (
    building_changes,
    cables_along_tunnels,
    double_payment,
    footway_obstacles,
    patrol_passes,
    risk_buffers,
    shareable_poles,
)
from zjk_gis.synth.hazards import SURVEYED, make_risk_field

SEEDS = [1, 2, 3, 7, 20220317]


@pytest.fixture(scope="module", params=SEEDS)
def field(request):
    return make_risk_field(seed=request.param)


def answering(field):
    return {"zones": field.layers["responsibility_zones"], "streets": field.layers["streets"]}


def told(found, *columns):
    """Return what was found as the field notes it; every row is answered for by the plot it lies on."""
    assert (found["chief_code"] == "L" + found["zone_code"].str[1:]).all()
    assert set(found["street_code"]) <= {"130703005"}
    return sorted("|".join(row) for row in found[list(columns)].itertuples(index=False, name=None))


def plots(codes):
    return ["Z" + code[1:4] for code in codes]


def changes_of(field, **options):
    houses = field.layers["building_footprints"]
    days = {"at_before": SURVEYED[0], "at_after": SURVEYED[1]}
    return building_changes(houses, houses, **days, **answering(field), **options)


def test_buildings(field):
    found = changes_of(field)
    for kind in ("newly_built", "grown", "storeys_added", "gone"):
        rows = told(found[found["change"] == kind], "former_codes", "present_codes")
        assert [codes.strip("|") for codes in rows] == field.truth[kind]
    assert found["zone_code"].tolist() == plots(
        found["present_codes"].where(found["present_codes"] != "", found["former_codes"])
    )
    assert found.attrs["storeys_unknown"] == 0
    assert found.attrs["dropped"]["count"] == 1


def test_patrols(field):
    found = changes_of(field, tracks=field.layers["patrol_tracks"])
    passed = found[found["passes"] > 0]
    assert (
        sorted((passed["present_codes"] + "|" + passed["last_patrol"]).tolist())
        == field.truth["patrol_passes"]
    )
    log = patrol_passes(found, field.layers["patrol_tracks"], code="present_codes")
    assert sorted((log["place_code"] + "|" + log["patrol_code"]).tolist()) == field.truth["patrol_passes"]


def test_poles(field):
    found = shareable_poles(field.layers["poles"], field.layers["roads"], **answering(field))
    assert [codes.replace(";", "|") for codes in told(found, "members")] == field.truth["shareable_poles"]
    assert found["zone_code"].tolist() == plots(found["host_code"])


def test_footways(field):
    layers = field.layers
    obstacles = {name: layers[name] for name in ("berths", "street_obstacles")}
    grounds = {name: layers[name] for name in ("footways", "tactile_paving")}
    found = footway_obstacles(obstacles, **grounds, **answering(field))
    on_paving = found["surface"] == "tactile_paving"
    assert told(found[on_paving], "standing_code") == field.truth["obstacles_on_paving"]
    assert told(found[~on_paving], "standing_code") == field.truth["berths_on_footways"]


def test_cables(field):
    cables, tunnels = (field.layers[name] for name in ("overhead_cables", "utility_tunnels"))
    found = cables_along_tunnels(cables, tunnels, **answering(field))
    assert told(found, "cable_code") == field.truth["cables_along_tunnels"]
    assert found["length_m"].to_numpy() == pytest.approx(140)


def test_contracts(field):
    found = double_payment(field.layers["contractor_areas"], **answering(field))
    assert told(found, "first_area", "second_area") == field.truth["double_payment"]
    assert found["paid_twice"].to_numpy() == pytest.approx(8.0 * 400)


def test_hazards(field):
    hazards = field.layers["hazards"]
    found = risk_buffers(hazards, facilities={"shelters": field.layers["shelters"]}, **answering(field))
    inside = found.inside[["hazard_code", "facility_code"]].agg("|".join, axis=1)
    assert sorted(inside) == field.truth["hazard_facilities"]
    several = found.faces[found.faces["hazard_count"] > 1]
    assert sorted(several["hazard_codes"].str.replace(";", "|")) == field.truth["risk_faces"]
    lost = [hazards.loc[each["row"], "hazard_code"] for each in found.set_aside]
    assert lost == field.truth["no_distance"]
    assert found.buffers["zone_code"].tolist() == plots(found.buffers["hazard_code"])


def changes_in(layers):
    houses = layers["building_footprints"]
    return building_changes(houses, houses, at_before=SURVEYED[0], at_after=SURVEYED[1])


ANSWERS = {
    "building_footprints": changes_in,
    "poles": lambda layers: shareable_poles(layers["poles"], layers["roads"]),
    "contractor_areas": lambda layers: double_payment(layers["contractor_areas"]),
    "overhead_cables": lambda layers: cables_along_tunnels(
        layers["overhead_cables"], layers["utility_tunnels"]
    ),
    "hazards": lambda layers: risk_buffers(layers["hazards"]).faces,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_order_of_rows_changes_nothing(name, field):
    turned = field.layers | {name: field.layers[name].iloc[::-1]}
    first, again = ANSWERS[name](field.layers), ANSWERS[name](turned)
    assert first.to_wkt().equals(again.to_wkt())
