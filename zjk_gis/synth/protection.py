"""Works, sign boards and digs at protected ground: half of them just inside, half just outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["plant_protection"]

_OFF_M = 0.5  # by which what is planted lies inside, and what is just not lies outside
_AROUND_TREE_M = 5.0
_WORKS_M = 12.0
_DIG_M = 4.0
_THROWS = 2000
_DUG = "2025-06-01"


def plant_protection(
    historic_blocks: gpd.GeoDataFrame, region: gpd.GeoDataFrame, *, seed: int
) -> tuple[dict[str, gpd.GeoDataFrame], dict[str, dict[str, bool]]]:
    """Plant works in cores, sign boards in control zones and digs at ancient trees, with near misses.

    Parameters
    ----------
    historic_blocks : GeoDataFrame
        Cores and control zones, as `zjk_gis.synth.places.make_historic` draws them.
    region : GeoDataFrame
        The ground on which trees stand.
    seed : int

    Returns
    -------
    layers : dict of str to GeoDataFrame
        ``projects``, ``sign_boards``, ``ancient_trees``, ``excavation_permits`` and ``survey_extents``, which
        is the ground.
    planted : dict of str to dict of str to bool
        By kind, ``works_in_core``, ``boards_in_control`` and ``digs_at_trees``, of each code whether it must
        be found; the rest lies half a metre beside. Works beside a core lie in its control zone.

    Examples
    --------
    >>> from shapely import box
    >>> blocks = gpd.GeoDataFrame(
    ...     {"block_name": "堡子里", "scope": ["核心保护范围", "建设控制地带"]},
    ...     geometry=[box(0, 0, 300, 200), box(-70, -70, 370, 270).difference(box(0, 0, 300, 200))],
    ...     crs=4547,
    ... )
    >>> ground = gpd.GeoDataFrame(geometry=[box(-900, -900, 900, 900)], crs=4547)
    >>> layers, planted = plant_protection(blocks, ground, seed=1)
    >>> works = planted["works_in_core"]
    >>> len(layers["projects"]), [code for code, inside in works.items() if inside]
    (8, ['GC0001', 'GC0003', 'GC0005', 'GC0007'])
    """
    rng = np.random.default_rng([seed, 20220317])
    crs = historic_blocks.crs
    projects, boards, trees, digs = ([] for _ in range(4))
    whole = shapely.union_all(region.geometry.to_numpy())
    for _, rows in historic_blocks.groupby("block_name", sort=True):
        core = shapely.union_all(rows.geometry.to_numpy()[(rows["scope"] == "核心保护范围").to_numpy()])
        outer = shapely.union_all(rows.geometry.to_numpy())
        for at, (place, along, inward) in enumerate(_edges(core, rng)):
            deep = _OFF_M * (1 if at % 2 == 0 else -1)
            projects.append(_square(place, along, inward, deep, _WORKS_M))
        for at, (place, _, inward) in enumerate(_edges(outer, rng)):
            boards.append(shapely.Point(place + inward * _OFF_M * (1 if at % 2 == 0 else -1)))
    free = whole.difference(shapely.union_all(historic_blocks.geometry.to_numpy()).buffer(100)).buffer(-30)
    crowns = rng.uniform(6, 16, 6).round(1)
    spots = _apart(free, len(crowns), rng)
    crowns = crowns[: len(spots)]
    for at, (spot, crown) in enumerate(zip(spots, crowns, strict=True)):
        trees.append(shapely.Point(spot))
        turn = rng.uniform(0, 2 * np.pi)
        away = np.array([np.cos(turn), np.sin(turn)])
        reach = crown / 2 + _AROUND_TREE_M + _OFF_M * (-1 if at % 2 == 0 else 1)
        digs.append(_square(spot + away * reach, away[::-1] * [-1, 1], away, _DIG_M, _DIG_M))
    layers = {
        "projects": _layer("project_code", "GC", projects, crs),
        "sign_boards": _layer("board_code", "GP", boards, crs),
        "ancient_trees": _layer("tree_code", "GS", trees, crs).assign(crown_m=crowns),
        "excavation_permits": _layer("permit_code", "GSWJ", digs, crs).assign(valid_from=_DUG),
        "survey_extents": gpd.GeoDataFrame(
            {"extent_code": ["PC0001"], "surveyed_on": ["2024-06-30"]}, geometry=[whole], crs=crs
        ),
    }
    planted = {
        "works_in_core": layers["projects"]["project_code"],
        "boards_in_control": layers["sign_boards"]["board_code"],
        "digs_at_trees": layers["excavation_permits"]["permit_code"],
    }
    return layers, {
        name: {code: at % 2 == 0 for at, code in enumerate(codes)} for name, codes in planted.items()
    }


def _layer(code: str, prefix: str, shapes: list[Any], crs: Any) -> gpd.GeoDataFrame:
    codes = [f"{prefix}{number:04d}" for number in range(1, len(shapes) + 1)]
    return gpd.GeoDataFrame({code: codes}, geometry=shapes, crs=crs)


def _edges(ground: Any, rng: np.random.Generator, number: int = 8) -> Iterator[tuple[Any, Any, Any]]:
    """Yield places on the long edges of a ground, with the directions along the edge and inward."""
    ring = np.asarray(shapely.get_coordinates(shapely.orient_polygons(ground).exterior))
    steps = np.diff(ring, axis=0)
    long = np.argsort(-np.hypot(*steps.T), kind="stable")[:4]
    for at in range(number):
        edge = long[at // 2 % len(long)]
        along = steps[edge] / np.hypot(*steps[edge])
        share = rng.uniform(0.25, 0.4) + 0.3 * (at % 2)
        yield ring[edge] + steps[edge] * share, along, along[::-1] * [-1.0, 1.0]


def _square(
    place: NDArray[np.float64],
    along: NDArray[np.float64],
    inward: NDArray[np.float64],
    deep: float,
    side: float,
) -> Any:
    """Return a square whose foremost side lies so deep, and which reaches back from there."""
    half, front, back = along * side / 2, place + inward * deep, place + inward * (deep - side)
    return shapely.Polygon([back - half, back + half, front + half, front - half])


def _apart(ground: Any, number: int, rng: np.random.Generator, apart_m: float = 60.0) -> list[Any]:
    """Throw places that keep apart; fewer where there is no room."""
    west, south, east, north = ground.bounds
    placed: list[Any] = []
    for _ in range(number * _THROWS):
        if len(placed) == number:
            break
        spot = np.array([rng.uniform(west, east), rng.uniform(south, north)]).round(2)
        near = any(np.hypot(*(spot - other)) < apart_m for other in placed)
        if not near and ground.contains(shapely.Point(spot)):
            placed.append(spot)
    return placed
