"""Incidents of two years, most of them ordinary, some of them planted to be hard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from zjk_gis.crs.datum import wgs84_to_gcj02
from zjk_gis.layers.shapes import point_coordinates
from zjk_gis.standards import rules_table
from zjk_gis.synth.case_times import walk_cases
from zjk_gis.synth.offices import CRS, EXPIRED, FIRST_DAY, LAST_DAY, REDRAWN
from zjk_gis.synth.planted_cases import plant_deadlines, plant_places

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from zjk_gis.synth.offices import Offices
    from zjk_gis.synth.planting import Planting

__all__ = ["GCJ02_CHANNEL", "make_incidents"]

GCJ02_CHANNEL = "随手拍小程序"
_CHANNELS = {"监督员上报": 0.52, "12345热线": 0.24, "视频智能": 0.12, "网格员巡查": 0.09, GCJ02_CHANNEL: 0.03}
_EVENT_WEIGHTS = {
    "0102": 9,
    "0104": 7,
    "0505": 8,
    "0506": 6,
    "0501": 6,
    "0504": 6,
    "0103": 4,
    "0110": 4,
    "0404": 3,
    "0406": 3,
    "0304": 2,
}
_SETBACKS_M = (2.6, 4.5, 8.0, 13.0)  # roadside: how far inside a grid's border an incident lies
_CLEAR_M = 1.6  # kept free around planted faults, so that every answer is known
_WELL_CLEAR_M = 10.0  # the same, of cases that are planted in places
_NEAREST_M, _TOLERANCE_M = 50.0, 0.5
_ON_BORDER_M = 0.0005  # nearer than that a point lies on a border
_DETAILS = ("需清理", "已围挡", "影响通行", "居民反映", "反复出现", "请派员处置")


@dataclass(slots=True)
class _Case:
    """One incident to be: where it truly is and what its right answer is."""

    x: float
    y: float
    day: int
    zone: str
    grid: str
    found: str
    fault: str


def make_incidents(
    city: dict[str, gpd.GeoDataFrame],
    offices: Offices,
    land: BaseGeometry,
    count: int,
    rng: np.random.Generator,
    planting: Planting,
    clocks: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, list[str]]]:
    """Make `count` incidents, their right answers, and the lists of the planted ones.

    `clocks` is the source of chance for their times alone, so that places do not depend on these.
    """
    days = (pd.Timestamp(LAST_DAY) - pd.Timestamp(FIRST_DAY)).days + 1
    scale = min(1.0, count / 20_000)
    oracle = _Oracle(city["responsibility_zones"])
    cases = [
        *_on_borders(city, oracle, offices, max(12, round(160 * scale)), days, rng),
        *_outside(land, oracle, max(8, round(60 * scale)), max(6, round(40 * scale)), days, rng),
        *_in_faults(oracle, offices, max(20, round(90 * scale)), days, rng),
    ]
    cases += _ordinary(city, offices, count - len(cases), days, rng)
    order = rng.permutation(len(cases))
    cases = [cases[i] for i in order]
    raw, answers = _write_down(cases, city["roads"], rng, clocks)
    _spoil(raw, answers, max(5, round(40 * scale)), max(5, round(60 * scale)), rng)
    taken: set[int] = set()
    plant_deadlines(raw, answers, taken, planting)
    spoiled = shapely.STRtree(offices.spoiled)

    def judge(x: float, y: float, day: int) -> _Case | None:
        if len(spoiled.query(shapely.Point(x, y), predicate="dwithin", distance=_WELL_CLEAR_M)):
            return None
        return _judge(oracle, x, y, day, ("inside",), "")

    plant_places(raw, answers, city, judge, taken, planting, clocks)
    lists = {str(fault): sorted(group["incident_code"]) for fault, group in answers.groupby("fault") if fault}
    return raw, answers, lists


class _Oracle:
    """Answers naively, one incident at a time, by the stated rule; independent of the engine."""

    def __init__(self, zones: gpd.GeoDataFrame) -> None:
        self.zones = zones[zones["level"] == 3].reset_index(drop=True)
        day = pd.Timestamp(FIRST_DAY)
        self.begins = ((pd.to_datetime(self.zones["valid_from"]) - day).dt.days).to_numpy()
        self.ends = ((pd.to_datetime(self.zones["valid_to"]) - day).dt.days).fillna(10**6).to_numpy()
        self.shapes = self.zones.geometry.to_numpy()
        self.codes = self.zones["zone_code"].to_numpy()
        self.areas = shapely.area(self.shapes)
        self.tree = shapely.STRtree(self.shapes)

    def answer(self, x: float, y: float, day: int) -> tuple[str, str] | None:
        """Return the zone and how it is found, or None where the case is too close to call."""
        point = shapely.Point(x, y)
        near = self.tree.query(point.buffer(_NEAREST_M + 5))
        near = near[(self.begins[near] <= day) & (day <= self.ends[near])]
        distance = shapely.distance(self.shapes[near], point)
        rim = shapely.distance(shapely.boundary(self.shapes[near]), point)
        if np.any(np.abs(rim - _TOLERANCE_M) < 0.3):
            return None
        at_border = rim < _TOLERANCE_M
        inside = (distance == 0) & ~(rim == 0)
        touching = inside | (distance == 0) | at_border
        if touching.any():
            ranked = sorted(
                (0 if inside[i] else 1 if distance[i] <= _ON_BORDER_M else 2, self.areas[n], self.codes[n])
                for i, n in enumerate(near)
                if touching[i]
            )
            return str(ranked[0][2]), "border" if at_border[touching].any() else "inside"
        outer = sorted((float(d), str(self.codes[n])) for d, n in zip(distance, near, strict=True))
        if len(outer) > 1 and outer[1][0] - outer[0][0] < 1.0:
            return None
        if not outer or outer[0][0] > _NEAREST_M + 1:
            return "", "none"
        return None if outer[0][0] > _NEAREST_M - 1 else (outer[0][1], "nearest")


def _rounded(x: float, y: float) -> tuple[float, float]:
    """Move a place to where its longitude and latitude of six decimals put it."""
    lon, lat = _TO_DEGREES.transform(x, y)
    return _TO_METRES.transform(round(lon, 6), round(lat, 6))


_TO_DEGREES = Transformer.from_crs(CRS, 4490, always_xy=True)
_TO_METRES = Transformer.from_crs(4490, CRS, always_xy=True)


def _judge(oracle: _Oracle, x: float, y: float, day: int, found: tuple[str, ...], fault: str) -> _Case | None:
    x, y = _rounded(x, y)
    answer = oracle.answer(x, y, day)
    if answer is None or answer[1] not in found:
        return None
    return _Case(x, y, day, answer[0], "", answer[1], fault)


def _on_borders(
    city: dict[str, gpd.GeoDataFrame],
    oracle: _Oracle,
    offices: Offices,
    count: int,
    days: int,
    rng: np.random.Generator,
) -> list[_Case]:
    """Put incidents on common borders of two zones, on vertices and between them."""
    shapes = oracle.shapes
    a, b = oracle.tree.query(shapes, predicate="touches")
    pairs = [(i, j) for i, j in zip(a, b, strict=True) if i < j]
    cases: list[_Case] = []
    for k in rng.permutation(len(pairs)):
        if len(cases) == count:
            break
        i, j = pairs[k]
        shared = shapely.line_merge(shapes[i].intersection(shapes[j]))
        line = max(shapely.get_parts(shared), key=lambda part: part.length, default=shared)
        if line.geom_type != "LineString" or line.length < 20:
            continue
        corners = shapely.get_coordinates(line)
        x, y = (
            corners[rng.integers(1, len(corners) - 1)]
            if len(corners) > 2 and rng.random() < 0.4
            else shapely.get_coordinates(line.interpolate(rng.uniform(0.1, 0.9), normalized=True))[0]
        )
        if shapely.distance(shapely.Point(x, y), np.array(offices.spoiled, dtype=object)).min() < 5:
            continue
        case = _judge(oracle, x, y, int(rng.integers(days)), ("border",), "border")
        if case is not None:
            cases.append(case)
    return cases


def _outside(
    land: BaseGeometry, oracle: _Oracle, near: int, far: int, days: int, rng: np.random.Generator
) -> list[_Case]:
    """Put incidents outside the city: some within reach of a zone, some far beyond."""
    rim = shapely.convex_hull(land)
    cases: list[_Case] = []
    for wanted, fault, low, high, number in (
        (("nearest",), "nearest", 4.0, 44.0, near),
        (("none",), "none", 300.0, 900.0, far),
    ):
        done = 0
        for _ in range(number * 60):
            if done == number:
                break
            edge = (land if fault == "nearest" else rim).buffer(float(rng.uniform(low, high)))
            ring = max((part.exterior for part in shapely.get_parts(edge)), key=lambda r: r.length)
            spot = ring.interpolate(rng.uniform(0, 1), normalized=True)
            case = _judge(oracle, spot.x, spot.y, int(rng.integers(days)), wanted, fault)
            if case is not None:
                cases.append(case)
                done += 1
    return cases


def _in_faults(
    oracle: _Oracle, offices: Offices, count: int, days: int, rng: np.random.Generator
) -> list[_Case]:
    """Put incidents into gaps, into overlaps, and into the zone that expired, after it did."""
    places: list[tuple[str, BaseGeometry]] = []
    spots = {(g["x"], g["y"]): "in_gap" for g in offices.faults["gaps"]}
    spots |= {(o["x"], o["y"]): "in_overlap" for o in offices.faults["overlaps"]}
    for (x, y), fault in spots.items():
        inner = [s.buffer(-1.2) for s in offices.spoiled if s.buffer(0.01).contains(shapely.Point(x, y))]
        places += [(fault, s) for s in inner if not s.is_empty]
    lapsed = oracle.zones[oracle.codes == offices.faults["expired_zones"][0]].geometry.iloc[0]
    places += [("expired_zone", lapsed.buffer(-3))] * 5
    after = (pd.Timestamp(EXPIRED) - pd.Timestamp(FIRST_DAY)).days + 1
    cases: list[_Case] = []
    for n in range(count * 40):
        if len(cases) == count:
            break
        fault, place = places[n % len(places)]
        west, south, east, north = place.bounds
        x, y = rng.uniform(west, east), rng.uniform(south, north)
        if not place.contains(shapely.Point(x, y)):
            continue
        day = int(rng.integers(after, days)) if fault == "expired_zone" else int(rng.integers(days))
        case = _judge(oracle, x, y, day, ("inside",) if fault == "in_overlap" else ("nearest", "none"), fault)
        if case is not None:
            cases.append(case)
    return cases


def _ordinary(
    city: dict[str, gpd.GeoDataFrame], offices: Offices, count: int, days: int, rng: np.random.Generator
) -> list[_Case]:
    """Scatter incidents along the roadsides of the grids, many where many are: right by construction."""
    grids = city["unit_grids"].set_index("grid_code").loc[offices.grid_codes]
    shapes = grids.geometry.to_numpy()
    centre = shapely.get_coordinates(shapely.centroid(shapes))
    weight = rng.lognormal(0, 0.7, len(shapes))
    for spot in centre[rng.choice(len(shapes), 14)]:
        weight += rng.uniform(2, 9) * np.exp(-np.sum((centre - spot) ** 2, axis=1) / (2 * 260.0**2))
    inner = [shapely.buffer(shapes, -d, join_style="mitre") for d in _SETBACKS_M]
    rings = np.array([[_longest_ring(shape) for shape in shrunk] for shrunk in inner], dtype=object)
    reserve = round(count * 1.25) + 200
    grid = rng.choice(len(shapes), reserve, p=weight / weight.sum())
    setback = rng.choice(len(_SETBACKS_M), reserve, p=[0.3, 0.35, 0.25, 0.1])
    along = rng.uniform(0, 1, reserve)
    line = rings[setback, grid]
    spots = shapely.line_interpolate_point(line, along, normalized=True)
    day = _days(reserve, days, rng)
    spoiled = shapely.STRtree(offices.spoiled)
    near_fault = np.zeros(reserve, dtype=bool)
    near_fault[spoiled.query(spots, predicate="dwithin", distance=_CLEAR_M)[0]] = True
    later = day >= (pd.Timestamp(REDRAWN) - pd.Timestamp(FIRST_DAY)).days
    lapsed = day > (pd.Timestamp(EXPIRED) - pd.Timestamp(FIRST_DAY)).days
    zone = np.where(later, np.array(offices.zone_of_grid_later)[grid], np.array(offices.zone_of_grid)[grid])
    use = (
        ~near_fault & ~(lapsed & np.isin(zone, offices.faults["expired_zones"])) & ~shapely.is_missing(spots)
    )
    picked = np.flatnonzero(use)[:count]
    x, y = point_coordinates(spots)
    return [
        _Case(float(x[i]), float(y[i]), int(day[i]), str(zone[i]), offices.grid_codes[grid[i]], "inside", "")
        for i in picked
    ]


def _longest_ring(shape: BaseGeometry) -> BaseGeometry | None:
    """Return the outline of the largest part; None where nothing is left."""
    parts = shapely.get_parts(shape)
    return None if shape.is_empty else shapely.get_exterior_ring(max(parts, key=lambda part: part.area))


def _days(count: int, days: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw days: more on weekdays, more in summer."""
    day = np.arange(days)
    calendar = pd.Timestamp(FIRST_DAY) + pd.to_timedelta(day, unit="D")
    season = np.cos((calendar.day_of_year.to_numpy() - 200) / 365 * 2 * np.pi)
    weight = np.where(calendar.day_of_week.to_numpy() < 5, 1.0, 0.62) * (1 + 0.3 * season)
    drawn: NDArray[np.int64] = rng.choice(days, count, p=weight / weight.sum())
    return drawn


