"""What stands on the pipes: valves, sources, outfalls, users, metering zones, breaks; with faults planted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.networks import Graph, components, weak_spots
from zjk_gis.synth.offices import CRS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["make_supply", "spoil_names"]

# kind: what feeds it, and what its valves are
_FED = {"SS": ("水厂", "蝶阀"), "TR": ("门站", "球阀"), "RS": ("热源", "闸阀")}
_DRAINS = {"WS": "污水处理厂", "YS": "河道排口"}
_VALVE_AT_M = 1.5
_SPOILT = 3


def spoil_names(
    pipelines: gpd.GeoDataFrame, manholes: gpd.GeoDataFrame, rng: np.random.Generator
) -> list[str]:
    """Let some pipes of telecom name a point that no table has; return their codes.

    Beside each are near misses that are no faults: pipes that name a manhole by its number (物探点号), and
    pipes without a name that miss their manhole by 0.3 m. All end where other pipes do.
    """
    cable = pipelines["pipe_kind"] == "DX"
    ends = pd.concat([pipelines["from_manhole"], pipelines["to_manhole"]]).value_counts()
    busy = pipelines["to_manhole"].map(ends) >= 2
    chosen = rng.permutation(np.flatnonzero(cable & busy))
    # One pipe a manhole, so that each keeps a neighbour that names it.
    chosen = chosen[~pipelines["to_manhole"].iloc[chosen].duplicated().to_numpy()][: 3 * _SPOILT]
    unknown, numbered, moved = (chosen[at::3] for at in range(3))
    number = manholes.set_index("manhole_code")["well_number"]
    names = pipelines["to_manhole"].astype(object).to_numpy(copy=True)
    names[unknown] = [f"DX9{at:04d}" for at in range(len(unknown))]
    names[numbered] = number[pipelines["to_manhole"].iloc[numbered]].to_numpy()
    names[moved] = None
    pipelines["to_manhole"] = names
    shapes = pipelines.geometry.to_numpy().copy()
    for at in moved:
        coords = shapely.get_coordinates(shapes[at])
        back = (coords[-2] - coords[-1]) / np.hypot(*(coords[-2] - coords[-1]))
        coords[-1] += 0.3 * back
        shapes[at] = shapely.LineString(coords)
    pipelines.geometry = shapes
    return sorted(pipelines["pipe_code"].iloc[unknown])


def make_supply(
    pipelines: gpd.GeoDataFrame,
    manholes: gpd.GeoDataFrame,
    region: Any,
    alone: Sequence[int],
    rng: np.random.Generator,
) -> tuple[dict[str, gpd.GeoDataFrame], dict[str, Any]]:
    """Put valves, sources, outfalls, users, metering zones and breaks on the pipes of a city.

    Parameters
    ----------
    pipelines, manholes : GeoDataFrame
    region : geometry
        The city's ground.
    alone : sequence of int
        Positions of pipes that hang together with no others, and are fed by nothing.

    Returns
    -------
    layers : dict of str to GeoDataFrame
    truth : dict
        ``unfed_pipes``, ``unregistered_outfalls``, ``stuck_valves``, ``broken_pipes``, ``leaky_zones``.
    """
    at = {code: n for n, code in enumerate(manholes["manhole_code"])}
    places = shapely.get_coordinates(manholes.geometry.to_numpy())
    ends = pd.DataFrame({"kind": pipelines["pipe_kind"], "code": pipelines["pipe_code"]})
    ends["a"] = pipelines["from_manhole"].map(at)
    # What names nothing, or something by its number, is told by the line.
    last = shapely.get_coordinates(shapely.get_point(pipelines.geometry.to_numpy(), -1))
    nearest = shapely.STRtree(manholes.geometry.to_numpy()).nearest(shapely.points(last))
    ends["b"] = pipelines["to_manhole"].map(at).fillna(pd.Series(nearest, index=pipelines.index)).astype(int)
    ends["line"] = pipelines.geometry.to_numpy()
    fed = ends.drop(index=ends.index[list(alone)])
    fed = fed[fed["kind"].isin(_FED)]
    layers = {
        "valves": _valves(fed, rng),
        "supply_sources": _sources(fed, manholes, places),
        "pipe_users": _users(fed, rng),
    }
    layers["outfalls"], unregistered = _outfalls(ends, manholes, places, rng)
    layers["pipe_breaks"], broken = _breaks(ends[ends["kind"] == "SS"], rng)
    layers["network_zones"], leaky = _zones(region, rng)
    lonely = ends.iloc[list(alone)]
    valves = layers["valves"]
    return layers, {
        "unfed_pipes": sorted(lonely.loc[lonely["kind"].isin(_FED), "code"]),
        "unregistered_outfalls": unregistered,
        "stuck_valves": sorted(valves.loc[~valves["is_operable"], "valve_code"]),
        "broken_pipes": broken,
        "leaky_zones": leaky,
    }


def _valves(fed: pd.DataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Put a valve near every crossing end, on three pipes of four, and on every sixth pipe between.

    Some are stuck; one pipe is closed, part of a ring, so that nothing is cut off by it.
    """
    ends = [fed[end].to_numpy(np.int32) for end in ("a", "b")]
    size = int(max(each.max(initial=0) for each in ends)) + 1
    weak = weak_spots(Graph(size, *ends), np.ones(size), np.ones(len(fed)))
    shut: set[int] = set()
    degree = pd.concat([fed["a"], fed["b"]]).value_counts()
    rows: list[dict[str, Any]] = []
    for number, pipe in enumerate(_rows(fed)):
        for node, far in ((pipe.a, False), (pipe.b, True)):
            between = not far and number % 6 == 0
            if not between and (degree[node] < 3 or rng.random() > 0.75):
                continue
            if not shut and not weak.is_bridge[number]:
                shut.add(number)
            length = pipe.line.length
            s = min(_VALVE_AT_M, length / 3)
            rows.append(
                {
                    "valve_code": f"FM{pipe.kind}{len(rows) + 1:05d}",
                    "pipe_kind": pipe.kind,
                    "pipe_code": pipe.code,
                    "valve_kind": _FED[pipe.kind][1],
                    "valve_state": "关" if number in shut else "开",
                    "is_operable": bool(rng.random() >= 0.04),
                    "geometry": pipe.line.interpolate(length - s if far else s),
                }
            )
    return _placed(rows)


