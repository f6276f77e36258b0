"""The grid, compiled: for every cell what a point in it needs to be told its zones.

A **block** is a rectangle of square cells. Each cell becomes one word of 32 bits:

==== ============================= ====================================================================
tag  the other 30 bits             meaning
==== ============================= ====================================================================
0    number of a set of zones      no edge comes near the cell: all its points have the same zones
1    position of a record          the edges in the cell, and the zones at its lower left corner
2    number of a block             too many edges for one record: the cell is a block of smaller cells
==== ============================= ====================================================================

A **record** is one or more chunks of at most 30 zones: a header (numbers of zones and edges, and whether
another chunk follows), the zones that hold the corner (one bit each), the zones in the order of their rank,
and for each edge its line in the cell's own coordinates, in single precision, with the zones it bounds (one
bit each). An edge that several zones share stands there once. The numbers of the edges end the chunk.

The zones at a corner are found by walking along each row of corners: between two corners, those zones change
whose edges lie between them, by the exact predicate. Points on a corner or vertex are told apart as if corner
and point were moved by an infinitesimal step, up first and then right, the same everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.engine.compiled import compiled, inner, lean
from zjk_gis.engine.predicates import greater, lesser, orient

if TYPE_CHECKING:
    from zjk_gis.engine.arrays import Bools, Floats, Floats32, Ints, Ints32, Real, Whole, Words

__all__ = [
    "BLOCK",
    "CROSSES",
    "EDGE_WORDS",
    "MANY",
    "MARGIN",
    "RECORD",
    "WITHIN_CORNER",
    "compile_band",
    "far_side",
    "intern_runs",
    "move_words",
    "rasterise",
]

RECORD, BLOCK = 1, 2
MANY = 30  # zones in a chunk; two bits of an edge's mask are flags
CROSSES, WITHIN_CORNER = 1 << 30, 1 << 31  # the edge crosses the upright through the corner; its side there
EDGE_WORDS = 6  # a, b, c, lowest, highest, mask
MARGIN = 1e-5  # of a cell: how far beyond its cell an edge is listed, far more than any rounding
_HEAVY = 24  # entries above which a cell becomes a block
_DEEPEST = 6
# What a cell holds, side by side: edges, first and second zones, zones and edges of its record.
_EDGE, _FIRST, _SECOND, _LOCAL, _KEPT = 0, 1, 2, 3, 4
# How far a block is compiled, and what it lacks room for.
_ROW, _COLUMN, _ROW_SET, _NOW, _RUN_FROM, _USED, _RUNS, _HEAVIES, _LACKS, _NEED, _STATES = range(11)
_NOTHING, _OUT, _OF_RUNS, _OF_HEAVY, _ENTRIES = range(5)


@compiled
def _room(array: Any, need: Whole) -> Any:
    """Return the array, or a longer copy with room for `need` items."""
    if need <= array.size:
        return array
    longer = np.empty(max(need, 2 * array.size), array.dtype)
    for k in range(array.size):
        longer[k] = array[k]
    return longer


@inner
def far_side(ax: Real, ay: Real, bx: Real, by: Real, qx: Real, qy: Real) -> Any:
    """Tell on which side of an edge a corner lies, moved by the infinitesimal step if it is on its line."""
    side = orient(ax, ay, bx, by, qx, qy)
    if side == 0:
        return bx > ax if bx != ax else by < ay
    return side > 0


@compiled
def _list_edges(
    coords: Floats,
    rings: Ints,
    ring_zone: Ints32,
    ring_low: Floats,
    ring_high: Floats,
    low: Real,
    high: Real,
) -> tuple[Ints32, Ints32]:
    """List the edges, with their zones, that reach into a band of heights."""
    edges = np.empty(1024, np.int32)
    zones = np.empty(1024, np.int32)
    n = 0
    for r in range(ring_zone.size):
        # A ring beside the band has no edge in it.
        if ring_high[r] < low or ring_low[r] > high:
            continue
        first, last = rings[r], rings[r + 1] - 1
        edges, zones = _room(edges, n + last - first), _room(zones, n + last - first)
        zone = ring_zone[r]
        # Of the others, edge by edge, those that are not wholly above or below it.
        before = coords[first, 1]
        for e in range(first, last):
            after = coords[e + 1, 1]
            if (before >= low or after >= low) and (before <= high or after <= high):
                edges[n] = e
                zones[n] = zone
                n += 1
            before = after
    return edges[:n], zones[:n]


@compiled
def _merge(coords: Floats, edges: Ints32, zones: Ints32) -> tuple[Ints32, Ints32, Ints32]:
    """Let an edge that two zones share stand once; return the edges, and the first and second zone of each.

    The second is -1 where there is none, otherwise twice the zone, plus 1 if it runs along the edge in the
    same direction as the first.
    """
    # A hash table of open addressing, at most half full.
    shift, size = 58, 64
    while size < 2 * edges.size:
        size *= 2
        shift -= 1
    table = np.full(size, -1, np.int32)
    bits = coords.view(np.uint64)
    seconds = np.empty(edges.size, np.int32)
    n = 0
    for k in range(edges.size):
        e, zone = edges[k], zones[k]
        ax, ay, bx, by = coords[e, 0], coords[e, 1], coords[e + 1, 0], coords[e + 1, 1]
        # The same whichever end comes first.
        key = (bits[e, 0] + bits[e + 1, 0]) * np.uint64(0x9E3779B97F4A7C15)
        key = (key ^ (key >> np.uint64(32))) + bits[e, 1] + bits[e + 1, 1]
        slot = np.int64((key * np.uint64(0xD6E8FEB86659FD93)) >> np.uint64(shift))
        merged = False
        # Look for the same edge under another zone: from a to b, or from b to a.
        while table[slot] >= 0:
            o = table[slot]
            f = edges[o]
            cx, cy, dx, dy = coords[f, 0], coords[f, 1], coords[f + 1, 0], coords[f + 1, 1]
            same = ax == cx and ay == cy and bx == dx and by == dy
            if same or (ax == dx and ay == dy and bx == cx and by == cy):
                if seconds[o] < 0 and zones[o] != zone:
                    seconds[o] = 2 * zone + same
                    merged = True
                break  # a third zone makes a new entry
            slot = (slot + 1) & (size - 1)
        # An edge that nobody had takes the next place, and is found under this slot.
        if not merged:
            table[slot] = n
            edges[n], zones[n], seconds[n] = e, zone, -1
            n += 1
    return edges[:n], zones[:n], seconds[:n]


@compiled
def rasterise(
    coords: Floats, edges: Ints32, x0: Real, y0: Real, d: Real, nx: Whole, row0: Whole, row1: Whole
) -> tuple[Ints32, Ints32, Ints32]:
    """List every cell that each edge touches or comes near, with the edge's position; count them by cell."""
    cell = np.empty(max(64, edges.size * 3), np.int32)
    entry = np.empty(cell.size, np.int32)
    counts = np.zeros(nx * (row1 - row0) + 1, np.int32)
    k, n = _rasterise_from(
        np.int64(0), np.int64(0), coords, edges, x0, y0, d, nx, row0, row1, cell, entry, counts
    )
    while k < edges.size:
        cell, entry = _room(cell, cell.size + 1), _room(entry, entry.size + 1)
        k, n = _rasterise_from(k, n, coords, edges, x0, y0, d, nx, row0, row1, cell, entry, counts)
    return cell[:n], entry[:n], counts


