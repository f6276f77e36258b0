"""Incidents that are overdue by a minute, come back to one place, or are reported twice, and near misses.

Each takes the place of an ordinary incident, so that there are as many as before. What depends on place has
event classes of its own, of the local extension (21), in which there is nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.synth.case_times import CASE_TIMES, LIMITS, WorkingWalk, read_clock, title_of, written
from zjk_gis.synth.known_month import KNOWN_MONTH
from zjk_gis.synth.offices import CRS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import geopandas as gpd
    import pandas as pd

    from zjk_gis.synth.planting import Planting

__all__ = ["PLANTED_CLASSES", "plant_deadlines", "plant_places"]

# Classes in which only what is planted is, by the question that is asked of them.
PLANTED_CLASSES: dict[str, tuple[str, ...]] = {
    "repeated_places": ("2101", "2103"),
    "several_reports": ("2102",),
    "hot_grids": ("2104",),
    "road_black_spots": ("2105",),
}
_HOUR, _DAY = 3600, 86_400
_END = "2026-01-01 00:00:00"
_ROOM_M = 22.0  # round the middle of a grid, for the cases of one place
_HEAP, _TOUCH_M = 14, 0.01
_LEAST_ROAD_M, _BESIDE_M = 100.0, 5.0

# class, filed, then either handled or None; extended; state; whether it is overdue
_ON_THE_CLOCK: tuple[tuple[str, str, str | None, str, str, bool], ...] = (
    ("0102", "2025-11-03 08:00:00", "2025-11-03 12:00:00", "", "结案", False),  # noon is in time
    ("0102", "2025-11-03 08:00:00", "2025-11-03 12:01:00", "", "结案", True),
    ("0102", "2025-11-05 11:00:00", "2025-11-05 17:00:00", "", "结案", False),  # over noon
    ("0102", "2025-11-05 11:00:00", "2025-11-05 17:01:00", "", "结案", True),
    ("0102", "2025-11-12 23:30:00", "2025-11-13 12:00:00", "", "结案", False),  # filed in the night
    ("0102", "2025-11-12 23:30:00", "2025-11-13 12:01:00", "", "结案", True),
    ("0102", "2025-01-27 17:00:00", "2025-02-05 11:00:00", "", "结案", False),  # over Spring Festival
    ("0102", "2025-01-27 17:00:00", "2025-02-05 11:01:00", "", "结案", True),
    ("0102", "2025-01-26 10:00:00", "2025-01-26 16:00:00", "", "结案", False),  # a Sunday that is worked
    ("0102", "2025-01-26 10:00:00", "2025-01-26 16:01:00", "", "结案", True),
    ("0103", "2025-11-07 17:00:00", "2025-11-10 17:00:00", "", "结案", False),  # a working day over a weekend
    ("0103", "2025-11-07 17:00:00", "2025-11-10 17:01:00", "", "结案", True),
    ("0404", "2025-11-14 17:00:00", "2025-11-16 17:00:00", "", "结案", False),  # days that all count
    ("0404", "2025-11-14 17:00:00", "2025-11-16 17:01:00", "", "结案", True),
    ("0401", "2025-11-18 22:36:00", "2025-11-19 00:36:00", "", "结案", False),  # hours that never stop
    ("0401", "2025-11-18 22:36:00", "2025-11-19 00:37:00", "", "结案", True),
    ("0102", "2025-11-20 08:00:00", "2025-11-20 18:00:00", "2025-11-20 18:00:00", "结案", False),  # extended
    ("0102", "2025-11-20 08:00:00", "2025-11-20 18:01:00", "2025-11-20 18:00:00", "结案", True),
    ("0401", "2025-12-31 22:00:00", None, "", "派遣", False),  # due at the very end
    ("0401", "2025-12-31 21:59:00", None, "", "派遣", True),
    ("0102", "2025-11-24 08:00:00", None, "", "挂账", False),
    ("0102", "2025-11-24 08:00:00", None, "", "作废", False),
    ("0102", "2025-11-24 08:00:00", None, "", "派遣", True),
)


def plant_deadlines(raw: pd.DataFrame, answers: pd.DataFrame, taken: set[int], planting: Planting) -> None:
    """Give ordinary incidents times on either side of a deadline; no deadline of theirs is recorded.

    Of each the class changes and the times do; it keeps its place, its code and the time it was reported.
    """
    plain = _plain(raw, answers)
    reported, codes, roads = (raw[name].tolist() for name in ("发生时间", "案件编号", "道路名称"))
    for event, filed, handled, extended, state, is_overdue in _ON_THE_CLOCK:
        early = [row for row in plain if row not in taken and reported[row] < filed]
        row = max(early, key=lambda at: reported[at])
        taken.add(row)
        closed = "" if handled is None else written(read_clock(handled) + 300)
        times = (filed, "", extended, handled or "", closed)
        raw.loc[row, [*CASE_TIMES, "案件状态"]] = [*times, state]
        raw.loc[row, ["事件代码", "事件名称"]] = [event, title_of(event)]
        raw.loc[row, "返工次数"] = 0
        raw.loc[row, "问题描述"] = f"{roads[row] or '附近'}{title_of(event)},请派员处置"
        waiting = {"挂账": "suspended", "作废": "void", "派遣": "not_due"}
        answers.loc[row, "deadline_state"] = "overdue" if is_overdue else waiting.get(state, "in_time")
        planting.note("overdue_cases", codes[row], fault=is_overdue)


def plant_places(
    raw: pd.DataFrame,
    answers: pd.DataFrame,
    city: dict[str, gpd.GeoDataFrame],
    judge: Callable[[float, float, int], Any],
    taken: set[int],
    planting: Planting,
    rng: np.random.Generator,
) -> None:
    """Plant repeats at one place, several reports of one thing, and thick spots along roads.

    Parameters
    ----------
    raw, answers : DataFrame
        Changed in place.
    city : dict of str to GeoDataFrame
    judge : callable
        Which zone answers at a place on a day; None where that is too close to call.
    taken : set of int
        Rows that have been planted already.
    planting : Planting
    rng : Generator
    """
    plain = [row for row in _plain(raw, answers) if row not in taken]
    rows = iter(rng.permutation(plain).tolist())
    pen = _Pen(raw, answers, WorkingWalk(), rows, taken)
    sites = _sites(city["unit_grids"], rng)
    _repeats(pen, sites, judge, planting)
    _duplicates(pen, sites, judge, planting)
    _along_roads(pen, city["roads"], judge, planting, rng)
    _in_one_grid(pen, city["unit_grids"], judge, planting, rng)


def _plain(raw: pd.DataFrame, answers: pd.DataFrame) -> list[int]:
    """Return the rows with which nothing is the matter so far."""
    is_plain = (answers["fault"] == "") & (answers["grid_code"] != "")
    return np.flatnonzero(is_plain.to_numpy()).tolist()


@dataclass(slots=True)
class _Report:
    """One report to be: where and when, of what class, when closed, and in which words."""

    east: float
    north: float
    reported: str
    closed: str
    event: str = "2101"
    words: str = ""


@dataclass(slots=True)
class _Pen:
    """Writes reports over ordinary incidents."""

    raw: pd.DataFrame
    answers: pd.DataFrame
    walk: WorkingWalk
    rows: Iterator[int]
    taken: set[int]

    def write(self, report: _Report, case: Any, road: str = "") -> str:
        """Write one report, and return its code."""
        row = next(self.rows)
        self.taken.add(row)
        filed = read_clock(report.reported) + 600
        due = self.walk.after(filed, *LIMITS[report.event])
        handled = read_clock(report.closed) - 600 if report.closed else None
        times = (
            written(filed),
            written(due),
            "",
            "" if handled is None else written(handled),
            report.closed,
        )
        name = title_of(report.event)
        code = f"ZJK{report.reported[:10].replace('-', '')}{row + 1:05d}"
        lon, lat = to_degrees(case.x, case.y)
        self.raw.loc[row, ["案件编号", "发生时间", "事件代码", "事件名称"]] = [
            code, report.reported, report.event, name,
        ]  # fmt: skip
        self.raw.loc[row, [*CASE_TIMES, "案件状态"]] = [*times, "结案" if report.closed else "派遣"]
        self.raw.loc[row, ["区县代码", "街道代码"]] = [case.zone[3:9], case.zone[3:12]]
        self.raw.loc[row, ["道路名称", "问题描述"]] = [road, report.words or f"{road or '附近'}{name},需清理"]
        self.raw.loc[row, ["返工次数", "经度", "纬度"]] = [0, lon, lat]
        last = read_clock(_END) if handled is None else handled
        stands = "overdue" if last > due else "not_due" if handled is None else "in_time"
        told = [code, case.zone, "", "inside", "", stands]
        self.answers.loc[row] = told
        return code


def to_degrees(x: float, y: float) -> tuple[float, float]:
    """Return longitude and latitude to six decimals."""
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(CRS, 4490, always_xy=True).transform(x, y)
    return round(lon, 6), round(lat, 6)


def _sites(grids: gpd.GeoDataFrame, rng: np.random.Generator) -> Iterator[shapely.Point]:
    """Give places with room around them, each in a grid of its own."""
    shapes = grids.geometry.to_numpy()
    inner = shapely.buffer(shapes, -_ROOM_M)
    for at in rng.permutation(np.flatnonzero(~shapely.is_empty(inner))).tolist():
        yield shapely.point_on_surface(inner[at])


def _written_together(
    pen: _Pen,
    sites: Iterator[shapely.Point],
    judge: Callable[[float, float, int], Any],
    reports: list[_Report],
) -> list[str]:
    """Write reports round the next place at which all of them have a sure answer."""
    for site in sites:
        cases = [
            judge(site.x + report.east, site.y + report.north, read_clock(report.reported) // _DAY)
            for report in reports
        ]
        if all(case is not None for case in cases):
            return [pen.write(report, case) for report, case in zip(reports, cases, strict=True)]
    raise AssertionError  # a city has hundreds of grids with room in them


def _repeats(
    pen: _Pen, sites: Iterator[shapely.Point], judge: Callable[[float, float, int], Any], planting: Planting
) -> None:
    """Plant what recurs within 90 days and 20 m after it was closed, and what by a little does not."""

    def plant(
        *reports: _Report, chains: tuple[tuple[int, ...], ...], misses: tuple[tuple[int, ...], ...]
    ) -> None:
        codes = _written_together(pen, sites, judge, list(reports))
        for told, fault in ((chains, True), (misses, False)):
            for members in told:
                planting.note("repeated_places", ";".join(codes[at] for at in members), fault=fault)

    first = _Report(0, 0, "2025-03-03 09:00:00", "2025-03-05 10:00:00")
    plant(  # three times at one place
        first,
        _Report(12, 0, "2025-03-25 09:00:00", "2025-03-27 10:00:00"),
        _Report(0, -12, "2025-06-10 09:00:00", "2025-06-12 10:00:00"),
        chains=((0, 1, 2),),
        misses=(),
    )
    plant(  # just near and soon enough
        first,
        _Report(0, 19.5, "2025-06-01 08:59:00", "2025-06-03 10:00:00"),
        chains=((0, 1),),
        misses=(),
    )
    plant(first, _Report(20.5, 0, "2025-04-01 09:00:00", ""), chains=(), misses=((0, 1),))  # too far
    plant(first, _Report(5, 0, "2025-06-01 09:01:00", ""), chains=(), misses=((0, 1),))  # too late
    plant(first, _Report(5, 0, "2025-03-05 09:59:00", ""), chains=(), misses=((0, 1),))  # not yet closed
    plant(
        first, _Report(5, 0, "2025-04-01 09:00:00", "", "2103"), chains=(), misses=((0, 1),)
    )  # another class
    plant(  # a row of cases is not one place
        first,
        _Report(15, 0, "2025-03-10 09:00:00", "2025-03-12 10:00:00"),
        _Report(-16, 0, "2025-03-17 09:00:00", "2025-03-19 10:00:00"),
        _Report(31, 0, "2025-03-24 09:00:00", "2025-03-26 10:00:00"),
        chains=((0, 1, 2),),
        misses=((0, 1, 2, 3), (1, 3)),
    )


def _duplicates(
    pen: _Pen, sites: Iterator[shapely.Point], judge: Callable[[float, float, int], Any], planting: Planting
) -> None:
    """Plant several reports of one thing, within 20 m and 24 hours in words alike, and what is not one."""
    told = "三号楼二单元有人飞线充电,请派员处置"
    first = _Report(0, 0, "2025-07-07 09:00:00", "2025-07-09 10:00:00", "2102", told)
    late = {"closed": "2025-07-11 10:00:00", "event": "2102"}
    alike, unlike = "三号楼二单元有人飞线充电,居民反映", "车棚电线老化"
    for reports, is_one in (
        (
            [
                first,
                _Report(8, 0, "2025-07-07 10:30:00", words=alike, **late),
                _Report(0, 19.5, "2025-07-08 08:59:00", words=told, **late),
            ],
            True,
        ),
        ([first, _Report(20.5, 0, "2025-07-07 10:30:00", words=told, **late)], False),  # too far
        ([first, _Report(5, 0, "2025-07-08 09:01:00", words=told, **late)], False),  # too late
        ([first, _Report(5, 0, "2025-07-07 10:30:00", words=unlike, **late)], False),  # of something else
    ):
        codes = _written_together(pen, sites, judge, reports)
        planting.note("several_reports", ";".join(codes), fault=is_one)


def _along_roads(
    pen: _Pen,
    roads: gpd.GeoDataFrame,
    judge: Callable[[float, float, int], Any],
    planting: Planting,
    rng: np.random.Generator,
) -> None:
    """Put three incidents beside the first 100 m of a road, and two beside those of another."""
    edges = roads.groupby("road_code")["edge_code"].transform("size")
    fit = np.flatnonzero((edges == 1) & (roads.length >= _LEAST_ROAD_M) & ~roads["is_bridge"])
    wanted = [(3, True), (2, False), (4, True), (1, False)]
    for at in rng.permutation(fit).tolist():
        if not wanted:
            return
        road, (count, is_thick) = roads.iloc[at], wanted[0]
        reports, cases = [], []
        for number in range(count):
            when = f"2025-08-{4 + number:02d} 09:00:00"
            report = _Report(0, 0, when, f"2025-08-{6 + number:02d} 10:00:00", "2105")
            for side in (_BESIDE_M, -_BESIDE_M):
                spot = _beside(road.geometry, 20.0 + 18 * number, side)
                case = judge(spot.x, spot.y, read_clock(when) // _DAY)
                if case is not None:
                    reports.append(report)
                    cases.append(case)
                    break
        if len(cases) == count:
            wanted.pop(0)
            for report, case in zip(reports, cases, strict=True):
                pen.write(report, case, str(road["road_name"]))
            planting.note("road_black_spots", f"{road['road_code']}-1-0000", fault=is_thick)


def _in_one_grid(
    pen: _Pen,
    grids: gpd.GeoDataFrame,
    judge: Callable[[float, float, int], Any],
    planting: Planting,
    rng: np.random.Generator,
) -> None:
    """Heap incidents in a grid of the street that has the fewest that month, and put one into another grid.

    Of a value in one cell among hundreds of zeros G* is high in all cells that touch it, and of a single
    incident beside a heap in none.
    """
    inner = shapely.buffer(grids.geometry.to_numpy(), -_ROOM_M)
    streets = grids["grid_code"].str[:9].to_numpy()
    is_now = pen.raw["发生时间"].str.startswith(KNOWN_MONTH)
    counts = pen.raw.loc[is_now, "街道代码"].value_counts().reindex(sorted({*streets}), fill_value=0)
    quiet = np.flatnonzero((streets == counts.idxmin()) & ~shapely.is_empty(inner))
    other = np.flatnonzero((streets == counts.idxmax()) & ~shapely.is_empty(inner))
    for choice, count, is_hot in ((quiet, _HEAP, True), (other, 1, False)):
        for at in rng.permutation(choice).tolist():
            west, south, east, north = inner[at].bounds
            spots = [(rng.uniform(west, east), rng.uniform(south, north)) for _ in range(count)]
            whens = [f"{KNOWN_MONTH}-{3 + number:02d} 09:30:00" for number in range(count)]
            cases = [judge(x, y, read_clock(when) // _DAY) for (x, y), when in zip(spots, whens, strict=True)]
            held = [shapely.Point(spot).within(grids.geometry.iloc[at].buffer(-1)) for spot in spots]
            if all(held) and all(case is not None for case in cases):
                for case, when in zip(cases, whens, strict=True):
                    closed = written(read_clock(when) + 2 * _DAY)
                    pen.write(_Report(0, 0, when, closed, "2104"), case)
                near = grids.geometry.dwithin(grids.geometry.iloc[at], _TOUCH_M)
                for code in grids.loc[near, "grid_code"]:
                    planting.note("hot_grids", code, fault=is_hot)
                break


def _beside(line: Any, along_m: float, side_m: float) -> shapely.Point:
    """Return a place beside a line, so far along it."""
    here, ahead = (line.interpolate(along_m + more) for more in (0.0, 0.5))
    east, north = (ahead.x - here.x) / 0.5, (ahead.y - here.y) / 0.5
    return shapely.Point(here.x - north * side_m, here.y + east * side_m)
