"""Streets: the road network with its names, and the road sections with their chiefs."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.synth.ground import LANE, MAIN, SIDE
from zjk_gis.synth.offices import CRS, EXPIRED, FIRST_DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.synth.ground import Ground

__all__ = ["make_roads", "make_sections", "nearest_codes", "node_keys"]

_FIRST = "清远东兴北明德西长新建文宁古安瑞福和平永顺康泰宏青云白山柳杨槐榆松桦杏梨"
_SECOND = "河山宁平安兴华盛丰源泉林园门桥水营坊台岭沟庄关堡"
_WIDTH = {MAIN: 36.0, SIDE: 20.0, LANE: 7.0}
_SECTION_M = 380.0


def make_roads(ground: Ground, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Name the streets and lay out one row for each stretch between junctions."""
    lines = [*ground.cuts, *ground.bridges]
    names = _names(lines, rng)
    rows = []
    for edge, owner in ground.edges:
        cut = lines[owner]
        rows.append(
            {
                "road": names[owner][0],
                "road_name": names[owner][1],
                "road_class": cut.kind,
                "width_m": _WIDTH[cut.kind],
                "is_bridge": owner >= len(ground.cuts),
                "geometry": edge,
            }
        )
    roads = pd.DataFrame(rows)
    middle = shapely.get_coordinates(
        shapely.line_interpolate_point(roads["geometry"].to_numpy(), 0.5, normalized=True)
    )
    roads["y"], roads["x"] = -middle[:, 1].round(2), middle[:, 0].round(2)
    rank = {MAIN: 0, SIDE: 1, LANE: 2}
    roads["rank"] = roads["road_class"].map(rank)
    roads = roads.sort_values(["rank", "road", "y", "x"], ignore_index=True)
    numbers = {road: f"R{n:04d}" for n, road in enumerate(dict.fromkeys(roads["road"]), start=1)}
    roads["road_code"] = roads["road"].map(numbers)
    sequence = roads.groupby("road_code").cumcount() + 1
    roads["edge_code"] = roads["road_code"] + "-" + sequence.map("{:03d}".format)
    columns = ["edge_code", "road_code", "road_name", "road_class", "width_m", "is_bridge"]
    return gpd.GeoDataFrame(roads[columns], geometry=list(roads["geometry"]), crs=CRS)


def _names(lines: list[Any], rng: np.random.Generator) -> list[tuple[str, str]]:
    """Give every cut a road and a name; the pieces of one bridge road share theirs."""
    pool = [a + b for a in _FIRST for b in _SECOND if a != b]
    order = rng.permutation(len(pool))
    ending = {MAIN: ("大街", "路"), SIDE: ("街", "路"), LANE: ("巷", "胡同")}
    shared: dict[str, tuple[str, str]] = {}
    names = []
    for number, cut in enumerate(lines):
        if cut.kind not in ending:
            names.append(("", ""))
            continue
        turn, place = divmod(number, len(pool))
        base = pool[order[place]] + ("" if turn == 0 else "南北东西中"[turn % 5])
        made = (f"{number:05d}", base + ending[cut.kind][number % 2])
        if cut.name.startswith("#"):
            made = shared.setdefault(cut.name, made)
        elif cut.name:
            made = (f"{number:05d}", cut.name)
        names.append(made)
    return names


def node_keys(lines: Any) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return the first and last point of each line, rounded so that equal junctions are equal."""
    first = shapely.get_coordinates(shapely.get_point(lines, 0)).round(2)
    last = shapely.get_coordinates(shapely.get_point(lines, -1)).round(2)
    return [tuple(p) for p in first.tolist()], [tuple(p) for p in last.tolist()]


def make_sections(
    roads: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, rng: np.random.Generator
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Join stretches of a road to sections with a chief each; leave some without one.

    Returns
    -------
    sections : GeoDataFrame
    without_chief : list of str
        The codes of the sections that nobody answers for on the last day.
    """
    start, end = node_keys(roads.geometry.to_numpy())
    crossing: dict[tuple[float, float], list[str]] = {}
    for a, b, name in zip(start, end, roads["road_name"], strict=True):
        crossing.setdefault(a, []).append(name)
        crossing.setdefault(b, []).append(name)
    rows: list[dict[str, Any]] = []
    for road_code, edges in roads[~roads["is_bridge"]].groupby("road_code", sort=True):
        merged = shapely.line_merge(shapely.multilinestrings(list(edges.geometry)))
        for line in sorted(shapely.get_parts(merged), key=lambda part: (-part.centroid.y, part.centroid.x)):
            rows += _sections_of(line, edges, str(road_code), crossing)
    for number, row in enumerate(rows, start=1):
        row["section_code"] = f"S{number:05d}"
    sections = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)
    _give_chiefs(sections, communities)
    return _plant(sections, rng)


