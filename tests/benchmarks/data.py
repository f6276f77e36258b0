"""Zones and points for the benchmarks, made from seeds."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import shapely

sys.path.append(str(Path(__file__).parents[1] / "engine"))
from shapes import wiggly_coverage

__all__ = ["POINTS", "SIZES", "ZONES", "make_counties", "make_points", "make_zones"]


def _grids(nx=160, ny=125):
    """20,000 irregular polygons that share their borders, 1.22 million vertices."""
    return wiggly_coverage(nx, ny)


def _zones():
    """500 zones of 3,000 vertices each."""
    return wiggly_coverage(25, 20, per_edge=750, cell=(1200.0, 1200.0))


def _quarters():
    """277 large zones over the city of the grids, with the 60 vertices each that planners draw."""
    return wiggly_coverage(20, 14, cell=(1600.0, 1785.0))[:277]


def _communities():
    """277 large zones over the same city, with 440 vertices each, as the borders of real communities have."""
    return wiggly_coverage(20, 14, per_edge=110, cell=(1600.0, 1785.0))[:277]


def _counties_and_grids():
    """19 counties, one of which is divided into 20,000 unit grids a thousandth of its size."""
    grids = wiggly_coverage()
    west, south, east, _ = shapely.total_bounds(grids)
    width = east - west
    counties = wiggly_coverage(
        19,
        1,
        per_edge=1500,
        cell=(2.0 * width, 2.0 * width),
        origin=(west - 2.5 * width, south - 0.5 * width),
        seed=5,
    )
    return np.concatenate([counties, grids])


ZONES = {
    "grids": _grids,
    "zones": _zones,
    "counties": _counties_and_grids,
    "quarters": _quarters,
    "communities": _communities,
}
POINTS = ("uniform", "clustered", "in time order")
# Columns and rows of coverages with 150,000 to 1.2 million vertices.
SIZES = ((50, 50), (100, 50), (125, 80), (160, 125))


def make_zones(name):
    """Return the zones of that name, or as many grids as ``columns x rows``."""
    if name in ZONES:
        return np.asarray(ZONES[name](), dtype=object)
    columns, rows = name.split("x")
    return np.asarray(_grids(int(columns), int(rows)), dtype=object)


def make_points(zones, how, n, *, seed=1):
    """Return n points over the zones: spread evenly, or at 3,000 street corners as incidents are.

    Clustered points come corner by corner; in time order each lies at another corner than the one before.
    """
    rng = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds(zones[-min(len(zones), 20_000) :])
    if how == "uniform":
        return rng.uniform(west, east, n), rng.uniform(south, north, n)
    corners = np.column_stack([rng.uniform(west, east, 3000), rng.uniform(south, north, 3000)])
    busy = rng.zipf(1.6, 3000).clip(max=400).astype(float)
    at = rng.choice(3000, n, p=busy / busy.sum())
    if how == "clustered":
        at.sort()
    spread = rng.exponential(60.0, n)
    turn = rng.uniform(0, 2 * np.pi, n)
    return corners[at, 0] + spread * np.cos(turn), corners[at, 1] + spread * np.sin(turn)


def make_counties(columns=4, rows=4, *, per_side=187, side_m=30_000.0, seed=11):
    """Return counties each of which drew its border by its own hand: about 12,000 vertices and 1,700 faults.

    Each side between two counties is one winding line, of which either has other vertices, set off by
    centimetres along some stretches and by tens of metres along others. Corners are drawn alike by all.
    """
    rng = np.random.default_rng(seed)
    i, j = np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0), indexing="ij")
    corners = (np.stack([i, j], -1) + rng.uniform(-0.2, 0.2, (columns + 1, rows + 1, 2))) * side_m
    corners += (500_000.0, 4_420_000.0)
    hands = {}
    for at, to in [((a, b), (a + 1, b)) for a in range(columns) for b in range(rows + 1)] + [
        ((a, b), (a, b + 1)) for a in range(columns + 1) for b in range(rows)
    ]:
        line, amplitude = _winding_line(corners[at], corners[to], rng)
        hands[at, to] = [_drawn(line, amplitude, per_side, rng) for _ in range(2)]
    counties = []
    for a in range(columns):
        for b in range(rows):
            south, north = hands[(a, b), (a + 1, b)][0], hands[(a, b + 1), (a + 1, b + 1)][1]
            west, east = hands[(a, b), (a, b + 1)][1], hands[(a + 1, b), (a + 1, b + 1)][0]
            sides = (south, east, north[::-1], west[::-1])
            counties.append(shapely.Polygon(np.concatenate([side[:-1] for side in sides])))
    return np.array(counties, dtype=object)


def _winding_line(start, stop, rng, points=4_001):
    """Return a fine line from corner to corner, and how far hands stray from it, in metres."""
    share = np.linspace(0.0, 1.0, points)
    waves = np.arange(1, 8)
    turn = rng.uniform(0, 2 * np.pi, len(waves))
    size = 0.02 * rng.uniform(0.3, 1.0, len(waves)) / waves**1.2
    off = (np.sin(np.pi * share[:, None] * waves * 2 + turn) * size).sum(axis=1) * np.sin(np.pi * share)
    along = stop - start
    line = start + share[:, None] * along + off[:, None] * np.array([-along[1], along[0]])
    knots = rng.uniform(np.log(0.02), np.log(25.0), 9)
    return line, np.exp(np.interp(share, np.linspace(0, 1, len(knots)), knots))


def _drawn(line, amplitude, vertices, rng):
    """Return a line as one hand drew it: some of its points, each a little off; the ends as they are."""
    at = np.sort(rng.choice(np.arange(1, len(line) - 1), vertices - 2, replace=False))
    along = (line[-1] - line[0]) / np.hypot(*(line[-1] - line[0]))
    across = np.array([-along[1], along[0]])  # off to the side alone, so that no line crosses itself
    strays = np.convolve(rng.normal(0, 1, len(at) + 8), np.full(9, 1 / 3), mode="valid")  # winds, as hands do
    drawn = line[at] + (strays * amplitude[at])[:, None] * across
    return np.concatenate([line[:1], drawn, line[-1:]])