def _write_down(
    cases: list[_Case], roads: gpd.GeoDataFrame, rng: np.random.Generator, clocks: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn cases into the table a bureau would send, and the table of right answers."""
    n = len(cases)
    x, y = np.array([c.x for c in cases]), np.array([c.y for c in cases])
    lon, lat = (np.round(v, 6) for v in _TO_DEGREES.transform(x, y))
    day = np.array([c.day for c in cases])
    hour = rng.choice(24, n, p=_hours())
    second = day * 86_400 + hour * 3600 + rng.integers(0, 3600, n)
    occurred = pd.Timestamp(FIRST_DAY) + pd.to_timedelta(second, unit="s")
    pace = rng.standard_exponential(n)
    events = rules_table("events")
    weight = np.array([_EVENT_WEIGHTS.get(code, 1) for code in events["event_code"]], dtype=float)
    event = rng.choice(len(events), n, p=weight / weight.sum())
    name = events["event_name"].to_numpy()[event]
    nearest = roads.sindex.nearest(shapely.points(x, y), return_all=False)[1]
    road = roads["road_name"].to_numpy(dtype=object)[nearest]
    slip = rng.random(n)
    road = np.where(slip < 0.05, "", np.where(slip > 0.99, rng.permutation(road), road))
    codes = [f"ZJK{o:%Y%m%d}{i:05d}" for i, o in enumerate(occurred, start=1)]
    luck = rng.random(n)
    channel = rng.choice(list(_CHANNELS), n, p=list(_CHANNELS.values()))
    planted = np.array([bool(c.fault) for c in cases])
    channel = np.where(planted & (channel == GCJ02_CHANNEL), "监督员上报", channel)
    street = np.array([c.zone[3:12] for c in cases], dtype=object)  # that of the zone that answers
    times, stands = walk_cases(second, events["event_code"].to_numpy()[event], street, luck, pace, clocks)
    raw = pd.DataFrame(
        {
            "案件编号": codes,
            "发生时间": occurred.strftime("%Y-%m-%d %H:%M:%S"),
            "事件代码": events["event_code"].to_numpy()[event],
            "事件名称": name,
            "上报渠道": channel,
            **times.to_dict("series"),
            "区县代码": [code[:6] for code in street],
            "街道代码": street,
            "道路名称": road,
            "问题描述": [
                f"{r or '附近'}{e},{d}" for r, e, d in zip(road, name, rng.choice(_DETAILS, n), strict=True)
            ],
            "经度": lon,
            "纬度": lat,
        }
    )
    answers = pd.DataFrame(
        {
            "incident_code": codes,
            "zone_code": [c.zone for c in cases],
            "grid_code": [c.grid for c in cases],
            "found": [c.found for c in cases],
            "fault": [c.fault for c in cases],
            "deadline_state": stands,
        }
    )
    return raw, answers


def _hours() -> NDArray[np.float64]:
    weight = np.array(
        [1, 1, 1, 1, 1, 2, 5, 9, 14, 16, 15, 12, 8, 9, 13, 15, 14, 12, 9, 7, 5, 4, 2, 1], dtype=float
    )
    share: NDArray[np.float64] = weight / weight.sum()
    return share


def _spoil(
    raw: pd.DataFrame, answers: pd.DataFrame, swapped: int, missing: int, rng: np.random.Generator
) -> None:
    """Do to the coordinates what happens to coordinates."""
    through_app = (raw["上报渠道"] == GCJ02_CHANNEL).to_numpy()
    lon, lat = wgs84_to_gcj02(raw.loc[through_app, "经度"], raw.loc[through_app, "纬度"])
    raw.loc[through_app, "经度"], raw.loc[through_app, "纬度"] = lon.round(6), lat.round(6)
    answers.loc[through_app, "fault"] = "gcj02"
    plain = rng.permutation(np.flatnonzero((answers["fault"] == "").to_numpy()))
    turned, lost = plain[:swapped], plain[swapped : swapped + missing]
    raw.loc[turned, ["经度", "纬度"]] = raw.loc[turned, ["纬度", "经度"]].to_numpy()
    answers.loc[turned, "fault"] = "swapped_axes"
    raw.loc[lost, ["经度", "纬度"]] = np.nan
    answers.loc[lost, ["zone_code", "grid_code", "found", "fault"]] = ["", "", "none", "no_coordinates"]
