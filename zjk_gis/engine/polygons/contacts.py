"""All zones that hold a point, touch it or have a border near it, by the compiled grid.

The records that tell in which zones a point lies tell its distance from borders, too: each lists the edges
that come near its cell. Of the edges in the cells around a point nearly all are ruled out by their lines, in
single precision and with room for all rounding; the distance of the others is taken from the coordinates, by
the one formula (`zjk_gis.engine.distance`). Only a distance less than the least so far needs a root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.engine.compiled import inner, lean
from zjk_gis.engine.polygons.cells import BLOCK, EDGE_WORDS, MANY, RECORD
from zjk_gis.engine.polygons.locate import UNSURE, descend, lowest, walk, walk_exactly
from zjk_gis.engine.predicates import greater, lesser

if TYPE_CHECKING:
    from zjk_gis.engine.arrays import Bytes, Floats, Floats32, Ints, Ints32, Real, Whole, Words

__all__ = ["HOLDS", "TOUCHES", "find_contacts"]

HOLDS, TOUCHES = 1, 2  # how a zone has a point; 0 where only its border is near
_MORE = 1.0 + 1e-9  # squares of distances: far more than their rounding
_SLACK = 1e-5  # of a cell and of the distance: what rounding of places can add up to, with room


@lean
def find_contacts(
    begin: Whole,
    x: Floats,
    y: Floats,
    reach: Floats,
    counts: Ints,
    zones: Ints32,
    distances: Floats,
    hows: Bytes,
    state: Ints,
    place_of: Ints32,
    stack: Ints,
    words: Words,
    lines: Floats32,
    coords: Floats,
    grid: tuple[float, float, float, float],
    nx: Whole,
    ny: Whole,
    n_zones: Whole,
    offsets: Ints,
    members: Ints32,
    blocks: Floats,
    tolerance: Real,
) -> Whole:
    """List the zones of points until all are done or there may be no room.

    What belongs to a point stands behind what belongs to those before it in `zones`, `counts` long and
    ascending: with the distance of its border, infinite where that is out of `reach`, and how it has the
    point. Points that cannot be decided in doubles have a count of -1. `state` holds where the lists end;
    `place_of` is -1 for every zone, and is left so; `stack` has room for every block.

    Returns
    -------
    int
        The position of the first point that was not done.
    """
    used = state[0]
    for i in range(begin, x.size):
        px, py, limit = x[i], y[i], reach[i]
        # 1. Is there room for a point in every zone? If not, stop before anything of it is written.
        if used + n_zones > zones.size:
            state[0] = used
            return i
        # 2. The zones that have the point, and those of the borders near it.
        stop, certain = _list_holders(
            px, py, used, zones, distances, hows, place_of, words, lines, coords, grid, nx, ny, n_zones,
            offsets, members, blocks, tolerance,
        )  # fmt: skip
        if limit > 0.0:
            stop = _list_borders(
                px, py, limit, stop, zones, distances, hows, place_of, stack, words, lines, coords, grid, nx,
                ny, blocks, tolerance,
            )  # fmt: skip
        # 3. Ascending, by insertion, as they are few; and nothing is left of their places.
        for k in range(used, stop):
            zone, distance, how = zones[k], distances[k], hows[k]
            place_of[zone] = -1
            j = k - 1
            while j >= used and zones[j] > zone:
                zones[j + 1], distances[j + 1], hows[j + 1] = zones[j], distances[j], hows[j]
                j -= 1
            zones[j + 1], distances[j + 1], hows[j + 1] = zone, distance, how
        # 4. What is not certain is taken back.
        counts[i] = stop - used if certain else -1
        used = stop if certain else used
    state[0] = used
    return x.size


@inner
def _list_holders(
    px: Real,
    py: Real,
    used: Whole,
    zones: Ints32,
    distances: Floats,
    hows: Bytes,
    place_of: Ints32,
    words: Words,
    lines: Floats32,
    coords: Floats,
    grid: tuple[float, float, float, float],
    nx: Whole,
    ny: Whole,
    n_zones: Whole,
    offsets: Ints,
    members: Ints32,
    blocks: Floats,
    tolerance: Real,
) -> tuple[Whole, bool]:
    """List the zones that hold or touch a point; return where they end, and whether that is certain."""
    x0, y0, inv, d = grid
    fu, fv = (px - x0) * inv, (py - y0) * inv
    if not ((fu >= 0.0) & (fu < nx) & (fv >= 0.0) & (fv < ny)):
        return used, True
    # 1. The cell that decides.
    c, r = np.int64(fu), np.int64(fv)
    u, v, xl = fu - c, fv - r, x0 + c * d
    word = np.int64(words[r * nx + c])
    if word & 3 == BLOCK:
        word, u, v, west, side, cell, columns = descend(words, blocks, word, px, py)
        xl = west + (cell % columns) * side
    number = word >> 2
    # 2. Without edges near, the zones are those of the cell: one, or a set.
    if word & 3 != RECORD:
        first = last = np.int64(0)
        if number > n_zones:
            first, last = offsets[number - n_zones - 1], offsets[number - n_zones]
        elif number > 0:
            last = np.int64(1)
        for k in range(first, last):
            zone = members[k] if number > n_zones else np.int32(number - 1)
            if place_of[zone] < 0:  # a file made to harm may name one twice
                zones[used], distances[used], hows[used] = zone, np.inf, HOLDS
                place_of[zone] = used
                used += 1
        return used, True
    # 3. With edges, those of each chunk of the record that hold or touch the point.
    certain = True
    at = number
    while True:
        header = np.int64(words[at])
        inside = walk(words, lines, at, np.float32(u), np.float32(v), tolerance)
        touching = np.int64(0)
        if inside == UNSURE:
            inside, touching, sure = walk_exactly(words, coords, at, px, py, xl)
            certain = certain and sure
        both = inside | touching
        while both:
            k = lowest(both)
            both &= both - 1
            zone = np.int32(words[at + 2 + k])
            if place_of[zone] < 0:
                zones[used], distances[used] = zone, np.inf
                hows[used] = TOUCHES if (touching >> k) & 1 else HOLDS
                place_of[zone] = used
                used += 1
        if not header >> 31:
            break
        at += 2 + (header & 63) + (EDGE_WORDS + 1) * ((header >> 6) & 0x1FFFFFF)
    return used, certain


@inner
def _list_borders(
    px: Real,
    py: Real,
    limit: Real,
    used: Whole,
    zones: Ints32,
    distances: Floats,
    hows: Bytes,
    place_of: Ints32,
    stack: Ints,
    words: Words,
    lines: Floats32,
    coords: Floats,
    grid: tuple[float, float, float, float],
    nx: Whole,
    ny: Whole,
    blocks: Floats,
    tolerance: Real,
) -> Whole:
    """Add the zones whose border is within a distance of a point, and measure all; return where they end."""
    west, south, inv, _ = grid
    first, columns, rows = np.int64(0), nx, ny
    waiting = 0
    while True:
        # 1. The cells of the grid, or of a block in it, that a circle around the point reaches.
        fu, fv, reach = (px - west) * inv, (py - south) * inv, limit * inv
        slack = reach * _SLACK + _SLACK
        c0, c1 = np.floor(fu - reach - slack), np.floor(fu + reach + slack)
        r0, r1 = np.floor(fv - reach - slack), np.floor(fv + reach + slack)
        if c1 >= 0.0 and r1 >= 0.0 and c0 < columns and r0 < rows:
            for r in range(np.int64(greater(r0, 0.0)), np.int64(lesser(r1, rows - 1.0)) + 1):
                gap_v = greater(greater(r - fv, fv - (r + 1.0)), 0.0)
                for c in range(np.int64(greater(c0, 0.0)), np.int64(lesser(c1, columns - 1.0)) + 1):
                    word = np.int64(words[first + r * columns + c])
                    tag = word & 3
                    if tag == 0:
                        continue
                    # Corners of the square are beyond the circle.
                    gap_u = greater(greater(c - fu, fu - (c + 1.0)), 0.0)
                    if gap_u * gap_u + gap_v * gap_v > (reach + slack) * (reach + slack):
                        continue
                    if tag == RECORD:
                        used = _measure(
                            px, py, limit, reach, fu - c, fv - r, word >> 2, used, zones, distances, hows,
                            place_of, words, lines, coords, tolerance,
                        )  # fmt: skip
                    else:
                        stack[waiting] = word >> 2
                        waiting += 1
        # 2. On to the next block, if one is waiting.
        if waiting == 0:
            return used
        waiting -= 1
        b = stack[waiting]
        west, south, inv = blocks[b, 0], blocks[b, 1], blocks[b, 2]
        columns = rows = np.int64(blocks[b, 3])
        first = np.int64(blocks[b, 4])


@inner
def _measure(
    px: Real,
    py: Real,
    limit: Real,
    reach: Real,
    u: Real,
    v: Real,
    at: Whole,
    used: Whole,
    zones: Ints32,
    distances: Floats,
    hows: Bytes,
    place_of: Ints32,
    words: Words,
    lines: Floats32,
    coords: Floats,
    tolerance: Real,
) -> Whole:
    """Measure a point, at (u, v) in a cell, against the edges in the record of that cell."""
    u32, v32 = np.float32(u), np.float32(v)
    # A line's distance is at least its value: |a| + |b| = 1 makes the gradient no longer than 1.
    slack = np.float32(reach) * np.float32(1.00001) + np.float32(4.0 + 4.0 * reach) * tolerance
    while True:
        header = np.int64(words[at])
        n_edges = (header >> 6) & 0x1FFFFFF
        e = at + 2 + (header & 63)
        number_at = e + EDGE_WORDS * n_edges
        for k in range(n_edges):
            # 1. Out of reach in single precision, as most are?
            value = lines[e] * u32 + lines[e + 1] * v32 + lines[e + 2]
            if abs(value) > slack or v32 < lines[e + 3] - slack or v32 > lines[e + 4] + slack:
                e += EDGE_WORDS
                continue
            # 2. The square of the distance, nearly; the ends in one order, as neighbours draw it either way.
            number = np.int64(words[number_at + k])
            ax, ay, bx, by = (
                coords[number, 0],
                coords[number, 1],
                coords[number + 1, 0],
                coords[number + 1, 1],
            )
            if ax > bx or (ax == bx and ay > by):
                ax, ay, bx, by = bx, by, ax, ay
            dx, dy = bx - ax, by - ay
            length2 = dx * dx + dy * dy
            along = (px - ax) * dx + (py - ay) * dy
            is_across = (along > 0.0) & (along < length2)
            across = 0.0
            if is_across:
                across = abs((ay - py) * dx - (ax - px) * dy)
                square = across * across / length2
            elif along <= 0.0:
                square = (px - ax) * (px - ax) + (py - ay) * (py - ay)
            else:
                square = (px - bx) * (px - bx) + (py - by) * (py - by)
            # 3. For each zone of the edge: if it may be nearer than what is known, the distance itself.
            mask = np.int64(words[e + 5]) & ((1 << MANY) - 1)
            e += EDGE_WORDS
            while mask:
                zone = np.int32(words[at + 2 + lowest(mask)])
                mask &= mask - 1
                place = place_of[zone]
                least = lesser(distances[place], limit) if place >= 0 else limit
                if square > least * least * _MORE:
                    continue
                distance = across / np.sqrt(length2) if is_across else np.sqrt(square)
                if distance > limit:
                    continue
                if place < 0:
                    place_of[zone] = used
                    zones[used], distances[used], hows[used] = zone, distance, 0
                    used += 1
                elif distance < distances[place]:
                    distances[place] = distance
        if not header >> 31:
            return used
        at += 2 + (header & 63) + (EDGE_WORDS + 1) * n_edges
