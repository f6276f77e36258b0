"""The codes that incidents lack, found by where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.overlay import overlay_layers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["placed"]

_FOUND = ("district_code", "street_code", "community_code", "zone_code", "chief_code", "chief_name")


def placed(cases: pd.DataFrame, layers: Mapping[str, pd.DataFrame], wanted: Sequence[str]) -> pd.DataFrame:
    """Give incidents the codes of areas, zones and chiefs that they lack, as `assign_incidents` finds them.

    Incidents that have all that is wanted, or no positions, and those for which no zones or unit grids came
    along, stay as they are. What no zone tells, such as the estate, is where the layer of that code has it.
    """
    return _in_areas(_in_zones(cases, layers, wanted), layers, wanted)


def _in_areas(cases: pd.DataFrame, layers: Mapping[str, pd.DataFrame], wanted: Sequence[str]) -> pd.DataFrame:
    """Give incidents the codes of areas that no zone tells, such as estates, by the layer of that code."""
    for name in wanted:
        areas: Any = layers.get(next((each.name for each in CATALOGUE.values() if each.code == name), ""))
        incidents: Any = cases
        if name in cases or not all(isinstance(each, gpd.GeoDataFrame) for each in (incidents, areas)):
            continue
        if name in areas and len(areas):
            places = gpd.GeoDataFrame(geometry=incidents.geometry)
            found = overlay_layers(places, areas, "within", once=True, code=name, columns=[])
            cases = pd.DataFrame.assign(cases, **{name: found[name].array})
    return cases


def _in_zones(cases: pd.DataFrame, layers: Mapping[str, pd.DataFrame], wanted: Sequence[str]) -> pd.DataFrame:
    zones: Any = layers.get("responsibility_zones", layers.get("unit_grids"))
    incidents: Any = cases
    if all(name in cases for name in wanted) or not isinstance(incidents, gpd.GeoDataFrame):
        return cases
    if not isinstance(zones, gpd.GeoDataFrame):
        return cases
    from zjk_gis.assign import assign_incidents  # compiles, so that it is loaded only where it is needed

    grids: Any = layers.get("unit_grids") if "responsibility_zones" in layers else None
    assigned = assign_incidents(incidents, zones, grids=grids)
    found = {name: assigned[name] for name in _FOUND if name not in cases and name in assigned}
    return pd.DataFrame.assign(cases, **found)