def _sources(fed: pd.DataFrame, manholes: gpd.GeoDataFrame, places: np.ndarray) -> gpd.GeoDataFrame:
    """Put a source at the northernmost manhole of every network of each kind."""
    code = manholes["manhole_code"].to_numpy()
    rows: list[dict[str, Any]] = []
    for kind, (source, _) in _FED.items():
        mine = fed[fed["kind"] == kind]
        label = components(len(places), mine["a"].to_numpy(np.int32), mine["b"].to_numpy(np.int32))
        used = np.unique(np.concatenate([mine["a"], mine["b"]]))
        top = pd.Series(places[used, 1], index=used).groupby(label[used]).idxmax()
        rows += [
            {
                "source_code": f"{kind}{number:02d}",
                "source_name": f"{source}{number}",
                "pipe_kind": kind,
                "manhole_code": code[node],
                "source_kind": source,
                "geometry": shapely.Point(*places[node]),
            }
            for number, node in enumerate(sorted(top), 1)
        ]
    return _placed(rows)


def _outfalls(
    ends: pd.DataFrame, manholes: gpd.GeoDataFrame, places: np.ndarray, rng: np.random.Generator
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Register the places where drains come out, 3 m beside them, but for two."""
    drains = ends[ends["kind"].isin(_DRAINS)]
    final = sorted(set(drains["b"]) - set(drains["a"]))
    missing = set(rng.choice(final, min(2, len(final) - 1), replace=False).tolist())
    kind = manholes["pipe_kind"].to_numpy()
    rows = [
        {
            "outfall_code": f"PK{number:04d}",
            "outfall_name": f"{number}号排口",
            "pipe_kind": kind[node],
            "outfall_kind": _DRAINS[kind[node]],
            "receiving_water": "清水河",
            "geometry": shapely.Point(places[node] + [3.0, 0.0]),
        }
        for number, node in enumerate(final, 1)
        if node not in missing
    ]
    return _placed(rows), sorted(manholes["manhole_code"].iloc[sorted(missing)])


def _users(fed: pd.DataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Put a user beside every fourth pipe, and a hydrant beside every tenth of water."""
    kinds = ["居民", "居民", "居民", "单位", "学校", "医院", "工业"]
    rows: list[dict[str, Any]] = []
    for number, pipe in enumerate(_rows(fed)):
        hydrant = pipe.kind == "SS" and number % 10 == 0
        if not hydrant and number % 4:
            continue
        kind = "消火栓" if hydrant else kinds[int(rng.integers(len(kinds)))]
        middle = pipe.line.interpolate(0.5, normalized=True)
        rows.append(
            {
                "user_code": f"YH{len(rows) + 1:06d}",
                "user_name": f"{kind}{len(rows) + 1}",
                "pipe_kind": pipe.kind,
                "pipe_code": pipe.code,
                "user_kind": kind,
                "households": int(rng.integers(20, 400)) if kind == "居民" else None,
                "geometry": shapely.Point(middle.x + 4.0, middle.y + 3.0),
            }
        )
    users = _placed(rows)
    return users.astype({"households": "Int64"})


def _breaks(water: pd.DataFrame, rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Let some mains have broken once or twice, and three of them three times in three years."""
    order = rng.permutation(len(water))[: max(12, len(water) // 25)]
    rows: list[dict[str, Any]] = []
    worst = []
    for rank, at in enumerate(order.tolist()):
        pipe = water.iloc[at]
        times = 3 if rank < 3 else 1 + rank % 2
        if rank < 3:
            worst.append(str(pipe["code"]))
        for _ in range(times):
            day = np.datetime64("2023-01-01") + int(rng.integers(0, 1095))
            rows.append(
                {
                    "break_code": f"BG{len(rows) + 1:05d}",
                    "pipe_kind": "SS",
                    "pipe_code": pipe["code"],
                    "break_kind": ["爆管", "暗漏", "明漏"][int(rng.integers(3))],
                    "occurred_on": str(day),
                    "repaired_on": str(day + 1),
                    "geometry": pipe["line"].interpolate(float(rng.random()), normalized=True),
                }
            )
    return _placed(rows), sorted(worst)


def _zones(region: Any, rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Divide the city into four metering zones; one loses more water than CJJ 92 tolerates, one just less."""
    west, south, east, north = region.bounds
    x, y = (west + east) / 2, (south + north) / 2
    quarters = [(west, south, x, y), (x, south, east, y), (west, y, x, north), (x, y, east, north)]
    lost = [0.09, 0.105, 0.118, 0.165]
    order = rng.permutation(4)
    supplied = rng.integers(800, 1600, 4) * 1000.0
    rows = [
        {
            "network_zone_code": f"DMA{number}",
            "network_zone_name": f"{number}区",
            "network_zone_kind": "计量分区",
            "pipe_kind": "SS",
            "supplied_m3": supplied[number - 1],
            "registered_m3": round(supplied[number - 1] * (1 - lost[order[number - 1]]), 1),
            "geometry": shapely.box(*quarter),
        }
        for number, quarter in enumerate(quarters, 1)
    ]
    return _placed(rows), [f"DMA{int(np.flatnonzero(order == 3)[0]) + 1}"]


def _rows(frame: pd.DataFrame) -> Iterator[Any]:
    yield from frame.itertuples()


def _placed(rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)
    frame.geometry = shapely.set_precision(frame.geometry.to_numpy(), 0.001)
    return frame
