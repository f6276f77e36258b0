"""All that a network itself shows amiss, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.values import coded
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.pipes.critical import critical_pipes
from zjk_gis.pipes.drainage import misconnections, outfalls
from zjk_gis.pipes.in_use import in_use
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from zjk_gis.pipes.topology import PipeNetwork

__all__ = ["NETWORK_CHECKS", "network_faults"]

_ASKED = ("outfalls", "supply_sources")
_SOURCES = CATALOGUE["supply_sources"]
NETWORK_CHECKS = (
    "unjoined_ends",
    "uphill_flows",
    "misconnections",
    "drains_in_circles",
    "unregistered_outfalls",
    "unfed_pipes",
)


@checked
def network_faults(
    network: PipeNetwork,
    layers: Mapping[str, gpd.GeoDataFrame] | None = None,
    *,
    at: str | dt.date | None = None,
) -> dict[str, gpd.GeoDataFrame]:
    """Check a network of pipes (管网拓扑检查): ends, directions, drains and where they come out, supply.

    Parameters
    ----------
    network : PipeNetwork
    layers : mapping of str to GeoDataFrame, optional
        Layers of the city by name: ``outfalls`` (the register of 排水口) and ``supply_sources`` are asked, if
        they are there.
    at : date or str, optional
        The network and what stands on it as they were on this day, by ``valid_from`` and ``valid_to``; by
        default all of it.

    Returns
    -------
    dict of str to GeoDataFrame
        By the name of the check, each with ``pipe_code`` and a geometry:

        - ``unjoined_ends``: points, where the end of a pipe hangs on nothing, or not on what it records; as
          `PipeNetwork.unjoined` tells them, ends at which nothing lies left out where that is an outfall;
        - ``uphill_flows``: the recorded flow runs against the levels;
        - ``misconnections``: see `misconnections`;
        - ``drains_in_circles``: drains whose water comes back to where it was;
        - ``unregistered_outfalls``: points, where drains end and the register has no outfall (only with
          ``outfalls``), with what drains through;
        - ``unfed_pipes``: pipes of a class with sources that none of these reaches (only with
          ``supply_sources``).

    Examples
    --------
    >>> from shapely import LineString
    >>> from zjk_gis.pipes import pipe_network
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["M1", "M2"]}, geometry=gpd.points_from_xy([0, 30], [0, 0]), crs=4547
    ... )
    >>> drains = gpd.GeoDataFrame(
    ...     {
    ...         "pipe_code": ["P1"],
    ...         "pipe_kind": "WS",
    ...         "flow": "顺向",
    ...         "from_level_m": 700.0,
    ...         "to_level_m": 701.0,
    ...     },
    ...     geometry=[LineString([(0, 0), (30, 0)])],
    ...     crs=4547,
    ... )
    >>> faults = network_faults(pipe_network(manholes, drains))
    >>> {name: len(rows) for name, rows in faults.items() if len(rows)}
    {'uphill_flows': 1}
    """
    aside, network = SetAside(), network.on(at)
    layers = {name: in_use(rows, name, at, aside) for name, rows in (layers or {}).items() if name in _ASKED}
    drained = outfalls(network, registered=layers.get("outfalls"))
    contradicts = network.direction.contradicts
    told = network.directions()[contradicts]
    faults = {
        "unjoined_ends": _unjoined(network, layers.get("outfalls")),
        "uphill_flows": with_answers(
            network.pipelines[contradicts],
            {name: told[name].to_numpy() for name in ("way", "direction_source")},
        ),
        "misconnections": misconnections(network),
        "drains_in_circles": drained[drained["in_cycle"]],
    }
    if "outfalls" in layers:
        faults["unregistered_outfalls"] = _unregistered(network, drained)
    if "supply_sources" in layers:
        fed = [rows[~rows["is_fed"]] for rows in _fed_pipes(network, layers["supply_sources"]) if len(rows)]
        if fed:
            faults["unfed_pipes"] = gpd.GeoDataFrame(pd.concat(fed), crs=network.crs)
    return {name: aside.added_to(rows) for name, rows in faults.items()}


def _unjoined(network: PipeNetwork, registered: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return the ends that hang on nothing as points; a drain may end in the open at an outfall."""
    told = network.unjoined()
    half = np.where(told["end"] == "from", 0, len(network))
    position = {code: at for at, code in enumerate(network.pipe_codes)}
    at = told["pipe_code"].map(position).to_numpy(dtype=np.int64) + half
    points = gpd.GeoDataFrame(told, geometry=shapely.points(network.ends.place[at]), crs=network.crs)
    if registered is None or not len(points):
        return points
    there = registered.to_crs(network.crs).geometry.to_numpy()
    open_ends = shapely.STRtree(there).query(points.geometry.to_numpy(), predicate="dwithin", distance=5.0)[0]
    kept = np.ones(len(points), dtype=bool)
    kept[open_ends] = False
    return points[kept | (points["reason"] != "nothing_near").to_numpy()]


def _unregistered(network: PipeNetwork, drained: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the places where drains end that no register has, with the most that drains through."""
    last = drained[~drained["is_registered"] & (drained["to_node"] == drained["outfall_code"])]
    last = last.sort_values("upstream_length_m", ascending=False, kind="stable")
    last = last.drop_duplicates("outfall_code")
    ends = shapely.get_point(np.asarray(last.geometry.to_numpy()), -1)
    columns = ["pipe_code", "pipe_kind", "outfall_code", "upstream_length_m", "upstream_manholes"]
    return gpd.GeoDataFrame(last[columns], geometry=ends, crs=network.crs)


def _fed_pipes(network: PipeNetwork, sources: gpd.GeoDataFrame) -> Iterator[gpd.GeoDataFrame]:
    """Yield the pipes of each class that has sources: those of the kinds that the sources name."""
    if "pipe_kind" not in sources:
        return
    kinds, _ = coded(sources, _SOURCES.field("pipe_kind"), _SOURCES.name)
    table = rules_table("pipe_kinds").set_index("pipe_kind")["class_code"]
    classes = kinds.map(table)
    for name in sorted(classes.dropna().unique()):
        mine = (classes == name).to_numpy(dtype=bool)
        named = sorted(set(kinds[mine]))
        there = set(table.index[table == name]) if name in named else set(named)
        if there & set(network.kind.tolist()):
            yield critical_pipes(network, kinds=named, sources=sources[mine], within_m=5.0)
