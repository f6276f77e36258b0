"""Places: historic blocks and buildings, parking lots, residential estates."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import rtree
import shapely

from zjk_gis.synth.ground import CENTRE_E, CENTRE_N
from zjk_gis.synth.offices import CRS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

__all__ = ["beyond_reach", "historic_cores", "make_estates", "make_historic", "make_parking"]

_REACH_M = 300.0
_DESERT_M = 520.0
_LEAST_M2 = 100.0


def historic_cores(grids: int) -> tuple[BaseGeometry, BaseGeometry]:
    """Draw the cores of 堡子里 (where it is: WGS84 114.87222, 40.81778) and 大境门 (a believable place).

    In a city too small to hold them they shrink with it.
    """
    scale = min(1.0, float(np.sqrt(grids / 1000)))

    def at(east: float, north: float) -> tuple[float, float]:
        return CENTRE_E + (east - CENTRE_E) * scale, CENTRE_N + (north - CENTRE_N) * scale

    old_fort = _quadrangle(*at(573579.0, 4520816.0), 590 * scale, 335 * scale, turn=-4.0)
    gate = _quadrangle(*at(573760.0, 4522330.0), 260 * scale, 230 * scale, turn=12.0)
    return old_fort, gate


def _quadrangle(x: float, y: float, width: float, height: float, *, turn: float) -> BaseGeometry:
    corners = np.array([[-0.5, -0.49], [0.02, -0.52], [0.5, -0.47], [0.49, 0.5], [-0.03, 0.48], [-0.51, 0.5]])
    a = np.radians(turn)
    spin = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return shapely.Polygon(np.round(corners * [width, height] @ spin + [x, y], 2))


def make_historic(
    cores: tuple[BaseGeometry, BaseGeometry], ground: BaseGeometry, rng: np.random.Generator
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Draw cores, control zones around them, and buildings in the cores."""
    rows, buildings = [], []
    for number, (name, core, count) in enumerate(
        (("堡子里", cores[0], 80), ("大境门", cores[1], 30)), start=1
    ):
        ring = core.buffer(70, join_style="mitre").intersection(ground).difference(core)
        rows += [
            {
                "scope_code": f"LS{number:02d}-1",
                "block_name": name,
                "scope": "核心保护范围",
                "geometry": core,
            },
            {
                "scope_code": f"LS{number:02d}-2",
                "block_name": name,
                "scope": "建设控制地带",
                "geometry": ring,
            },
        ]
        placed = _scatter(core.buffer(-12), count, 18.0, rng)
        for n, (x, y) in enumerate(placed, start=1):
            w, h = rng.uniform(7, 16), rng.uniform(5, 9)
            buildings.append(
                {
                    "building_code": f"LSJZ{number:02d}{n:03d}",
                    "building_name": f"{name}{n}号院",
                    "block_name": name,
                    "protection_class": str(
                        rng.choice(["文物保护单位", "历史建筑", "传统风貌建筑"], p=[0.12, 0.38, 0.5])
                    ),
                    "geometry": _quadrangle(x, y, w, h, turn=float(rng.normal(-4, 3))),
                }
            )
    return (
        gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS),
        gpd.GeoDataFrame(buildings, geometry="geometry", crs=CRS),
    )


