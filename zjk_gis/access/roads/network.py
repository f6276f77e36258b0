"""The city's own roads as a graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.access.roads.barriers import Barriers
from zjk_gis.access.roads.junctions import Meetings, cut_lines
from zjk_gis.access.roads.network_file import read_network, write_network
from zjk_gis.access.roads.stretches import Stretches
from zjk_gis.arguments import checked
from zjk_gis.crs import title_of_crs
from zjk_gis.engine.arrays import distinct
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import ROADS
from zjk_gis.layers.columns.periods import day_of, days_of
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text, coded, converted
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat
from zjk_gis.networks import Graph, components
from zjk_gis.networks.nearest import Ways
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["RoadNetwork", "Travel", "road_network"]

Travel = Literal["foot", "car"]

_ON_FOOT = ("步行路", "台阶")
_DIRECTIONS = {"正向": 1, "反向": -1}
_WAYS = ("反向", "双向", "正向")
_NAMES = ("edge_code", "road_code", "road_name", "road_class")


@presented
@checked
@dataclass(frozen=True)
class RoadNetwork:
    """The roads of a city as a graph of frozen arrays; made by `road_network`, kept in a flat file.

    Attributes
    ----------
    crs : CRS
        In which coordinates are, and lengths measured: metric.
    graph : Graph
        Nodes are junctions and ends, edges the stretches between them, each once, as its line is drawn.
    node_xy : ndarray of float64, shape (nodes, 2)
    length_m : ndarray of float64
        Of edges.
    coords : ndarray of float64, shape (v, 2)
    starts : ndarray of int64
        Edge e is ``coords[starts[e]:starts[e + 1]]``.
    row : ndarray of int64
        The row of the layer that each edge is a stretch of.
    from_m : ndarray of float64
        How far along the line of that row it begins.
    names : dict of str to ndarray of str
        ``edge_code``, ``road_code``, ``road_name`` and ``road_class`` of each row of the layer; empty text
        where there is none.
    level : ndarray of float64
        Of edges: 0 on the ground, NaN where it is not known.
    is_bridge : ndarray of bool
        Of edges: whether the layer says so.
    one_way : ndarray of int8
        Of edges: 1 along the line, -1 against it, 0 both.
    on_foot : ndarray of bool
        Of edges: whether only people on foot use it (步行路, 台阶).
    width_m : ndarray of float64
        Of edges; NaN where it is not known.
    barriers : Barriers
    meetings : Meetings
        What was joined or kept apart, by row of the layer; see `report`.
    set_aside : list of dict
        The rows that are no road: ``layer``, ``row``, ``why``, ``value``.
    """

    crs: CRS
    graph: Graph
    node_xy: NDArray[np.float64]
    length_m: NDArray[np.float64]
    coords: NDArray[np.float64]
    starts: NDArray[np.int64]
    row: NDArray[np.int64]
    from_m: NDArray[np.float64]
    names: dict[str, NDArray[Any]]
    level: NDArray[np.float64]
    is_bridge: NDArray[np.bool_]
    one_way: NDArray[np.int8]
    on_foot: NDArray[np.bool_]
    width_m: NDArray[np.float64]
    barriers: Barriers
    meetings: Meetings
    set_aside: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.length_m)

    def _presentation(self) -> Presentation:
        told = tr(
            "Junctions: {nodes:,}; stretches of road: {edges:,}, {length:,.1f} km; parts that hang together: "
            "{parts:,}. Measured in {crs}.",
            nodes=self.graph.size,
            edges=len(self),
            length=float(self.length_m.sum()) / 1000.0,
            parts=int(self.part.max()) + 1 if len(self.part) else 0,
            crs=title_of_crs(self.crs),
        )
        counted = self.report.groupby(["kind", "decision"], as_index=False).size()
        return excerpt(told, counted.rename(columns={"size": "number"}), ["kind", "decision", "number"])

    @cached_property
    def lines(self) -> NDArray[Any]:
        """The geometries of the edges."""
        of_vertex = np.repeat(np.arange(len(self)), np.diff(self.starts))
        return np.asarray(shapely.linestrings(self.coords, indices=of_vertex))

    @cached_property
    def part(self) -> NDArray[np.int32]:
        """Which nodes hang together on foot: the number of the part of each."""
        return components(self.graph.size, self.graph.tail, self.graph.head)

    @property
    def nodes(self) -> gpd.GeoDataFrame:
        """The nodes: ``node``, ``degree`` (how many edges meet), ``component`` (which hang together)."""
        degree = np.bincount(np.concatenate([self.graph.tail, self.graph.head]), minlength=self.graph.size)
        return gpd.GeoDataFrame(
            {"node": np.arange(self.graph.size), "degree": degree.astype(np.int64), "component": self.part},
            geometry=shapely.points(self.node_xy),
            crs=self.crs,
        )

    @property
    def edges(self) -> gpd.GeoDataFrame:
        """The edges: codes and names, ``from_node``, ``to_node``, ``from_m``, ``length_m``, what is known."""
        return gpd.GeoDataFrame(
            {
                **{name: pd.Series(self.names[name][self.row], dtype="str") for name in _NAMES},
                "from_node": self.graph.tail,
                "to_node": self.graph.head,
                "from_m": self.from_m,
                "length_m": self.length_m,
                "grade_level": self.level,
                "is_bridge": self.is_bridge,
                "one_way": pd.Series(np.array(_WAYS)[self.one_way + 1], dtype="str"),
                "width_m": self.width_m,
            },
            geometry=self.lines,
            crs=self.crs,
        )

    @property
    def report(self) -> gpd.GeoDataFrame:
        """What was joined or kept apart where lines do not simply meet, and why: one row a place.

        ``first_edge`` and ``second_edge`` (the roads), ``kind`` (``end_gap``; ``crossing`` without a
        vertex in common; ``end_below`` and ``common_vertex``, whose levels differ; ``double_line``;
        ``barrier``, which a road crosses that is not recorded as a bridge), ``decision`` (``joined``,
        ``apart``, ``left_open``, ``passable``), ``reason`` and ``gap_m``. ``attrs["set_aside"]`` lists
        the rows that are no road.
        """
        met = self.meetings
        codes = self.names["edge_code"]
        second = np.where(met.second >= 0, codes[np.maximum(met.second, 0)], "")
        table = gpd.GeoDataFrame(
            {
                "first_edge": pd.Series(codes[met.first], dtype="str"),
                "second_edge": pd.Series(second, dtype="str"),
                "kind": pd.Series(met.kind, dtype="str"),
                "decision": pd.Series(met.decision, dtype="str"),
                "reason": pd.Series(met.reason, dtype="str"),
                "gap_m": met.gap_m,
            },
            geometry=shapely.points(met.x, met.y),
            crs=self.crs,
        )
        table.attrs["set_aside"] = self.set_aside
        return table

    @cached_property
    def stretches(self) -> Stretches:
        """The edges where a straight way on foot may meet them; see `Stretches`."""
        return Stretches.of(self.lines, np.arange(len(self)), self.barriers)

    @cached_property
    def driven_stretches(self) -> Stretches:
        """The edges where a car may be left; see `Stretches`."""
        driven = np.flatnonzero(~self.on_foot)
        return Stretches.of(self.lines[driven], driven, self.barriers)

    def ways(self, travel: Travel) -> Ways:
        """Return the edges with the directions in which one may go: on foot both, by car as `one_way` says.

        Raises
        ------
        InputError
            If it is another way to travel.
        """
        if travel not in get_args(Travel):
            raise InputError(
                tr("travel must be one of {choices}, not {value!r}", choices="foot, car", value=travel)
            )
        if travel == "foot":
            everywhere = np.ones(len(self), np.bool_)
            return Ways(self.graph, self.length_m, everywhere, everywhere)
        driven = ~self.on_foot
        return Ways(self.graph, self.length_m, driven & (self.one_way >= 0), driven & (self.one_way <= 0))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the network to a flat file, to be mapped by as many processes as like.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        return write_network(self, Path(path))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> RoadNetwork:
        """Read a network that was saved.

        Raises
        ------
        FileError
            If the file is missing, damaged, of another kind, or does not hold what a network is.
        """
        return cls(**read_network(Path(path)))


@checked
def road_network(
    roads: gpd.GeoDataFrame,
    *,
    barriers: gpd.GeoDataFrame | Sequence[gpd.GeoDataFrame] | None = None,
    crossings: Literal["report", "join"] = "report",
    tolerance_m: float = 0.5,
    code: str = "edge_code",
    at: str | dt.date | None = None,
    strict: bool = False,
) -> RoadNetwork:
    """Make a graph of a city's own road layer (路网), and say what was joined, what was not, and why.

    Parameters
    ----------
    roads : GeoDataFrame
        Lines or multilines. Read where they are there: ``edge_code``, ``road_code``, ``road_name``,
        ``road_class`` (步行路 and 台阶 are for people on foot), ``width_m``, ``is_bridge``, ``grade_level``
        (竖向层级: 0 on the ground, 1 above it, -1 below) and ``one_way`` (双向, 正向, 反向). Without a code a
        row is called by its index label.
    barriers : GeoDataFrame or sequence of GeoDataFrame, optional
        Water, railways, closed estates: polygons or lines that only a road crosses.
    crossings : {"report", "join"}, default "report"
        What to do where two lines cross without a vertex in common and neither level nor bridge tells whether
        they meet: keep them apart, or join them. They are listed either way.
    tolerance_m : float, default 0.5
        An end that meets nothing is joined to a line no farther than this.
    code : str, default "edge_code"
        The column of codes.
    at : date or str, optional
        The day on which the roads are judged: those opened later (``opened_on``, 交付使用日期) are set
        aside and told; one without that date is there. By default all of them.
    strict : bool, default False
        Refuse rows that are no sound line, instead of setting them aside.

    Returns
    -------
    RoadNetwork
        Its ``report`` lists every gap that was closed, every crossing without a common vertex with its
        decision, lines drawn twice, and roads across a barrier that are not recorded as bridges: these are
        passable, since a road that crosses a river does so on something.

    Raises
    ------
    EmptyLayerError, CRSError, GeometryError
        If the layer cannot be used; the message names the rows.
    InputError
        If an option is not one of those listed, no value of ``one_way`` or ``road_class`` is understood, or a
        date cannot be read.
    MissingColumnError
        If `code` is named and the layer lacks it.

    Notes
    -----
    Parallel roads stay two, and a line from a place to itself stays one. Which lines meet is told in
    `zjk_gis.access.roads.junctions`; a `grade_level` goes before `is_bridge`, of which a bridge is level 1
    and any other road on the ground. The order of rows changes nothing.

    Examples
    --------
    Two streets cross on the ground, and a bridge passes over one of them without a junction:

    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> roads = gpd.GeoDataFrame(
    ...     {"edge_code": ["A", "B", "C"], "is_bridge": [False, False, True]},
    ...     geometry=[
    ...         LineString([(0, 0), (100, 0)]),
    ...         LineString([(50, -50), (50, 50)]),
    ...         LineString([(80, -50), (80, 50)]),
    ...     ],
    ...     crs=4547,
    ... )
    >>> network = road_network(roads)
    >>> len(network), network.graph.size
    (5, 7)
    >>> network.report[["first_edge", "second_edge", "decision", "reason"]]
      first_edge second_edge decision         reason
    0          A           B   joined     same_level
    1          A           C    apart  levels_differ
    """
    require_amounts(tolerance_m=tolerance_m)
    if crossings not in ("report", "join"):
        raise InputError(
            tr("crossings must be one of {choices}, not {value!r}", choices="report, join", value=crossings)
        )
    aside = SetAside(strict=strict)
    given = _opened(aside.sound(roads, "roads", kind="line"), at, aside)
    layer = ready(given, "roads", kind="line")
    about = _Rows.of(layer, code, aside)
    parts, row = shapely.get_parts(flat(layer.geometry.to_numpy()), return_index=True)
    parts = _without_repeats(parts)
    before = _before_part(parts, row)
    order = _own_order(parts, about.codes[row])
    parts, row, before = parts[order], row[order].astype(np.int64), before[order]
    solid = shapely.length(parts) > 0
    parts, row, before = parts[solid], row[solid], before[solid]
    cut, met = cut_lines(
        parts,
        about.level[row],
        about.guessed[row],
        tolerance_m=tolerance_m,
        join_undecided=crossings == "join",
    )
    edge_row = row[cut.line]
    steps = np.hypot(*np.diff(cut.coords, axis=0, append=cut.coords[-1:]).T)
    steps[cut.starts[1:] - 1] = 0.0
    edges = len(cut.tail)
    network = RoadNetwork(
        crs=layer.crs,
        graph=Graph.of(len(cut.nodes), cut.tail, cut.head),
        node_xy=cut.nodes,
        length_m=np.add.reduceat(steps, cut.starts[:-1]) if edges else np.empty(0),
        coords=cut.coords,
        starts=cut.starts,
        row=edge_row,
        from_m=cut.from_m + before[cut.line],
        names=about.names,
        level=about.level[edge_row],
        is_bridge=about.is_bridge[edge_row],
        one_way=about.one_way[edge_row],
        on_foot=about.on_foot[edge_row],
        width_m=about.width[edge_row],
        barriers=Barriers.of(barriers, layer.crs),
        meetings=Meetings(row[met.first], row[met.second], *_rest(met)),
        set_aside=aside.rows,
    )
    return _with_barriers_told(network)


def _opened(roads: gpd.GeoDataFrame, at: str | dt.date | None, aside: SetAside) -> gpd.GeoDataFrame:
    """Leave out the roads that are opened after a day."""
    if at is None:
        return roads
    day = day_of(at)
    if "opened_on" not in roads:
        return roads
    later = days_of(roads["opened_on"], "roads: opened_on") > day
    aside.note(roads, "roads", later, "not_yet_opened", roads["opened_on"])
    return roads[~later]


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the rows of a road layer say."""

    names: dict[str, NDArray[Any]]
    level: NDArray[np.float64]
    guessed: NDArray[np.bool_]
    is_bridge: NDArray[np.bool_]
    one_way: NDArray[np.int8]
    on_foot: NDArray[np.bool_]
    width: NDArray[np.float64]

    @property
    def codes(self) -> NDArray[Any]:
        return self.names["edge_code"]

    @classmethod
    def of(cls, layer: gpd.GeoDataFrame, code: str, aside: SetAside) -> _Rows:
        if code != "edge_code":
            require_columns(layer, "roads", code)
        labels = pd.Series(layer.index.astype(str), index=layer.index, dtype="str")
        names = {name: _text(layer, name) for name in _NAMES}
        names["edge_code"] = (as_text(layer[code]).fillna(labels) if code in layer else labels).to_numpy(
            dtype=object
        )
        bridge = _read(layer, "is_bridge", aside)
        graded = _read(layer, "grade_level", aside)
        level = np.where(np.isnan(graded), bridge, graded)
        direction = _coded(layer, "one_way", aside).map(_DIRECTIONS).fillna(0).to_numpy().astype(np.int8)
        only_on_foot = _coded(layer, "road_class", aside).isin(_ON_FOOT).to_numpy(dtype=bool)
        return cls(
            names,
            level,
            np.isnan(graded) & (bridge == 1),
            bridge == 1,
            direction,
            only_on_foot,
            _read(layer, "width_m", aside),
        )


