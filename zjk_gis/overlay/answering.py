"""The layer that answers in an overlay: its rows of a day, their codes, and which of several comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import shapely

from zjk_gis.crs import require_layer
from zjk_gis.errors import MissingColumnError
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.metric import ready
from zjk_gis.layers.results import spec_in
from zjk_gis.layers.shapes import flat
from zjk_gis.layers.versions import zones_at
from zjk_gis.overlay.sharing import measures
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["KINDS", "Answering"]

KINDS: tuple[Literal["point", "line", "polygon"], ...] = ("point", "line", "polygon")  # by dimension
_CHIEF = ("chief_code", "chief_name")


class Answering:
    """The layer that answers: its rows of the day, their codes and who comes first."""

    def __init__(
        self,
        layer: gpd.GeoDataFrame,
        code: str | None,
        columns: Sequence[str] | None,
        at: str | dt.date | None,
        level: int | str | None,
    ) -> None:
        require_layer(layer, "b")
        spec = spec_in(map(str, layer.columns)) if code is None else None
        known = code if spec is None else spec.code
        if known is None:
            raise MissingColumnError(
                tr(
                    "b: no column of codes that the catalogue knows; its columns are {columns}. "
                    "Name it with code=",
                    columns=", ".join(map(str, layer.columns)),
                )
            )
        self.code: str = known
        dimensions = np.unique(shapely.get_dimensions(layer.geometry.to_numpy()))
        self.dimension = int(dimensions.max(initial=0))
        layer = ready(layer, "b", kind=KINDS[max(self.dimension, 0)], code=self.code, named_by="code")
        self.crs = layer.crs
        rows = zones_at(layer, at, level=level)
        self.codes = code_text(rows[self.code]).to_numpy(dtype=object)
        self.shapes = flat(rows.geometry.to_numpy())
        bring = [name for name in _CHIEF if name in rows] if columns is None else list(columns)
        require_columns(rows, "b", *bring)
        self.others = rows[[name for name in bring if name != self.code]]
        # Who answers where several do: the smallest, then the lowest code.
        size = np.round(measures(self.shapes, self.dimension), 6)
        codes = self.codes.astype(str)
        self.rank = _places(np.lexsort((np.arange(len(rows)), codes, size)))
        # In which order they are listed: by code; what nothing answers comes last, as -1 finds it.
        self.order = np.append(_places(np.lexsort((self.rank, codes))), len(rows))

    def __len__(self) -> int:
        return len(self.shapes)

    def brought(self, other: NDArray[np.int64]) -> dict[str, Any]:
        """Return the code and the other columns for rows of this layer; missing where there is none (-1)."""
        found: dict[str, Any] = {self.code: pd.array(self.codes, dtype="str").take(other, allow_fill=True)}
        for name in self.others:
            found[name] = self.others[name].array.take(other, allow_fill=True)
        return found


def _places(order: NDArray[np.intp]) -> NDArray[np.int64]:
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place
