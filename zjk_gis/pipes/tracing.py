"""Where it comes from and where it goes: traces, outfalls, pipes that drain into the wrong network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.metric import require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.networks import distances, spread
from zjk_gis.pipes.places import are_of_kinds, edges_and_nodes
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from typing import TypeAlias

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.pipes.topology import PipeNetwork

    Meant: TypeAlias = str | Sequence[str] | gpd.GeoDataFrame

__all__ = ["pieces_of", "trace"]

Way = Literal["upstream", "downstream", "connected"]


@checked
def trace(
    network: PipeNetwork,
    start: Meant,
    *,
    direction: Way = "upstream",
    stops: Meant | None = None,
    barriers: Meant | None = None,
    kinds: str | Sequence[str] | None = None,
    within_m: float = 20.0,
    at: str | dt.date | None = None,
) -> gpd.GeoDataFrame:
    """Follow pipes from somewhere, up or down or either way (上下游追溯).

    Parameters
    ----------
    network : PipeNetwork
    start : str, sequence of str or GeoDataFrame
        Where to begin: codes or numbers (物探点号) of manholes, codes of pipes, or rows: pipes, manholes, or
        anything else that has a place, such as incidents, of which the nearest pipe counts.
    direction : {"upstream", "downstream", "connected"}, default "upstream"
        Against the flow, with it, or both ways. Pipes that flow both ways are followed both ways.
    stops : str, sequence of str or GeoDataFrame, optional
        Manholes and pipes at which to stop: they are found, but nothing beyond.
    barriers : str, sequence of str or GeoDataFrame, optional
        Manholes and pipes that let nothing through, such as a closed sluice: they are not found either, nor
        are the pipes that end at such a manhole.
    kinds : str or sequence of str, optional
        Follow pipes of these kinds only, by code or name (WS, 污水, sewage; JS, 给水 for a whole class).
    within_m : float, default 20.0
        How near the nearest pipe of a row must be.
    at : date or str, optional
        The network as it was on this day (see `PipeNetwork.on`); by default all of it.

    Returns
    -------
    GeoDataFrame
        The pipes found, in their order and under their index (a pipe that manholes divide once a piece), with
        ``steps`` (int64; 0 is where it began), ``distance_m`` along the pipes from the beginning to the
        nearer end of each, ``from_node`` and ``to_node`` (the way it flows) and ``length_m``.

    Raises
    ------
    InputError
        If a code or kind is not known, no pipe is near, or `direction` is something else.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from zjk_gis.pipes import pipe_network
    >>> x = [0, 30, 60, 30]
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["M1", "M2", "M3", "M4"]},
    ...     geometry=gpd.points_from_xy(x, [0, 0, 0, 40]),
    ...     crs=4547,
    ... )
    >>> pipelines = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1", "P2", "P3"], "pipe_kind": "污水", "flow": "顺向"},
    ...     geometry=[
    ...         LineString([(0, 0), (30, 0)]),
    ...         LineString([(30, 0), (60, 0)]),
    ...         LineString([(30, 40), (30, 0)]),
    ...     ],
    ...     crs=4547,
    ... )
    >>> network = pipe_network(manholes, pipelines)
    >>> trace(network, "M3")[["pipe_code", "steps", "distance_m", "from_node"]]
      pipe_code  steps  distance_m from_node
    0        P1      2        30.0        M1
    1        P2      1         0.0        M2
    2        P3      2        30.0        M4
    >>> trace(network, "P3", direction="downstream")["pipe_code"].tolist()
    ['P2', 'P3']
    """
    require_amounts(within_m=within_m)
    if direction not in get_args(Way):
        raise InputError(
            tr(
                "direction must be one of {known}, not {direction!r}",
                known=", ".join(get_args(Way)),
                direction=direction,
            )
        )
    network = network.on(at)
    edges, nodes = edges_and_nodes(network, start, name="start", within_m=within_m)
    shut, shut_nodes = _marked(network, barriers, "barriers", within_m)
    stop, stop_nodes = _marked(network, stops, "stops", within_m)
    shut |= ~are_of_kinds(network, kinds)
    edges = edges[~shut[edges]]
    flowing, of_edge = network.flow
    if direction == "connected":
        flowing, of_edge = network.graph, np.arange(len(network.graph))
    ways = {"upstream": flowing.into, "downstream": flowing.out, "connected": flowing.both}[direction]
    ahead = _beyond(network, edges, direction)
    begin = np.unique(np.concatenate([nodes, ahead]))
    reached = spread(
        ways,
        len(flowing),
        begin,
        stop=stop_nodes,
        shut_nodes=shut_nodes,
        shut_edges=shut[of_edge],
        stop_edges=stop[of_edge],
    )
    steps = np.full(len(network.graph), np.iinfo(np.int64).max)
    np.minimum.at(steps, of_edge[reached.edges >= 0], reached.edges[reached.edges >= 0])
    steps[edges] = 0
    far = _distances(network, ways, of_edge, begin, reached.edges, direction)
    far[edges] = 0.0
    found = np.flatnonzero(steps < np.iinfo(np.int64).max)
    return pieces_of(network, found, {"steps": steps[found], "distance_m": np.round(far[found], 3)})


def pieces_of(network: PipeNetwork, edges: NDArray[np.int64], answers: dict[str, Any]) -> gpd.GeoDataFrame:
    """Return the rows of pipes with answers: one row an edge, its nodes the way it flows, its length."""
    rows = network.pipelines.iloc[network.edge_pipe[edges]]
    part = network.length[edges] < rows.length.to_numpy() - 1e-9
    if part.any():
        rows = rows.set_geometry(network.piece_shapes(edges), crs=network.crs)
    backward = network.edge_way[edges] < 0
    ends = [network.node_codes[each[edges]] for each in (network.graph.tail, network.graph.head)]
    told = {
        "from_node": pd.array(np.where(backward, ends[1], ends[0]), dtype="str"),
        "to_node": pd.array(np.where(backward, ends[0], ends[1]), dtype="str"),
        "length_m": np.round(network.length[edges], 3),
    }
    return with_answers(rows, {**answers, **told})


def _marked(
    network: PipeNetwork, meant: Meant | None, name: str, within_m: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Mark the edges and nodes that are meant."""
    edges, nodes = np.zeros(len(network.graph), dtype=bool), np.zeros(network.graph.size, dtype=bool)
    if meant is not None:
        of_edges, of_nodes = edges_and_nodes(network, meant, name=name, within_m=within_m)
        edges[of_edges] = True
        nodes[of_nodes] = True
    return edges, nodes


