"""What the cells of a batch hold: positions and days, and why where they hold none.

Plain numbers and dates are read by inner loops; whatever is unusual goes through the same functions as every
table of the library, so that a batch reads no cell otherwise than `zjk_gis.read_layer` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.coordinates.bare_numbers import fits, misfits
from zjk_gis.io.tables.scan import BLANK, ODD
from zjk_gis.layers.columns.periods import NEVER
from zjk_gis.layers.columns.times import YEAR_FIRST
from zjk_gis.layers.columns.values import converted
from zjk_gis.layers.spec import Field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.coordinates.bare_numbers import Limit
    from zjk_gis.io.tables.scan import Loops
    from zjk_gis.layers.columns.times import TimeOrder

__all__ = [
    "Cells",
    "Numbers",
    "Places",
    "Why",
    "bounded",
    "days_of_cells",
    "numbers_of_cells",
    "places_of",
]

_NUMBER = Field(name="coordinate", title="坐标", dtype="number")


class Why(IntEnum):
    """Why a row is rejected."""

    USABLE = 0
    MISSING = 1
    NOT_A_NUMBER = 2
    ZERO = 3
    BAD_POSITION = 4
    NO_POINT = 5
    TOO_MANY_CELLS = 6
    BAD_TIME = 7
    SWAPPED_AXES = 8
    OUTSIDE_CHINA = 9

    @property
    def word(self) -> str:
        """The word for it in reports; for people see `zjk_gis.layers.labels.label`."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Places:
    """The positions of the rows of a batch.

    Attributes
    ----------
    x, y : ndarray of float64
        NaN where a row has none that can be used.
    why : ndarray of uint8
        A `Why` for every row.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    why: NDArray[np.uint8]

    def without(self, rows: NDArray[np.bool_], why: Why | None) -> Places:
        """Return the same with some rows rejected, for a reason or for the one they have."""
        if not rows.any():
            return self
        whys = self.why if why is None else np.where(rows, np.uint8(why), self.why)
        return Places(np.where(rows, np.nan, self.x), np.where(rows, np.nan, self.y), whys)

    @classmethod
    def none(cls) -> Places:
        """Return the positions of no rows."""
        return cls(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.uint8))

    def swapped(self) -> Places:
        """Return the same with the axes the other way round."""
        return Places(self.y, self.x, self.why)


@dataclass(frozen=True, slots=True)
class Cells:
    """One column of text: where each of its cells begins and ends.

    Attributes
    ----------
    text : bytes or ndarray of uint8
        As `loops` want it.
    left, right : ndarray of int64
    loops : Loops
    """

    text: Any
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    loops: Loops

    def decoded(self, rows: NDArray[np.int64]) -> list[str]:
        """Return some cells as text, without the quotes around them."""
        found = []
        for row in rows.tolist():
            cell = bytes(self.text[self.left[row] : self.right[row]])
            if len(cell) > 1 and cell[:1] == cell[-1:] == b'"':
                cell = cell[1:-1].replace(b'""', b'"')
            found.append(cell.decode(errors="replace"))
        return found


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column read as numbers.

    Attributes
    ----------
    value : ndarray of float64
        NaN where there is none.
    missing, wrong : ndarray of bool
        Where nothing stands, and where something else than a number does.
    """

    value: NDArray[np.float64]
    missing: NDArray[np.bool_]
    wrong: NDArray[np.bool_]


def numbers_of_cells(cells: Cells) -> Numbers:
    r"""Read cells as numbers.

    Examples
    --------
    >>> from zjk_gis.io.tables.scan import loops_for
    >>> left, right = np.array([0, 7, 12, 17]), np.array([6, 11, 16, 18])
    >>> cells = Cells(b'114.88, 1e2,"-7",x', left, right, loops_for(18))
    >>> numbers_of_cells(cells).value.tolist()
    [114.88, 100.0, -7.0, nan]
    """
    values = np.full(len(cells.left), np.nan)
    kind = np.zeros(len(cells.left), dtype=np.int8)
    wrong = np.zeros(len(cells.left), dtype=bool)
    if cells.loops.read_numbers(cells.text, cells.left, cells.right, values, kind):
        odd = np.flatnonzero(kind == ODD)
        if len(odd):
            read, bad = converted(pd.Series(cells.decoded(odd), dtype="str"), _NUMBER)
            values[odd] = read.to_numpy(dtype=np.float64)
            wrong[odd] = bad
    return Numbers(values, np.isnan(values) & ~wrong, wrong)


def places_of(east: Numbers, north: Numbers) -> Places:
    """Put two columns together; by the reasons of `zjk_gis.layers.columns.coordinates`."""
    x, y = east.value, north.value
    why = np.zeros(len(x), dtype=np.uint8)
    why[(x == 0) & (y == 0)] = Why.ZERO
    why[east.missing | north.missing] = Why.MISSING
    why[east.wrong | north.wrong] = Why.NOT_A_NUMBER
    return Places(x, y, why).without(why > 0, None)


def bounded(places: Places, limit: Limit) -> Places:
    """Reject positions that cannot be one, for the reasons of `zjk_gis.coordinates.bare_numbers.misfits`.

    Examples
    --------
    >>> swapped = Places(np.array([114.88, 40.82]), np.array([40.82, 114.88]), np.zeros(2, dtype=np.uint8))
    >>> bounded(swapped, "globe").why.tolist() == [Why.USABLE, Why.SWAPPED_AXES]
    True
    """
    wrong = ~fits(places.x, places.y, limit) & (places.why == Why.USABLE)
    if not wrong.any():
        return places
    rows = np.flatnonzero(wrong)
    why = places.why.copy()
    why[rows] = [Why[reason.upper()] for reason in misfits(places.x[rows], places.y[rows], limit).tolist()]
    return Places(places.x, places.y, why).without(wrong, None)


def days_of_cells(cells: Cells, order: TimeOrder = YEAR_FIRST) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Read cells as days.

    Parameters
    ----------
    cells : Cells
    order : TimeOrder, optional
        How the column is read, as its first rows or the caller told; by default with the year first alone.

    Returns
    -------
    days : ndarray of int64
        Day numbers of `zjk_gis.layers.columns.periods`; `NEVER` where nothing stands or no date.
    wrong : ndarray of bool
        Where something else than a date stands, or one in another order.

    Examples
    --------
    >>> from zjk_gis.io.tables.scan import loops_for
    >>> from zjk_gis.layers.columns.times import time_order
    >>> order = time_order(pd.Series(["13/01/1970"]))
    >>> left, right = np.array([0, 11, 22, 27]), np.array([10, 21, 26, 27])
    >>> cells = Cells("1970-01-02,03/01/1970,soon".encode(), left, right, loops_for(27))
    >>> days, wrong = days_of_cells(cells, order)
    >>> days[:2].tolist(), wrong.tolist()
    ([1, 2], [False, False, True, False])
    """
    if not order.reads_plain_days:
        return order.days(pd.Series(cells.decoded(np.arange(len(cells.left))), dtype="str"))
    days = np.zeros(len(cells.left), dtype=np.int64)
    kind = np.zeros(len(cells.left), dtype=np.int8)
    wrong = np.zeros(len(cells.left), dtype=bool)
    if cells.loops.read_days(cells.text, cells.left, cells.right, days, kind):
        days[kind == BLANK] = NEVER
        odd = np.flatnonzero(kind == ODD)
        days[odd], wrong[odd] = order.days(pd.Series(cells.decoded(odd), dtype="str"))
    return days, wrong
