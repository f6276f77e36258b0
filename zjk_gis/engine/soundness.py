"""Whether arrays that came from a file are those of an index.

Compiled code goes where an offset or a word sends it, and one that leads beyond its array ends the process.
So whatever was not made here is looked through once, from end to end, before the first point is asked:

1. Rings follow one another, are closed, have at least four vertices, and belong to a zone.
2. The ranks of the zones are the numbers from 0 on, each once.
3. The sets of several zones follow one another, and hold zones that there are.
4. A cell leads to a zone, a set, a record or a block that there is; the first cell, to which all points
   beyond the grid are sent, leads to nobody.
5. A record ends before the room that reading ahead needs; its zones exist, its bits are those of its zones,
   and its edges are edges of rings.
6. A block is the cell of the grid, or of one block of a lower number, that leads to it: nothing leads in a
   circle.
7. Records and blocks together are no longer than the words: none is read again and again.
8. Parts of lines follow one another, have at least two vertices, none twice in a row, and belong to lines in
   their order, each of which has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.engine.compiled import compiled, lean
from zjk_gis.engine.polygons.cells import BLOCK, EDGE_WORDS, MANY, RECORD
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.engine.arrays import Bools, Bytes, Floats, Real, Whole, Words
    from zjk_gis.engine.polygons.grid import CompiledGrid

__all__ = ["fault_of_grid", "fault_of_parts", "fault_of_rings"]

_PADDING = 16  # words behind a record that reading ahead touches
_LEAST_RING, _LEAST_PART = 4, 2
_FARTHEST = 1e12  # no line on Earth goes there, and squares of it are no trouble
_MOST_SIDE = 128
_SAME_PLACE, _SAME_SIDE = 1e-6, 1e-9  # what rounding may add up to: of a cell, and of a side
_SOUND, _CELL, _RECORD, _BLOCK, _TOO_LONG = range(5)
_FAULTS = (
    "",
    "a cell leads to what is not there",
    "a record of edges is not one",
    "a block of cells is not one",
    "records are read more than once",
)


def fault_of_rings(
    coords: NDArray[Any],
    starts: NDArray[Any],
    zone: NDArray[Any],
    part: NDArray[Any],
    rank: NDArray[Any],
) -> str:
    """Say what is wrong with the rings of zones, and their ranks; empty if nothing is.

    Parameters
    ----------
    coords, starts, zone, part : ndarray
        As in `Rings`.
    rank : ndarray
        One for each zone.

    Examples
    --------
    >>> square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    >>> one, none = np.zeros(1, np.int32), np.zeros(1, np.int64)
    >>> fault_of_rings(square, np.array([0, 5]), one, one, none)
    ''
    >>> fault_of_rings(square, np.array([0, 2**40]), one, one, none)
    'rings begin or end where no vertices are'
    """
    for what, array, dtype, dimensions in (
        ("coords", coords, np.float64, 2),
        ("ring_starts", starts, np.int64, 1),
        ("ring_zone", zone, np.int32, 1),
        ("ring_part", part, np.int32, 1),
        ("rank", rank, np.int64, 1),
    ):
        if array.dtype != dtype or array.ndim != dimensions:
            return tr("{what} are of another kind", what=what)
    if coords.shape[1] != 2 or not len(coords) or not np.isfinite(coords).all():
        return tr("coordinates are missing or not finite")
    n_rings = len(zone)
    if not n_rings or len(starts) != n_rings + 1 or len(part) != n_rings:
        return tr("rings, zones and parts differ in number")
    if starts[0] != 0 or starts[-1] != len(coords) or not _ascends(starts, _LEAST_RING):
        return tr("rings begin or end where no vertices are")
    if (coords[starts[:-1]] != coords[starts[1:] - 1]).any():
        return tr("a ring is not closed")
    if zone.min() < 0 or zone.max() >= len(rank):
        return tr("a ring belongs to a zone that is not there")
    same = part[1:] == part[:-1]
    if part.min() < 0 or (part[1:] < part[:-1]).any() or (zone[1:] != zone[:-1])[same].any():
        return tr("parts are not in order")
    if not np.array_equal(np.sort(rank), np.arange(len(rank))):
        return tr("ranks are not the numbers from 0 on")
    return ""


def fault_of_parts(coords: NDArray[Any], starts: NDArray[Any], line: NDArray[Any], n_lines: int) -> str:
    """Say what is wrong with the parts of lines; empty if nothing is.

    Parameters
    ----------
    coords, starts, line : ndarray
        As in `Parts`.
    n_lines : int

    Examples
    --------
    >>> street, one = np.array([[0.0, 0], [1, 0]]), np.zeros(1, np.int64)
    >>> fault_of_parts(street, np.array([0, 2]), one, 1)
    ''
    >>> fault_of_parts(street, np.array([0, 2]), one, 2)
    'a line has no part, or parts are not in order'
    """
    for what, array, dtype, dimensions in (
        ("coords", coords, np.float64, 2),
        ("part_starts", starts, np.int64, 1),
        ("part_line", line, np.int64, 1),
    ):
        if array.dtype != dtype or array.ndim != dimensions:
            return tr("{what} are of another kind", what=what)
    if coords.shape[1] != 2 or not len(coords) or not (np.abs(coords) <= _FARTHEST).all():
        return tr("coordinates are missing, not finite or nowhere on Earth")
    if not len(line) or len(starts) != len(line) + 1:
        return tr("parts and lines differ in number")
    if starts[0] != 0 or starts[-1] != len(coords) or not _ascends(starts, _LEAST_PART):
        return tr("parts begin or end where no vertices are")
    if line[0] != 0 or line[-1] != n_lines - 1 or not np.isin(np.diff(line), (0, 1)).all():
        return tr("a line has no part, or parts are not in order")
    repeated = (coords[1:] == coords[:-1]).all(axis=1)
    repeated[starts[1:-1] - 1] = False
    return tr("a vertex is repeated") if repeated.any() else ""


def fault_of_grid(grid: CompiledGrid, starts: NDArray[np.int64]) -> str:
    """Say what is wrong with a grid; empty if nothing is.

    Parameters
    ----------
    grid : CompiledGrid
    starts : ndarray of int64
        Where the rings begin whose vertices the grid has, found to be sound.
    """
    for what, array, dtype, dimensions in (
        ("words", grid.words, np.uint32, 1),
        ("offsets", grid.offsets, np.int64, 1),
        ("members", grid.members, np.int32, 1),
        ("blocks", grid.blocks, np.float64, 2),
    ):
        if array.dtype != dtype or array.ndim != dimensions:
            return tr("{what} are of another kind", what=what)
    if not (_is_placed(grid) and grid.nx * grid.ny + _PADDING <= len(grid.words)):
        return tr("the grid has no place or too few cells")
    offsets, members = grid.offsets, grid.members
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != len(members) or not _ascends(offsets, 1):
        return tr("sets of zones begin or end where no zones are")
    if len(members) and (members.min() < 0 or members.max() >= grid.n_zones):
        return tr("a set holds a zone that is not there")
    if grid.blocks.shape[1] != 5 or not np.isfinite(grid.blocks).all():
        return tr(_FAULTS[_BLOCK]) if _BLOCK else ""
    is_edge = np.ones(len(grid.coords), np.uint8)
    is_edge[starts[1:] - 1] = 0
    fault: int = _first_fault(
        grid.words, is_edge, grid.place, grid.nx, grid.ny, grid.n_zones, len(offsets) - 1, grid.blocks
    )
    return tr(_FAULTS[fault]) if fault else ""


def _ascends(offsets: NDArray[np.int64], least: int) -> bool:
    """Tell whether each is at least so much more than the one before; differences could overflow."""
    return bool((offsets[1:] > offsets[:-1]).all()) and bool((np.diff(offsets) >= least).all())


def _is_placed(grid: CompiledGrid) -> bool:
    if not all(type(each) is int and each > 0 for each in (grid.nx, grid.ny, grid.n_zones)):
        return False
    numbers = (*grid.place, grid.tolerance)
    if len(numbers) != 5 or not all(type(each) is float and np.isfinite(each) for each in numbers):
        return False
    _, _, per_unit, side = grid.place
    return side > 0 and per_unit > 0 and 1.0 / side == per_unit and 0 < grid.tolerance < 1


@compiled
def _first_fault(
    words: Words,
    is_edge: Bytes,
    place: tuple[float, float, float, float],
    nx: Whole,
    ny: Whole,
    n_zones: Whole,
    n_sets: Whole,
    blocks: Floats,
) -> Whole:
    """Look through the cells of the grid, then through those of each block; return the first fault."""
    n_cells = nx * ny
    if words[0] != 0:
        return _CELL
    numbers = n_zones + n_sets
    seen = np.zeros(blocks.shape[0], np.bool_)
    left = np.int64(words.size - n_cells)  # words that no record or block has taken yet
    fault, left = _fault_in_cells(
        words, is_edge, 0, nx, ny, n_zones, numbers, n_cells, -1, place[0], place[1], place[3], blocks, seen,
        left,
    )  # fmt: skip
    for b in range(blocks.shape[0]):
        if fault != _SOUND:
            return fault
        if not seen[b]:
            return _BLOCK
        side, at = np.int64(blocks[b, 3]), np.int64(blocks[b, 4])  # looked at where it was led to
        fault, left = _fault_in_cells(
            words, is_edge, at, side, side, n_zones, numbers, n_cells, b, blocks[b, 0], blocks[b, 1],
            1.0 / blocks[b, 2], blocks, seen, left - side * side,
        )  # fmt: skip
    return fault


@lean
def _fault_in_cells(
    words: Words,
    is_edge: Bytes,
    first: Whole,
    nx: Whole,
    ny: Whole,
    n_zones: Whole,
    numbers: Whole,
    n_cells: Whole,
    block: Whole,
    x0: Real,
    y0: Real,
    d: Real,
    blocks: Floats,
    seen: Bools,
    left: Whole,
) -> tuple[Whole, Whole]:
    """Return the first fault in the cells of the grid or of a block, and how many words are left."""
    if left < 0:
        return _TOO_LONG, left
    for r in range(ny):
        for c in range(nx):
            word = np.int64(words[first + r * nx + c])
            tag, number = word & 3, word >> 2
            if tag == 0:
                if number > numbers:
                    return _CELL, left
            elif tag == RECORD:
                size = _size_of_record(words, is_edge, number, n_zones, n_cells)
                if size < 0:
                    return _RECORD, left
                left -= size
                if left < 0:
                    return _TOO_LONG, left
            elif tag == BLOCK:
                if number <= block or number >= blocks.shape[0] or seen[number]:
                    return _BLOCK, left
                seen[number] = True
                if not _is_block_in(words.size, blocks, number, n_cells, x0 + c * d, y0 + r * d, d):
                    return _BLOCK, left
            else:
                return _CELL, left
    return _SOUND, left


@lean
def _size_of_record(words: Words, is_edge: Bytes, at: Whole, n_zones: Whole, n_cells: Whole) -> Whole:
    """Return how many words a record has, or -1 if it is not one."""
    begin, end = at, words.size - _PADDING
    if at < n_cells:
        return -1
    while at + 2 <= end:
        header, base = np.int64(words[at]), np.int64(words[at + 1])
        n, n_edges = header & 63, (header >> 6) & 0x1FFFFFF
        stop = at + 2 + n + (EDGE_WORDS + 1) * n_edges
        if n < 1 or n > MANY or base >> n != 0 or stop > end:
            return -1
        for k in range(n):
            if words[at + 2 + k] >= n_zones:
                return -1
        first_mask, first_number = at + 2 + n + EDGE_WORDS - 1, at + 2 + n + EDGE_WORDS * n_edges
        for k in range(n_edges):
            mask = np.int64(words[first_mask + k * EDGE_WORDS]) & ((1 << MANY) - 1)
            edge = np.int64(words[first_number + k])
            if mask >> n != 0 or edge >= is_edge.size or is_edge[edge] == 0:
                return -1
        at = stop
        if not header >> 31:
            return at - begin
    return -1


@lean
def _is_block_in(
    size: Whole, blocks: Floats, number: Whole, n_cells: Whole, x: Real, y: Real, d: Real
) -> bool:
    """Tell whether a block is the cell of this place and size, and its words are there."""
    side, at = blocks[number, 3], blocks[number, 4]
    if side != np.floor(side) or side < 2.0 or side > _MOST_SIDE or at != np.floor(at):
        return False
    if at < n_cells or at + side * side > size - _PADDING:
        return False
    near = _SAME_PLACE * d
    if abs(blocks[number, 0] - x) > near or abs(blocks[number, 1] - y) > near:
        return False
    return bool(abs(blocks[number, 2] * d - side) <= _SAME_SIDE * side)