def _beyond(network: PipeNetwork, edges: NDArray[np.int64], direction: Way) -> NDArray[np.int64]:
    """Return the nodes at which one arrives from some pipes."""
    tail, head, way = network.graph.tail[edges], network.graph.head[edges], network.edge_way[edges]
    above, below = np.where(way < 0, head, tail), np.where(way < 0, tail, head)
    if direction == "connected":
        return np.concatenate([tail, head]).astype(np.int64)
    ahead, other = (above, below) if direction == "upstream" else (below, above)
    return np.concatenate([ahead, other[way == 0]]).astype(np.int64)


def _distances(
    network: PipeNetwork,
    ways: object,
    of_edge: NDArray[np.int64],
    begin: NDArray[np.int64],
    reached: NDArray[np.int32],
    direction: Way,
) -> NDArray[np.float64]:
    """Return how far the nearer end of each edge is from where it began, along what was reached."""
    length = network.length[of_edge]
    far = distances(ways, length, begin, shut_edges=reached < 0)  # type: ignore[arg-type]
    tail, head, way = network.graph.tail, network.graph.head, network.edge_way
    if direction == "connected":
        return np.minimum(far[tail], far[head])
    above, below = np.where(way < 0, head, tail), np.where(way < 0, tail, head)
    nearer = far[below] if direction == "upstream" else far[above]
    return np.where(way == 0, np.minimum(far[tail], far[head]), nearer)