@inner
def _rasterise_from(
    first_edge: Whole,
    n: Whole,
    coords: Floats,
    edges: Ints32,
    x0: Real,
    y0: Real,
    d: Real,
    nx: Whole,
    row0: Whole,
    row1: Whole,
    cell: Ints32,
    entry: Ints32,
    counts: Ints32,
) -> tuple[Whole, Whole]:
    """Go on with an edge, until all are done or there may be no room; return where it ended."""
    inv = 1.0 / d
    low_row, high_row, high_column = float(row0), row1 - 1.0, nx - 1.0
    for k in range(first_edge, edges.size):
        e = edges[k]
        ax, ay, bx, by = coords[e, 0], coords[e, 1], coords[e + 1, 0], coords[e + 1, 1]
        if ax == bx and ay == by:
            continue
        # In cells: columns u and rows v, the extent with its margin, cut to the grid.
        ua, va, ub, vb = (ax - x0) * inv, (ay - y0) * inv, (bx - x0) * inv, (by - y0) * inv
        u_low, u_high = (ua, ub) if ua < ub else (ub, ua)
        v_low, v_high = (va, vb) if va < vb else (vb, va)
        u_low, u_high, v_low, v_high = u_low - MARGIN, u_high + MARGIN, v_low - MARGIN, v_high + MARGIN
        if u_high < 0.0 or u_low >= nx or v_high < low_row or v_low >= row1:
            continue
        u_low, u_high = greater(0.0, u_low), lesser(high_column, u_high)
        v_low, v_high = greater(low_row, v_low), lesser(high_row, v_high)
        r_first, r_last = np.int64(v_low), np.int64(v_high)
        c_first, c_last = np.int64(u_low), np.int64(u_high)
        columns, rows = c_last - c_first + 1, r_last - r_first + 1
        # An edge in one row or column: all cells of its extent.
        if rows == 1 or columns == 1 or va == vb:
            if n + columns * rows > cell.size:
                return k, n
            for r in range(r_first - row0, r_last - row0 + 1):
                for at in range(r * nx + c_first, r * nx + c_last + 1):
                    cell[n] = at
                    entry[n] = k
                    counts[at + 1] += 1
                    n += 1
            continue
        # Any other, row by row: the columns between where it enters the row and where it leaves it.
        slope = (ub - ua) / (vb - va)
        slack = abs(slope) * MARGIN + MARGIN
        of_row = np.int64(lesser(float(columns), abs(slope) + 2.0 * slack + 3.0))  # at most
        if n + rows * of_row > cell.size:
            return k, n
        left_shift = -slack if slope > 0.0 else slope - slack
        right_shift = slope + slack if slope > 0.0 else slack
        for r in range(r_first, r_last + 1):
            u = ua + (r - va) * slope
            left, right = u + left_shift, u + right_shift
            left = greater(u_low, left)
            right = lesser(u_high, right)
            first = (r - row0) * nx
            for at in range(first + np.int64(left), first + np.int64(right) + 1):
                cell[n] = at
                entry[n] = k
                counts[at + 1] += 1
                n += 1
    return edges.size, n