def _scatter(
    ground: BaseGeometry, count: int, apart: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Throw points that keep apart; the index grows with every point, as rtree can and STRtree cannot."""
    index = rtree.index.Index()
    west, south, east, north = ground.bounds
    shapely.prepare(ground)
    placed: list[tuple[float, float]] = []
    for _ in range(count * 200):
        if len(placed) == count:
            break
        x, y = float(rng.uniform(west, east)), float(rng.uniform(south, north))
        near = index.intersection((x - apart, y - apart, x + apart, y + apart))
        if ground.contains(shapely.Point(x, y)) and next(near, None) is None:
            index.insert(len(placed), (x, y, x, y))
            placed.append((x, y))
    return placed


def make_estates(grids: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Set an estate into about a third of the grids."""
    homes = grids[grids["land_use"] == "居住用地"]
    homes = homes.iloc[np.sort(rng.choice(len(homes), round(0.6 * len(homes)), replace=False))]
    shapes = homes.geometry.buffer(-14, join_style="mitre").simplify(4)
    homes, shapes = homes[shapes.geom_type == "Polygon"], shapes[shapes.geom_type == "Polygon"]
    people = np.round(shapes.area * 0.115 * rng.lognormal(0, 0.35, len(shapes))).astype(int)
    names = ["家园", "花园", "小区", "新村", "苑", "庭院"]
    first = [a + b for a in "康安福瑞和泰兴盛嘉祥" for b in "宁顺平乐居怡馨雅悦景"]
    labels = [
        first[i % 100] + names[(i * 7 + i // 100) % 6] + ("" if i < 100 else f"{i // 100}期")
        for i in range(len(homes))
    ]
    return gpd.GeoDataFrame(
        {
            "estate_code": [f"XQ{n:04d}" for n in range(1, len(homes) + 1)],
            "estate_name": labels,
            "population": people,
            "households": np.maximum(1, np.round(people / 2.7)).astype(int),
            "built_year": rng.integers(1978, 2022, len(homes)),
        },
        geometry=list(shapes.geometry.set_precision(0.01)),
        crs=CRS,
    )


def make_parking(
    land: BaseGeometry, river: BaseGeometry, lots: int, deserts: int, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Place lots open to the public where many are served, none near planted deserts.

    One lot of seven is for its owner's use alone, and one such lies in the middle of each desert.
    """
    banks = [part for part in shapely.get_parts(land) if part.area > 1e4]
    spots = np.vstack([_lattice(bank, 40.0) for bank in banks])
    side = np.concatenate([[i] * len(_lattice(bank, 40.0)) for i, bank in enumerate(banks)])
    centres = _desert_centres(banks, deserts, rng)
    forbidden = np.zeros(len(spots), dtype=bool)
    for x, y, bank in centres:
        forbidden |= (np.hypot(*(spots - [x, y]).T) < _DESERT_M) & (side == bank)
    candidates = rng.permutation(np.flatnonzero(~forbidden))[: 40 * lots]
    spot_points: Any = shapely.points(spots)
    near = shapely.STRtree(spot_points)
    a, b = near.query(shapely.points(spots[candidates]), predicate="dwithin", distance=_REACH_M - 12)
    same = side[candidates[a]] == side[b]
    reach = [np.array([], dtype=int)] * len(candidates)
    order = np.argsort(a[same], kind="stable")
    who, cuts = np.unique(a[same][order], return_index=True)
    for i, group in zip(who, np.split(b[same][order], cuts[1:]), strict=True):
        reach[i] = group
    private = max(len(centres), round(lots / 7))
    chosen = [spots[candidates[i]] for i in _greedy(reach, len(spots), lots - private, rng)]
    spare = spots[rng.choice(np.flatnonzero(~forbidden), private - len(centres), replace=False)]
    public, chosen = len(chosen), [*chosen, *[np.array([x, y]) for x, y, _ in centres], *spare]
    return gpd.GeoDataFrame(
        {
            "lot_code": [f"TC{n:03d}" for n in range(1, len(chosen) + 1)],
            "lot_name": [f"{n}号停车场" for n in range(1, len(chosen) + 1)],
            "lot_kind": [
                *rng.choice(["公共", "道路临时泊位"], public, p=[0.8, 0.2]),
                *["专用"] * (len(chosen) - public),
            ],
            "berths": np.round(rng.lognormal(4.6, 0.7, len(chosen))).astype(int),
        },
        geometry=shapely.points(np.round(chosen, 2)),
        crs=CRS,
    )


def _greedy(reach: list[NDArray[np.int64]], spots: int, lots: int, rng: np.random.Generator) -> list[int]:
    """Choose, one after another, the place that serves most that is not served yet, or nearly so.

    What a place would add only ever shrinks, so one whose count is fresh and still the greatest is it.
    """
    taste = rng.uniform(0.75, 1, len(reach))  # lots are not where they serve most
    covered = np.zeros(spots, dtype=bool)
    queue = [(-float(len(r) * t), i) for i, (r, t) in enumerate(zip(reach, taste, strict=True))]
    heapq.heapify(queue)
    chosen: list[int] = []
    while queue and len(chosen) < lots:
        _, i = heapq.heappop(queue)
        gain = float(np.count_nonzero(~covered[reach[i]]) * taste[i])
        if queue and gain < -queue[0][0]:
            heapq.heappush(queue, (-gain, i))
            continue
        covered[reach[i]] = True
        chosen.append(i)
    return chosen


def _desert_centres(
    banks: list[BaseGeometry], count: int, rng: np.random.Generator
) -> list[tuple[float, float, int]]:
    """Choose places well inside the city and far from one another."""
    centres: list[tuple[float, float, int]] = []
    inner = [bank.buffer(-min(330.0, 0.3 * np.sqrt(bank.area))) for bank in banks]
    for _ in range(4000):
        if len(centres) == count:
            break
        bank = int(rng.integers(len(banks)))
        if inner[bank].is_empty:
            continue
        west, south, east, north = inner[bank].bounds
        x, y = float(rng.uniform(west, east)), float(rng.uniform(south, north))
        if inner[bank].contains(shapely.Point(x, y)) and all(
            np.hypot(x - a, y - b) > 1150 for a, b, _ in centres
        ):
            centres.append((x, y, bank))
    return centres


def beyond_reach(lots: gpd.GeoDataFrame, land: BaseGeometry, river: BaseGeometry) -> list[dict[str, float]]:
    """List the ground that no public lot serves, the naive way: disc by disc, cut off at the river."""
    served = []
    for lot in lots.geometry[lots["lot_kind"] != "专用"]:
        disc = shapely.get_parts(lot.buffer(_REACH_M, quad_segs=64).difference(river))
        served.append(next(part for part in disc if part.distance(lot) < 0.1))
    bare = [
        part
        for part in shapely.get_parts(land.difference(shapely.union_all(served)))
        if part.area >= _LEAST_M2
    ]
    spots = [shapely.point_on_surface(part) for part in bare]
    return [
        {"x": round(spot.x, 2), "y": round(spot.y, 2), "area_m2": round(part.area, 1)}
        for spot, part in zip(spots, bare, strict=True)
    ]


def _lattice(bank: BaseGeometry, step: float) -> NDArray[np.float64]:
    west, south, east, north = bank.bounds
    x, y = np.meshgrid(np.arange(west, east, step), np.arange(south, north, step))
    lattice: NDArray[np.float64] = np.column_stack([x.ravel(), y.ravel()])
    return lattice[shapely.contains_xy(bank.buffer(-4), lattice[:, 0], lattice[:, 1])]
