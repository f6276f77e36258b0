"""The layers of a city and their columns. Every column name of the library stands in the catalogue.

The data's own words (kinds, states, classes) are Chinese, as the standards give them; column names are
English with the Chinese name beside each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue_facilities import (
    ANCIENT_TREES,
    BERTHS,
    GREEN_SPACES,
    HISTORIC_BLOCKS,
    HISTORIC_BUILDINGS,
    PARKING_LOTS,
    PUBLIC_TOILETS,
    STREET_LAMPS,
    WASTE_POINTS,
)
from zjk_gis.layers.catalogue_matters import (
    ACCEPTED_FAULTS,
    ENFORCEMENT_CASES,
    EXCAVATION_PERMITS,
    HAZARDS,
    ILLEGAL_BUILDINGS,
    INCIDENTS,
)
from zjk_gis.layers.catalogue_pipes import MANHOLES, PIPE_POINTS, PIPELINES
from zjk_gis.layers.catalogue_places import (
    BUILT_UP_AREAS,
    COMMUNITIES,
    DISTRICTS,
    RESIDENTIAL_ESTATES,
    RESPONSIBILITY_GRIDS,
    RESPONSIBILITY_ZONES,
    RIVERS,
    ROAD_SECTIONS,
    ROADS,
    STREETS,
    UNIT_GRIDS,
)

if TYPE_CHECKING:
    from zjk_gis.layers.spec import LayerSpec

__all__ = [
    "ACCEPTED_FAULTS",
    "ANCIENT_TREES",
    "BERTHS",
    "BUILT_UP_AREAS",
    "CATALOGUE",
    "COMMUNITIES",
    "DISTRICTS",
    "ENFORCEMENT_CASES",
    "EXCAVATION_PERMITS",
    "GREEN_SPACES",
    "HAZARDS",
    "HISTORIC_BLOCKS",
    "HISTORIC_BUILDINGS",
    "ILLEGAL_BUILDINGS",
    "INCIDENTS",
    "MANHOLES",
    "PARKING_LOTS",
    "PIPELINES",
    "PIPE_POINTS",
    "PUBLIC_TOILETS",
    "RESIDENTIAL_ESTATES",
    "RESPONSIBILITY_GRIDS",
    "RESPONSIBILITY_ZONES",
    "RIVERS",
    "ROADS",
    "ROAD_SECTIONS",
    "STREETS",
    "STREET_LAMPS",
    "UNIT_GRIDS",
    "WASTE_POINTS",
    "spec_of",
]

CATALOGUE: dict[str, LayerSpec] = {
    spec.name: spec
    for spec in (
        ACCEPTED_FAULTS,
        ANCIENT_TREES,
        BERTHS,
        BUILT_UP_AREAS,
        COMMUNITIES,
        DISTRICTS,
        ENFORCEMENT_CASES,
        EXCAVATION_PERMITS,
        GREEN_SPACES,
        HAZARDS,
        HISTORIC_BLOCKS,
        HISTORIC_BUILDINGS,
        ILLEGAL_BUILDINGS,
        INCIDENTS,
        MANHOLES,
        PARKING_LOTS,
        PIPELINES,
        PIPE_POINTS,
        PUBLIC_TOILETS,
        RESIDENTIAL_ESTATES,
        RESPONSIBILITY_GRIDS,
        RESPONSIBILITY_ZONES,
        RIVERS,
        ROADS,
        ROAD_SECTIONS,
        STREETS,
        STREET_LAMPS,
        UNIT_GRIDS,
        WASTE_POINTS,
    )
}


def spec_of(name: str) -> LayerSpec:
    """Look up the spec of a layer by its English or Chinese name.

    Parameters
    ----------
    name : str
        Such as ``"unit_grids"`` or ``"单元网格"``.

    Returns
    -------
    LayerSpec

    Raises
    ------
    InputError
        If there is no such layer; the message lists them.

    Examples
    --------
    >>> spec_of("单元网格").code
    'grid_code'
    """
    for spec in CATALOGUE.values():
        if name in (spec.name, spec.title):
            return spec
    known = ", ".join(f"{spec.name} {spec.title}" for spec in CATALOGUE.values())
    message = f"there is no layer {name!r}; the layers are: {known}"
    raise InputError(message)