def _text(layer: gpd.GeoDataFrame, name: str) -> NDArray[Any]:
    if name not in layer:
        return np.full(len(layer), "", dtype=object)
    return as_text(layer[name]).fillna("").to_numpy(dtype=object)


def _read(layer: gpd.GeoDataFrame, name: str, aside: SetAside) -> NDArray[np.float64]:
    """Read a column of numbers, or of yes and no as 1 and 0; NaN where it says nothing."""
    if name not in layer:
        return np.full(len(layer), np.nan)
    values, wrong = converted(layer[name], ROADS.field(name))
    aside.note(layer, "roads", wrong, "not_understood", layer[name])
    wide = values.astype("float64" if values.dtype != "boolean" else "Float64")
    return np.asarray(wide.to_numpy(dtype=np.float64, na_value=np.nan))


def _coded(layer: gpd.GeoDataFrame, name: str, aside: SetAside) -> pd.Series:
    """Read a column of coded values; missing where it says nothing."""
    if name not in layer:
        return pd.Series(None, index=layer.index, dtype="str")
    meant, wrong = coded(layer, ROADS.field(name), "roads")
    aside.note(layer, "roads", wrong, "not_understood", layer[name])
    return meant


def _before_part(parts: NDArray[Any], row: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how far along its row each part begins, the parts of a multiline one behind the other."""
    length = shapely.length(parts)
    run = np.cumsum(length) - length
    first = np.searchsorted(row, row)
    return np.asarray(run - run[first])


def _own_order(parts: NDArray[Any], codes: NDArray[Any]) -> NDArray[np.intp]:
    """Return an order of lines that does not depend on how the rows came: by code, then by shape."""
    _, by_code, several = np.unique(codes.astype(str), return_inverse=True, return_counts=True)
    by_shape = np.zeros(len(parts), np.int64)
    alike = several[by_code] > 1
    by_shape[alike] = np.unique(shapely.to_wkb(parts[alike]), return_inverse=True)[1]
    return np.lexsort((by_shape, by_code))


def _without_repeats(parts: NDArray[Any]) -> NDArray[Any]:
    """Return lines without vertices that repeat the one before; few have any."""
    coords, line = shapely.get_coordinates(parts, return_index=True)
    again = (coords[1:] == coords[:-1]).all(axis=1) & (line[1:] == line[:-1])
    which = distinct(line[1:][again])
    parts[which] = shapely.remove_repeated_points(parts[which])
    return parts


def _rest(met: Meetings) -> tuple[NDArray[Any], ...]:
    return met.x, met.y, met.kind, met.decision, met.reason, met.gap_m


def _with_barriers_told(network: RoadNetwork) -> RoadNetwork:
    """Add to the report the roads that cross a barrier and are not recorded as a bridge or tunnel."""
    if not len(network.barriers) or not len(network):
        return network
    plain = np.flatnonzero(~network.is_bridge & ~(np.nan_to_num(network.level) != 0))
    wet = np.zeros(len(plain), np.bool_)
    ground, tracks = network.barriers.ground, network.barriers.tracks
    place = np.full((len(plain), 2), np.nan)
    for barrier in (ground, tracks):
        if shapely.is_empty(barrier):
            continue
        shapely.prepare(barrier)
        hit = np.flatnonzero(shapely.intersects(barrier, network.lines[plain]))
        shared = shapely.intersection(network.lines[plain[hit]], barrier)
        across = shapely.length(shared) > 1e-3 if barrier is ground else ~shapely.is_empty(shared)
        place[hit[across]] = shapely.get_coordinates(shapely.point_on_surface(shared[across]))
        wet[hit[across]] = True
    rows = np.flatnonzero(wet)
    met, size = network.meetings, len(rows)
    more = Meetings(
        network.row[plain[rows]],
        np.full(size, -1),
        place[rows, 0],
        place[rows, 1],
        np.full(size, "barrier"),
        np.full(size, "passable"),
        np.full(size, "not_a_bridge"),
        np.zeros(size),
    )
    names = ("first", "second", "x", "y", "kind", "decision", "reason", "gap_m")
    both = {name: np.concatenate([getattr(met, name), getattr(more, name)]) for name in names}
    return replace(network, meetings=Meetings(**both))