def _sections_of(
    line: Any, edges: gpd.GeoDataFrame, road_code: str, crossing: dict[tuple[float, float], list[str]]
) -> list[dict[str, Any]]:
    """Cut a road at the junctions nearest to equal lengths."""
    name, kind = edges["road_name"].iloc[0], edges["road_class"].iloc[0]
    points = [tuple(p) for p in shapely.get_coordinates(line).round(2).tolist()]
    stops = [i for i, p in enumerate(points) if i in (0, len(points) - 1) or len(crossing.get(p, [])) > 2]
    rows, begin, length = [], stops[0], 0.0
    for a, b in itertools.pairwise(stops):
        length += shapely.linestrings(points[a : b + 1]).length
        if length >= _SECTION_M or b == stops[-1]:
            ends = [next((n for n in crossing.get(points[i], []) if n != name), None) for i in (begin, b)]
            rows.append(
                {
                    "road_code": road_code,
                    "road_name": name,
                    "from_place": ends[0] or "起点",
                    "to_place": ends[1] or "尽头",
                    "side": "两侧",
                    "level": 2 if kind == MAIN else 3,
                    "length_m": round(length, 1),
                    "geometry": shapely.linestrings(points[begin : b + 1]),
                }
            )
            begin, length = b, 0.0
    return rows


def nearest_codes(points: gpd.GeoSeries, areas: gpd.GeoDataFrame, code: str) -> NDArray[np.object_]:
    """Return for each point the code of the area that holds it, or of the nearest one."""
    shapes, codes = areas.geometry.to_numpy(), areas[code].to_numpy(dtype=object)
    tree = shapely.STRtree(shapes)
    found = np.full(len(points), None, dtype=object)
    held, holder = tree.query(points.to_numpy(), predicate="within")  # far quicker than a distance
    found[held] = codes[holder]
    rest = np.flatnonzero(pd.isna(found))
    found[rest] = codes[tree.nearest(points.to_numpy()[rest])]
    return found


def _give_chiefs(sections: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> None:
    middle = sections.geometry.interpolate(0.5, normalized=True)
    of_community = {code: n for n, code in enumerate(sorted(communities["community_code"]))}
    order = [of_community[code] for code in nearest_codes(middle, communities, "community_code")]
    sections["chief_code"] = [f"LD{n + 1:04d}" for n in order]
    digits = str.maketrans("0123456789", "〇一二三四五六七八九")
    sections["chief_name"] = ["路段长" + f"{n + 1:04d}".translate(digits) + "号" for n in order]
    sections["valid_from"], sections["valid_to"] = FIRST_DAY, None


def _plant(sections: gpd.GeoDataFrame, rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, list[str]]:
    count = max(3, round(11 * min(1.0, len(sections) / 900)))
    chosen = np.sort(rng.choice(len(sections), count, replace=False))
    vacant, expired = chosen[:-2], chosen[-2:]
    sections.loc[vacant, ["chief_code", "chief_name"]] = None
    sections.loc[expired, "valid_to"] = EXPIRED
    # Where a wide street has two chiefs, each answers for one side, seen along the line.
    free = np.setdiff1d(np.flatnonzero(sections["level"] == 2), chosen)
    split = np.sort(rng.choice(free, min(6, len(free)), replace=False))
    right = sections.loc[split].assign(side="右侧")
    right["section_code"] += "R"
    right["chief_code"] += "R"
    right["chief_name"] += "(右)"
    sections.loc[split, "side"] = "左侧"
    both = pd.concat([sections, right], ignore_index=True).sort_values("section_code", ignore_index=True)
    columns = [
        "section_code",
        "road_code",
        "road_name",
        "from_place",
        "to_place",
        "side",
        "level",
        "chief_code",
        "chief_name",
        "length_m",
        "valid_from",
        "valid_to",
        "geometry",
    ]
    return both[columns], sections["section_code"].iloc[chosen].tolist()
