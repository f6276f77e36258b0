"""Segments near a point: a grid whose cells list the segments that come near them.

The nearest segment is looked for in growing squares of cells around the point, until no cell outside the
square can hold a nearer one. Where a neighbourhood is empty, blocks of 16 by 16 cells are passed over at
once, so that a point far from everything costs hundreds of looks and not millions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.engine.arrays import as_coordinates, as_floats, offsets_of
from zjk_gis.engine.compiled import compiled, inner, lean
from zjk_gis.engine.polygons.cells import rasterise
from zjk_gis.engine.predicates import greater, lesser, orient
from zjk_gis.threads import in_chunks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from zjk_gis.engine.arrays import Bools, Floats, Ints, Ints32, Real, Whole

__all__ = ["NearSegments", "SegmentGrid", "segment_distance", "sides_and_chainages"]

_CELLS_PER_SEGMENT = 1.5
_MOST_CELLS = 1 << 24
_BLOCK = 16
_AT_ONCE = 6  # rings of single cells, before blocks are looked at

NearSegments = tuple["NDArray[np.int64]", "NDArray[np.int32]", "NDArray[np.float64]", "NDArray[np.int64]"]


class SegmentGrid:
    """An immutable index over segments that belong to owners, such as the edges of polygons.

    Parameters
    ----------
    coords : ndarray of float64, shape (v, 2)
    starts : ndarray of int64
        Segment k runs from ``coords[starts[k]]`` to ``coords[starts[k] + 1]``.
    owner : ndarray of int32
        The owner of each segment.
    rank : ndarray of int64, optional
        Of owners equally near to the last bit the one with the lowest rank is nearest; by default the first.

    Examples
    --------
    >>> street = np.array([[0.0, 0.0], [100.0, 0.0]])
    >>> grid = SegmentGrid(street, np.array([0]), np.array([7], np.int32), rank=np.arange(8))
    >>> [values.tolist() for values in grid.nearest(np.array([50.0]), np.array([3.0]), within=10.0)]
    [[7], [3.0], [0]]
    """

    def __init__(
        self,
        coords: NDArray[np.float64],
        starts: NDArray[np.integer[Any]],
        owner: NDArray[np.int32],
        rank: NDArray[np.int64] | None = None,
    ) -> None:
        begins: NDArray[np.int32] = np.ascontiguousarray(starts, np.int32)
        self._owner = np.ascontiguousarray(owner, np.int32)
        n_owners = int(owner.max(initial=-1)) + 1
        self._rank = np.arange(n_owners) if rank is None else np.ascontiguousarray(rank, np.int64)
        used = np.concatenate([coords[begins], coords[begins + 1]])
        low, high = used.min(axis=0), used.max(axis=0)
        width, height = (high - low).tolist()
        cells = min(max(_CELLS_PER_SEGMENT * len(starts), 64.0), float(_MOST_CELLS))
        grain = float(np.spacing(np.abs([low, high]).max()))
        longest = max(width, height)
        d = max((width * height / cells) ** 0.5, longest / cells, longest / 30_000, grain * 2.0**20, 1e-290)
        self._place = (float(low[0] - 0.37 * d), float(low[1] - 0.41 * d), d)
        self._nx, self._ny = int(width / d) + 2, int(height / d) + 2
        cell, entry, counts = rasterise(coords, begins, *self._place, self._nx, 0, self._ny)
        self._first = np.cumsum(counts, dtype=np.int64)
        self._listed, self._ends = _sort_entries(cell, entry, self._first, coords, begins)
        self._blocks = _occupied_blocks(self._first, self._nx, self._ny)

    def nearest(
        self, x: ArrayLike, y: ArrayLike, *, within: float = np.inf
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
        """Find the nearest segment to each point.

        Parameters
        ----------
        x, y : array_like of float64
        within : float, optional
            The greatest distance, inclusive.

        Returns
        -------
        owner : ndarray of int32
            Whose segment is nearest; -1 where none is within reach.
        distance : ndarray of float64
            NaN where none is.
        segment : ndarray of int64
            Which; of an owner's segments equally near the first. -1 where none is.
        """
        xs, ys = as_coordinates(x, y)
        owner = np.empty(len(xs), np.int32)
        distance, segment = np.empty(len(xs)), np.empty(len(xs), np.int64)

        def work(part: slice) -> None:
            of_part = (xs[part], ys[part], float(within), owner[part], distance[part], segment[part])
            tables: tuple[Any, ...] = (*self._tables(), self._rank, self._blocks)
            _nearest(*of_part, *tables)

        in_chunks(work, len(xs), chunk=1 << 14)
        return owner, distance, segment

    def within(self, x: ArrayLike, y: ArrayLike, *, distance: ArrayLike) -> NearSegments:
        """Find the owners within a distance of each point.

        Parameters
        ----------
        x, y : array_like of float64
        distance : float or array_like
            The greatest distance, inclusive; one for all or one for each point.

        Returns
        -------
        offsets : ndarray of int64, length n + 1
            What belongs to point i stands from ``offsets[i]`` to ``offsets[i + 1]``, ascending by owner.
        owner : ndarray of int32
        distance : ndarray of float64
            To the owner's nearest segment.
        segment : ndarray of int64
            Which that is; of several the first.
        """
        xs, ys = as_coordinates(x, y)
        reach = as_floats(np.broadcast_to(np.asarray(distance, np.float64), xs.shape))
        counts = np.empty(len(xs), np.int64)
        parts = in_chunks(
            lambda part: _within(xs[part], ys[part], reach[part], counts[part], *self._tables()),
            len(xs),
            chunk=1 << 14,
        )
        if not parts:
            return offsets_of(counts), np.empty(0, np.int32), np.empty(0), np.empty(0, np.int64)
        owners, distances, segments = (np.concatenate(column) for column in zip(*parts, strict=True))
        return offsets_of(counts), owners, distances, segments

    def _tables(self) -> tuple[Any, ...]:
        return (
            self._ends, self._owner, self._place, self._nx, self._ny, self._first, self._listed
        )  # fmt: skip


@lean
def segment_distance(px: Real, py: Real, ax: Real, ay: Real, bx: Real, by: Real) -> Real:
    """Do as `zjk_gis.engine.distance.segment_distances`, for one point, to the same bit."""
    if ax > bx or (ax == bx and ay > by):
        ax, ay, bx, by = bx, by, ax, ay
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    along = (px - ax) * dx + (py - ay) * dy
    if along <= 0.0:
        return np.sqrt((px - ax) * (px - ax) + (py - ay) * (py - ay))
    if along >= length2:
        return np.sqrt((px - bx) * (px - bx) + (py - by) * (py - by))
    return abs((ay - py) * dx - (ax - px) * dy) / np.sqrt(length2)


@lean
def sides_and_chainages(
    x: Floats,
    y: Floats,
    segment: Ints,
    coords: Floats,
    starts: Ints,
    is_first: Bools,
    is_last: Bools,
    run: Floats,
    side: NDArray[np.int8],
    chainage: Floats,
) -> None:
    """Do as `zjk_gis.engine.lines` does in NumPy, one point after another, to the same bit."""
    for i in range(x.size):
        k = segment[i]
        a = starts[k]
        px, py = x[i], y[i]
        ax, ay, bx, by = coords[a, 0], coords[a, 1], coords[a + 1, 0], coords[a + 1, 1]
        dx, dy = bx - ax, by - ay
        along, length2 = (px - ax) * dx + (py - ay) * dy, dx * dx + dy * dy
        length = np.sqrt(length2)
        chainage[i] = run[k] + lesser(greater(along / length2, 0.0), 1.0) * length
        behind, beyond = along <= 0.0 and not is_first[k], along >= length2 and not is_last[k]
        if not (behind or beyond):
            side[i] = orient(ax, ay, bx, by, px, py)
            continue
        o = starts[k - 1] if behind else starts[k + 1]
        ex, ey = coords[o + 1, 0] - coords[o, 0], coords[o + 1, 1] - coords[o, 1]
        other = np.sqrt(ex * ex + ey * ey)
        tx, ty = dx / length + ex / other, dy / length + ey / other
        cx, cy = (ax, ay) if behind else (bx, by)
        cross = tx * (py - cy) - ty * (px - cx)
        side[i] = 1 if cross > 0.0 else (-1 if cross < 0.0 else 0)


@compiled
def _sort_entries(
    cell: Ints32, entry: Ints32, first: Ints, coords: Floats, starts: Ints32
) -> tuple[Ints32, Floats]:
    """Sort segments by cell, and copy their ends there: what is asked for together stands together."""
    fill = first[:-1].copy()
    listed = np.empty(entry.size, np.int32)
    ends = np.empty((entry.size, 4), np.float64)
    for k in range(entry.size):
        at = fill[cell[k]]
        fill[cell[k]] = at + 1
        listed[at] = entry[k]
        a = starts[entry[k]]
        ends[at, 0], ends[at, 1] = coords[a, 0], coords[a, 1]
        ends[at, 2], ends[at, 3] = coords[a + 1, 0], coords[a + 1, 1]
    return listed, ends


@compiled
def _occupied_blocks(first: Ints, nx: Whole, ny: Whole) -> Bools:
    blocks = np.zeros(((ny + _BLOCK - 1) // _BLOCK, (nx + _BLOCK - 1) // _BLOCK), np.bool_)
    for r in range(ny):
        for c in range(nx):
            if first[r * nx + c + 1] > first[r * nx + c]:
                blocks[r // _BLOCK, c // _BLOCK] = True
    return blocks


@inner
def _look(
    px: Real,
    py: Real,
    cell: Whole,
    best: Real,
    best_owner: Whole,
    best_segment: Whole,
    ends: Floats,
    owner: Ints32,
    first: Ints,
    listed: Ints32,
    rank: Ints,
) -> tuple[Real, Whole, Whole]:
    """Look at the segments of a cell; return the best so far."""
    for k in range(first[cell], first[cell + 1]):
        distance = segment_distance(px, py, ends[k, 0], ends[k, 1], ends[k, 2], ends[k, 3])
        if distance > best:
            continue
        s = listed[k]
        o = owner[s]
        if (
            distance == best
            and best_owner >= 0
            and (rank[o] > rank[best_owner] or (o == best_owner and s >= best_segment))
        ):
            continue
        best, best_owner, best_segment = distance, o, np.int64(s)
    return best, best_owner, best_segment


@inner
def _gap(u: Real, low: Real, high: Real) -> Real:
    """Return how far a number lies from an interval."""
    return greater(greater(low - u, u - high), 0.0)


@lean
def _nearest(
    x: Floats,
    y: Floats,
    within: Real,
    to_owner: Ints32,
    to_distance: Floats,
    to_segment: Ints,
    ends: Floats,
    owner: Ints32,
    place: tuple[float, float, float],
    nx: Whole,
    ny: Whole,
    first: Ints,
    listed: Ints32,
    rank: Ints,
    blocks: Bools,
) -> None:
    x0, y0, d = place
    inv = 1.0 / d
    for i in range(x.size):
        px, py = x[i], y[i]
        best, best_owner, best_segment = within, np.int32(-1), np.int64(-1)
        if np.isfinite(px) and np.isfinite(py):
            u, v = (px - x0) * inv, (py - y0) * inv
            c, r = int(np.floor(lesser(greater(u, -1e9), 1e9))), int(np.floor(lesser(greater(v, -1e9), 1e9)))
            settled = False
            for k in range(_AT_ONCE):
                # Whatever lies beyond the rings looked at is at least this far, but for rounding.
                bound = (
                    (k - greater(greater(u - c, c + 1.0 - u), greater(v - r, r + 1.0 - v))) * d * (1.0 - 1e-6)
                )
                if k > 0 and bound > best:
                    settled = True
                    break
                for rr in range(max(r - k, 0), min(r + k, ny - 1) + 1):
                    step = 1 if (rr == r - k or rr == r + k) else 2 * k
                    cc = c - k
                    while cc <= c + k:
                        if 0 <= cc < nx:
                            best, best_owner, best_segment = _look(
                                px, py, rr * nx + cc, best, best_owner, best_segment, ends, owner,
                                first, listed, rank,
                            )  # fmt: skip
                        cc += max(step, 1)
            if not settled:
                best, best_owner, best_segment = _look_at_blocks(
                    px, py, u, v, d, nx, ny, best, best_owner, best_segment, ends, owner, first,
                    listed, rank, blocks,
                )  # fmt: skip
        to_owner[i] = best_owner
        to_distance[i] = best if best_owner >= 0 else np.nan
        to_segment[i] = best_segment


@inner
def _look_at_blocks(
    px: Real,
    py: Real,
    u: Real,
    v: Real,
    d: Real,
    nx: Whole,
    ny: Whole,
    best: Real,
    best_owner: Whole,
    best_segment: Whole,
    ends: Floats,
    owner: Ints32,
    first: Ints,
    listed: Ints32,
    rank: Ints,
    blocks: Bools,
) -> tuple[Real, Whole, Whole]:
    """Look at blocks of cells, ring by ring, from the one nearest to the point."""
    by, bx = blocks.shape
    shrink = 1.0 - 1e-6
    c = min(max(int(np.floor(min(max(u, -1.0), 1e9) / _BLOCK)), 0), bx - 1)
    r = min(max(int(np.floor(min(max(v, -1.0), 1e9) / _BLOCK)), 0), by - 1)
    for k in range(max(bx, by) + 1):
        any_near = k == 0
        for rr in range(max(r - k, 0), min(r + k, by - 1) + 1):
            step = 1 if (rr == r - k or rr == r + k) else max(2 * k, 1)
            cc = c - k
            while cc <= c + k:
                if 0 <= cc < bx:
                    gap_u = _gap(u, float(cc * _BLOCK), float(cc * _BLOCK + _BLOCK))
                    gap_v = _gap(v, float(rr * _BLOCK), float(rr * _BLOCK + _BLOCK))
                    if np.sqrt(gap_u * gap_u + gap_v * gap_v) * d * shrink <= best:
                        any_near = True
                        if blocks[rr, cc]:
                            best, best_owner, best_segment = _look_into_block(
                                px, py, u, v, d, nx, ny, rr, cc, best, best_owner, best_segment, ends,
                                owner, first, listed, rank,
                            )  # fmt: skip
                cc += step
        if not any_near:
            break
    return best, best_owner, best_segment


@inner
def _look_into_block(
    px: Real,
    py: Real,
    u: Real,
    v: Real,
    d: Real,
    nx: Whole,
    ny: Whole,
    rr: Whole,
    cc: Whole,
    best: Real,
    best_owner: Whole,
    best_segment: Whole,
    ends: Floats,
    owner: Ints32,
    first: Ints,
    listed: Ints32,
    rank: Ints,
) -> tuple[Real, Whole, Whole]:
    shrink = 1.0 - 1e-6
    for r in range(rr * _BLOCK, min(rr * _BLOCK + _BLOCK, ny)):
        gap_v = _gap(v, float(r), r + 1.0)
        if gap_v * d * shrink > best:
            continue
        for c in range(cc * _BLOCK, min(cc * _BLOCK + _BLOCK, nx)):
            cell = r * nx + c
            if first[cell] == first[cell + 1]:
                continue
            gap_u = _gap(u, float(c), c + 1.0)
            if np.sqrt(gap_u * gap_u + gap_v * gap_v) * d * shrink <= best:
                best, best_owner, best_segment = _look(
                    px, py, cell, best, best_owner, best_segment, ends, owner, first, listed, rank
                )
    return best, best_owner, best_segment


@compiled
def _within(
    x: Floats,
    y: Floats,
    reach: Floats,
    counts: Ints,
    ends: Floats,
    owner: Ints32,
    place: tuple[float, float, float],
    nx: Whole,
    ny: Whole,
    first: Ints,
    listed: Ints32,
) -> tuple[Ints32, Floats, Ints]:
    x0, y0, d = place
    inv = 1.0 / d
    owners, distances, segments = np.empty(256, np.int32), np.empty(256), np.empty(256, np.int64)
    n = 0
    for i in range(x.size):
        px, py, limit = x[i], y[i], reach[i]
        begin = n
        counts[i] = 0
        if not (np.isfinite(px) and np.isfinite(py) and limit >= 0.0):
            continue
        slack = limit * 1e-6 + 1e-6 * d
        c0, c1 = (px - limit - slack - x0) * inv, (px + limit + slack - x0) * inv
        r0, r1 = (py - limit - slack - y0) * inv, (py + limit + slack - y0) * inv
        if c1 < 0.0 or r1 < 0.0 or c0 >= nx or r0 >= ny:
            continue
        for r in range(int(max(r0, 0.0)), int(min(r1, ny - 1.0)) + 1):
            for cell in range(r * nx + int(max(c0, 0.0)), r * nx + int(min(c1, nx - 1.0)) + 1):
                for k in range(first[cell], first[cell + 1]):
                    distance = segment_distance(px, py, ends[k, 0], ends[k, 1], ends[k, 2], ends[k, 3])
                    if distance > limit:
                        continue
                    s = listed[k]
                    o = owner[s]
                    # Sorted by owner as they come: a point has few.
                    j = n
                    while j > begin and owners[j - 1] >= o:
                        j -= 1
                    if j < n and owners[j] == o:
                        if distance < distances[j] or (distance == distances[j] and s < segments[j]):
                            distances[j], segments[j] = distance, s
                        continue
                    if n == owners.size:
                        owners = np.concatenate((owners, np.empty(n, np.int32)))
                        distances = np.concatenate((distances, np.empty(n)))
                        segments = np.concatenate((segments, np.empty(n, np.int64)))
                    for m in range(n, j, -1):
                        owners[m], distances[m], segments[m] = (
                            owners[m - 1],
                            distances[m - 1],
                            segments[m - 1],
                        )
                    owners[j], distances[j], segments[j] = o, distance, s
                    n += 1
        counts[i] = n - begin
    return owners[:n], distances[:n], segments[:n]
