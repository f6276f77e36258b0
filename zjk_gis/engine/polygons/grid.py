"""The compiled grid as a value: built from rings, asked with arrays, taken apart into arrays for saving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.engine.arrays import as_floats
from zjk_gis.engine.polygons.cells import compile_band, intern_runs, move_words
from zjk_gis.engine.polygons.contacts import find_contacts
from zjk_gis.engine.polygons.locate import locate_points
from zjk_gis.engine.warming import beside
from zjk_gis.threads import CHUNK_AT_HAND, count, each_of, in_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from zjk_gis.engine.shapes import Rings
    from zjk_gis.engine.widths.approximate import Approximation

__all__ = ["CompiledGrid"]

# Records, blocks, words of blocks, runs of several zones.
_Part = tuple["NDArray[np.uint32]", "NDArray[np.float64]", "NDArray[np.uint32]", "NDArray[np.int64]"]

# Zone, how, of how many, and which points stayed open.
_Answers = tuple["NDArray[np.int32]", "NDArray[np.uint8]", "NDArray[np.int32]", "NDArray[np.int64]"]

# Points, zones, the distances of their borders, and how they have the points; see `find_contacts`.
_Contacts = tuple["NDArray[np.int64]", "NDArray[np.int32]", "NDArray[np.float64]", "NDArray[np.uint8]"]


_TILE, _MOST_TILES = 16, 60_000  # cells a side; and so many that sixteen bits number them
_AT_HAND = 1 << 20  # bytes
_LOOKS_AROUND = 0.25  # cells: who looks so far from each of many points does it tile by tile
_MOST_CELLS = 1 << 26
_ROOM = 16  # words for a vertex: more than nearly all need, and what is never written takes no memory
_PADDING = 64  # words behind the last record, which reading ahead may touch
_CELLS_OF_BAND = 100_000  # so that a band stays in the processor's own memory
# Single precision in a cell's own coordinates: what rounding of line and point can add up to, with room.
_TOLERANCE = 2.0**-20


@dataclass(frozen=True, slots=True)
class CompiledGrid:
    """A grid over polygons.

    Attributes
    ----------
    words : ndarray of uint32
        The cells row by row, then, for some rows at a time, the cells of their blocks and the records.
    coords : ndarray of float64, shape (v, 2)
        The vertices, for the exact predicate.
    place : tuple of float
        West and south edge, cells per unit, and the side of a cell.
    nx, ny : int
        Columns and rows.
    n_zones : int
    offsets, members : ndarray
        The sets of several zones: set k is ``members[offsets[k]:offsets[k + 1]]``, ranked.
    blocks : ndarray of float64, shape (b, 5)
        West and south edge, cells per unit, cells a side, position of its first word.
    tolerance : float
        Within which a sign in single precision is not trusted.
    """

    words: NDArray[np.uint32]
    coords: NDArray[np.float64]
    place: tuple[float, float, float, float]
    nx: int
    ny: int
    n_zones: int
    offsets: NDArray[np.int64]
    members: NDArray[np.int32]
    blocks: NDArray[np.float64]
    tolerance: float

    @classmethod
    def compile(
        cls,
        rings: Rings,
        rank: NDArray[np.int64],
        *,
        cells_per_edge: float,
        suspects: NDArray[np.bool_] | None = None,
    ) -> CompiledGrid:
        """Compile a grid.

        Parameters
        ----------
        rings : Rings
        rank : ndarray of int64
            The rank of each zone, 0 first.
        cells_per_edge : float
            How many cells there shall be, about: more take longer to compile and less to find points in.
        suspects : ndarray of bool, optional
            One for each zone: set where a single ring may not be simple.
        """
        layout = _Layout.of(rings, cells_per_edge)
        compile_one = layout.compiler(rings, rank, suspects)
        with beside("points", locate_points):  # they will be asked for next
            words, blocks, offsets, members = _put_together(
                layout.words,
                layout.nx * layout.ny,
                [layout.cells(band) for band in layout.bands],
                each_of(compile_one, layout.bands),
                rings.n_zones,
            )
        d = layout.place[3]
        return cls(
            words=words,
            coords=rings.coords,
            place=layout.place,
            nx=layout.nx,
            ny=layout.ny,
            n_zones=rings.n_zones,
            offsets=offsets,
            members=members,
            blocks=blocks,
            tolerance=_TOLERANCE + 16.0 * layout.grain / _least_side(d, blocks),
        )

    @staticmethod
    def check(rings: Rings, *, cells_per_edge: float, suspects: NDArray[np.bool_]) -> None:
        """Set the suspects as `compile` does, and keep nothing of the grid."""
        layout = _Layout.of(rings, cells_per_edge)
        for _ in each_of(layout.compiler(rings, np.arange(rings.n_zones), suspects), layout.bands):
            pass

    def locate(
        self, x: NDArray[np.float64], y: NDArray[np.float64], *, error: float = 0.0, near: float = 0.0
    ) -> _Answers:
        """Return the first zone of each point by rank, how it was found, of how many, and what stayed open.

        With an error, which is how far the points may lie from their coordinates, all stay open whose answer
        may be another one. With `near`, how it was found has the bit `NEAR` where a border may be so near:
        at all points that have one, and at few others.
        """
        if near * self.place[2] < _LOOKS_AROUND or self.is_at_hand:
            return self._locate(len(x), lambda part: (x[part], y[part]), error, near)
        order = self.by_tile(x, y)
        x, y = x[order], y[order]
        *answers, still_open = self._locate(len(x), lambda part: (x[part], y[part]), error, near)
        row, found, many = (np.empty_like(each) for each in answers)
        row[order], found[order], many[order] = answers
        return row, found, many, order[still_open]

    @property
    def is_at_hand(self) -> bool:
        """Whether the processor keeps all of it at hand, so that points need no order."""
        return self.words.nbytes <= _AT_HAND

    def by_tile(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return an order of points in which those come together that look at the same records."""
        x0, y0, inv, _ = self.place
        side = max(_TILE, int((self.nx * self.ny / _MOST_TILES) ** 0.5) + 1)
        columns, rows = self.nx // side + 1, self.ny // side + 1
        if columns * rows > 1 << 16:  # long and slim
            return np.arange(len(x))
        with np.errstate(over="ignore", invalid="ignore"):  # whatever the coordinates are
            column, row = (x - x0) * (inv / side), (y - y0) * (inv / side)
        # What lies beyond counts to the outermost, what has no place to the first.
        column = np.fmin(np.fmax(column, 0.0), columns - 1.0).astype(np.uint16)
        row = np.fmin(np.fmax(row, 0.0), rows - 1.0).astype(np.uint16)
        return np.argsort(row * np.uint16(columns) + column, kind="stable")

    def locate_through(
        self, through: Approximation, x: NDArray[np.float64], y: NDArray[np.float64], *, near: float = 0.0
    ) -> _Answers:
        """Locate points in other coordinates, which are brought to those of the grid about.

        As many are brought there at a time as the processor can keep at hand. Those of which it is not known
        where they lie stay open, too.
        """

        def about(part: slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            return through.apply(x[part], y[part], at_once=True)

        return self._locate(len(x), about, through.error, near, chunk=CHUNK_AT_HAND)

    def _locate(
        self,
        size: int,
        coordinates: Callable[[slice], tuple[NDArray[np.float64], NDArray[np.float64]]],
        error: float,
        near: float,
        **chunks: int,
    ) -> _Answers:
        row = np.empty(size, np.int32)
        found = np.empty(size, np.uint8)
        many = np.empty(size, np.int32)
        # Where the place is known about, a border may be nearer than it seems.
        options = (float(error), float(near + error) if near > 0 else 0.0)

        def work(part: slice) -> NDArray[np.int64]:
            x, y = coordinates(part)
            asked: tuple[Any, ...] = (x, y, row[part], found[part], many[part], *self._tables(), *options)
            still_open = locate_points(*asked)
            if chunks:
                still_open = np.concatenate([still_open, np.flatnonzero(np.isnan(x))])
            return np.asarray(still_open + part.start)

        still_open = in_chunks(work, size, **chunks)
        return row, found, many, np.concatenate([np.empty(0, np.int64), *still_open])

    def contacts(
        self, x: NDArray[np.float64], y: NDArray[np.float64], within: NDArray[np.float64]
    ) -> tuple[_Contacts, NDArray[np.int64]]:
        """Return all zones that have each point or a border near it, and what stayed open.

        The points are told by their positions, ascending, and the zones of each ascend.
        """
        counts = np.empty(len(x), np.int64)
        room = self.n_zones + 4 * len(x)
        zones, distances, hows = np.empty(room, np.int32), np.empty(room), np.empty(room, np.uint8)
        state, place_of = np.zeros(1, np.int64), np.full(self.n_zones, -1, np.int32)
        stack = np.empty(len(self.blocks) + 1, np.int64)
        done = 0
        while True:
            done = find_contacts(
                done, x, y, as_floats(within), counts, zones, distances, hows, state, place_of,
                stack, *self._tables(),
            )  # fmt: skip
            if done == len(x):
                break
            zones, distances, hows = (
                np.concatenate([each, np.empty_like(each)]) for each in (zones, distances, hows)
            )
        still_open = np.flatnonzero(counts < 0)
        counts[still_open] = 0
        used = int(state[0])
        return (np.repeat(np.arange(len(x)), counts), zones[:used], distances[:used], hows[:used]), still_open

    def _tables(self) -> tuple[Any, ...]:
        return (
            self.words, self.words.view(np.float32), self.coords, self.place, self.nx, self.ny, self.n_zones,
            self.offsets, self.members, self.blocks, np.float32(self.tolerance),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a grid lies, room for its words, and the bands of rows in which it is compiled."""

    words: NDArray[np.uint32]
    place: tuple[float, float, float, float]
    nx: int
    ny: int
    grain: float
    bands: list[tuple[int, int]]

    @classmethod
    def of(cls, rings: Rings, cells_per_edge: float) -> _Layout:
        """Lay a grid over rings."""
        cells = int(np.clip(cells_per_edge * len(rings.coords), 256, _MOST_CELLS))
        low, high = rings.low.min(axis=0), rings.high.max(axis=0)
        d, nx, ny = _choose_cells(low, high, cells)
        x0, y0 = low[0] - 1.3719 * d, low[1] - 1.4142 * d
        grain = float(np.spacing(np.abs(np.concatenate([low, high])).max()))
        words = np.empty(nx * ny + _ROOM * len(rings.coords) + _PADDING, np.uint32)
        share = max(8, min(_CELLS_OF_BAND // nx, -(-ny // (4 * count()))))
        bands = [(row, min(row + share, ny)) for row in range(0, ny, share)]
        return cls(words, (float(x0), float(y0), 1.0 / d, d), nx, ny, grain, bands)

    def cells(self, band: tuple[int, int]) -> NDArray[np.uint32]:
        """Return the words of the cells of a band."""
        return self.words[band[0] * self.nx : band[1] * self.nx]

    def compiler(
        self, rings: Rings, rank: NDArray[np.int64], suspects: NDArray[np.bool_] | None
    ) -> Callable[[tuple[int, int]], _Part]:
        """Return the function that compiles one band."""
        marks = np.empty(0, np.bool_) if suspects is None else suspects
        ring_low, ring_high = np.ascontiguousarray(rings.low[:, 1]), np.ascontiguousarray(rings.high[:, 1])

        def compile_one(band: tuple[int, int]) -> _Part:
            return compile_band(
                rings.coords, rings.starts, rings.zone, ring_low, ring_high, rank, *self.place[:2],
                self.place[3], self.nx, *band, self.cells(band), self.grain * 2.0**24, marks,
            )  # fmt: skip

        return compile_one


def _choose_cells(low: NDArray[np.float64], high: NDArray[np.float64], cells: int) -> tuple[float, int, int]:
    """Choose square cells, about so many, and at least one beyond the zones on every side."""
    width, height = (high - low).tolist()
    grain = float(np.spacing(np.abs(np.concatenate([low, high])).max()))
    longest = max(width, height)
    d = max((width * height / cells) ** 0.5, longest / cells, longest / 40_000, grain * 2.0**24, 1e-290)
    return d, int(width / d) + 4, int(height / d) + 4


def _least_side(d: float, blocks: NDArray[np.float64]) -> float:
    return min(d, float(1.0 / blocks[:, 2].max())) if len(blocks) else d


def _put_together(
    words: NDArray[np.uint32],
    used: int,
    cells_of: list[NDArray[np.uint32]],
    parts: Iterable[_Part],
    n_zones: int,
) -> tuple[NDArray[np.uint32], NDArray[np.float64], NDArray[np.int64], NDArray[np.int32]]:
    """Put the bands' blocks and records behind the cells, and number the sets of several zones.

    It is done band by band while the next are compiled, so that few of them wait.
    """
    offsets, members = np.zeros(64, np.int64), np.empty(64, np.int32)
    table, n_sets = np.full(256, -1, np.int64), 0
    all_blocks, n_blocks = [], 0
    late = []  # what finds no room: the bands still write to the words as they are
    for cells, (records, blocks, block_words, runs) in zip(cells_of, parts, strict=True):
        if len(runs):
            offsets, members, table, n_sets = intern_runs(
                runs, cells, block_words, n_zones, offsets, members, table, n_sets
            )
        for moved in (cells, block_words):
            move_words(moved, used + len(block_words), n_blocks)
        blocks[:, 4] += used
        n_blocks += len(blocks)
        all_blocks.append(blocks)
        for piece in (block_words, records):
            if used + len(piece) + _PADDING <= len(words):
                words[used : used + len(piece)] = piece
            else:
                late.append((used, piece))
            used += len(piece)
    if late:
        words = np.concatenate([words, np.empty(used + _PADDING - len(words), np.uint32)])
        for at, piece in late:
            words[at : at + len(piece)] = piece
    words = words[: used + _PADDING]
    words[-_PADDING:] = 0
    return words, np.concatenate(all_blocks), offsets[: n_sets + 1].copy(), members[: offsets[n_sets]].copy()
