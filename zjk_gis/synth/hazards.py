"""Hazards, buildings and street furniture, one case to a plot, and beside it what is just within (风险样区).

Two surveys of the buildings stand in one layer, by the days on which they hold: `SURVEYED`. Half of the cases
break a rule by a little, the others keep it by as little; nothing else on the field is amiss, so that what a
check finds elsewhere is invented. Each plot is a responsibility zone of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.layers.labels import label
from zjk_gis.presentation import Presentation, presented
from zjk_gis.synth.offices import CRS
from zjk_gis.synth.plots import PLOT_M, Plot, in_rows, laid, margin
from zjk_gis.words import language, listed, tr

__all__ = ["SURVEYED", "RiskField", "make_risk_field", "risk_plots_for_city"]

SURVEYED = ("2024-06-30", "2025-06-30")  # the days of the two surveys
_ORIGIN = (586_000.0, 4_500_000.0)
_ONCE, _THEN = ("2024-01-01", "2024-12-31"), ("2025-01-01", None)
_REACH_M = 50.0  # of hazards, said by each row


@presented
@checked
@dataclass(frozen=True, slots=True)
class RiskField:
    """Layers with cases that are known.

    Attributes
    ----------
    layers : dict of str to GeoDataFrame
        ``building_footprints``, ``patrol_tracks``, ``poles``, ``roads``, ``footways``, ``tactile_paving``,
        ``berths``, ``street_obstacles``, ``overhead_cables``, ``utility_tunnels``, ``contractor_areas``,
        ``hazards``, ``shelters``, ``responsibility_zones`` and ``streets``.
    truth : dict of str to list of str
        By the name of a check the codes of what it must find, and nothing else; several joined by ``|``.
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


@checked
def make_risk_field(*, seed: int = 20220317) -> RiskField:
    """Make a field on which hazards, buildings and street furniture are planted beside near misses.

    Parameters
    ----------
    seed : int, default 20220317
        The same seed gives the same field; another one other sizes, margins and directions.

    Returns
    -------
    RiskField

    Examples
    --------
    >>> field = make_risk_field(seed=1)
    >>> field.truth["shareable_poles"], field.truth["grown"]
    (['P010A|P010B', 'P012A|P012B'], ['H002A|N002A'])
    """
    rng = np.random.default_rng(seed)
    plots = laid(_CASES, _Plot, rng)
    layers, truth = in_rows(plots, rng, origin=_ORIGIN, checks=_CHECKS)
    count = 2 * len(_CASES)
    row, column = np.divmod(np.arange(count), 10)
    x, y, half = _ORIGIN[0] + column * PLOT_M, _ORIGIN[1] + row * PLOT_M, PLOT_M / 2
    zones = gpd.GeoDataFrame(
        {
            "zone_code": [f"Z{number:03d}" for number in range(count)],
            "chief_code": [f"L{number:03d}" for number in range(count)],
            "chief_name": [f"路长{number}" for number in range(count)],
        },
        geometry=shapely.box(x - half, y - half, x + half, y + half),
        crs=CRS,
    )
    street = {"street_code": ["130703005"], "street_name": ["堡子里街道"]}
    layers["responsibility_zones"] = zones
    layers["streets"] = gpd.GeoDataFrame(street, geometry=[shapely.box(*zones.total_bounds)], crs=CRS)
    return RiskField(layers, truth)


def risk_plots_for_city(rng: np.random.Generator) -> list[_Plot]:
    """Lay the cases that a city takes: those without a road or a patrol of their own."""
    left_out = (_poles_near, _poles_across, _patrolled)
    return list(laid([case for case in _CASES if case not in left_out], _Plot, rng, in_city=True))


class _Plot(Plot):
    """A plot with buildings of two surveys, poles and what else stands in a street."""

    def code(self, letter: str, name: str = "A") -> str:
        return f"{letter}{self.number:03d}{name}"

    def house(self, name: str, before: Any, after: Any, storeys: tuple[int, int] = (2, 2)) -> tuple[str, str]:
        """Add a building to both surveys, under another code in each; None where it does not stand."""
        codes = self.code("H", name), self.code("N", name)
        surveys = zip(codes, (before, after), storeys, (_ONCE, _THEN), strict=True)
        for code, shape, floors, (begins, ends) in surveys:
            columns = {"footprint_code": code, "storeys": floors, "valid_from": begins, "valid_to": ends}
            if shape is not None:
                self.add("building_footprints", shape, **columns)
        return codes

    def pole(self, name: str, x: float, y: float, kind: str) -> str:
        code = self.code("P", name)
        self.add("poles", shapely.Point(x, y), pole_code=code, pole_kind=kind, owner=f"单位{name}")
        return code

    def road(self) -> None:
        way = shapely.LineString([(-100, 0), (100, 0)])
        self.add("roads", way, edge_code=self.code("R"), road_name=f"样区{self.number}路")


