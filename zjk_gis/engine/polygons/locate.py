"""Points told their zones, by the compiled grid.

A point costs one look at its cell. Where no edge comes near the cell, that is the answer. Otherwise the walk
from the cell's corner to the point, up along its side and then across, is tested against the few edges of the
record: those it crosses change the zones. All this is done in single precision in the cell's own coordinates;
where a sign is nearer to 0 than rounding can explain, the point is done again with the exact predicate on the
coordinates as they were given. So the answer is exact, and nearly always found at the price of one
multiplication.

Points are taken in blocks: first the cells of all, then their words, then the records, so that the processor
waits for many reads from memory at once and not for one after another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.engine.compiled import compiled, inner
from zjk_gis.engine.polygons.cells import BLOCK, CROSSES, EDGE_WORDS, MANY, RECORD, WITHIN_CORNER, far_side
from zjk_gis.engine.predicates import UNKNOWN, greater, lesser, orient

if TYPE_CHECKING:
    from zjk_gis.engine.arrays import Bytes, Floats, Floats32, Ints, Ints32, Real, Whole, Words

__all__ = ["NEAR", "UNSURE", "descend", "locate_points", "lowest", "walk", "walk_exactly"]

NONE, INSIDE, BORDER = 0, 1, 2
NEAR = 4  # a bit more in what is found: a border may be near
_BATCH = 512
_AT, _WORD, _REST, _AHEAD, _OPEN = 0, 1, 2, 3, 4  # what is known of a batch, side by side
UNSURE = -1
_FOUND, _NOT_FOUND = -2, -1
_FAR = 4.0  # cells: beyond, all is taken to be near
_FURTHER = 15  # words on, in the record's second line of memory
_POSITION = np.array(
    [0, 1, 28, 2, 29, 14, 24, 3, 30, 22, 20, 15, 25, 17, 4, 8, 31, 27, 13, 23, 21, 19, 16, 7, 26, 12, 18, 6,
    11, 5,
     10, 9],
    np.int64,
)  # fmt: skip


@inner
def walk(words: Words, lines: Floats32, at: Whole, u: Real, v: Real, tolerance: Real) -> Whole:
    """Return the zones of one chunk at a point, a bit each, in single precision; or `UNSURE`."""
    # The head of the chunk: which zones hold the corner, how many edges there are, and where they begin.
    header = np.int64(words[at])
    base = np.int64(words[at + 1])
    n_edges = (header >> 6) & 0x1FFFFFF
    e = at + 2 + (header & 63)
    unsure = False
    for _ in range(n_edges):
        a, b, c = lines[e], lines[e + 1], lines[e + 2]
        low, high = lines[e + 3], lines[e + 4]
        mask = np.int64(words[e + 5])
        # On which side of the edge the point lies, and the place level with it above the corner.
        across = b * v + c
        here = across + a * u
        # Is any of this within rounding? Then the exact predicate must be asked.
        spans = (low <= v) & (v < high)
        level = (abs(v - low) <= tolerance) | (abs(v - high) <= tolerance)
        near_here = (abs(here) <= tolerance) & (v >= low - tolerance) & (v <= high + tolerance)
        crosses = (mask & CROSSES) != 0
        near_across = (abs(across) <= tolerance) & (spans | crosses)
        differs = (here > 0) != (across > 0)
        unsure |= near_here | near_across | (level & (differs | (abs(here) <= tolerance)))
        # The way from the corner up and then across to the point: each crossing of an edge changes sides.
        toggles = (spans & differs) != (crosses & ((across > 0) != ((mask & WITHIN_CORNER) != 0)))
        base ^= mask * toggles
        e += EDGE_WORDS
    if unsure:
        return np.int64(UNSURE)
    return base & ((1 << MANY) - 1)


@inner
def walk_exactly(
    words: Words, coords: Floats, at: Whole, px: Real, py: Real, xl: Real
) -> tuple[Whole, Whole, bool]:
    """Return the zones of one chunk that hold a point, those it touches, and whether that is certain."""
    # The same chunk, with the numbers of its edges behind the lines.
    header = np.int64(words[at])
    inside = np.int64(words[at + 1])
    n_edges = (header >> 6) & 0x1FFFFFF
    mask_at = at + 2 + (header & 63) + EDGE_WORDS - 1
    number_at = at + 2 + (header & 63) + EDGE_WORDS * n_edges
    touching = np.int64(0)
    certain = True
    for k in range(n_edges):
        mask = np.int64(words[mask_at + k * EDGE_WORDS])
        e = np.int64(words[number_at + k])
        ax, ay, bx, by = coords[e, 0], coords[e, 1], coords[e + 1, 0], coords[e + 1, 1]
        # The exact side of the point, and whether it lies on the edge itself.
        here = orient(ax, ay, bx, by, px, py)
        if here == UNKNOWN or orient(ax, ay, bx, by, xl, py) == UNKNOWN:
            certain = False
        if here == 0 and lesser(ax, bx) <= px <= greater(ax, bx) and lesser(ay, by) <= py <= greater(ay, by):
            touching |= mask
        # The crossings on the way from the corner, by exact signs.
        across = far_side(ax, ay, bx, by, xl, py)
        toggles = (ay > py) != (by > py) and (here > 0) != across
        if mask & CROSSES:
            toggles = toggles != (across != ((mask & WITHIN_CORNER) != 0))
        if toggles:
            inside ^= mask
    # Whom the point touches it is not inside of.
    full = (1 << MANY) - 1
    touching &= full
    return inside & full & ~touching, touching, certain


@inner
def lowest(bits: Whole) -> Whole:
    """Return the position of the lowest bit that is set, without a branch (de Bruijn)."""
    return _POSITION[((bits & -bits) * 0x077CB531 >> 27) & 31]


@inner
def _count(bits: Whole) -> Whole:
    """Count the bits that are set, of 32, without a branch."""
    bits = bits - ((bits >> 1) & 0x55555555)
    bits = (bits & 0x33333333) + ((bits >> 2) & 0x33333333)
    return ((((bits + (bits >> 4)) & 0x0F0F0F0F) * 0x01010101) >> 24) & 0xFF


@inner
def descend(
    words: Words, blocks: Floats, word: Whole, x: Floats, y: Floats
) -> tuple[Whole, Real, Real, Real, Real, Whole, Whole]:
    """Follow blocks down to the cell that decides.

    Returns its word, the place of the point in it, and of the last block the west edge, the side of a cell,
    the number of the cell and the number of columns.
    """
    u, v, d, b = 0.0, 0.0, 0.0, np.int64(0)
    cell, side = np.int64(0), np.int64(1)
    while word & 3 == BLOCK:
        # The cell of the block in which the point lies; at its rim, the outermost.
        b = word >> 2
        inv, side = blocks[b, 2], np.int64(blocks[b, 3])
        d = 1.0 / inv
        fu, fv = (x - blocks[b, 0]) * inv, (y - blocks[b, 1]) * inv
        c = np.int64(lesser(greater(np.floor(fu), 0.0), side - 1.0))
        r = np.int64(lesser(greater(np.floor(fv), 0.0), side - 1.0))
        u, v = fu - c, fv - r
        cell = r * side + c
        word = np.int64(words[np.int64(blocks[b, 4]) + cell])
    return word, u, v, blocks[b, 0], d, cell, side


@inner
def _from_record(
    words: Words,
    lines: Floats32,
    coords: Floats,
    at: Whole,
    x: Floats,
    y: Floats,
    u: Real,
    v: Real,
    x0: Real,
    d: Real,
    cell: Whole,
    nx: Whole,
    tolerance: Real,
    slack: Real,
) -> tuple[Whole, Whole, Whole, bool]:
    """Return (row, how, how many, certain) for a point in the cell of a record."""
    row, how, many = np.int64(-1), NONE, 0
    touched = np.int64(-1)
    certain = True
    u32, v32 = np.float32(u), np.float32(v)
    while True:
        # Each chunk in single precision; where that is not sure, exactly, if the place itself is exact.
        header = np.int64(words[at])
        inside = walk(words, lines, at, u32, v32, tolerance + np.float32(slack))
        touching = np.int64(0)
        if inside == UNSURE:
            if slack > 0.0:
                return row, how, many, False
            inside, touching, sure = walk_exactly(words, coords, at, x, y, x0 + (cell % nx) * d)
            certain = certain and sure
        # Zones are in the order of their rank: the first that holds the point answers, or touches it.
        if inside and row < 0:
            row = np.int64(words[at + 2 + lowest(inside)])
        if touching and touched < 0:
            touched = np.int64(words[at + 2 + lowest(touching)])
        many += _count(inside | touching)
        # On to the next chunk, if there is one.
        if not header >> 31:
            break
        at += 2 + (header & 63) + (EDGE_WORDS + 1) * ((header >> 6) & 0x1FFFFFF)
    # One that holds the point comes before one that it touches.
    if row >= 0:
        how = INSIDE
    elif touched >= 0:
        row, how = touched, BORDER
    return row, how, many, certain


@compiled
def locate_points(
    x: Floats,
    y: Floats,
    row: Ints32,
    found: Bytes,
    count: Ints32,
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
    error: Real,
    near: Real,
) -> Ints:
    """Fill `row`, `found` and `count` for every point; return the positions of those that stay open.

    `grid` is (x0, y0, 1 / d, d). `error` is how far the points may truly lie from their coordinates: with 0
    only points stay open that need integers of any length, otherwise all whose answer may be another one.
    Where `near` is above 0, `found` has the bit `NEAR` at all points that have an edge within that distance
    of their coordinates, and at few others.
    """
    places = np.empty((2, _BATCH), np.float64)
    looks = np.empty((5, 2 * _BATCH), np.int64)  # a point may stay open for two reasons
    still_open, n_open = np.empty(0, np.int64), 0
    for start in range(0, x.size, _BATCH):
        n_new = _locate_batch(
            start, x, y, row, found, count, words, lines, coords, grid, nx, ny, n_zones, offsets, members,
            blocks, tolerance, error, near, places, looks,
        )  # fmt: skip
        if n_open + n_new > still_open.size:
            longer = np.empty(2 * (n_open + n_new), np.int64)
            for k in range(n_open):
                longer[k] = still_open[k]
            still_open = longer
        for k in range(n_new):
            still_open[n_open + k] = looks[_OPEN, k]
        n_open += n_new
    return still_open[:n_open]


@inner
def _locate_batch(
    start: Whole,
    x: Floats,
    y: Floats,
    row: Ints32,
    found: Bytes,
    count: Ints32,
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
    error: Real,
    near: Real,
    places: Floats,
    looks: Ints,
) -> Whole:
    """Locate the points of a batch; list those that stay open in `looks`, and return how many they are."""
    x0, y0, inv, d = grid
    slack, reach = error * inv, near * inv
    n_open = 0
    n = min(_BATCH, x.size - start)
    # 1. The cell of each point, and its place there.
    for k in range(n):
        fu, fv = (x[start + k] - x0) * inv, (y[start + k] - y0) * inv
        on = (fu >= 0.0) & (fu < nx) & (fv >= 0.0) & (fv < ny)
        fu, fv = (fu, fv) if on else (0.5, 0.5)  # the first cell lies beyond all zones
        c, r = np.int64(fu), np.int64(fv)
        places[0, k] = fu - c
        places[1, k] = fv - r
        looks[_AT, k] = r * nx + c
    # 2. The words of the cells, fetched together so that memory is waited for once.
    for k in range(n):
        looks[_WORD, k] = words[looks[_AT, k]]
    # 3. Cells of nobody or one zone are answered at once; the rest is listed, without a branch.
    n_rest = 0
    for k in range(n):
        w = looks[_WORD, k]
        number = w >> 2
        row[start + k] = number - 1
        found[start + k] = number > 0
        count[start + k] = number > 0
        looks[_REST, n_rest] = k
        n_rest += ((w & 3) != 0) | (number > n_zones)
    # 4. Of points that are only about known, those near a side of their cell stay open.
    if slack > 0.0:
        n_near = 0  # of the cell's sides; counted first, as there is hardly ever one
        for k in range(n):
            u, v = places[0, k], places[1, k]
            n_near += (u < slack) | (v < slack) | (u > 1.0 - slack) | (v > 1.0 - slack)
        if n_near > 0:
            for k in range(n):
                if min(places[0, k], places[1, k]) < slack or max(places[0, k], places[1, k]) > 1.0 - slack:
                    looks[_OPEN, n_open] = start + k
                    n_open += 1
    # 5. Where borders are asked for, points near a side of their cell are listed, too, and those beyond the
    #    grid that it is in reach of.
    if reach > 0.0:
        n_rest = 0
        for k in range(n):
            w, u, v = looks[_WORD, k], places[0, k], places[1, k]
            is_inner = (u > reach) & (v > reach) & (u < 1.0 - reach) & (v < 1.0 - reach)
            looks[_REST, n_rest] = k
            if looks[_AT, k] == 0:  # in the first cell, as what lies beyond the grid is taken to be
                fu, fv = (x[start + k] - x0) * inv, (y[start + k] - y0) * inv
                n_rest += (fu >= -reach) & (fu < nx + reach) & (fv >= -reach) & (fv < ny + reach)
            else:
                n_rest += ((w & 3) != 0) | ((w >> 2) > n_zones) | (not is_inner)
    for k in range(n_rest):  # touch the records, so that they are on their way
        w = looks[_WORD, looks[_REST, k]]
        looks[_AHEAD, k] = words[w >> 2] ^ words[(w >> 2) + _FURTHER] if w & 3 == RECORD else 0
    # 6. The rest one by one: blocks are followed down to a cell.
    for j in range(n_rest):
        k = looks[_REST, j]
        i = start + k
        w = looks[_WORD, k]
        u, v = places[0, k], places[1, k]
        west, side, cell, columns = x0, d, looks[_AT, k], nx
        here = slack
        if w & 3 == BLOCK:
            w, u, v, west, side, cell, columns = descend(words, blocks, w, x[i], y[i])
            here = error / side
            if here > 0.0 and (min(u, v) < here or max(u, v) > 1.0 - here):
                looks[_OPEN, n_open] = i
                n_open += 1
                continue
        # 7. A record is walked; a set of zones is answered by its first; else nobody or one zone.
        number = w >> 2
        if w & 3 == RECORD:
            zone, how, many, certain = _from_record(
                words, lines, coords, number, x[i], y[i], u, v, west, side, cell, columns, tolerance, here
            )
            row[i] = zone
            found[i] = how
            count[i] = many
            if not certain:
                looks[_OPEN, n_open] = i
                n_open += 1
        elif number > n_zones:
            first = offsets[number - n_zones - 1]
            row[i] = members[first]
            found[i] = INSIDE
            count[i] = offsets[number - n_zones] - first
        else:
            row[i] = number - 1
            found[i] = number > 0
            count[i] = number > 0
        # 8. May a border be near?
        if reach > 0.0:
            fu, fv = (x[i] - x0) * inv, (y[i] - y0) * inv
            found[i] += NEAR * _may_be_near(
                words, lines, blocks, looks[_WORD, k], fu, fv, nx, ny, x[i], y[i], near, reach, tolerance
            )
    return n_open


@inner
def _may_be_near(
    words: Words,
    lines: Floats32,
    blocks: Floats,
    word: Whole,
    fu: Real,
    fv: Real,
    nx: Whole,
    ny: Whole,
    x: Real,
    y: Real,
    near: Real,
    reach: Real,
    tolerance: Real,
) -> Any:
    """Tell whether a point may have an edge near, `reach` in cells; `word` is that of its cell."""
    # 1. Well inside its cell, only the record of that can have an edge near.
    u, v = fu - np.floor(fu), fv - np.floor(fv)
    on = (fu >= 0.0) & (fv >= 0.0) & (fu < nx) & (fv < ny)
    if on and u > reach and v > reach and u < 1.0 - reach and v < 1.0 - reach:
        if word & 3 == RECORD:
            u32, v32 = np.float32(u), np.float32(v)
            return _record_has_edge_near(words, lines, word >> 2, u32, v32, reach, tolerance)
        if word & 3 != BLOCK:
            return False
    # 2. Otherwise the cells around are looked at, and the blocks among them.
    block = _look_around(words, lines, np.int64(0), nx, ny, fu, fv, reach, tolerance)
    if block < 0:
        return block == _FOUND
    c0, c1, r0, r1 = _cells_around(fu, fv, reach, nx, ny)
    for r in range(r0, r1 + 1):
        for c in range(c0, c1 + 1):
            word = np.int64(words[r * nx + c])
            if word & 3 == BLOCK:
                b = word >> 2
                inv, side, at = blocks[b, 2], np.int64(blocks[b, 3]), np.int64(blocks[b, 4])
                bu, bv = (x - blocks[b, 0]) * inv, (y - blocks[b, 1]) * inv
                # A block within the block counts as an edge: they are rare and small.
                inner = _look_around(words, lines, at, side, side, bu, bv, near * inv, tolerance)
                if inner != _NOT_FOUND:
                    return True
    return False


@inner
def _cells_around(fu: Real, fv: Real, reach: Real, nx: Whole, ny: Whole) -> tuple[Whole, Whole, Whole, Whole]:
    return (
        np.int64(greater(np.floor(fu - reach), 0.0)),
        np.int64(lesser(np.floor(fu + reach), nx - 1.0)),
        np.int64(greater(np.floor(fv - reach), 0.0)),
        np.int64(lesser(np.floor(fv + reach), ny - 1.0)),
    )


@inner
def _look_around(
    words: Words,
    lines: Floats32,
    words_at: Whole,
    nx: Whole,
    ny: Whole,
    fu: Real,
    fv: Real,
    reach: Real,
    tolerance: Real,
) -> Whole:
    """Look for an edge within reach of a point, in cell units; or return the number of a block in reach."""
    if reach > _FAR:
        return _FOUND
    c0, c1, r0, r1 = _cells_around(fu, fv, reach, nx, ny)
    block: Whole = _NOT_FOUND
    for r in range(r0, r1 + 1):
        for c in range(c0, c1 + 1):
            word = np.int64(words[words_at + r * nx + c])
            tag = word & 3
            if tag == RECORD:
                u, v = np.float32(fu - c), np.float32(fv - r)
                if _record_has_edge_near(words, lines, word >> 2, u, v, reach, tolerance):
                    return _FOUND
            elif tag == BLOCK:
                block = word >> 2
    return block


@inner
def _record_has_edge_near(
    words: Words, lines: Floats32, at: Whole, u: Real, v: Real, reach: Real, tolerance: Real
) -> bool:
    # A line's distance is at least its value: |a| + |b| = 1 makes the gradient no longer than 1.
    slack = np.float32(reach) * np.float32(1.000001) + np.float32(4.0) * tolerance
    while True:
        header = np.int64(words[at])
        n_edges = (header >> 6) & 0x1FFFFFF
        e = at + 2 + (header & 63)
        for _ in range(n_edges):
            value = lines[e] * u + lines[e + 1] * v + lines[e + 2]
            if abs(value) <= slack and v >= lines[e + 3] - slack and v <= lines[e + 4] + slack:
                return True
            e += EDGE_WORDS
        if not header >> 31:
            return False
        at += 2 + (header & 63) + (EDGE_WORDS + 1) * n_edges