@inner
def _toggle(members: Ints32, n: Whole, zone: Whole) -> Whole:
    """Add a zone to a set, or take it out; return the new size."""
    for k in range(n):
        if members[k] == zone:
            members[k] = members[n - 1]
            return n - 1
    members[n] = zone
    return n + 1


@inner
def _sort_by_rank(members: Ints32, n: Whole, rank: Ints) -> None:
    for k in range(1, n):
        value = members[k]
        j = k - 1
        while j >= 0 and rank[members[j]] > rank[value]:
            members[j + 1] = members[j]
            j -= 1
        members[j + 1] = value


@inner
def _write_record(
    out: Words,
    lines: Floats32,
    used: Whole,
    ends: Floats,
    entries: Ints32,
    n: Whole,
    rank: Ints,
    corner: Ints32,
    n_corner: Whole,
    xl: Real,
    yl: Real,
    d: Real,
) -> Whole:
    """Write the record of a cell, for which there is room; return where it ends.

    The n entries of the cell are the first in each row of `entries` (edge, zones), their ends in `ends`;
    `corner` are the zones at its lower left corner. `lines` is `out` seen as numbers.
    """
    inv = 1.0 / d
    # The zones of the cell, in the order of their rank.
    m: Whole = np.int64(0)
    for k in range(n_corner):  # each comes once
        entries[_LOCAL, m] = corner[k]
        m += 1
    for k in range(n):
        m = _include(entries, m, np.int64(entries[_FIRST, k]))
        if entries[_SECOND, k] >= 0:
            m = _include(entries, m, np.int64(entries[_SECOND, k] >> 1))
    # Sorted by insertion, as they are few.
    for k in range(1, m):
        value = entries[_LOCAL, k]
        j = k - 1
        while j >= 0 and rank[entries[_LOCAL, j]] > rank[value]:
            entries[_LOCAL, j + 1] = entries[_LOCAL, j]
            j -= 1
        entries[_LOCAL, j + 1] = value
    # One chunk for each MANY zones, as a mask has a bit for each.
    for start in range(0, m, MANY):
        stop = min(start + MANY, m)
        # The zones of the chunk, and which of them hold the corner.
        base = 0
        for j in range(start, stop):
            out[used + 2 + j - start] = entries[_LOCAL, j]
            for k in range(n_corner):
                base |= (corner[k] == entries[_LOCAL, j]) << (j - start)
        # The edges of these zones, each with a bit for each of its zones.
        first_edge = used + 2 + stop - start
        at = first_edge
        for k in range(n):
            zone, second = entries[_FIRST, k], entries[_SECOND, k] >> 1
            mask = np.int64(0)
            for j in range(start, stop):
                mask |= ((entries[_LOCAL, j] == zone) | (entries[_LOCAL, j] == second)) << (j - start)
            entries[_KEPT, k] = mask != 0
            if mask == 0:
                continue
            ax, ay, bx, by = ends[k, 0], ends[k, 1], ends[k, 2], ends[k, 3]
            # Whether it crosses the upright through the corner, and on which side that lies.
            if (ax > xl) != (bx > xl):
                mask |= CROSSES
                if far_side(ax, ay, bx, by, xl, yl):
                    mask |= WITHIN_CORNER
            # Its line in the cell's own units, scaled so that rounding is small; and its heights.
            ua, va, ub, vb = (ax - xl) * inv, (ay - yl) * inv, (bx - xl) * inv, (by - yl) * inv
            du, dv = ub - ua, vb - va
            length = abs(du) + abs(dv)
            scale = 1.0 / length if length > 0.0 else 0.0  # all zeros: the exact predicate is asked
            v_low, v_high = (va, vb) if va < vb else (vb, va)
            lines[at] = -dv * scale
            lines[at + 1] = du * scale
            lines[at + 2] = (ua * dv - va * du) * scale
            lines[at + 3] = greater(-3.0, v_low)
            lines[at + 4] = lesser(4.0, v_high)
            out[at + 5] = mask
            at += EDGE_WORDS
        # The head of the chunk: how many zones and edges, and whether another chunk follows.
        written = (at - first_edge) // EDGE_WORDS
        out[used] = (stop - start) | (written << 6) | ((1 << 31) if stop < m else 0)
        out[used + 1] = base
        used = at
        for k in range(n):  # only the exact predicate asks for them
            if entries[_KEPT, k] != 0:
                out[used] = entries[_EDGE, k]
                used += 1
    return used


