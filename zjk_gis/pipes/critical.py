"""Pipes and manholes whose failure cuts others off (关键管段与节点)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.networks import weak_spots
from zjk_gis.pipes.in_use import in_use
from zjk_gis.pipes.places import are_of_kinds, placed_on
from zjk_gis.pipes.tracing import pieces_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.networks import WeakSpots
    from zjk_gis.pipes.topology import PipeNetwork

__all__ = ["critical_manholes", "critical_pipes"]

_SOURCES = CATALOGUE["supply_sources"]


@checked
def critical_pipes(
    network: PipeNetwork,
    *,
    kinds: str | Sequence[str] | None = None,
    sources: gpd.GeoDataFrame | None = None,
    within_m: float = 1.0,
    at: str | dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Find the pipes without which a part of the network hangs on nothing, and what each cuts off (关键管段).

    Parameters
    ----------
    network : PipeNetwork
    kinds : str or sequence of str, optional
        Judge pipes of these kinds only, by code or name (给水, JS, SS); by default all hang together that
        meet.
    sources : GeoDataFrame, optional
        From where the network is fed: what no source reaches any more is cut off. Without them it is the
        smaller side.
    within_m : float, default 1.0
        How near a source that names no pipe must lie to one.
    at : date or str, optional
        The network and what stands on it as they were on this day, by ``valid_from`` and ``valid_to``; by
        default all of it.

    Returns
    -------
    GeoDataFrame
        The pipes in their order, a pipe that manholes divide once a piece, with ``is_bridge`` (bool),
        ``cut_off_m`` and ``cut_off_manholes`` (0 where it is no bridge), ``is_fed`` (bool, with `sources`:
        whether one reaches it at all), ``from_node``, ``to_node`` and ``length_m``.

    Raises
    ------
    InputError
        If a kind is not known or no source stands on the network.

    Notes
    -----
    Two pipes side by side between the same two manholes are no bridges, either of them. Direction and valves
    are not asked.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from zjk_gis.pipes import pipe_network
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["M1", "M2", "M3"]}, geometry=gpd.points_from_xy([0, 30, 70], [0] * 3), crs=4547
    ... )
    >>> twin = LineString([(0, 0), (30, 0)])
    >>> mains = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1", "P2", "P3"], "pipe_kind": "给水"},
    ...     geometry=[twin, twin, LineString([(30, 0), (70, 0)])],
    ...     crs=4547,
    ... )
    >>> network = pipe_network(manholes, mains)
    >>> critical_pipes(network)[["pipe_code", "is_bridge", "cut_off_manholes"]]
      pipe_code  is_bridge  cut_off_manholes
    0        P1      False                 0
    1        P2      False                 0
    2        P3       True                 1
    >>> critical_manholes(network)[["node_code", "is_cut", "pieces", "cut_off_m"]]
      node_code  is_cut  pieces  cut_off_m
    0        M1   False       1        0.0
    1        M2    True       2       40.0
    2        M3   False       1        0.0
    """
    network, aside = network.on(at), SetAside()
    weak, edges = _weak(network, kinds, in_use(sources, _SOURCES.name, at, aside), within_m)
    told: dict[str, Any] = {
        "is_bridge": weak.is_bridge,
        "cut_off_m": np.round(weak.edge_cuts_edges, 3),
        "cut_off_manholes": np.round(weak.edge_cuts_nodes).astype(np.int64),
    }
    if sources is not None:
        told["is_fed"] = weak.is_fed[network.graph.tail[edges]]
    return aside.added_to(pieces_of(network, edges, told))


@checked
def critical_manholes(
    network: PipeNetwork,
    *,
    kinds: str | Sequence[str] | None = None,
    sources: gpd.GeoDataFrame | None = None,
    within_m: float = 1.0,
    at: str | dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Find the manholes and points without which a part of the network hangs on nothing (关键节点).

    Parameters
    ----------
    network : PipeNetwork
    kinds, sources, within_m, at
        See `critical_pipes`.

    Returns
    -------
    GeoDataFrame
        The nodes on which a pipe hangs, with ``node_code``, ``is_cut`` (bool), ``pieces`` (into how many what
        hangs together falls without it), ``cut_off_m`` and ``cut_off_manholes``.

    Raises
    ------
    InputError
        If a kind is not known or no source stands on the network.
    """
    network, aside = network.on(at), SetAside()
    weak, edges = _weak(network, kinds, in_use(sources, _SOURCES.name, at, aside), within_m)
    on = np.unique(np.concatenate([network.graph.tail[edges], network.graph.head[edges]]))
    found = with_answers(
        network.nodes.iloc[on],
        {
            "is_cut": weak.is_cut[on],
            "pieces": weak.pieces[on],
            "cut_off_m": np.round(weak.node_cuts_edges[on], 3),
            "cut_off_manholes": np.round(weak.node_cuts_nodes[on]).astype(np.int64),
        },
    )
    return aside.added_to(found)


def _weak(
    network: PipeNetwork,
    kinds: str | Sequence[str] | None,
    sources: gpd.GeoDataFrame | None,
    within_m: float,
) -> tuple[WeakSpots, NDArray[np.int64]]:
    mine = are_of_kinds(network, kinds)
    graph, edges = network.graph.without(~mine)
    roots = None
    if sources is not None:
        placed = placed_on(network, sources, _SOURCES.name, within_m=within_m, among=mine)
        stands = placed.edge >= 0
        edge = placed.edge[stands]
        nearer_end = placed.along[stands] * 2 <= network.length[edge]
        roots = np.where(nearer_end, network.graph.tail[edge], network.graph.head[edge]).astype(np.int64)
        if not len(roots):
            raise InputError(
                tr("supply_sources: none stands within {within_m:g} m of a pipe", within_m=within_m)
            )
    return weak_spots(graph, network.is_manhole, network.length[edges], roots), edges
