"""The network itself: rows, a graph, and the account of how one became the other."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.crs import title_of_crs
from zjk_gis.layers.catalogue import PIPELINES
from zjk_gis.layers.columns.values import code_text, coded
from zjk_gis.layers.excerpts import excerpt
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.networks import Graph, components
from zjk_gis.pipes.in_use import in_use, outside_day
from zjk_gis.pipes.topology.direction import DIRECTIONS, Direction
from zjk_gis.pipes.topology.joining import ALONE, BY_UNKNOWN_NAME, HOW, REMARKS, Ends
from zjk_gis.pipes.topology.saving import load_parts, save_network
from zjk_gis.presentation import Presentation, presented
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.pipes.topology.splitting import Cuts

__all__ = ["PipeNetwork"]

_Arrays = TypeVar("_Arrays", "Ends", "Cuts", "Direction")


@presented
@checked
@dataclass(frozen=True)
class PipeNetwork:
    """A network of pipes: frozen arrays, the rows they were made of, and how.

    Made by `zjk_gis.pipes.pipe_network`, or loaded from a file.

    Attributes
    ----------
    nodes : GeoDataFrame
        Manholes, survey points, and the nodes made where ends meet: ``node_code``, ``pipe_kind``,
        ``ground_level_m``, ``layer`` (empty for those made), ``row`` (the index label in that layer).
    pipelines : GeoDataFrame
        The rows that are in the network, in metres, in their order and under their index.
    kind : ndarray of str
        The kind of each (CJJ 61), empty where it is not understood.
    graph : Graph
        An edge for each pipe, or for each piece of one that manholes divide; from the end that the pipe
        records first (起点) to the other.
    edge_pipe : ndarray of int64
        The position in `pipelines` of each edge.
    begins, stops : ndarray of float64
        From where to where along its pipe, as that is drawn, each edge goes, in metres.
    ends, cuts, direction
        What is told by `joins`, `unjoined` and `directions`.
    within_m : float
    twins : int
        How many survey points are manholes under the same name.
    set_aside : list of dict
        The rows left out: ``layer``, ``row``, ``why``, ``value``.
    """

    nodes: gpd.GeoDataFrame
    pipelines: gpd.GeoDataFrame
    kind: NDArray[np.object_]
    graph: Graph
    edge_pipe: NDArray[np.int64]
    begins: NDArray[np.float64]
    stops: NDArray[np.float64]
    ends: Ends
    cuts: Cuts
    direction: Direction
    within_m: float = 0.5
    twins: int = 0
    set_aside: list[dict[str, Any]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.pipelines)

    def _presentation(self) -> Presentation:
        told = tr(
            "Pipelines: {pipes:,}; nodes: {nodes:,}; parts that hang together: {parts:,}. Measured in {crs}.",
            pipes=len(self),
            nodes=len(self.nodes),
            parts=int(self.component.max()) + 1 if len(self.component) else 0,
            crs=title_of_crs(self.crs),
        )
        report = self.report()
        return excerpt(told, report[report["number"] > 0], ["what", "number", "most_m"])

    @property
    def crs(self) -> CRS:
        """In which lengths are measured."""
        found: CRS = self.pipelines.crs
        return found

    @cached_property
    def pipe_codes(self) -> NDArray[np.object_]:
        """The code of each pipe."""
        return np.asarray(code_text(self.pipelines["pipe_code"]), dtype=object)

    @cached_property
    def node_codes(self) -> NDArray[np.object_]:
        """The code of each node; empty where ends meet that no point was surveyed at."""
        return np.asarray(self.nodes["node_code"].fillna(""), dtype=object)

    @cached_property
    def length(self) -> NDArray[np.float64]:
        """The length of each edge, in metres."""
        return self.stops - self.begins

    @cached_property
    def is_manhole(self) -> NDArray[np.float64]:
        """1 for nodes that are manholes, 0 for other points."""
        return np.asarray(self.nodes["layer"] == "manholes", dtype=np.float64)

    @cached_property
    def edge_way(self) -> NDArray[np.int8]:
        """The direction of each edge: 1 as it is numbered, -1 the other way, 0 both."""
        return self.direction.way[self.edge_pipe]

    @cached_property
    def flow(self) -> tuple[Graph, NDArray[np.int64]]:
        """The graph as it flows, and the edge of each of its own: what flows both ways is there twice."""
        way = self.edge_way
        both = np.flatnonzero(way == 0)
        turned = way < 0
        tail = np.where(turned, self.graph.head, self.graph.tail)
        head = np.where(turned, self.graph.tail, self.graph.head)
        flowing = Graph(
            self.graph.size, np.concatenate([tail, head[both]]), np.concatenate([head, tail[both]])
        )
        return flowing, np.concatenate([np.arange(len(way)), both])

    @cached_property
    def component(self) -> NDArray[np.int32]:
        """The part that each node belongs to, from 0; a manhole without pipes is one of its own."""
        return components(self.graph.size, self.graph.tail, self.graph.head)

    @cached_property
    def degree(self) -> NDArray[np.int64]:
        """How many pipes, or pieces of them, end at each node."""
        ends = np.concatenate([self.graph.tail, self.graph.head])
        return np.bincount(ends, minlength=self.graph.size)

    @cached_property
    def turned(self) -> NDArray[np.bool_]:
        """Whether each edge is numbered from the end where its pipe, as drawn, ends."""
        return self.ends.backwards[self.edge_pipe]

    @cached_property
    def shapes(self) -> NDArray[Any]:
        """The line of each edge, as its pipe is drawn."""
        return self.piece_shapes(np.arange(len(self.graph)))

    @cached_property
    def tree(self) -> shapely.STRtree:
        """What finds edges by their place."""
        return shapely.STRtree(self.shapes)

    @cached_property
    def circuits(self) -> list[NDArray[np.bool_]]:
        """The edges of each circuit of a heat network (供水, 回水); one of all where pipes name none."""
        if "circuit" in self.pipelines:
            meant, _ = coded(self.pipelines, PIPELINES.field("circuit"), "pipelines")
            named = [(meant == name).to_numpy(dtype=bool) for name in sorted(set(meant.dropna()))]
            if len(named) > 1:
                return [mine[self.edge_pipe] for mine in named]
        return [np.ones(len(self.graph), dtype=bool)]

    def edges_at(self, node: int) -> NDArray[np.int64]:
        """Return the edges that end at a node."""
        near = self.graph.both
        return np.unique(near.edges[near.starts[node] : near.starts[node + 1]]).astype(np.int64)

    def on(self, at: str | dt.date | None) -> PipeNetwork:
        """Return the network with the pipes alone that were in use on a day; itself where all were.

        Parameters
        ----------
        at : date or str, optional
            By ``valid_from``, ``built_year`` and ``valid_to`` of the pipes; all of them without a day.

        Returns
        -------
        PipeNetwork
            Its nodes are the same; the pipes left out are told in ``set_aside``.

        Raises
        ------
        EmptyLayerError
            If no pipe was in use.
        """
        aside = SetAside()
        rows = in_use(self.pipelines, "pipelines", at, aside)
        if at is None or len(rows) == len(self):
            return self
        kept = outside_day(self.pipelines, "pipelines", at) == ""
        edges, cuts = kept[self.edge_pipe], kept[self.cuts.pipe]
        number = np.cumsum(kept) - 1
        told = [*self.set_aside, *aside.rows]
        nodes = self.nodes.copy(deep=False)
        nodes.attrs, rows.attrs = {**nodes.attrs, "set_aside": told}, {**rows.attrs, "set_aside": told}
        graph = self.graph
        return replace(
            self,
            nodes=nodes,
            pipelines=rows,
            kind=self.kind[kept],
            graph=Graph(graph.size, graph.tail[edges], graph.head[edges]),
            edge_pipe=number[self.edge_pipe[edges]],
            begins=self.begins[edges],
            stops=self.stops[edges],
            ends=_taken(self.ends, kept),
            cuts=replace(_taken(self.cuts, cuts), pipe=number[self.cuts.pipe[cuts]]),
            direction=_taken(self.direction, kept),
            set_aside=told,
        )

    def table(self) -> gpd.GeoDataFrame:
        """Return the nodes with their ``degree`` and ``component``.

        Returns
        -------
        GeoDataFrame
        """
        return self.nodes.assign(degree=self.degree, component=self.component)

    def joins(self) -> pd.DataFrame:
        """Return every joining: one row an end of a pipe, and one where a manhole divides one.

        Returns
        -------
        DataFrame
            ``pipe_code``, ``row`` (index label), ``end`` (``from``, ``to``; ``between``), ``node_code``,
            ``how`` (``by_name``, ``by_unknown_name``, ``by_place``, ``by_meeting``, ``split``),
            ``distance_m`` and ``remark`` (``far_from_named``; empty otherwise).
        """
        ends = self.ends
        count = len(self)
        joined = np.flatnonzero(ends.how != ALONE)
        pipe = np.concatenate([joined % count, self.cuts.pipe])
        told = {
            "pipe_code": self.pipe_codes[pipe],
            "row": self.pipelines.index.to_numpy()[pipe],
            "end": np.concatenate(
                [np.where(joined < count, "from", "to"), np.full(len(self.cuts.pipe), "between")]
            ),
            "node_code": self.node_codes[np.concatenate([ends.node[joined], self.cuts.node])],
            "how": np.array(HOW)[np.concatenate([ends.how[joined], np.full(len(self.cuts.pipe), 5)])],
            "distance_m": np.round(np.concatenate([ends.distance[joined], self.cuts.distance]), 3),
            "remark": np.concatenate(
                [
                    np.where(ends.remark[joined] == 1, REMARKS[1], ""),
                    np.full(len(self.cuts.pipe), ""),
                ]
            ),
        }
        order = np.lexsort((np.concatenate([joined >= count, np.zeros(len(self.cuts.pipe))]), pipe))
        return _frame(told, order)

    def unjoined(self) -> pd.DataFrame:
        """Return the ends that could not be joined, or not as they record it, each with the reason.

        Returns
        -------
        DataFrame
            ``pipe_code``, ``row``, ``end``, ``reason`` (``unknown_name``: no table has the point it names;
            ``named_too_far``; ``nothing_near``; ``other_end_nearer``: both ends of the pipe would hang on one
            node), ``recorded`` (the name), ``near_code`` and ``distance_m`` (of the node that is there under
            another name, or too far away).
        """
        ends, count = self.ends, len(self)
        rows = np.flatnonzero(ends.remark >= 2)
        near = ends.near[rows]
        place = shapely.get_coordinates(self.nodes.geometry.to_numpy())
        far = np.hypot(*(place[np.maximum(near, 0)] - ends.place[rows]).T)
        recorded = np.full(len(rows), "", dtype=object)
        for column, half in (("from_manhole", rows < count), ("to_manhole", rows >= count)):
            if column in self.pipelines:
                names = code_text(self.pipelines[column]).fillna("").to_numpy(dtype=object)
                recorded[half] = names[rows[half] % count]
        told = {
            "pipe_code": self.pipe_codes[rows % count],
            "row": self.pipelines.index.to_numpy()[rows % count],
            "end": np.where(rows < count, "from", "to"),
            "reason": np.array(REMARKS)[ends.remark[rows]],
            "recorded": recorded,
            "near_code": np.where(near >= 0, self.node_codes[np.maximum(near, 0)], ""),
            "distance_m": np.where(near >= 0, np.round(far, 3), np.nan),
        }
        return _frame(told, np.lexsort((rows, rows % count)))

    def directions(self) -> pd.DataFrame:
        """Return which way each pipe flows, what says so and what says otherwise.

        Returns
        -------
        DataFrame
            ``pipe_code``, ``row``, ``way`` (1 from its 起点 to its 终点, -1 the other way, 0 both or not
            known), ``direction_source`` (``flow``, ``levels``, ``drawn``; empty), ``flow`` and ``levels``
            (what either says; missing where it says nothing), ``contradicts`` (the recorded flow runs uphill)
            and ``drawn_backwards`` (from the point it names last).
        """
        told = self.direction
        return pd.DataFrame(
            {
                "pipe_code": pd.Series(self.pipe_codes, dtype="str"),
                "row": self.pipelines.index.to_numpy(),
                "way": told.way,
                "direction_source": pd.Series(np.array([*DIRECTIONS, ""])[told.source], dtype="str"),
                "flow": np.where(told.flow == 2, np.nan, told.flow),
                "levels": np.where(told.levels == 2, np.nan, told.levels),
                "contradicts": told.contradicts,
                "drawn_backwards": self.ends.backwards,
            }
        )

    def report(self) -> pd.DataFrame:
        """Return in numbers how the network was made.

        Returns
        -------
        DataFrame
            ``what``, ``number`` and ``most_m`` (the longest distance over which ends were joined).
        """
        ends = self.ends
        rows: list[tuple[str, int, float]] = []
        for number, how in enumerate(HOW[:ALONE]):
            mine = ends.how == number
            far = np.nan if number == BY_UNKNOWN_NAME else np.nanmax(ends.distance[mine], initial=0.0)
            rows.append((how, int(mine.sum()), float(far)))
        split = self.cuts.distance
        rows.append(("split", len(split), float(split.max(initial=0.0))))
        rows += [
            (name, int((ends.remark == number).sum()), np.nan)
            for number, name in enumerate(REMARKS)
            if number
        ]
        rows += [
            ("same_point_and_manhole", self.twins, np.nan),
            ("contradictions", int(self.direction.contradicts.sum()), np.nan),
            ("drawn_backwards", int(ends.backwards.sum()), np.nan),
            ("set_aside", len(self.set_aside), np.nan),
            ("connected_parts", len(np.unique(self.component[self.degree > 0])), np.nan),
            ("without_pipes", int((self.degree == 0).sum()), np.nan),
        ]
        return pd.DataFrame(rows, columns=["what", "number", "most_m"])

    def piece_shapes(self, edges: NDArray[np.int64]) -> NDArray[Any]:
        """Return the lines of some edges: those of their pipes, or the piece between two manholes.

        Parameters
        ----------
        edges : ndarray of int64

        Returns
        -------
        ndarray of LineString
        """
        return cut_lines(
            np.asarray(self.pipelines.geometry.to_numpy())[self.edge_pipe[edges]],
            self.begins[edges],
            self.stops[edges],
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the network to one flat file, which many processes can map into memory.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Path

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        return save_network(self, path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> PipeNetwork:
        """Load a network that `save` wrote; nothing in the file is ever executed.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        PipeNetwork
            Its `pipelines` have the columns of the catalogue and the index labels that were saved.

        Raises
        ------
        FileError
            If the file is missing, of another kind or version, or damaged.
        """
        return PipeNetwork(**load_parts(path))


def _taken(arrays: _Arrays, which: NDArray[np.bool_]) -> _Arrays:
    """Return some rows of the arrays of a dataclass; of arrays twice as long those of both halves."""
    twice = np.tile(which, 2)
    found = {each.name: getattr(arrays, each.name) for each in fields(arrays)}
    return replace(arrays, **{k: v[twice if len(v) != len(which) else which] for k, v in found.items()})


def cut_lines(lines: NDArray[Any], begins: NDArray[np.float64], stops: NDArray[np.float64]) -> NDArray[Any]:
    """Return the part of each line between two distances along it; the line itself if that is all of it."""
    from shapely.ops import substring

    cut = np.asarray(lines, dtype=object).copy()
    part = (begins > 0) | (stops < shapely.length(lines))
    for at in np.flatnonzero(part):
        cut[at] = substring(lines[at], begins[at], stops[at])
    return cut


def _frame(columns: dict[str, Any], order: NDArray[np.int64]) -> pd.DataFrame:
    told = {
        name: pd.array(values[order], dtype="str")
        if values.dtype.kind in "UO" and name != "row"
        else values[order]
        for name, values in columns.items()
    }
    return pd.DataFrame(told)
