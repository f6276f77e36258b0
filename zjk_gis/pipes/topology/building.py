"""A network made of manholes, survey points and pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import EmptyLayerError
from zjk_gis.layers.catalogue import MANHOLES, PIPELINES
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import understood
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.networks import Graph
from zjk_gis.pipes.in_use import in_use
from zjk_gis.pipes.topology.direction import DIRECTIONS, directions_of
from zjk_gis.pipes.topology.joining import UNKNOWN_NAME, Ends, join_ends
from zjk_gis.pipes.topology.network import PipeNetwork
from zjk_gis.pipes.topology.nodes import PIPE_POINTS, NodeNames, node_table, without_twins
from zjk_gis.pipes.topology.splitting import Cuts, cuts_at_nodes
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["pipe_network"]

_ABANDONED = "1"  # CJJ 61-2017, 使用状态


@checked
def pipe_network(
    manholes: gpd.GeoDataFrame,
    pipelines: gpd.GeoDataFrame,
    *,
    points: gpd.GeoDataFrame | None = None,
    within_m: float = 0.5,
    trusted_within_m: float = 10.0,
    direction: Sequence[str] = DIRECTIONS,
    abandoned: bool = False,
    at: str | dt.date | None = None,
    strict: bool = False,
) -> PipeNetwork:
    """Make a network (管网拓扑) of what a survey has brought: points and lines.

    Ends of pipes are joined by the names they record (起点号, 终点号) first, by place only where they record
    none; every joining and whatever could not be joined is told.

    Parameters
    ----------
    manholes : GeoDataFrame
        Points with ``manhole_code``, perhaps with ``well_number`` (物探点号), ``map_number`` (图上点号),
        ``pipe_kind`` and ``ground_level_m``.
    pipelines : GeoDataFrame
        Lines with ``pipe_code`` and ``pipe_kind``, perhaps with ``from_manhole``, ``to_manhole``, ``flow``,
        levels or depths, and ``state``. A multiline whose parts meet is one line; heights are left out.
    points : GeoDataFrame, optional
        Survey points (管线点) that are not manholes, with ``point_code``. One that bears a manhole's name and
        lies at it is that manhole.
    within_m : float, default 0.5
        How near an end without a name must come to a node or another such end to be joined, and a manhole to
        a pipe to divide it.
    trusted_within_m : float, default 10.0
        How far from the end of a pipe the point it names may lie; farther away the name is not believed.
    direction : sequence of str, default ("flow", "levels", "drawn")
        What tells which way a pipe flows, the first that says something: its recorded 流向, the levels of its
        ends, the way it is drawn. The last two count for gravity pipes alone (排水): water under pressure
        knows no such thing, and is taken to flow both ways unless it is recorded.
    abandoned : bool, default False
        Whether to take in pipes whose state is 废弃.
    at : date or str, optional
        The network as it was on this day: pipes, manholes and points not yet laid (``valid_from``, for pipes
        ``built_year`` where that is missing) or already given up (``valid_to``, 废弃) are set aside and
        counted. By default rows of all times.
    strict : bool, default False
        Refuse rows that cannot be used, instead of leaving them out and telling so.

    Returns
    -------
    PipeNetwork

    Raises
    ------
    MissingColumnError
        If there is no ``manhole_code``, ``point_code``, ``pipe_code`` or ``pipe_kind``.
    EmptyLayerError
        If no pipe is left.
    CRSError
        If a layer has no CRS.
    GeometryError
        If all rows of a layer have no geometry, an invalid one or one of the wrong kind; with `strict`, if
        any.
    InputError
        If no value of a coded column is understood; the message names them and the nearest known.

    Notes
    -----
    0.5 m is the position accuracy of class A parts (GB/T 30428.2, as implemented). Names first and *mutual*
    nearness, never single linkage: eleven ends 0.4 m apart do not become one node 4 m long.

    Examples
    --------
    A pipe that names both its manholes, and one that names none and ends 3 cm beside one:

    >>> from shapely import LineString
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["M1", "M2"]}, geometry=gpd.points_from_xy([0, 30], [0, 0]), crs=4547
    ... )
    >>> pipelines = gpd.GeoDataFrame(
    ...     {
    ...         "pipe_code": ["P1", "P2"],
    ...         "pipe_kind": ["污水", "WS"],
    ...         "from_manhole": ["M1", None],
    ...         "to_manhole": ["M2", None],
    ...     },
    ...     geometry=[LineString([(0, 0), (30, 0)]), LineString([(30.03, 0), (60, 0)])],
    ...     crs=4547,
    ... )
    >>> network = pipe_network(manholes, pipelines)
    >>> network
    <PipeNetwork> Pipelines: 2; nodes: 3; parts that hang together: 1. Measured in EPSG:4547...
    >>> network.joins()[["pipe_code", "end", "node_code", "how", "distance_m"]]
      pipe_code   end node_code      how  distance_m
    0        P1  from        M1  by_name        0.00
    1        P1    to        M2  by_name        0.00
    2        P2  from        M2 by_place        0.03
    >>> network.unjoined()[["pipe_code", "end", "reason"]]
      pipe_code end        reason
    0        P2  to  nothing_near
    """
    require_amounts(within_m=within_m, trusted_within_m=trusted_within_m)
    aside = SetAside(strict=strict)
    pipes, kind = _usable_pipes(pipelines, aside, at, abandoned=abandoned)
    lines = np.asarray(pipes.geometry.to_numpy())
    nodes = node_table(manholes, MANHOLES, pipes.crs, aside, at, abandoned=abandoned)
    twins = 0
    if points is not None:
        others = node_table(points, PIPE_POINTS, pipes.crs, aside, at, abandoned=abandoned)
        nodes, twins = without_twins(nodes, others, within_m)
    names = NodeNames.of(nodes)
    classes = rules_table("pipe_kinds").set_index("pipe_kind")
    node_kind = nodes["pipe_kind"].to_numpy(dtype=object)
    groups = {name: number for number, name in enumerate(sorted(set(classes["class_code"])), 1)}
    group_of = {str(each): groups[name] for each, name in classes["class_code"].items()}
    coords, of_line = shapely.get_coordinates(lines, return_index=True)
    first_of = np.searchsorted(of_line, np.arange(len(lines) + 1))
    ends, places, codes = join_ends(
        coords[first_of[:-1]],
        coords[first_of[1:] - 1],
        _looked_up(kind, group_of, 0),
        _recorded(pipes),
        names,
        _looked_up(node_kind, group_of, 0),
        within_m=within_m,
        trusted_within_m=trusted_within_m,
    )
    _tell_neighbours(ends, names, within_m)
    # Along each line as it is drawn: a pipe that is drawn backwards begins at the node it names last.
    count = len(pipes)
    first, last = ends.node[:count], ends.node[count:]
    cuts = cuts_at_nodes(
        lines,
        kind,
        (np.where(ends.backwards, last, first), np.where(ends.backwards, first, last)),
        names.place,
        node_kind,
        within_m,
    )
    nodes = _with_made(nodes, places, codes)
    ground = nodes["ground_level_m"].to_numpy()
    gravity = _looked_up(kind, dict.fromkeys(map(str, classes.index[classes["gravity"] == "1"]), 1), 0) > 0
    way = directions_of(pipes, gravity, (ground[first], ground[last]), direction)
    for rows in (nodes, pipes):  # every answer that is made of them tells what was left out
        rows.attrs["set_aside"] = aside.rows
    return PipeNetwork(
        nodes=nodes,
        pipelines=pipes,
        kind=kind,
        ends=ends,
        direction=way,
        **_pieces(ends, cuts, shapely.length(lines), nodes),
        within_m=within_m,
        twins=twins,
        set_aside=aside.rows,
    )


def _usable_pipes(
    pipelines: gpd.GeoDataFrame, aside: SetAside, at: str | dt.date | None, *, abandoned: bool
) -> tuple[gpd.GeoDataFrame, NDArray[np.object_]]:
    """Return the pipes that can be used, each a single line in metres, and their kinds."""
    pipes = aside.sound(pipelines, "pipelines", kind="line", filled=["pipe_code"])
    pipes = ready(pipes, "pipelines", kind="line", code="pipe_code")
    require_columns(pipes, "pipelines", "pipe_kind")
    pipes = in_use(pipes, "pipelines", at, aside, abandoned=abandoned)
    if at is None and not abandoned and "state" in pipes:
        state, _ = understood(pipes["state"], PIPELINES.field("state"))
        gone = (state == _ABANDONED).to_numpy(dtype=bool)
        aside.note(pipes, "pipelines", gone, "abandoned", pipes["state"])
        pipes = pipes[~gone]
    lines = np.asarray(pipes.geometry.to_numpy())
    lines = shapely.force_2d(lines) if shapely.has_z(lines).any() else lines.copy()
    several = pipes.geom_type.to_numpy() != "LineString"
    if several.any():
        lines[several] = shapely.line_merge(lines[several])
        apart = shapely.get_type_id(lines) != shapely.GeometryType.LINESTRING
        aside.note(pipes, "pipelines", apart, "parts_apart", pipes.geom_type)
        pipes, lines = pipes[~apart], lines[~apart]
    if not len(pipes):
        raise EmptyLayerError(
            tr("pipelines: no row is left to make a network of; they are set aside, each with its reason")
        )
    pipes = pipes.set_geometry(gpd.GeoSeries(lines, index=pipes.index, crs=pipes.crs))
    kind = aside.coded(pipes, PIPELINES.field("pipe_kind"), "pipelines").fillna("")
    return pipes, kind.to_numpy(dtype=object)


def _looked_up(values: NDArray[np.object_], table: dict[str, int], otherwise: int) -> NDArray[np.int64]:
    """Return what a table says of each of many values, of which few are distinct."""
    number, distinct = pd.factorize(values)
    return np.array([table.get(each, otherwise) for each in distinct] or [otherwise], np.int64)[number]


def _recorded(pipes: gpd.GeoDataFrame) -> tuple[pd.Series, pd.Series]:
    """Return what each pipe names as its first and its last point."""
    nothing = pd.Series(None, index=pipes.index, dtype="str")
    first, last = (pipes.get(end, nothing) for end in ("from_manhole", "to_manhole"))
    return first, last


def _tell_neighbours(ends: Ends, names: NodeNames, within_m: float) -> None:
    """Note at ends that name an unknown point which node lies there: perhaps the same under another name."""
    strange = np.flatnonzero(ends.remark == UNKNOWN_NAME)
    if not len(strange) or not len(names.place):
        return
    tree = shapely.STRtree(np.asarray(shapely.points(names.place)))
    (end, node), far = tree.query_nearest(
        shapely.points(ends.place[strange]), max_distance=within_m, return_distance=True, all_matches=False
    )
    ends.near[strange[end]], ends.distance[strange[end]] = node, far


def _with_made(nodes: gpd.GeoDataFrame, places: NDArray[np.float64], codes: list[str]) -> gpd.GeoDataFrame:
    """Return the nodes with those that were made where ends meet; they have the names that ends gave them."""
    if not len(places):
        return nodes
    table: dict[str, Any] = {
        "node_code": pd.array([code or None for code in codes], dtype="str"),
        "pipe_kind": "",
        "ground_level_m": np.nan,
        "layer": "",
    }
    made = gpd.GeoDataFrame(table, geometry=shapely.points(places), crs=nodes.crs)
    together = pd.concat([nodes, made.reindex(columns=nodes.columns)], ignore_index=True)
    return gpd.GeoDataFrame(together, geometry="geometry", crs=nodes.crs)


def _pieces(ends: Ends, cuts: Cuts, length: NDArray[np.float64], nodes: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return the pipes cut where manholes lie on them: a graph with an edge a piece, and where each lies.

    Every edge goes from the end that its pipe records first to the other.
    """
    count = len(length)
    number = np.bincount(cuts.pipe, minlength=count) + 1
    pipe = np.repeat(np.arange(count), number)
    start = np.concatenate([[0], np.cumsum(number)])
    # As the pipes are drawn.
    drawn_first = np.where(ends.backwards, ends.node[count:], ends.node[:count])
    drawn_last = np.where(ends.backwards, ends.node[:count], ends.node[count:])
    tail, head = np.empty(len(pipe), np.int64), np.empty(len(pipe), np.int64)
    begins, stops = np.zeros(len(pipe)), length[pipe].copy()
    tail[start[:-1]], head[start[1:] - 1] = drawn_first, drawn_last
    before = np.arange(len(cuts.pipe)) + cuts.pipe
    head[before], tail[before + 1] = cuts.node, cuts.node
    stops[before], begins[before + 1] = cuts.along, cuts.along
    turned = ends.backwards[pipe]
    graph = Graph.of(len(nodes), np.where(turned, head, tail), np.where(turned, tail, head))
    return {"graph": graph, "edge_pipe": pipe, "begins": begins, "stops": stops, "cuts": cuts}
