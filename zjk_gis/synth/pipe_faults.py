"""A field of pipes with one fault on each plot, and beside it what is just inside the limit (管线问题样区).

Plots stand in rows, 300 m apart, turned and moved a little by the seed. On each lies one case: some pipes
with their manholes, a house, a road and its permits. Half of the cases break a rule by a little, the others
keep it by as little. Nothing else on the field is amiss, so that what a check finds elsewhere is invented.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import FileError
from zjk_gis.layers.labels import label
from zjk_gis.presentation import Presentation, presented
from zjk_gis.synth.plots import Plot, in_rows, laid, margin
from zjk_gis.words import language, listed, tr

if TYPE_CHECKING:
    import os

    import geopandas as gpd

__all__ = ["PipeField", "make_pipe_faults", "plots_for_city", "write_pipe_faults"]

_ORIGIN = (580_000.0, 4_500_000.0)
_GROUND = 710.0
_BOTTOM_KINDS = ("WS", "YS", "HS")


@presented
@checked
@dataclass(frozen=True, slots=True)
class PipeField:
    """Layers with faults that are known.

    Attributes
    ----------
    layers : dict of str to GeoDataFrame
        ``manholes``, ``pipelines``, ``building_footprints``, ``ancient_trees``, ``roads``, ``carriageways``
        and ``excavation_permits``.
    truth : dict of str to list of str
        By the name of a check the codes of what it must find, and nothing else; of pairs ``A|B``.
    """

    layers: dict[str, gpd.GeoDataFrame]
    truth: dict[str, list[str]]

    def _presentation(self) -> Presentation:
        told = tr(
            "Synthetic layers: {layers}. Faults that checks must find: {faults:,}.",
            layers=listed(label(name, language()) for name in self.layers),
            faults=sum(map(len, self.truth.values())),
        )
        return Presentation(told)


class _Plot(Plot):
    """A plot with pipes and their manholes."""

    def well(self, name: str, x: float, y: float, *, kind: str = "WS", **more: Any) -> str:
        """Lay a manhole, and return its code."""
        code = f"W{self.number:03d}{name}"
        more = {"ground_level_m": _GROUND, "owner": "市政管线公司"} | more
        self.add("manholes", shapely.Point(x, y), manhole_code=code, pipe_kind=kind, **more)
        return code

    def pipe(
        self,
        name: str,
        kind: str,
        line: list[tuple[float, float]],
        *,
        mm: int = 300,
        level: tuple[float, float] = (706.0, 706.0),
        **more: Any,
    ) -> str:
        """Lay a pipe, with a manhole of its own at either end unless one is named."""
        code = f"P{self.number:03d}{name}"
        for end, (x, y) in (("from_manhole", line[0]), ("to_manhole", line[-1])):
            if end not in more:
                more[end] = self.well(f"{name}{end[0]}", x, y, kind=kind)
        depth = [round(_GROUND - each, 6) for each in level]
        columns = {
            "pipe_code": code,
            "pipe_kind": kind,
            "diameter_mm": mm,
            "from_level_m": level[0],
            "to_level_m": level[1],
            "from_depth_m": depth[0],
            "to_depth_m": depth[1],
            "material": "砼" if kind in _BOTTOM_KINDS else "PE",
            "flow": "顺向",
            "burial": "直埋",
            "owner": "市政管线公司",
        }
        self.add("pipelines", shapely.LineString(line), **(columns | more))
        return code


@checked
def make_pipe_faults(*, seed: int = 20220317) -> PipeField:
    """Make a field of pipes on which every kind of fault is planted once beside a near miss.

    Parameters
    ----------
    seed : int, default 20220317
        The same seed gives the same field; another one other sizes, margins and directions.

    Returns
    -------
    PipeField

    Examples
    --------
    >>> field = make_pipe_faults(seed=1)
    >>> sorted(field.layers)[:3], field.truth["adverse_slopes"]
    (['ancient_trees', 'building_footprints', 'carriageways'], ['P012A', 'P014A', 'P028A'])
    """
    rng = np.random.default_rng(seed)
    plots = laid(_CASES, _Plot, rng)
    return PipeField(*in_rows(plots, rng, origin=_ORIGIN, checks=_CHECKS))


@checked
def write_pipe_faults(field: PipeField, folder: str | os.PathLike[str]) -> Path:
    """Write a field: ``pipe_faults.gpkg``, and ``pipe_faults.json`` with what is to be found in it.

    Parameters
    ----------
    field : PipeField
    folder : path
        Made if it is not there.

    Returns
    -------
    Path
        Of the GeoPackage.

    Raises
    ------
    FileError
        If the folder cannot be written.
    """
    import pyogrio

    package = Path(folder) / "pipe_faults.gpkg"
    try:
        package.parent.mkdir(parents=True, exist_ok=True)
        package.unlink(missing_ok=True)
        for name, layer in field.layers.items():
            pyogrio.write_dataframe(layer, package, layer=name, append=package.exists())
        text = json.dumps(field.truth, ensure_ascii=False, indent=1)
        package.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise FileError(
            tr("{target}: cannot write the city here: {error}", target=folder, error=error)
        ) from error
    return package


def plots_for_city(rng: np.random.Generator) -> list[_Plot]:
    """Lay the cases that a city takes among its own pipes: small ones, and none with a road of its own."""
    return list(laid([case for case in _CASES if case is not _dug_again], _Plot, rng, in_city=True))


def _main_beside_sewer(plot: _Plot, fault: bool) -> None:
    mm = int(plot.rng.choice([100, 150, 200, 250, 300]))
    asked = 1.0 if mm <= 200 else 1.5
    apart = asked + (mm + 300) / 2000 - margin(plot, fault)
    sewer = plot.pipe("A", "WS", [(0, 0), (40, 0)], level=(706.0, 705.8))
    main = plot.pipe("B", "SS", [(0, apart), (40, apart)], mm=mm, level=(708.0, 708.0))
    plot.expect(fault, "clearance_conflicts", sewer, main)


def _gas_beside_sewer(plot: _Plot, fault: bool) -> None:
    pressure, asked = [("低压", 1.0), ("中压B", 1.2), ("中压A", 1.2), ("次高压B", 1.5), ("次高压A", 2.0)][
        int(plot.rng.integers(5))
    ]
    apart = asked + 0.25 - margin(plot, fault)
    sewer = plot.pipe("A", "YS", [(0, 0), (40, 0)], level=(706.0, 705.8))
    gas = plot.pipe("B", "TR", [(0, apart), (40, apart)], mm=200, level=(708.0, 708.0), gas_pressure=pressure)
    plot.expect(fault, "clearance_conflicts", sewer, gas)


def _crossing(plot: _Plot, fault: bool) -> None:
    # The sewer's top at the crossing is 706.2; 0.4 m above it the bottom of the main, 0.2 m higher its top.
    top = 706.2 + 0.4 + 0.2 - margin(plot, fault)
    main = plot.pipe("A", "SS", [(20, -20), (20, 20)], mm=200, level=(top, top))
    sewer = plot.pipe("B", "WS", [(0, 0), (40, 0)], level=(706.0, 705.8))
    plot.expect(fault, "clearance_conflicts", main, sewer)


def _house(plot: _Plot, fault: bool) -> None:
    wall = 2.5 + 0.15 - margin(plot, fault)
    sewer = plot.pipe("A", "WS", [(0, 0), (40, 0)], level=(706.0, 705.8))
    plot.add("building_footprints", shapely.box(5, wall, 25, wall + 12), footprint_code=f"B{plot.number:03d}")
    plot.expect(fault, "clearance_conflicts", sewer, f"B{plot.number:03d}")


def _tree(plot: _Plot, fault: bool) -> None:
    away = 1.5 + 0.1 - margin(plot, fault)
    main = plot.pipe("A", "SS", [(0, 0), (40, 0)], mm=200, level=(708.0, 708.0))
    plot.add("ancient_trees", shapely.Point(20, away), tree_code=f"T{plot.number:03d}")
    plot.expect(fault, "clearance_conflicts", main, f"T{plot.number:03d}")


def _unknown_depth(plot: _Plot, fault: bool) -> None:
    lost: dict[str, Any] = {"to_level_m": None, "to_depth_m": None} if fault else {}
    main = plot.pipe("A", "SS", [(20, -20), (20, 20)], mm=200, level=(708.3, 708.3), **lost)
    sewer = plot.pipe("B", "WS", [(0, 0), (40, 0)], level=(706.0, 705.8))
    plot.expect(fault, "clearances_unjudged", main, sewer)


def _rising(plot: _Plot, fault: bool) -> None:
    by = float(plot.rng.uniform(0.005, 0.1))
    code = plot.pipe("A", "WS", [(0, 0), (30, 0)], level=(706.0, 706.0 + by if fault else 705.9))
    plot.expect(fault, "adverse_slopes", code)


def _below_least(plot: _Plot, fault: bool) -> None:
    fall = 40 * (0.003 - margin(plot, fault, 0.0001, 0.0008))
    code = plot.pipe("A", "WS", [(0, 0), (40, 0)], level=(706.0, round(706.0 - fall, 4)))
    plot.expect(fault, "adverse_slopes", code)


def _siphon(plot: _Plot, fault: bool) -> None:
    # An inverted siphon rises on purpose; so both cases are near misses.
    ends: dict[str, Any] = {
        f"{end}_manhole": plot.well(f"A{end[0]}", x, 0, appurtenance="倒虹井")
        for end, x in (("from", 0), ("to", 30))
    }
    code = plot.pipe("A", "WS", [(0, 0), (30, 0)], level=(706.0, 706.2 if fault else 705.9), **ends)
    plot.expect(False, "adverse_slopes", code)


def _wrong_ground(plot: _Plot, fault: bool) -> None:
    off = 0.05 + margin(plot, fault)
    code = plot.pipe(
        "A", "WS", [(0, 0), (30, 0)], level=(706.0, 705.9), from_depth_m=round(_GROUND - 706.0 + off, 4)
    )
    plot.expect(fault, "level_mismatch", code)


def _several_depths(plot: _Plot, fault: bool) -> None:
    by = round(0.05 + margin(plot, fault), 4)
    middle = plot.well("M", 30, 0, kind="SS")
    plot.pipe("A", "SS", [(0, 0), (30, 0)], mm=200, level=(708.0, 708.0), to_manhole=middle)
    plot.pipe("B", "SS", [(30, 0), (60, 0)], mm=200, level=(708.0 - by, 708.0), from_manhole=middle)
    plot.expect(fault, "several_depths", middle)


def _tee(plot: _Plot, fault: bool) -> None:
    middle = plot.well("M", 30, 0, kind="SS", feature="三通")
    plot.pipe("A", "SS", [(0, 0), (30, 0)], mm=200, level=(708.0, 708.0), to_manhole=middle)
    plot.pipe("B", "SS", [(30, 0), (60, 0)], mm=200, level=(708.0, 708.0), from_manhole=middle)
    plot.expect(fault, "wrong_degree", middle)
    if not fault:
        plot.pipe("C", "SS", [(30, 0), (30, 30)], mm=200, level=(708.0, 708.0), from_manhole=middle)


def _twice(plot: _Plot, fault: bool) -> None:
    one, other = plot.well("1", 0, 0, kind="SS"), plot.well("2", 30, 0, kind="SS")
    ends: dict[str, Any] = {"from_manhole": one, "to_manhole": other}
    first = plot.pipe("A", "SS", [(0, 0), (30, 0)], mm=200, level=(708.0, 708.0), **ends)
    back: dict[str, Any] = {"from_manhole": other, "to_manhole": one}
    # Twin pipes along different lines are no fault.
    line: list[tuple[float, float]] = [(30, 0), (0, 0)] if fault else [(30, 0), (15, 3), (0, 0)]
    second = plot.pipe("B", "SS", line, mm=200, level=(708.0, 708.0), **back)
    plot.expect(fault, "repeated_segment", first)
    plot.expect(fault, "repeated_segment", second)


def _too_long(plot: _Plot, fault: bool) -> None:
    sizes = [(300, 75), (800, 100), (1200, 150), (1800, 200)]
    mm, most = sizes[0 if plot.in_city else int(plot.rng.integers(4))]
    length = most + margin(plot, fault, 0.05, 0.5)
    rough: dict[str, Any] = {"roughness": 0.013, "fill_ratio": 0.6}
    level = (706.0, round(706.0 - length * 0.004, 4))
    code = plot.pipe("A", "WS", [(0, 0), (length, 0)], mm=mm, level=level, **rough)
    plot.expect(fault, "odd_length", code)


def _too_steep(plot: _Plot, fault: bool) -> None:
    degrees = 10 + margin(plot, fault, 0.02, 0.3)
    fall = round(20 * float(np.tan(np.radians(degrees))), 4)
    code = plot.pipe("A", "WS", [(0, 0), (20, 0)], level=(708.9, round(708.9 - fall, 4)))
    plot.expect(fault, "too_steep", code)
    plot.expect(fault, "adverse_slopes", code)


def _lost_point(plot: _Plot, fault: bool) -> None:
    more: dict[str, Any] = {"to_manhole": f"X{plot.number:03d}"} if fault else {}
    code = plot.pipe("A", "SS", [(0, 0), (30, 0)], mm=200, level=(708.0, 708.0), **more)
    plot.expect(fault, "missing_point", code)


def _orphan(plot: _Plot, fault: bool) -> None:
    nameless: dict[str, Any] = {} if fault else {"to_manhole": None}
    plot.pipe("A", "SS", [(0, 0), (30, 0)], mm=200, level=(708.0, 708.0), **nameless)
    # Beside the middle of a pipe, or so near its end that it belongs to it though the pipe names none.
    place = (15.0, 8.0) if fault else (30.5 + margin(plot, fault), 0.0)
    plot.expect(fault, "orphan_point", plot.well("Z", *place, kind="SS"))


def _twins(plot: _Plot, fault: bool) -> None:
    apart = 0.5 - margin(plot, fault)
    first, second = plot.well("M", 30, 0, kind="SS"), plot.well("N", 30 + apart, 0, kind="SS")
    plot.pipe("A", "SS", [(0, 0), (30, 0)], mm=200, level=(708.0, 708.0), to_manhole=first)
    plot.pipe("B", "SS", [(30 + apart, 0), (60, 0)], mm=200, level=(708.0, 708.0), from_manhole=second)
    plot.expect(fault, "twin_covers", first, second)


def _shrinking(plot: _Plot, fault: bool) -> None:
    middle = plot.well("M", 30, 0)
    rough: dict[str, Any] = {"roughness": 0.013, "fill_ratio": 0.55}
    plot.pipe("A", "WS", [(0, 0), (30, 0)], mm=400, level=(706.0, 705.85), to_manhole=middle, **rough)
    second = plot.pipe(
        "B",
        "WS",
        [(30, 0), (60, 0)],
        mm=350 if fault else 400,
        level=(705.85, 705.7),
        from_manhole=middle,
        **rough,
    )
    plot.expect(fault, "diameter_shrinks", second)


def _invert(plot: _Plot, fault: bool) -> None:
    by = round(0.05 + margin(plot, fault), 4)
    middle = plot.well("M", 30, 0, kind="YS", appurtenance="跌水井")  # so that several depths are no fault
    plot.pipe("A", "YS", [(0, 0), (30, 0)], level=(706.0, 705.9), to_manhole=middle)
    second = plot.pipe(
        "B", "YS", [(30, 0), (60, 0)], level=(round(705.9 + by, 4), 705.7), from_manhole=middle
    )
    plot.expect(fault, "invert_rises", second)


def _drop(plot: _Plot, fault: bool) -> None:
    by = 1.0 + float(plot.rng.uniform(0.005, 0.3))
    middle = plot.well("M", 30, 0, kind="YS", **({} if fault else {"appurtenance": "跌水井"}))
    first = plot.pipe("A", "YS", [(0, 0), (30, 0)], level=(706.0, 705.9), to_manhole=middle)
    low = round(705.9 - by, 4)
    plot.pipe("B", "YS", [(30, 0), (60, 0)], level=(low, round(low - 0.1, 4)), from_manhole=middle)
    plot.expect(fault, "invert_drops", first)
    plot.expect(fault, "several_depths", middle)


def _shallow(plot: _Plot, fault: bool) -> None:
    way = bool(plot.rng.integers(2)) and not plot.in_city  # a city has no layer of carriageways
    asked = 0.9 if way else 0.6
    top = round(_GROUND - asked + margin(plot, fault), 4)
    code = plot.pipe("A", "TR", [(0, 0), (40, 0)], mm=200, level=(top, top), gas_pressure="中压A")
    if way:
        plot.add("carriageways", shapely.box(10, -8, 30, 8), road_name=f"车行道{plot.number}")
    plot.expect(fault, "cover_depths", code)


def _frozen(plot: _Plot, fault: bool) -> None:
    top = round(_GROUND - 1.36 + margin(plot, fault), 4)
    code = plot.pipe("A", "SS", [(0, 0), (40, 0)], mm=200, level=(top, top))
    plot.expect(fault, "cover_depths", code)


def _dug_again(plot: _Plot, fault: bool) -> None:
    kind, span = [("新建", 5), ("扩建", 5), ("改建", 5), ("大修", 3)][int(plot.rng.integers(4))]
    road = f"R{plot.number:03d}"
    plot.add(
        "roads",
        shapely.LineString([(-60, 0), (60, 0)]),
        edge_code=f"{road}-1",
        road_code=road,
        opened_on="2018-06-15",
        construction=kind,
    )
    again = pd.Timestamp("2018-06-15") + pd.DateOffset(years=span) - pd.Timedelta(days=1 if fault else 0)
    for name, day in (("A", "2019-03-01"), ("B", again.date().isoformat())):
        plot.add(
            "excavation_permits",
            shapely.box(-20, 1, 25, 5),  # beside the centre line
            permit_code=f"X{plot.number:03d}{name}",
            road_code=road,
            valid_from=day,
            applicant=f"单位{name}",
        )
    plot.expect(fault, "repeated_excavations", f"X{plot.number:03d}A", f"X{plot.number:03d}B")


_CASES = (
    _main_beside_sewer,
    _gas_beside_sewer,
    _crossing,
    _house,
    _tree,
    _unknown_depth,
    _rising,
    _below_least,
    _siphon,
    _wrong_ground,
    _several_depths,
    _tee,
    _twice,
    _too_long,
    _too_steep,
    _lost_point,
    _orphan,
    _twins,
    _shrinking,
    _invert,
    _drop,
    _shallow,
    _frozen,
    _dug_again,
)
_CHECKS = (
    "clearance_conflicts",
    "clearances_unjudged",
    "adverse_slopes",
    "level_mismatch",
    "several_depths",
    "wrong_degree",
    "start_is_end",
    "repeated_segment",
    "repeated_place",
    "odd_length",
    "too_steep",
    "missing_point",
    "orphan_point",
    "twin_covers",
    "diameter_shrinks",
    "invert_rises",
    "invert_drops",
    "cover_depths",
    "repeated_excavations",
)
