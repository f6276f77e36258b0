"""Who answers for what is found: the zone with its chief, and the street."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.shapes import has_place
from zjk_gis.overlay import overlay_layers

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["with_who_answers"]


def with_who_answers(
    found: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    streets: gpd.GeoDataFrame | None,
    *,
    at: str | dt.date | None = None,
    which: NDArray[np.bool_] | None = None,
) -> gpd.GeoDataFrame:
    """Add the zone, its chief and the street that hold most of each row.

    Parameters
    ----------
    found : GeoDataFrame
    zones : GeoDataFrame, optional
        With ``zone_code``, and ``chief_code`` and ``chief_name`` where known.
    streets : GeoDataFrame, optional
        With ``street_code``, and ``street_name`` where known.
    at : date or str, optional
        The day on which they are valid.
    which : ndarray of bool, optional
        The rows that are asked about; by default all.

    Returns
    -------
    GeoDataFrame
        Missing where nobody answers or nothing was asked. Without a layer its columns are not there.
    """
    attrs = found.attrs
    asked = has_place(found.geometry.to_numpy()) & (True if which is None else which)
    asking = (("zone_code", zones, ("chief_code", "chief_name")), ("street_code", streets, ("street_name",)))
    for code, layer, columns in asking:
        if layer is None:
            continue
        bring = [name for name in columns if name in layer]
        rows = found.loc[asked, [found.geometry.name]].reset_index(drop=True)
        told: dict[str, Any] = {}
        if len(rows):
            answered = overlay_layers(rows, layer, once=True, code=code, at=at, columns=bring)
            told = {name: answered[name].array for name in (code, *bring)}
        else:
            told = {name: pd.array([], dtype="str") for name in (code, *bring)}
        place = np.where(asked, np.cumsum(asked) - 1, -1)
        found = with_answers(found, {name: each.take(place, allow_fill=True) for name, each in told.items()})
    found.attrs = attrs
    return found
