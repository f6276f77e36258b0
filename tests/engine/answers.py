"""An index asked everything it can tell about points, in the compiled way or in NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from zjk_gis.engine import FOUND, PolygonIndex


@dataclass(frozen=True)
class Answers:
    """What an index says about n points; equal only if no answer differs."""

    row: list
    found: list
    count: list
    offsets: list
    rows: list
    touches: list

    def contacts(self):
        """Return {(point, zone): "inside" | "border"}."""
        points = np.repeat(np.arange(len(self.row)), np.diff(self.offsets)).tolist()
        words = ["border" if touch else "inside" for touch in self.touches]
        return dict(zip(zip(points, self.rows, strict=True), words, strict=True))


def ask(index, x, y):
    located = index.locate(x, y)
    offsets, rows, touches = index.candidates(x, y)
    columns = (located.row, located.found, located.count, offsets, rows, touches)
    row, found, *rest = (column.tolist() for column in columns)
    return Answers(row, [FOUND[how] for how in found], *rest)


def compiled(zones, rank=None):
    """Index zones, and let the compiled grid answer from the first point on."""
    index = PolygonIndex(zones, rank)
    index.compile()
    return index


def in_numpy(zones, rank=None):
    """Index zones anew: the first 50,000 points are answered in NumPy."""
    return PolygonIndex(zones, rank)


WAYS = {"compiled": compiled, "in NumPy": in_numpy}


def smallest_first(zones):
    """Return the rank of each zone where the smallest comes first, as a city's policy has it."""
    rank = np.empty(len(zones), np.int64)
    rank[np.argsort(shapely.area(zones), kind="stable")] = np.arange(len(zones))
    return rank


def answers_from(contacts, n, rank):
    """Return what an index must say, given all contacts: by the rule, one point after another."""
    of_point = [[] for _ in range(n)]
    for (point, zone), how in sorted(contacts.items()):
        of_point[point].append((zone, how))
    row, found = [], []
    for pairs in of_point:
        first = min(pairs, key=lambda pair: (pair[1] == "border", rank[pair[0]]), default=(-1, "none"))
        row.append(first[0])
        found.append(first[1])
    count = [len(pairs) for pairs in of_point]
    every = [pair for pairs in of_point for pair in pairs]
    return Answers(
        row,
        found,
        count,
        offsets=[0, *np.cumsum(count).tolist()],
        rows=[zone for zone, _ in every],
        touches=[how == "border" for _, how in every],
    )
