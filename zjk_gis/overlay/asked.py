"""The layer that is asked about: its rows of points, lines and polygons, and which have a sound shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import convert_crs, require_crs, require_layer
from zjk_gis.layers.columns.requirements import require_rows
from zjk_gis.layers.metric import ready
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat, has_shape
from zjk_gis.overlay.answering import KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Asked"]


class Asked:
    """The rows that are asked about, and which of them have a shape that can be asked."""

    def __init__(self, layer: gpd.GeoDataFrame, name: str, *, strict: bool) -> None:
        require_layer(layer, name)
        require_rows(layer, name)
        require_crs(layer, name)
        self.name = name
        self.layer = layer
        self.aside = SetAside(strict=strict)
        shapes = layer.geometry.to_numpy()
        missing = ~has_shape(shapes)
        invalid = ~missing & ~shapely.is_valid(shapes)
        if strict and (missing | invalid).any():
            for dimension, kind in enumerate(KINDS):  # refused by the house's check, which names the rows
                rows = shapely.get_dimensions(shapes) == dimension
                ready(layer[rows | missing], name, kind=kind)
        reasons = np.select([missing, invalid], ["no_geometry", "invalid_geometry"], "")
        self.aside.note(layer, name, missing | invalid, reasons, pd.Series("", index=layer.index))
        self.usable = ~(missing | invalid)

    def in_crs(self, crs: Any) -> NDArray[Any]:
        """Return the usable shapes in a CRS, the others as None."""
        rows = self.layer.geometry if self.usable.all() else self.layer.geometry[self.usable]
        moved = convert_crs(gpd.GeoDataFrame(geometry=rows), crs, name=self.name).geometry.to_numpy()
        shapes = np.full(len(self.layer), None, dtype=object)
        shapes[self.usable] = flat(moved)
        return shapes

    def by_dimension(self, shapes: NDArray[Any]) -> list[tuple[int, NDArray[np.int64]]]:
        """Return the dimensions that the usable shapes have, and the positions of each."""
        dimension = np.where(self.usable, shapely.get_dimensions(shapes), -1)
        return [(each, np.flatnonzero(dimension == each)) for each in range(3) if (dimension == each).any()]