@inner
def _include(entries: Ints32, n: Whole, zone: Whole) -> Whole:
    """Add a zone to those of a cell unless it is there; return how many there are."""
    for k in range(n):
        if entries[_LOCAL, k] == zone:
            return n
    entries[_LOCAL, n] = zone
    return n + 1


@inner
def _suspect(ends: Floats, entries: Ints32, n: Whole, suspects: Bools) -> None:
    """Mark the zones two of whose edges in a cell meet otherwise than one goes on where the other ends.

    A single ring none of whose edges do so anywhere is simple, and its polygon valid. Others may be valid.
    """
    for k in range(1, n):
        first_k, second_k = entries[_FIRST, k], entries[_SECOND, k]
        # Each pair of edges once.
        ax, ay, bx, by = ends[k, 0], ends[k, 1], ends[k, 2], ends[k, 3]
        x_low, x_high = (ax, bx) if ax < bx else (bx, ax)
        y_low, y_high = (ay, by) if ay < by else (by, ay)
        for j in range(k):
            cx, cy, dx, dy = ends[j, 0], ends[j, 1], ends[j, 2], ends[j, 3]
            first_j, second_j = entries[_FIRST, j], entries[_SECOND, j]
            step = entries[_EDGE, k] - entries[_EDGE, j]
            if (step == 1 or step == -1) and second_j ^ second_k != 1:  # they follow each other in a ring
                if step == 1 and not _is_back(cx, cy, ax, ay, bx, by):
                    continue
                if step == -1 and not _is_back(ax, ay, bx, by, dx, dy):
                    continue
            # Edges apart from each other do not meet.
            if (
                ((cx > x_high) & (dx > x_high))
                | ((cx < x_low) & (dx < x_low))
                | ((cy > y_high) & (dy > y_high))
                | ((cy < y_low) & (dy < y_low))
            ):
                continue
            # Those of one zone, each seen in the direction in which the zone has it.
            for which_k in range(2):
                zone = first_k if which_k == 0 else second_k >> 1
                against_k = which_k == 1 and second_k & 1 == 0
                for which_j in range(2):
                    other = first_j if which_j == 0 else second_j >> 1
                    if zone != other or zone < 0 or suspects[zone]:
                        continue
                    if against_k == (which_j == 1 and second_j & 1 == 0):
                        suspects[zone] = _meet_badly(ax, ay, bx, by, cx, cy, dx, dy)
                    else:
                        suspects[zone] = _meet_badly(ax, ay, bx, by, dx, dy, cx, cy)


@inner
def _meet_badly(ax: Real, ay: Real, bx: Real, by: Real, cx: Real, cy: Real, dx: Real, dy: Real) -> Any:
    """Tell whether two edges of a ring, a to b and c to d, meet otherwise than one goes on from the other."""
    # The second leads to the first: they may only lie on each other.
    if dx == ax and dy == ay:
        if cx == bx and cy == by:
            return True
        return _is_back(cx, cy, ax, ay, bx, by) and orient(cx, cy, ax, ay, bx, by) == 0
    # The first leads to the second.
    if bx == cx and by == cy:
        return _is_back(ax, ay, bx, by, dx, dy) and orient(ax, ay, bx, by, dx, dy) == 0
    # Neither: they meet if the ends of each are on both sides of the other.
    return orient(ax, ay, bx, by, cx, cy) * orient(ax, ay, bx, by, dx, dy) <= 0 and (
        orient(cx, cy, dx, dy, ax, ay) * orient(cx, cy, dx, dy, bx, by) <= 0
    )


