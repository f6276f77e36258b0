"""Which manhole a pipe means: by the name it records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.layers.catalogue import MANHOLES
from zjk_gis.layers.columns.codes import matched_names
from zjk_gis.layers.columns.values import code_text

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["ENDS", "named_at", "names_of"]

ENDS = ("from_manhole", "to_manhole")


def named_at(pipelines: gpd.GeoDataFrame, end: str, manholes: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return the name that each pipe records for one end, as the manholes write it; empty where none."""
    if end not in pipelines:
        return np.full(len(pipelines), "", dtype=object)
    columns = [manholes[column] for column in MANHOLES.names if column in manholes]
    names = matched_names(pipelines[end], columns).codes
    return names.fillna("").to_numpy(dtype=object)


def names_of(manholes: gpd.GeoDataFrame) -> dict[str, list[int]]:
    """Return the positions of the manholes that answer to each name; a code comes before the numbers."""
    found: dict[str, list[int]] = {}
    for column in MANHOLES.names:
        if column in manholes:
            taken = set(found)
            for position, name in enumerate(code_text(manholes[column]).fillna("")):
                if name and name not in taken:
                    found.setdefault(name, []).append(position)
    return found
