"""How positions and times are read: settled once, then the same for all rows, wherever they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.batch.arrow_columns import places_in
from zjk_gis.coordinates.datums import shift
from zjk_gis.io.tables.cells import Places, bounded
from zjk_gis.layers.columns.times import TimeOrder

if TYPE_CHECKING:
    import pyarrow as pa
    from pyproj import CRS

    from zjk_gis.coordinates.bare_numbers import Limit
    from zjk_gis.layers.columns.datum_words import WebDatum

__all__ = ["MOVED", "Reading"]

MOVED = ("gcj02", "bd09")  # the datums of web maps, from which positions are brought to the ground


@dataclass(frozen=True, slots=True)
class Reading:
    """How the positions and times of rows are read.

    Attributes
    ----------
    places : tuple of str
        The column of points, or that of x (longitude) and that of y.
    has_points : bool
        Whether it is a column of points.
    crs : CRS
        Of the coordinates as they are answered: for GCJ-02 and BD-09 that of the ground.
    limit : {"china", "globe", "metres", "bare_metres"}
        Within what a position must lie.
    datum : str or None
    time : str or None
        The column of times.
    order : TimeOrder
    """

    places: tuple[str, ...]
    has_points: bool
    crs: CRS
    limit: Limit
    datum: WebDatum | None = None
    time: str | None = None
    order: TimeOrder = field(default_factory=TimeOrder)

    @property
    def geometry(self) -> str | None:
        """The column of points, where there is one."""
        return self.places[0] if self.has_points else None

    def places_of(self, batch: pa.RecordBatch) -> Places:
        """Return where rows are, on the ground."""
        found = bounded(places_in(batch, *self.places), self.limit)
        if self.datum is None or self.datum not in MOVED:
            return found
        there = np.flatnonzero(np.isfinite(found.x))
        x, y = found.x.copy(), found.y.copy()
        x[there], y[there] = shift(x[there], y[there], source=self.datum, target="cgcs2000")
        return Places(x, y, found.why)