def _new_shed(plot: _Plot, fault: bool) -> None:
    plot.house("A", shapely.box(0, 0, 12, 9), shapely.box(0.2, 0.1, 12.2, 9.1))
    side = float(np.sqrt(2.0 + margin(plot, fault, 0.05, 0.5)))  # the least area is 2 m²
    _, code = plot.house("B", None, shapely.box(20, 0, 20 + side, side))
    plot.expect(fault, "newly_built", code)


def _lean_to(plot: _Plot, fault: bool) -> None:
    # As drawn anew it lies up to 0.4 m off; the lean-to is deeper than the noise.
    off = float(plot.rng.uniform(0.05, 0.4))
    depth = float(plot.rng.uniform(1.5, 4.0)) if fault else 0.0
    codes = plot.house("A", shapely.box(0, 0, 12, 9), shapely.box(off, 0, 12 + off + depth, 9))
    plot.expect(fault, "grown", *codes)


def _storey(plot: _Plot, fault: bool) -> None:
    floors = int(plot.rng.integers(1, 7))
    house = shapely.box(0, 0, 12, 9), shapely.box(0.3, -0.2, 12.3, 8.8)
    codes = plot.house("A", *house, storeys=(floors, floors + fault))
    plot.expect(fault, "storeys_added", *codes)


def _pulled_down(plot: _Plot, fault: bool) -> None:
    after = None if fault else shapely.box(0.1, 0, 12.1, 9)
    code, _ = plot.house("A", shapely.box(0, 0, 12, 9), after)
    plot.expect(fault, "gone", code)


def _patrolled(plot: _Plot, fault: bool) -> None:
    """Walk past a new building within reach, or just beyond it."""
    _, code = plot.house("A", None, shapely.box(0, 0, 10, 10))
    plot.expect(True, "newly_built", code)
    away = -20.0 + margin(plot, fault, 0.05, 0.5)
    for at, x in enumerate((-60, 5, 70)):
        when = pd.Timestamp("2025-03-01 09:00") + pd.Timedelta(minutes=at)
        plot.add("patrol_tracks", shapely.Point(x, away), patrol_code=plot.code("X"), recorded_at=when)
    plot.expect(fault, "patrol_passes", code, plot.code("X"))


def _poles_near(plot: _Plot, fault: bool) -> None:
    plot.road()
    apart = 5.0 - margin(plot, fault, 0.02, 0.15)
    codes = plot.pole("A", 0, 4, "路灯杆"), plot.pole("B", apart, 4, "交通标志杆")
    plot.expect(fault, "shareable_poles", *codes)


def _poles_across(plot: _Plot, fault: bool) -> None:
    plot.road()
    codes = plot.pole("A", 0, 2, "监控杆"), plot.pole("B", 1, 4 if fault else -2, "路名牌杆")
    plot.expect(fault, "shareable_poles", *codes)


def _berth(plot: _Plot, fault: bool) -> None:
    plot.add("footways", shapely.box(-40, 0, 40, 3), footway_code=plot.code("F"))
    over = (0.05 + margin(plot, fault, 0.005, 0.04)) / 5.0  # of 5 m of berth: the least area is 0.05 m²
    plot.add("berths", shapely.box(0, -2.5 + over, 5, over), berth_code=plot.code("B"))
    plot.expect(fault, "berths_on_footways", plot.code("B"))


def _cone(plot: _Plot, fault: bool) -> None:
    paving = shapely.LineString([(-40, 0), (40, 0)])
    plot.add("tactile_paving", paving, paving_code=plot.code("M"), width_m=0.5)
    away = 0.25 + 0.25 - margin(plot, fault, 0.005, 0.05)
    plot.add("street_obstacles", shapely.Point(3, away), obstacle_code=plot.code("K"), obstacle_kind="路锥")
    plot.expect(fault, "obstacles_on_paving", plot.code("K"))


