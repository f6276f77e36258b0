"""Which drains back up where one is blocked (堵塞后的壅水、倒灌)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.metric import require_amounts
from zjk_gis.networks import distances, spread
from zjk_gis.pipes.places import are_of_kinds, edges_and_nodes
from zjk_gis.pipes.tracing import pieces_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.pipes.topology import PipeNetwork

__all__ = ["backed_up", "backing_up_by"]


@checked
def backed_up(
    network: PipeNetwork,
    blocked: str | Sequence[str] | gpd.GeoDataFrame,
    *,
    within_m: float = 20.0,
    at: str | dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Find the drains that have no other way out when some are blocked or dug through (壅水、倒灌范围).

    Parameters
    ----------
    network : PipeNetwork
    blocked : str, sequence of str or GeoDataFrame
        Codes of pipes or manholes; or rows, such as incidents, of which the nearest drain counts.
    within_m : float, default 20.0
        How near the nearest pipe of a row must be.
    at : date or str, optional
        The network as it was on this day (see `PipeNetwork.on`); by default all of it.

    Returns
    -------
    GeoDataFrame
        The drains (排水) upstream from which every way out leads through what is blocked, in their order,
        with ``distance_m`` (float64, along the pipes to the blockage: the nearest backs up first),
        ``from_node``, ``to_node`` and ``length_m``. Empty where all of them have another way out.

    Raises
    ------
    InputError
        If a code is not known, no pipe is near, or nothing that is blocked is a drain.

    Notes
    -----
    Topology alone: how high the water rises, and whether it comes out of covers, is a matter of hydraulics.
    A way out ends where nothing leaves. Pipes that flow both ways, or whose direction nobody knows, count as
    ways out.

    Examples
    --------
    ``M1 -> M2 -> M3``, and a second pipe from M1 that has its own outfall:

    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from zjk_gis.pipes import pipe_network
    >>> x, y = [0, 30, 70, 0, -30], [0, 0, 0, 40, 0]
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["M1", "M2", "M3", "M4", "M5"]}, geometry=gpd.points_from_xy(x, y), crs=4547
    ... )
    >>> ways = [("M5", "M1"), ("M1", "M2"), ("M2", "M3"), ("M1", "M4")]
    >>> place = dict(zip(manholes["manhole_code"], zip(x, y)))
    >>> drains = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1", "P2", "P3", "P4"], "pipe_kind": "污水", "flow": "顺向"},
    ...     geometry=[LineString([place[a], place[b]]) for a, b in ways],
    ...     crs=4547,
    ... )
    >>> network = pipe_network(manholes, drains)
    >>> backed_up(network, "P3")[["pipe_code", "distance_m", "from_node"]]
      pipe_code  distance_m from_node
    1        P2         0.0        M1
    """
    require_amounts(within_m=within_m)
    network = network.on(at)
    edges, nodes = edges_and_nodes(network, blocked, name="blocked", within_m=within_m)
    return _behind(network, edges, nodes)


def _behind(network: PipeNetwork, edges: NDArray[np.int64], nodes: NDArray[np.int64]) -> gpd.GeoDataFrame:
    """Return the drains that have no way out but through some edges and nodes."""
    drains = _drains_in(network)
    shut, shut_nodes = np.zeros(len(network.graph), dtype=bool), np.zeros(network.graph.size, dtype=bool)
    shut[edges[drains[edges]]], shut_nodes[nodes] = True, True
    at_drains = np.union1d(network.graph.tail[drains], network.graph.head[drains])
    if not shut.any() and not np.isin(nodes, at_drains).any():
        raise InputError(tr("blocked: none of these is a drain; only drains back up"))
    upstream, far = _upstream(network, drains, shut, shut_nodes)
    found = np.flatnonzero(upstream & ~_let_out(network, drains, shut, shut_nodes))
    return pieces_of(network, found, {"distance_m": np.round(far[found], 3)})


def _drains_in(network: PipeNetwork) -> NDArray[np.bool_]:
    """Tell which edges are drains (排水); none where the network has none."""
    try:
        return are_of_kinds(network, "排水")
    except InputError:
        return np.zeros(len(network.graph), dtype=bool)


def _upstream(
    network: PipeNetwork, drains: NDArray[np.bool_], shut: NDArray[np.bool_], shut_nodes: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Tell which drains run to what is blocked, and how far each is from it."""
    flowing, of_edge = network.flow
    way, tail, head = network.edge_way, network.graph.tail, network.graph.head
    above, either = np.where(way < 0, head, tail)[shut], head[shut & (way == 0)]
    begin = np.unique(np.concatenate([above, either, np.flatnonzero(shut_nodes)])).astype(np.int64)
    closed = (shut | ~drains)[of_edge]
    reached = spread(flowing.into, len(flowing), begin, shut_edges=closed).edges
    arrives = np.zeros(len(network.graph), dtype=bool)
    arrives[of_edge[reached >= 0]] = True
    far = distances(flowing.into, network.length[of_edge], begin, shut_edges=reached < 0)
    return arrives, np.minimum(far[tail], far[head])


def _let_out(
    network: PipeNetwork, drains: NDArray[np.bool_], shut: NDArray[np.bool_], shut_nodes: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which drains still come out somewhere: at a place that nothing leaves."""
    flowing, of_edge = network.flow
    leaves = np.bincount(flowing.tail[drains[of_edge]], minlength=flowing.size) > 0
    ends = np.zeros(flowing.size, dtype=bool)
    ends[flowing.head[drains[of_edge]]] = True
    ends &= ~leaves & ~shut_nodes
    closed = (shut | ~drains)[of_edge]
    reached = spread(
        flowing.into, len(flowing), np.flatnonzero(ends), shut_nodes=shut_nodes, shut_edges=closed
    ).edges
    out = np.zeros(len(network.graph), dtype=bool)
    out[of_edge[reached >= 0]] = True
    return out


def backing_up_by(network: PipeNetwork, codes: Sequence[str]) -> pd.DataFrame:
    """Return for each drain what backs up if it alone is blocked.

    Returns
    -------
    DataFrame
        By code: ``backs_up_m``, ``backs_up_manholes`` and ``backs_up_first`` (the manhole next upstream).
    """
    drains = set(network.pipe_codes[network.edge_pipe[_drains_in(network)]].tolist())
    manholes = set(network.node_codes[network.is_manhole > 0].tolist())
    told: dict[str, tuple[float, int, str]] = {}
    for code in sorted(drains & set(codes)):
        edges = np.flatnonzero(network.pipe_codes[network.edge_pipe] == code)
        rows = _behind(network, edges, np.empty(0, np.int64)).sort_values(
            ["distance_m", "pipe_code"], kind="stable"
        )
        behind = manholes & {*rows["from_node"], *rows["to_node"]}
        first = str(rows["to_node"].iloc[0]) if len(rows) else ""
        told[code] = (float(rows["length_m"].sum()), len(behind), first)
    columns = ["backs_up_m", "backs_up_manholes", "backs_up_first"]
    return pd.DataFrame.from_dict(told, orient="index", columns=columns)
