"""Incidents counted by cell: which count, where they lie, and what has to be said of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.assess.cells import FEW, NO_POSITION, OUTSIDE, Basis, Cells, positions_of
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.requirements import require_columns, require_rows
from zjk_gis.layers.columns.times import read_times
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["Asked", "asked_in", "remarks_on", "times_in"]


def times_in(incidents: gpd.GeoDataFrame, dated: str) -> NDArray[np.datetime64]:
    """Return when incidents were, by Beijing's clock.

    Raises
    ------
    MissingColumnError
        If there is no such column.
    InputError
        If a value is not a time, or none has any.
    """
    require_rows(incidents, "incidents")
    require_columns(incidents, "incidents", dated)
    name = tr("{name}: {what}", name="incidents", what=dated)
    times = read_times(incidents[dated], name=name).required().times.to_numpy("M8[us]")
    if np.isnat(times).all():
        raise InputError(tr("incidents: none has a time in {dated}", dated=dated))
    return times


@dataclass(frozen=True)
class Asked:
    """Which incidents count.

    Attributes
    ----------
    rows : ndarray of int64
        Positions of those in the period that lie in a cell.
    cell : ndarray of int64
        The cell of each.
    outside, no_position : int
        How many of the period lie in no cell, and have no position.
    """

    rows: NDArray[np.int64]
    cell: NDArray[np.int64]
    outside: int
    no_position: int

    def told(self) -> dict[str, int]:
        """Return what goes into the attributes of an answer."""
        return {"incidents": len(self.rows), "outside": self.outside, "no_position": self.no_position}


def asked_in(incidents: gpd.GeoDataFrame, cells: Cells, in_period: NDArray[np.bool_]) -> Asked:
    """Find the cells of the incidents of a period.

    Raises
    ------
    InputError
        If none of them lies in a cell: of nothing no hot spot can be told.
    """
    x, y = positions_of(incidents, "incidents", cells.frame.crs)
    rows = np.flatnonzero(in_period)
    if not len(rows):
        raise InputError(tr("incidents: none of {count:,} is of this period", count=len(incidents)))
    cell = cells.holding(x[rows], y[rows])
    outside, nowhere = int((cell == OUTSIDE).sum()), int((cell == NO_POSITION).sum())
    if not (cell >= 0).any():
        raise InputError(
            tr("incidents: none of {count:,} lies in the cells ({outside:,} outside, {nowhere:,} without a "
               "position)", count=len(rows), outside=outside, nowhere=nowhere)
        )  # fmt: skip
    return Asked(rows[cell >= 0], cell[cell >= 0], outside, nowhere)


def remarks_on(cells: Cells, basis: Basis, asked: Asked) -> list[str]:
    """Say over which ground and in which cells was counted, what counts were divided by, what is rough."""
    count, unjudged = len(cells), int((~basis.is_judged).sum())
    if np.isnan(cells.cell_m):
        told = [tr("{count:,} areas given, {area:,.2f} km²", count=count, area=cells.area_km2)]
    else:
        told = [
            tr("{count:,} cells of {cell_m:g} m over the region of {area:,.2f} km²",
               count=count, cell_m=cells.cell_m, area=cells.area_km2)
        ]  # fmt: skip
    if np.isnan(cells.reach_m):
        told.append(tr("near is what touches, at a side or a corner"))
    else:
        told.append(tr("near is what has its centre within {reach_m:g} m", reach_m=cells.reach_m))
    by = {
        "nothing": tr("counts are not divided by anything: they follow where inspectors walk and people "
                      "live"),
        "people": tr("cases to 10,000 people"),
        "roads": tr("cases to a kilometre of road"),
        "patrols": tr("cases to a fix of patrols, or to a metre of their tracks"),
    }  # fmt: skip
    told.append(by[basis.name])
    alone = int((np.diff(cells.near.indptr) == 1).sum())
    facts = (
        (unjudged, tr("{number:,} cells have no more than {least:,.4g} to divide by and are not judged",
                      number=unjudged, least=basis.least)),
        (alone, tr("{number:,} cells have no other near them and stand for themselves", number=alone)),
        (asked.outside, tr("{number:,} incidents lie in no cell and do not count", number=asked.outside)),
        (asked.no_position, tr("{number:,} incidents have no position and do not count",
                               number=asked.no_position)),
        (int(count - unjudged < FEW), tr("fewer than {few} cells are judged: p is rough", few=FEW)),
    )  # fmt: skip
    return told + [sentence for number, sentence in facts if number]
