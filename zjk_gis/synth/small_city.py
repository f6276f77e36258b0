"""A small city that changes from week to week: zones, manholes, lots and incidents (每周变动的小城)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CRS_OF_WEEKS", "SmallCity", "points_of"]

CRS_OF_WEEKS = "EPSG:4490"
_WEST, _SOUTH, _SIDE = 114.88, 40.81, 0.001
_DECIMALS = 7
_LEAST_WIDTH = 0.3  # of a zone, as a share of its first width
_PER_GRID = 2  # manholes
_MANHOLE = "1307030102"  # district, class and kind of a component's code, see GB/T 30428.2
_GRIDS_PER_LOT = 3
_SURNAMES = "王李张刘陈杨赵黄周吴"
_KINDS = ("乱堆物料", "道路破损", "井盖破损", "占道经营", "暴露垃圾")


@dataclass(slots=True)
class SmallCity:
    """What is true of the city in the week that is being made.

    Attributes
    ----------
    rng : Generator
    grids : int
        How many zones there are at first, in rows of as many.
    zones, manholes, lots, incidents : dict of str to dict
        By code; zones are rectangles with ``row``, ``west`` and ``east``, the others points.
    """

    rng: np.random.Generator
    grids: int
    zones: dict[str, dict[str, Any]] = field(default_factory=dict)
    manholes: dict[str, dict[str, Any]] = field(default_factory=dict)
    lots: dict[str, dict[str, Any]] = field(default_factory=dict)
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    _serial: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lay the first zones, manholes and lots."""
        across = self._across
        for at in range(self.grids):
            west = round(_WEST + at % across * _SIDE, _DECIMALS)
            self._add_zone(at // across, west, round(west + _SIDE, _DECIMALS))
        for _ in range(self.grids * _PER_GRID):
            self.add_manhole()
        for _ in range(max(4, self.grids // _GRIDS_PER_LOT)):
            self.add_lot()

    @property
    def _across(self) -> int:
        return int(np.ceil(np.sqrt(self.grids)))

    def change_chief(self) -> None:
        """Give a zone a chief whom no zone had before."""
        self.zones[self._any(self.zones)]["chief_name"] = self._new_chief()

    def move_border(self) -> None:
        """Move the border between two neighbours by a tenth of a zone."""
        pairs = [
            (one, other)
            for one, told in self.zones.items()
            for other, beside in self.zones.items()
            if told["row"] == beside["row"]
            and told["east"] == beside["west"]
            and beside["east"] - beside["west"] > _SIDE * (_LEAST_WIDTH + 0.1)
        ]
        one, other = pairs[int(self.rng.integers(len(pairs)))]
        border = round(self.zones[one]["east"] + _SIDE / 10, _DECIMALS)
        self.zones[one]["east"] = self.zones[other]["west"] = border

    def split_zone(self) -> None:
        """Split the widest zone: its code goes, two come."""
        code = max(self.zones, key=lambda each: (self.zones[each]["east"] - self.zones[each]["west"], each))
        told = self.zones.pop(code)
        middle = round((told["west"] + told["east"]) / 2, _DECIMALS)
        self._add_zone(told["row"], told["west"], middle)
        self._add_zone(told["row"], middle, told["east"])

    def withdraw_zone(self) -> None:
        """Withdraw the narrowest zone that has a neighbour in the west, which takes its ground."""
        by_east = {(told["row"], told["east"]): code for code, told in self.zones.items()}
        held = {
            code: by_east[told["row"], told["west"]]
            for code, told in self.zones.items()
            if (told["row"], told["west"]) in by_east
        }
        code = min(held, key=lambda each: (self.zones[each]["east"] - self.zones[each]["west"], each))
        self.zones[held[code]]["east"] = self.zones.pop(code)["east"]

    def add_manhole(self) -> str:
        """Add a manhole, and return its code."""
        code = self._code(_MANHOLE, digits=6)
        self.manholes[code] = {"pipe_kind": "WS", "well_depth_m": 2.5, **self._place()}
        return code

    def change_manholes(self) -> None:
        """Measure some manholes anew, and move one."""
        for _ in range(3):
            told = self.manholes[self._any(self.manholes)]
            told["well_depth_m"] = round(float(self.rng.uniform(1.5, 4.0)), 2)
        self.manholes[self._any(self.manholes)] |= self._place()

    def add_lot(self) -> str:
        """Add a lot, and return its code."""
        code = self._code("P")
        berths = int(self.rng.integers(20, 200))
        self.lots[code] = {"lot_name": f"停车场{code[1:]}", "berths": berths, **self._place()}
        return code

    def change_lots(self) -> None:
        """Count the berths of a lot anew, open another and close one."""
        self.lots[self._any(self.lots)]["berths"] = int(self.rng.integers(20, 200))
        del self.lots[self._any(self.lots)]
        self.add_lot()

    def report_incidents(self, day: dt.date, count: int) -> list[str]:
        """Report incidents of a week and close some that were open; return the codes of both."""
        was_open = [code for code, told in self.incidents.items() if told["state"] == "处置中"]
        closed = was_open[: int(self.rng.integers(1, count + 1))]
        for code in closed:
            self.incidents[code]["state"] = "已结案"
        made = []
        for _ in range(count):
            code = self._code("A")
            at = dt.datetime.combine(day, dt.time(8)) - dt.timedelta(minutes=int(self.rng.integers(1, 9000)))
            kind = _KINDS[int(self.rng.integers(len(_KINDS)))]
            self.incidents[code] = {
                "occurred_at": f"{at:%Y-%m-%d %H:%M:%S}", "event_name": kind, "state": "处置中",
                **self._place(),
            }  # fmt: skip
            made.append(code)
        return [*closed, *made]

    def zone_rows(self) -> gpd.GeoDataFrame:
        """Return the zones as a layer."""
        shapes = [
            shapely.box(
                told["west"],
                round(_SOUTH + told["row"] * _SIDE, _DECIMALS),
                told["east"],
                round(_SOUTH + (told["row"] + 1) * _SIDE, _DECIMALS),
            )
            for told in self.zones.values()
        ]
        names = ("zone_name", "level", "chief_name")
        rows = [{"zone_code": code, **{name: z[name] for name in names}} for code, z in self.zones.items()]
        return gpd.GeoDataFrame(rows, geometry=shapes, crs=CRS_OF_WEEKS)

    def _add_zone(self, row: int, west: float, east: float) -> None:
        code = self._code("Z")
        self.zones[code] = {
            "row": row, "west": west, "east": east, "zone_name": f"第{code[1:]}责任区", "level": 3,
            "chief_name": self._new_chief(),
        }  # fmt: skip

    def _place(self) -> dict[str, float]:
        x, y = (float(each) * self._across * _SIDE for each in self.rng.random(2))
        return {"lon": round(_WEST + x, _DECIMALS), "lat": round(_SOUTH + y, _DECIMALS)}

    def _new_chief(self) -> str:
        code = self._code("R")
        return f"{_SURNAMES[int(code[1:]) % len(_SURNAMES)]}路长{code[1:]}"

    def _code(self, head: str, digits: int = 5) -> str:
        self._serial[head] = self._serial.get(head, 0) + 1
        return f"{head}{self._serial[head]:0{digits}d}"

    def _any(self, codes: Mapping[str, Any]) -> str:
        return list(codes)[int(self.rng.integers(len(codes)))]


def points_of(told: Mapping[str, Mapping[str, Any]], code: str) -> gpd.GeoDataFrame:
    """Return points by code as a layer; without a position as rows without a place.

    Examples
    --------
    >>> points_of({"J1": {"lon": 114.9, "lat": 40.8}}, "manhole_code").columns.tolist()
    ['manhole_code', 'geometry']
    """
    rows = pd.DataFrame([{code: each, **values} for each, values in told.items()])
    places = gpd.points_from_xy(rows["lon"].astype(float), rows["lat"].astype(float))
    shapes = np.array(places, dtype=object)
    shapes[rows["lon"].isna().to_numpy()] = None
    return gpd.GeoDataFrame(rows.drop(columns=["lon", "lat"]), geometry=shapes, crs=CRS_OF_WEEKS)
