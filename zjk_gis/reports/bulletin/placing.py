"""The codes that incidents lack, found by where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["placed"]

_FOUND = ("district_code", "street_code", "community_code", "zone_code", "chief_code", "chief_name")


def placed(cases: pd.DataFrame, layers: Mapping[str, pd.DataFrame], wanted: Sequence[str]) -> pd.DataFrame:
    """Give incidents the codes of areas, zones and chiefs that they lack, as `assign_incidents` finds them.

    Incidents that have all that is wanted, or no positions, and those for which no zones or unit grids came
    along, stay as they are.
    """
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
