"""Questions of `zjk-gis protect` about contracts, street furniture, buildings and hazards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.access import road_network
from zjk_gis.cli.protect.asking import Asking, Section, filled, who_answers
from zjk_gis.protection import (
    building_changes,
    cables_along_tunnels,
    double_payment,
    footway_obstacles,
    risk_buffers,
    shareable_poles,
)
from zjk_gis.protection.hazards import no_distance_for

if TYPE_CHECKING:
    from zjk_gis.cli.protect.asking import Layers, Tables

__all__ = ["AROUND", "RISKS"]

_STANDING, _SURFACES = ("berths", "street_obstacles"), ("footways", "tactile_paving")
_FACILITIES = ("residential_estates", "historic_buildings", "shelters")
_RESOURCES = ("fire_hydrants", "shelters")
_WATERS = ("rivers", "railways")
_NO_DISTANCE = "no_distance"
_WHO = ("chief_name", "street_code")
AROUND = ("street_lamps", *_FACILITIES, *_RESOURCES, *_WATERS)


def _contracts(layers: Layers, asking: Asking) -> Tables:
    found = double_payment(layers["contractor_areas"], at=asking.at, **who_answers(layers))
    return {"double_payment": found}


def _poles(layers: Layers, asking: Asking) -> Tables:
    lamps = filled(layers, ("street_lamps",)).get("street_lamps")
    found = shareable_poles(
        layers["poles"], layers["roads"], lamps=lamps, at=asking.at, **who_answers(layers)
    )
    return {"shareable_poles": found}


def _footways(layers: Layers, asking: Asking) -> Tables:
    found = footway_obstacles(
        filled(layers, _STANDING), **filled(layers, _SURFACES), at=asking.at, **who_answers(layers)
    )
    return {"footway_obstacles": found}


def _cables(layers: Layers, asking: Asking) -> Tables:
    found = cables_along_tunnels(
        layers["overhead_cables"], layers["utility_tunnels"], at=asking.at, **who_answers(layers)
    )
    return {"cables_along_tunnels": found}


def _buildings(layers: Layers, asking: Asking) -> Tables:
    if asking.since is None:
        return {}
    houses = layers["building_footprints"]
    found = building_changes(
        houses, houses, at_before=asking.since, at_after=asking.at, **who_answers(layers)
    )
    return {"building_changes": found}


def _hazards(layers: Layers, asking: Asking) -> Tables:
    """Tell how far hazards reach; those of a kind without a distance are named, not guessed."""
    roads = filled(layers, ("roads",))
    waters = list(filled(layers, _WATERS).values())
    network = road_network(roads["roads"], barriers=waters or None) if roads else None
    told = risk_buffers(
        layers["hazards"],
        filled(layers, ("residential_estates",)).get("residential_estates"),
        facilities=filled(layers, _FACILITIES),
        resources=filled(layers, _RESOURCES) if roads else None,
        network=network,
        at=asking.at,
        **who_answers(layers),
    )
    lacking = sorted({str(row["value"]) for row in told.set_aside if row["why"] == _NO_DISTANCE})
    if lacking:
        told.buffers.attrs["remarks"] = [no_distance_for(lacking)]
    told.buffers.attrs["set_aside"] = told.set_aside
    several = told.faces[told.faces["hazard_count"] > 1]
    return {
        "risk_buffers": told.buffers,
        "risk_faces": several,
        "hazard_facilities": told.inside,
        "hazard_resources": told.resources,
    }


RISKS: dict[str, Section] = {
    "contracts": Section(
        (("contractor_areas",),),
        _contracts,
        {
            "double_payment": (
                "first_area", "second_area", "first_contractor", "second_contractor", "service_kind",
                "area_m2", "paid_twice", "status", *_WHO,
            )
        },
    ),
    "poles": Section(
        (("poles",), ("roads",)),
        _poles,
        {
            "shareable_poles": (
                "group_code", "host_code", "pole_count", "farthest_m", "pole_kinds", "owners", "road_name",
                *_WHO,
            )
        },
    ),
    "footways": Section(
        (_STANDING, _SURFACES),
        _footways,
        {
            "footway_obstacles": (
                "surface", "surface_codes", "layer", "standing_code", "area_m2", "distance_m", "limit", *_WHO,
            )
        },
    ),
    "cables": Section(
        (("overhead_cables",), ("utility_tunnels",)),
        _cables,
        {
            "cables_along_tunnels": (
                "cable_code", "cable_kind", "owner", "from_m", "to_m", "share", "tunnel_codes", *_WHO,
            )
        },
    ),
    "buildings": Section(
        (("building_footprints",),),
        _buildings,
        {
            "building_changes": (
                "change_code", "change", "former_codes", "present_codes", "added_m2", "gone_m2",
                "storeys_before", "storeys_after", *_WHO,
            )
        },
    ),
    "hazards": Section(
        (("hazards",),),
        _hazards,
        {
            "risk_buffers": (
                "hazard_code", "hazard_kind", "hazard_grade", "buffer_m", "people", "facilities", *_WHO,
            ),
            "risk_faces": ("face_code", "hazard_codes", "risk", "area_m2", "people", *_WHO),
            "hazard_facilities": ("hazard_code", "layer", "facility_code", "distance_m"),
            "hazard_resources": (
                "hazard_code", "layer", "facility_code", "network_m", "straight_m", "reason",
            ),
        },
    ),
}  # fmt: skip
