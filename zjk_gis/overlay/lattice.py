"""Ground counted by cells of one size, fixed to the ground: squares (方格) and hexagons (蜂窝)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.errors import InputError
from zjk_gis.overlay.polygons import pieces_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Lattice"]

_MOST = 4_000_000  # cells
_FEW = 16  # cells that are cut by one piece of ground without dividing it further
_NOTHING = 1e-9  # of a cell's area: less is how a border was rounded


@dataclass(frozen=True, slots=True)
class Lattice:
    """Cells that are aligned to whole multiples of their size, whatever is counted in them.

    Attributes
    ----------
    width : float
        Of a cell from side to side, in metres.
    hexagons : bool, default False
        Whether cells are hexagons that stand on a corner, instead of squares.

    Examples
    --------
    >>> Lattice(100.0).cells_of(np.array([[250.0, -1.0]])).tolist()
    [[2, -1]]
    >>> shapely.area(Lattice(100.0, hexagons=True).shapes(np.array([[0, 0]]))).round().tolist()
    [8660.0]
    """

    width: float
    hexagons: bool = False

    @property
    def row_height(self) -> float:
        """How far apart rows of cells are."""
        return self.width * np.sqrt(3) / 2 if self.hexagons else self.width

    def cells_of(self, coords: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the column and the row of the cell of each point; one on a line is in the upper right."""
        if not self.hexagons:
            return np.floor(coords / self.width).astype(np.int64)
        # Of the two nearest rows of centres the nearer centre; odd rows are shifted by half a hexagon.
        rows = np.floor(coords[:, 1] / self.row_height)[:, None] + [0, 1]
        shift = np.where(rows % 2 == 1, 0.5, 0.0)
        columns = np.rint(coords[:, :1] / self.width - shift)
        apart = np.hypot(
            coords[:, :1] - (columns + shift) * self.width, coords[:, 1:] - rows * self.row_height
        )
        nearer = np.arange(len(coords)), apart.argmin(axis=1)
        return np.column_stack([columns[nearer], rows[nearer]]).astype(np.int64)

    def centres(self, cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the centres of cells, shape (n, 2)."""
        column, row = cells[:, 0], cells[:, 1]
        if not self.hexagons:
            return np.asarray((cells + 0.5) * self.width, dtype=np.float64)
        return np.column_stack(
            [(column + np.where(row % 2 == 1, 0.5, 0.0)) * self.width, row * self.row_height]
        )

    def shapes(self, cells: NDArray[np.int64]) -> NDArray[Any]:
        """Return the cells as polygons."""
        if not self.hexagons:
            left, low = (cells * self.width).T
            right, high = ((cells + 1) * self.width).T
            return np.asarray(shapely.box(left, low, right, high))
        turns = np.radians(np.arange(30, 390, 60))
        corner = self.width / np.sqrt(3) * np.column_stack([np.cos(turns), np.sin(turns)])
        return np.asarray(shapely.polygons(self.centres(cells)[:, None, :] + corner))

    def over(self, ground: shapely.Geometry) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Cut ground into cells.

        Parameters
        ----------
        ground : Polygon or MultiPolygon
            In metres.

        Returns
        -------
        cells : ndarray of int64, shape (n, 2)
            Column and row of those that have ground, from north to south and west to east.
        pieces : ndarray of Polygon and MultiPolygon
            The ground in each.

        Raises
        ------
        InputError
            If there would be more than 4,000,000 cells within the bounds of the ground.

        Examples
        --------
        >>> cells, pieces = Lattice(10.0).over(shapely.box(0, 0, 15, 10))
        >>> cells.tolist(), shapely.area(pieces).tolist()
        ([[0, 0], [1, 0]], [100.0, 50.0])
        """
        west, south, east, north = shapely.bounds(ground).tolist()
        margin = 1 if self.hexagons else 0
        columns = np.array([np.floor(west / self.width) - margin, np.ceil(east / self.width) + margin])
        rows = np.array([np.floor(south / self.row_height), np.ceil(north / self.row_height) + margin])
        count = float((columns[1] - columns[0]) * (rows[1] - rows[0]))
        if count > _MOST:
            raise InputError(
                tr("cells of {width:g} m would be {count:,.0f} over this ground; take larger ones",
                   width=self.width, count=count)
            )  # fmt: skip
        across = np.arange(columns[0], columns[1], dtype=np.int64)
        down = np.arange(rows[0], rows[1], dtype=np.int64)[::-1]
        column, row = (each.ravel() for each in np.meshgrid(across, down))
        cells = np.column_stack([column, row])
        pieces = self.shapes(cells)
        _clip(pieces, self.centres(cells), np.arange(len(cells)), ground)
        has_ground = shapely.area(pieces) > _NOTHING * self.width**2
        return cells[has_ground], pieces[has_ground]


def _clip(
    pieces: NDArray[Any], centres: NDArray[np.float64], which: NDArray[np.int64], ground: shapely.Geometry
) -> None:
    """Cut some cells to the ground, in place; ground is halved with them, so that each meets little of it."""
    shapely.prepare(ground)
    met = shapely.intersects(ground, pieces[which])
    pieces[which[~met]] = shapely.Polygon()
    which = which[met]
    which = which[~shapely.contains(ground, pieces[which])]
    if len(which) <= _FEW:
        pieces[which] = [_areal(piece) for piece in shapely.intersection(pieces[which], ground)]
        return
    spread = np.ptp(centres[which], axis=0)
    along = centres[which, int(spread[1] > spread[0])]
    first = along <= np.median(along)
    if first.all():
        first = along < along.max()
    for half in (which[first], which[~first]):
        if len(half):
            around = shapely.box(*shapely.total_bounds(pieces[half]).tolist())
            _clip(pieces, centres, half, _areal(shapely.intersection(ground, around)))


def _areal(shape: shapely.Geometry) -> shapely.Geometry:
    """Return what is area in a geometry: a cell may touch other ground in a line or a point."""
    parts = pieces_of(shape)
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(parts))