@inner
def _is_back(ax: Real, ay: Real, bx: Real, by: Real, cx: Real, cy: Real) -> Any:
    """Tell whether, of three points on a line, the way from b to c leads back towards a."""
    return (bx - ax) * (cx - bx) < 0.0 or (by - ay) * (cy - by) < 0.0


@compiled
def _compile_block(
    coords: Floats,
    edges: Ints32,
    zones: Ints32,
    seconds: Ints32,
    rank: Ints,
    x0: Real,
    y0: Real,
    d: Real,
    nx: Whole,
    row0: Whole,
    row1: Whole,
    base: Ints32,
    words: Words,
    where: Whole,
    out: Words,
    used: Whole,
    runs: Ints,
    n_runs: Whole,
    heavy: Ints,
    n_heavy: Whole,
    parent: Whole,
    parent_entries: Whole,
    may_split: bool,
    suspects: Bools,
) -> tuple[Words, Whole, Ints, Whole, Ints, Whole]:
    """Compile one block: fill its `words`, write its records, list its sets and its heavy cells.

    `base` are the zones at the corner of its first cell. A run of cells with several zones is listed in
    `runs` as (where, first, last + 1, number of zones, zones...); a heavy cell in `heavy` as (parent block,
    cell, column, row, number of zones at its corner, number of entries, zones..., edges..., their first
    zones..., their second zones...).
    """
    # 1. The edges of each cell: counted, then sorted by cell.
    cell, entry, starts = rasterise(coords, edges, x0, y0, d, nx, row0, row1)
    most = 0
    for k in range(starts.size - 1):
        most = max(most, starts[k + 1])
        starts[k + 1] += starts[k]
    by_cell = np.empty(entry.size, np.int32)
    fill = starts[:-1].copy()
    for k in range(entry.size):
        at = fill[cell[k]]
        by_cell[at] = entry[k]
        fill[cell[k]] = at + 1

    # 2. Room for what goes along from cell to cell, and what a cell holds.
    row_set = np.empty(base.size + 2 * edges.size + 1, np.int32)
    for k in range(base.size):
        row_set[k] = base[k]
    now = np.empty_like(row_set)
    lines = out.view(np.float32)
    entries = np.empty((5, 64), np.int32)
    ends = np.empty((max(most, 1), 4), np.float64)
    state = np.zeros(_STATES, np.int64)
    state[_ROW], state[_ROW_SET], state[_RUN_FROM] = row0, base.size, -1
    state[_USED], state[_RUNS], state[_HEAVIES] = used, n_runs, n_heavy
    # 3. Compile cells until there is no room for the next; make room, and go on where it stopped.
    while True:
        _compile_cells(
            coords, edges, zones, seconds, rank, x0, y0, d, nx, row0, row1, starts, by_cell, row_set, now,
            words, where, out, lines, runs, heavy, entries, ends, parent, parent_entries, may_split, suspects,
            state,
        )  # fmt: skip
        if state[_LACKS] == _OUT:
            out = _room(out, state[_NEED])
            lines = out.view(np.float32)
        elif state[_LACKS] == _OF_RUNS:
            runs = _room(runs, state[_NEED])
        elif state[_LACKS] == _OF_HEAVY:
            heavy = _room(heavy, state[_NEED])
        elif state[_LACKS] == _ENTRIES:
            entries = np.empty((5, 2 * state[_NEED]), np.int32)
        else:
            break
    return out, state[_USED], runs, state[_RUNS], heavy, state[_HEAVIES]


