"""Homes just within reach of a facility along the roads and just beyond it; all that are beyond, naively."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.synth.offices import CRS
from zjk_gis.synth.planted_roads import RoadGraph
from zjk_gis.synth.streets import nearest_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shapely.geometry.base import BaseGeometry

    from zjk_gis.synth.planting import Planting

__all__ = ["plant_parking", "plant_toilets"]

_PARKING_M, _TOILETS_M = 300.0, 500.0
_BY_M = 1.0  # by which a limit is missed, or kept
_OF_EACH = 2
_TO_ROAD_M, _BANK_M = 200.0, 0.05


class _Step(NamedTuple):
    """Where one steps on the road: its row, how far along it, and the leg to it."""

    row: int
    along: float
    leg: float


class _Streets:
    """Roads, the river, and ways on foot, measured by hand."""

    def __init__(self, layers: dict[str, gpd.GeoDataFrame], river: BaseGeometry) -> None:
        roads = layers["roads"]
        self.ground = layers["districts"].union_all().buffer(-1.0)
        shapely.prepare(self.ground)
        self.graph = RoadGraph(roads)
        self.lines = roads.geometry.to_numpy()
        self.water = river.buffer(-_BANK_M)
        shapely.prepare(self.water)
        dry = shapely.difference(self.lines, self.water)
        self.stretches, self.row = shapely.get_parts(dry, return_index=True)
        self.tree = shapely.STRtree(self.stretches)
        self.is_bridge = roads["is_bridge"].to_numpy(dtype=bool)

    def wet(self, line: BaseGeometry) -> bool:
        """Tell whether a straight way goes through the river."""
        return bool(shapely.intersection(line, self.water).length > 1e-3)

    def step_on(self, point: Any) -> _Step | None:
        """Find the nearest road that is on this bank."""
        near = self.tree.query(point, predicate="dwithin", distance=_TO_ROAD_M)
        for at in near[np.argsort(shapely.distance(self.stretches[near], point), kind="stable")].tolist():
            leg = shapely.shortest_line(point, self.stretches[at])
            if not self.wet(leg):
                row = int(self.row[at])
                along = float(self.lines[row].project(shapely.get_point(leg, 1)))
                return _Step(row, along, float(leg.length))
        return None

    def from_steps(self, steps: Sequence[_Step], limit: float) -> dict[Any, float]:
        """Measure the way from the nearest of some places to each junction."""
        sources: dict[Any, float] = {}
        for row, along, leg in steps:
            for node, metres in zip(
                self.graph.ends[row], (along, self.lines[row].length - along), strict=True
            ):
                sources[node] = min(sources.get(node, np.inf), leg + metres)
        return self.graph.ways(sources, limit)

    def measure(self, homes: Sequence[_Step | None], sites: Sequence[_Step], limit: float) -> list[float]:
        """Measure for each home the way to the nearest site; infinite beyond a limit."""
        far = self.from_steps(sites, limit)
        on_row: dict[int, list[_Step]] = {}
        for site in sites:
            on_row.setdefault(site.row, []).append(site)
        told = []
        for home in homes:
            ways = [np.inf]
            if home is not None:
                a, b = self.graph.ends[home.row]
                length = self.lines[home.row].length
                ways += [far.get(a, np.inf) + home.along, far.get(b, np.inf) + length - home.along]
                ways += [abs(s.along - home.along) + s.leg for s in on_row.get(home.row, [])]
                ways = [way + home.leg for way in ways]
            told.append(float(min(ways)))
        return told

    def spots(self, home: _Step, metres: float) -> Iterator[Any]:
        """Yield the places on roads that are exactly so far from a home."""
        far = self.from_steps([home], metres + 1.0)
        for node, so_far in sorted(far.items(), key=lambda each: (-each[1], each[0])):
            for other, length, row in self.graph.links[node]:
                rest = metres - so_far
                if row == home.row or self.is_bridge[row] or not 1.0 < rest < length - 1.0:
                    continue
                if far.get(other, np.inf) + length - rest < metres:
                    continue
                from_start = self.graph.ends[row][0] == node
                spot = self.lines[row].interpolate(rest if from_start else length - rest)
                if self.ground.contains(spot):
                    yield shapely.Point(round(spot.x, 3), round(spot.y, 3))


def plant_parking(
    layers: dict[str, gpd.GeoDataFrame], river: BaseGeometry, planting: Planting, rng: np.random.Generator
) -> None:
    """Add lots 299 and 301 m along the roads from homes, and one across the river from a home."""
    lots, streets = layers["parking_lots"], _Streets(layers, river)
    homes = _Homes(layers["residential_estates"], streets)
    public = lots[lots["lot_kind"] != "专用"].geometry.to_numpy()
    near, more = homes.plant(public, _PARKING_M, rng, across=True)
    numbers = range(len(lots) + 1, len(lots) + 1 + len(more))
    added = gpd.GeoDataFrame(
        {
            "lot_code": [f"TC{n:03d}" for n in numbers],
            "lot_name": [f"{n}号停车场" for n in numbers],
            "lot_kind": "公共",
            "berths": 40,
        },
        geometry=more,
        crs=CRS,
    )
    layers["parking_lots"] = pd.concat([lots, added], ignore_index=True)
    homes.note("far_from_parking", [*public, *more], _PARKING_M, near, planting)


def plant_toilets(
    layers: dict[str, gpd.GeoDataFrame],
    river: BaseGeometry,
    count: int,
    planting: Planting,
    rng: np.random.Generator,
) -> None:
    """Scatter public toilets along the roads, and add some 499 and 501 m from homes."""
    roads = layers["roads"]
    streets = _Streets(layers, river)
    homes = _Homes(layers["residential_estates"], streets)
    middle = shapely.line_interpolate_point(roads.geometry.to_numpy(), 0.5, normalized=True)
    places_on_land = np.flatnonzero(shapely.contains(streets.ground, middle))
    chosen = middle[rng.choice(places_on_land, count, replace=False)]
    sites = [shapely.Point(place) for place in shapely.get_coordinates(chosen).round(2)]
    near, more = homes.plant(sites, _TOILETS_M, rng)
    places = gpd.GeoSeries([*sites, *more], crs=CRS)
    stem = pd.Series(nearest_codes(places, layers["districts"], "district_code")).astype(str) + "0301"
    layers["public_toilets"] = gpd.GeoDataFrame(
        {
            "toilet_code": stem + (stem.groupby(stem).cumcount() + 1).map("{:06d}".format),
            "toilet_name": [f"{n}号公厕" for n in range(1, len(places) + 1)],
            "toilet_class": rng.choice(["一类", "二类", "三类"], len(places)),
            "stalls": rng.integers(6, 30, len(places)),
        },
        geometry=places.to_numpy(),
        crs=CRS,
    )
    homes.note("far_from_toilets", list(places), _TOILETS_M, near, planting)


class _Homes:
    """Estates as places from which one goes."""

    def __init__(self, estates: gpd.GeoDataFrame, streets: _Streets) -> None:
        self.codes = estates["estate_code"].tolist()
        self.points = np.asarray(shapely.point_on_surface(estates.geometry.to_numpy()))
        self.streets = streets
        self.steps = [streets.step_on(point) for point in self.points]

    def measure(self, sites: Sequence[Any], limit: float) -> list[float]:
        """Measure the way of each home to the nearest site."""
        steps = [step for step in map(self.streets.step_on, sites) if step is not None]
        return self.streets.measure(self.steps, steps, limit)

    def plant(
        self, sites: Sequence[Any], within_m: float, rng: np.random.Generator, *, across: bool = False
    ) -> tuple[list[str], list[Any]]:
        """Return the homes that a new site is just within reach of, and the new sites."""
        near: list[str] = []
        more = self._across(sites, within_m) if across else []
        used: list[Any] = []
        far = self.measure([*sites, *more], within_m + 100)
        fault = False  # what is too far stands anywhere in a city; what is just near enough is planted
        for at in rng.permutation(len(self.points)).tolist():
            home, point = self.steps[at], self.points[at]
            if home is None or home.leg > within_m / 2 or far[at] < within_m + 100:
                continue
            if any(point.distance(other) < 2.2 * within_m for other in used):
                continue
            spot = next(self.streets.spots(home, within_m + (_BY_M if fault else -_BY_M)), None)
            if spot is None:
                continue
            used.append(point)
            more.append(spot)
            near += [] if fault else [self.codes[at]]
            fault = not fault
            if len(used) == 2 * _OF_EACH:
                break
        return near, more

    def _across(self, sites: Sequence[Any], within_m: float) -> list[Any]:
        """Find a place on the other bank that is near a home in a straight line alone."""
        far = self.measure(sites, within_m)
        streets = self.streets
        for at in np.argsort(shapely.distance(self.points, streets.water), kind="stable").tolist():
            near = streets.tree.query(self.points[at], predicate="dwithin", distance=within_m - 10)
            for stretch in near.tolist():
                way = shapely.shortest_line(self.points[at], streets.stretches[stretch])
                spot = shapely.get_point(way, 1)
                if streets.is_bridge[streets.row[stretch]] or not streets.wet(way):
                    continue
                if np.isinf(far[at]) and np.isinf(self.measure([spot], within_m)[at]):
                    return [shapely.Point(np.round(shapely.get_coordinates(spot)[0], 2))]
        return []

    def note(
        self, kind: str, sites: Sequence[Any], within_m: float, near: Sequence[str], planting: Planting
    ) -> None:
        """Note all homes beyond reach, and the planted ones that are just within it."""
        for code, metres in zip(self.codes, self.measure(sites, within_m), strict=True):
            if metres > within_m or code in near:
                planting.note(kind, code, fault=metres > within_m)