def _cable(plot: _Plot, fault: bool) -> None:
    way = shapely.LineString([(-100, 0), (100, 0)])
    plot.add("utility_tunnels", way, tunnel_code=plot.code("G"))
    away = 30.0 - margin(plot, fault, 0.05, 0.5)
    along = shapely.LineString([(-80, away), (0, away), (60, away)])
    plot.add("overhead_cables", along, cable_code=plot.code("C"), cable_kind="通信", owner="通信公司")
    over = shapely.LineString([(-30, -100), (-30, 100)])
    plot.add("overhead_cables", over, cable_code=plot.code("C", "B"), cable_kind="电力", owner="电力公司")
    plot.expect(fault, "cables_along_tunnels", plot.code("C"))
    plot.expect(False, "cables_along_tunnels", plot.code("C", "B"))


def _work_areas(plot: _Plot, first: dict[str, Any], second: dict[str, Any], fault: bool) -> None:
    codes = plot.code("A", "1"), plot.code("A", "2")
    grounds = shapely.box(-50, -20, 10, 20), shapely.box(0, -20, 60, 20)
    for code, ground, more in zip(codes, grounds, (first, second), strict=True):
        told: dict[str, Any] = {
            "work_area_code": code,
            "contract_code": f"HT-{code}",
            "contractor": f"{code}公司",
        }
        told |= {"service_kind": "清扫保洁", "fee_per_m2": 8.0, "valid_from": "2025-01-01"}
        plot.add("contractor_areas", ground, **(told | {"valid_to": "2025-12-31"} | more))
    plot.expect(fault, "double_payment", *codes)


def _same_service(plot: _Plot, fault: bool) -> None:
    _work_areas(plot, {}, {} if fault else {"service_kind": "绿化养护"}, fault)


def _same_days(plot: _Plot, fault: bool) -> None:
    first = {"valid_to": "2025-07-01" if fault else "2025-06-30"}
    _work_areas(plot, first, {"valid_from": "2025-07-01"}, fault)


def _within_reach(plot: _Plot, fault: bool) -> None:
    plot.reach_m = _REACH_M
    known = {"hazard_kind": "燃气", "hazard_grade": "较大", "buffer_m": _REACH_M}
    plot.add("hazards", shapely.Point(0, 0), hazard_code=plot.code("Y"), **known)
    away = _REACH_M - margin(plot, fault, 0.02, 0.2)
    shelter = shapely.box(away, -10, away + 20, 10)
    plot.add("shelters", shelter, shelter_code=plot.code("S"), capacity=200)
    plot.expect(fault, "hazard_facilities", plot.code("Y"), plot.code("S"))


def _added_up(plot: _Plot, fault: bool) -> None:
    plot.reach_m = _REACH_M
    known = {"hazard_grade": "一般", "buffer_m": _REACH_M}
    apart = 2 * _REACH_M - margin(plot, fault, 0.5, 3.0)
    codes = plot.code("Y", "1"), plot.code("Y", "2")
    plot.add("hazards", shapely.Point(0, 0), hazard_code=codes[0], hazard_kind="危房", **known)
    plot.add("hazards", shapely.Point(apart, 0), hazard_code=codes[1], hazard_kind="人员密集场所", **known)
    plot.expect(fault, "risk_faces", *codes)


def _unknown_reach(plot: _Plot, fault: bool) -> None:
    plot.reach_m = _REACH_M
    code, reach = plot.code("Y"), None if fault else 20.0
    known = {"hazard_kind": "边坡", "hazard_grade": "低", "buffer_m": reach}
    plot.add("hazards", shapely.Point(0, 0), hazard_code=code, **known)
    plot.expect(fault, "no_distance", code)


_CASES = (
    _new_shed,
    _lean_to,
    _storey,
    _pulled_down,
    _patrolled,
    _poles_near,
    _poles_across,
    _berth,
    _cone,
    _cable,
    _same_service,
    _same_days,
    _within_reach,
    _added_up,
    _unknown_reach,
)
_CHECKS = (
    "newly_built",
    "grown",
    "storeys_added",
    "gone",
    "patrol_passes",
    "shareable_poles",
    "berths_on_footways",
    "obstacles_on_paving",
    "cables_along_tunnels",
    "double_payment",
    "hazard_facilities",
    "risk_faces",
    "no_distance",
)
