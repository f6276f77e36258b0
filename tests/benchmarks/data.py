"""Zones and points for the benchmarks, made from seeds."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import shapely

sys.path.append(str(Path(__file__).parents[1] / "engine"))
from shapes import wiggly_coverage

__all__ = ["POINTS", "SIZES", "ZONES", "make_points", "make_zones"]


def _grids(nx=160, ny=125):
    """20,000 irregular polygons that share their borders, 1.22 million vertices."""
    return wiggly_coverage(nx, ny)


def _zones():
    """500 zones of 3,000 vertices each."""
    return wiggly_coverage(25, 20, per_edge=750, cell=(1200.0, 1200.0))


def _quarters():
    """277 large zones over the city of the grids, with the 60 vertices each that planners draw."""
    return wiggly_coverage(20, 14, cell=(1600.0, 1785.0))[:277]


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


ZONES = {"grids": _grids, "zones": _zones, "counties": _counties_and_grids, "quarters": _quarters}
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