@inner
def _compile_cells(
    coords: Floats,
    edges: Ints32,
    zones: Ints32,
    seconds: Ints32,
    rank: Ints,
    x0: Real,
    y0: Real,
    d: Real,
    nx: Whole,
    row0: Whole,
    row1: Whole,
    starts: Ints32,
    by_cell: Ints32,
    row_set: Ints32,
    now: Ints32,
    words: Words,
    where: Whole,
    out: Words,
    lines: Floats32,
    runs: Ints,
    heavy: Ints,
    entries: Ints32,
    ends: Floats,
    parent: Whole,
    parent_entries: Whole,
    may_split: bool,
    suspects: Bools,
    state: Ints,
) -> None:
    """Go on with the cells of a block, until all are done or room is lacking, as `state` tells."""
    # Where the block stands: its row and column, the zones at the corner of the row and of the cell, the
    # beginning of a run of cells with several zones, and how far records, runs and heavy cells are filled.
    marks = suspects.size > 0
    r, c = state[_ROW], state[_COLUMN]
    n_row, n_now, run_from = state[_ROW_SET], state[_NOW], state[_RUN_FROM]
    used, n_runs, n_heavy = state[_USED], state[_RUNS], state[_HEAVIES]
    lacks, need = _NOTHING, 0
    while r < row1:
        # A row: its corner has the zones that the crossings of the upright so far have left.
        yl, y_next = y0 + r * d, y0 + (r + 1) * d
        first_cell = (r - row0) * nx
        if c == 0:
            for k in range(n_row):
                now[k] = row_set[k]
            n_now = n_row
        while c < nx:
            at = first_cell + c
            k0, k1 = starts[at], starts[at + 1]
            # 1. No edge comes near: nobody, one zone, or several, noted as a run with their neighbours.
            if k0 == k1:
                if n_now == 0:
                    words[at] = 0
                elif n_now == 1:
                    words[at] = (now[0] + 1) << 2
                else:
                    words[at] = 0
                    if run_from < 0:
                        run_from = at
                c += 1
                continue
            # 2. An edge ends a run.
            if run_from >= 0:
                if n_runs + 4 + n_now > runs.size:
                    lacks, need = _OF_RUNS, n_runs + 4 + n_now
                    break
                n_runs = _note_run(runs, n_runs, where, run_from, at, now, n_now, rank)
                run_from = -1
            # 3. Is there room for what the cell may need? If not, stop before anything of it is written.
            n = k1 - k0
            most_zones = 2 * n + n_now
            if most_zones > entries.shape[1]:
                lacks, need = _ENTRIES, most_zones
                break
            splits = n > _HEAVY and may_split and n < 0.8 * parent_entries
            if splits and n_heavy + 6 + n_now + 3 * n > heavy.size:
                lacks, need = _OF_HEAVY, n_heavy + 6 + n_now + 3 * n
                break
            need = used + most_zones + (most_zones // MANY + 1) * (2 + (EDGE_WORDS + 1) * n)
            if not splits and need > out.size:
                lacks = _OUT
                break
            # 4. Its edges, with their zones and ends.
            for k in range(n):
                k_entry = by_cell[k0 + k]
                e = edges[k_entry]
                entries[_EDGE, k] = e
                entries[_FIRST, k], entries[_SECOND, k] = zones[k_entry], seconds[k_entry]
                ends[k, 0], ends[k, 1] = coords[e, 0], coords[e, 1]
                ends[k, 2], ends[k, 3] = coords[e + 1, 0], coords[e + 1, 1]
            # 5. Too many edges: a heavy cell, to be divided later. Otherwise its record is written.
            xl, x_next = x0 + c * d, x0 + (c + 1) * d
            if splits:
                heavy[n_heavy] = parent
                heavy[n_heavy + 1] = at
                heavy[n_heavy + 2] = c
                heavy[n_heavy + 3] = r
                heavy[n_heavy + 4] = n_now
                heavy[n_heavy + 5] = n
                n_heavy += 6
                for k in range(n_now):
                    heavy[n_heavy + k] = now[k]
                n_heavy += n_now
                for part in range(3):
                    for k in range(n):
                        heavy[n_heavy + k] = entries[part, k]
                    n_heavy += n
                words[at] = BLOCK
            else:
                if marks:
                    _suspect(ends, entries, n, suspects)
                words[at] = (used << 2) | RECORD
                used = _write_record(out, lines, used, ends, entries, n, rank, now, n_now, xl, yl, d)
            # 6. The zones at the next corner: each edge that the way there crosses is entered or left.
            for k in range(n):
                ax, ay, bx, by = ends[k, 0], ends[k, 1], ends[k, 2], ends[k, 3]
                # Between this corner and the next one to the right.
                if (ay > yl) != (by > yl) and far_side(ax, ay, bx, by, xl, yl) != far_side(
                    ax, ay, bx, by, x_next, yl
                ):
                    n_now = _toggle(now, n_now, np.int64(entries[_FIRST, k]))
                    if entries[_SECOND, k] >= 0:
                        n_now = _toggle(now, n_now, np.int64(entries[_SECOND, k] >> 1))
                # Between the first corner of this row and that of the next.
                if (
                    c == 0
                    and (ax > xl) != (bx > xl)
                    and far_side(ax, ay, bx, by, xl, yl) != far_side(ax, ay, bx, by, xl, y_next)
                ):
                    n_row = _toggle(row_set, n_row, np.int64(entries[_FIRST, k]))
                    if entries[_SECOND, k] >= 0:
                        n_row = _toggle(row_set, n_row, np.int64(entries[_SECOND, k] >> 1))
            c += 1
        # 7. A run ends with its row.
        if lacks == _NOTHING and run_from >= 0:
            if n_runs + 4 + n_now > runs.size:
                lacks, need = _OF_RUNS, n_runs + 4 + n_now
            else:
                n_runs = _note_run(runs, n_runs, where, run_from, first_cell + nx, now, n_now, rank)
                run_from = -1
        if lacks != _NOTHING:
            break
        r += 1
        c = 0
    # 8. Tell where it stopped, and for want of what.
    state[_ROW], state[_COLUMN], state[_ROW_SET], state[_NOW], state[_RUN_FROM] = r, c, n_row, n_now, run_from
    state[_USED], state[_RUNS], state[_HEAVIES], state[_LACKS], state[_NEED] = (
        used,
        n_runs,
        n_heavy,
        lacks,
        need,
    )


@inner
def _note_run(
    runs: Ints, n_runs: Whole, where: Whole, first: Whole, stop: Whole, members: Ints32, n: Whole, rank: Ints
) -> Whole:
    """Note a run of cells with several zones, for which there is room; return where the notes end."""
    _sort_by_rank(members, n, rank)
    runs[n_runs] = where
    runs[n_runs + 1] = first
    runs[n_runs + 2] = stop
    runs[n_runs + 3] = n
    for k in range(n):
        runs[n_runs + 4 + k] = members[k]
    return n_runs + 4 + n


@compiled
def compile_band(
    coords: Floats,
    rings: Ints,
    ring_zone: Ints32,
    ring_low: Floats,
    ring_high: Floats,
    rank: Ints,
    x0: Real,
    y0: Real,
    d: Real,
    nx: Whole,
    row0: Whole,
    row1: Whole,
    words: Words,
    least_d: Real,
    suspects: Bools,
) -> tuple[Words, Floats, Words, Ints]:
    """Compile some rows of the grid, with the blocks inside their heavy cells.

    Where `suspects` has room for a mark on each zone, those are marked that may be invalid.

    Returns the records, the blocks as (x0, y0, 1 / d, cells a side, position of the words), the words of the
    blocks, and the runs of cells with several zones (see `_compile_block`).
    """
    # 1. The edges that reach into the band, each once.
    edges, zones = _list_edges(
        coords,
        rings,
        ring_zone,
        ring_low,
        ring_high,
        y0 + (row0 - 2 * MARGIN) * d,
        y0 + (row1 + 2 * MARGIN) * d,
    )
    edges, zones, seconds = _merge(coords, edges, zones)
    # 2. The band itself is a block without a parent.
    out = np.empty(max(1024, 6 * edges.size), np.uint32)
    runs = np.empty(256, np.int64)
    heavy = np.empty(256, np.int64)
    blocks = np.empty((16, 5), np.float64)
    block_words = np.empty(16, np.uint32)
    nobody, nothing, no_block, endless = np.empty(0, np.int32), np.int64(0), np.int64(-1), np.int64(1 << 60)
    n_blocks, n_words = nothing, nothing
    out, used, runs, n_runs, heavy, n_heavy = _compile_block(
        coords, edges, zones, seconds, rank, x0, y0, d, nx, row0, row1, nobody, words, nothing,
        out, nothing, runs, nothing, heavy, nothing, no_block, endless, d >= 4 * least_d, suspects,
    )  # fmt: skip
    # 3. Its heavy cells are blocks, and theirs, until none is heavy or the depth is reached.
    for depth in range(_DEEPEST):
        if n_heavy == 0:
            break
        deeper = np.empty(256, np.int64)
        n_deeper = nothing
        at = 0
        while at < n_heavy:
            # What was noted of the cell: where it is, the zones at its corner, and its edges.
            parent, cell, c, r, nb, n = heavy[at : at + 6]
            at += 6
            corner = heavy[at : at + nb].astype(np.int32)
            cell_edges = heavy[at + nb : at + nb + n].astype(np.int32)
            cell_zones = heavy[at + nb + n : at + nb + 2 * n].astype(np.int32)
            cell_seconds = heavy[at + nb + 2 * n : at + nb + 3 * n].astype(np.int32)
            at += nb + 3 * n
            # How finely it is divided: about as many cells as edges by four, none smaller than may be.
            if parent < 0:
                px, py, pd = x0, y0, d
            else:
                px, py, pd = blocks[parent, 0], blocks[parent, 1], 1.0 / blocks[parent, 2]
            side = min(max(int(np.sqrt(4.0 * n)), 4), 128)
            while side > 2 and pd / side < least_d:
                side //= 2
            sd = pd / side
            xl, yl = px + c * pd, py + r * pd
            # The block is entered, and its parent's word points to it.
            while n_blocks >= blocks.shape[0]:
                longer = np.empty((2 * blocks.shape[0], 5), np.float64)
                for b in range(blocks.shape[0]):
                    for k in range(5):
                        longer[b, k] = blocks[b, k]
                blocks = longer
            blocks[n_blocks, 0] = xl
            blocks[n_blocks, 1] = yl
            blocks[n_blocks, 2] = 1.0 / sd
            blocks[n_blocks, 3] = side
            blocks[n_blocks, 4] = n_words
            word = (n_blocks << 2) | BLOCK
            if parent < 0:
                words[cell] = word
            else:
                block_words[int(blocks[parent, 4]) + cell] = word
            # Its cells are compiled as those of the band were.
            block_words = _room(block_words, n_words + side * side)
            may_split = depth + 1 < _DEEPEST and sd >= 4 * least_d
            sd = 1.0 / blocks[n_blocks, 2]
            before = n_runs
            out, used, runs, n_runs, deeper, n_deeper = _compile_block(
                coords, cell_edges, cell_zones, cell_seconds, rank, xl, yl, sd, side, nothing, side, corner,
                block_words[n_words : n_words + side * side], np.int64(1), out, used, runs, n_runs, deeper,
                n_deeper, n_blocks, n, may_split, suspects,
            )  # fmt: skip
            while before < n_runs:  # runs know their cells within the block: number them through
                runs[before + 1] += n_words
                runs[before + 2] += n_words
                before += 4 + runs[before + 3]
            n_blocks += 1
            n_words += side * side
        heavy, n_heavy = deeper, n_deeper
    return out[:used], blocks[:n_blocks], block_words[:n_words], runs[:n_runs]


@lean
def move_words(words: Words, records_at: Whole, first_block: Whole) -> None:
    """Let words point to where records and blocks of their band came to stand."""
    for k in range(words.size):
        tag = words[k] & 3
        if tag == RECORD:
            words[k] += np.uint32(records_at << 2)
        elif tag == BLOCK:
            words[k] += np.uint32(first_block << 2)


@compiled
def intern_runs(
    runs: Ints,
    words: Words,
    block_words: Words,
    n_zones: Whole,
    offsets: Ints,
    members: Ints32,
    table: Ints,
    n_sets: Whole,
) -> tuple[Ints, Ints32, Ints, Whole]:
    """Give the sets of several zones numbers, and write them into the cells of their runs.

    `offsets` and `members` hold the sets so far, `table` finds them by their hash; all are returned, longer
    where they had to grow, with the number of sets.
    """
    at = 0
    while at < runs.size:
        where, first, stop, n = runs[at], runs[at + 1], runs[at + 2], runs[at + 3]
        at += 4
        found: Any = runs[at : at + n]
        # Is the set known? It is looked for by its hash, from its slot on.
        slot = _slot_of(found, table.size)
        number: Any = np.int64(-1)
        while table[slot] >= 0:
            held = table[slot]
            same = offsets[held + 1] - offsets[held] == n
            for k in range(n):
                same = same and members[offsets[held] + k] == found[k]
            if same:
                number = held
                break
            slot = (slot + 1) % table.size
        # A new set gets the next number, and the table grows before it is half full.
        if number < 0:
            number = np.int64(n_sets)
            n_sets += 1
            table[slot] = number
            offsets = _room(offsets, n_sets + 1)
            members = _room(members, offsets[number] + n)
            for k in range(n):
                members[offsets[number] + k] = found[k]
            offsets[number + 1] = offsets[number] + n
            if 2 * n_sets > table.size:
                longer = np.full(4 * table.size, -1, np.int64)
                for k in range(n_sets):
                    slot = _slot_of(members[offsets[k] : offsets[k + 1]], longer.size)
                    while longer[slot] >= 0:
                        slot = (slot + 1) % longer.size
                    longer[slot] = k
                table = longer
        # The word of a set follows those of the single zones.
        word = np.uint32((n_zones + 1 + number) << 2)
        written = words if where == 0 else block_words
        for k in range(first, stop):
            written[k] = word
        at += n
    return offsets, members, table, n_sets


@compiled
def _slot_of(members: Ints | Ints32, size: Whole) -> Whole:
    """Return where a set is looked for first (FNV-1a)."""
    key = np.uint64(14695981039346656037)
    for k in range(members.size):
        key = (key ^ np.uint64(members[k])) * np.uint64(1099511628211)
        key ^= key >> np.uint64(29)
    return np.int64(key % np.uint64(size))
