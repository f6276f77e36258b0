"""Pumps, pressure-reducing and check valves on pipes (水泵、减压阀、止回阀), for a hydraulic model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.values import code_text, coded
from zjk_gis.pipes.places import placed_on

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.spec import LayerSpec
    from zjk_gis.pipes.topology import PipeNetwork

__all__ = ["Device", "Devices", "devices_on"]

_VALVES, _SOURCES = CATALOGUE["valves"], CATALOGUE["supply_sources"]
_BOOSTER, _REDUCING, _CHECK, _CLOSED = "加压泵站", "减压阀", "止回阀", "关"


@dataclass(frozen=True, slots=True)
class Device:
    """Something that stands in a pipe and is a link of its own.

    Attributes
    ----------
    code : str
    is_pump : bool
        Else a pressure-reducing valve.
    edge : int
    along : float
        From the node that the edge is numbered from.
    forward : bool
        Whether water goes through it the way the edge is numbered.
    """

    code: str
    is_pump: bool
    edge: int
    along: float
    forward: bool


@dataclass(frozen=True, slots=True)
class Devices:
    """What stands on the pipes of a model.

    Attributes
    ----------
    inside : list of Device
        By edge, then along it.
    closed : set of int
        The edges with a closed valve.
    checks : dict of int to bool
        The edges with a check valve, and whether it opens the way they are numbered.
    reservoirs : set of int
        The nodes at which water comes in.
    undirected : list of str
        Codes of pumps and valves left out, because nobody knows which way water goes through their pipe.
    """

    inside: list[Device]
    closed: set[int]
    checks: dict[int, bool]
    reservoirs: set[int]
    undirected: list[str]


def devices_on(
    network: PipeNetwork,
    valves: gpd.GeoDataFrame | None,
    sources: gpd.GeoDataFrame | None,
    among: NDArray[np.bool_],
    within_m: float,
) -> Devices:
    """Find what stands on the pipes of a model.

    A booster station at which other than two pipes meet, or whose pipe nobody knows the direction of, stays
    what any source is: a reservoir.
    """
    found = Devices([], set(), {}, set(), [])
    if sources is not None:
        is_booster = _is(sources, _SOURCES, "source_kind", _BOOSTER)
        placed = placed_on(network, sources, _SOURCES.name, within_m=within_m, among=among)
        codes = code_text(sources[_SOURCES.code]).fillna("").tolist()
        for edge, along, code, boosts in zip(
            placed.edge.tolist(), placed.along.tolist(), codes, is_booster.tolist(), strict=True
        ):
            if edge < 0:
                continue
            near = along * 2 <= network.length[edge]
            node = int((network.graph.tail if near else network.graph.head)[edge])
            between = min(along, network.length[edge] - along) > within_m or network.degree[node] == 2
            if not (boosts and between and _stands(found, network, edge, along, code, is_pump=True)):
                found.reservoirs.add(node)
    if valves is not None:
        placed = placed_on(network, valves, _VALVES.name, within_m=within_m, apart=True, among=among)
        codes = code_text(valves[_VALVES.code]).fillna("").tolist()
        closed = _is(valves, _VALVES, "valve_state", _CLOSED)
        reduces, checks = (_is(valves, _VALVES, "valve_kind", kind) for kind in (_REDUCING, _CHECK))
        for at, (edge, along, code) in enumerate(
            zip(placed.edge.tolist(), placed.along.tolist(), codes, strict=True)
        ):
            if edge < 0:
                continue
            if closed[at]:
                found.closed.add(edge)
            elif reduces[at]:
                _stands(found, network, edge, along, code, is_pump=False)
            elif checks[at] and network.edge_way[edge]:
                found.checks[edge] = bool(network.edge_way[edge] > 0)
            elif checks[at]:
                found.undirected.append(code)
    found.inside.sort(key=lambda each: (each.edge, each.along, each.code))
    return found


def _stands(
    found: Devices, network: PipeNetwork, edge: int, along: float, code: str, *, is_pump: bool
) -> bool:
    """Put a device into its pipe; where nobody knows which way water goes there, tell so."""
    way = network.edge_way[edge]
    if not way:
        found.undirected.append(code)
        return False
    found.inside.append(Device(code, is_pump, edge, along, bool(way > 0)))
    return True


def _is(layer: gpd.GeoDataFrame, spec: LayerSpec, column: str, value: str) -> NDArray[np.bool_]:
    if column not in layer:
        return np.zeros(len(layer), dtype=bool)
    return (coded(layer, spec.field(column), spec.name)[0] == value).to_numpy(dtype=bool)
