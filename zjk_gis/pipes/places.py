"""What of a network is meant: codes, positions, and the kinds of pipe that are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import PIPELINES
from zjk_gis.layers.columns.values import code_text, coded, plain, understood
from zjk_gis.layers.metric import ready
from zjk_gis.pipes.topology.nodes import NAME_COLUMNS
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.pipes.topology.network import PipeNetwork

__all__ = ["Placed", "are_of_kinds", "edges_and_nodes", "of_class", "placed_on"]

_NEAREST = 3


def edges_and_nodes(
    network: PipeNetwork, meant: str | Sequence[str] | gpd.GeoDataFrame, *, name: str, within_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the edges and the nodes of a network that are meant.

    Parameters
    ----------
    network : PipeNetwork
    meant : str, sequence of str or GeoDataFrame
        Codes or numbers of manholes and survey points, codes of pipes; or rows: with ``pipe_code`` those
        pipes, with ``manhole_code`` or ``point_code`` those points, otherwise the nearest pipe of each.
    name : str
        What the argument is called in errors.
    within_m : float
        How near the nearest pipe must be.

    Raises
    ------
    InputError
        If a code is not there, is that of a pipe and of a manhole too, or no pipe is near.
    """
    if isinstance(meant, gpd.GeoDataFrame):
        for column in ("pipe_code", "manhole_code", "point_code"):
            if column in meant and meant[column].notna().all():
                return _of_codes(network, code_text(meant[column]).tolist(), name, column)
        placed = placed_on(network, meant, name, within_m=within_m)
        lost = placed.edge < 0
        if lost.any():
            raise InputError(
                tr(
                    "{name}: no pipe lies within {within_m:g} m of {lost} of {rows} rows ({first})",
                    name=name,
                    within_m=within_m,
                    lost=int(lost.sum()),
                    rows=len(meant),
                    first=", ".join(map(str, meant.index[lost][:5])),
                )
            )
        return np.unique(placed.edge), np.empty(0, np.int64)
    if isinstance(meant, str):
        meant = [meant]
    if not isinstance(meant, Iterable) or not all(isinstance(each, str) for each in meant):
        raise InputError(
            tr("{name} must be codes or a GeoDataFrame, not {kind}", name=name, kind=type(meant).__name__)
        )
    return _of_codes(network, [plain(each) for each in meant], name, None)


def _of_codes(
    network: PipeNetwork, codes: list[str], name: str, column: str | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    pipes = np.flatnonzero(np.isin(network.pipe_codes, codes) & (column in (None, "pipe_code")))
    of_pipes = set(network.pipe_codes[pipes].tolist())
    node_of: dict[str, set[int]] = {}
    if column != "pipe_code":
        wanted = set(codes)
        for names in NAME_COLUMNS:
            written = network.nodes[names].to_numpy(dtype=object)
            for at in np.flatnonzero(np.isin(written.astype(str), codes)).tolist():
                if written[at] in wanted and (names == NAME_COLUMNS[0] or not node_of.get(written[at])):
                    node_of.setdefault(written[at], set()).add(at)
    both = sorted(of_pipes & node_of.keys())
    if both:
        raise InputError(
            tr("{name}: {code} is a pipe and a manhole; name it by its row", name=name, code=both[0])
        )
    strange = [code for code in codes if code not in of_pipes and code not in node_of]
    if strange:
        known = {*network.pipe_codes.tolist(), *network.node_codes.tolist()} - {""}
        near = (
            get_close_matches(strange[0], sorted(known), n=_NEAREST, cutoff=0.5)
            if len(known) < 20_000
            else []
        )
        raise InputError(
            tr(
                "{name}: the network has no pipe or manhole {code}{near}",
                name=name,
                code=strange[0],
                near=f" ({', '.join(near)}?)" if near else "",
            )
        )
    nodes = sorted(set().union(*node_of.values())) if node_of else []
    return np.flatnonzero(np.isin(network.edge_pipe, pipes)), np.array(nodes, np.int64)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where rows stand on a network.

    Attributes
    ----------
    edge : ndarray of int64
        -1 where no pipe is near, or it cannot be told which.
    along : ndarray of float64
        How far along the edge, from the node that it is numbered from.
    distance : ndarray of float64
    why : ndarray of str
        Why a row stands nowhere: ``nothing_near``, ``unknown_code``, ``which_pipe``; empty for the others.
    """

    edge: NDArray[np.int64]
    along: NDArray[np.float64]
    distance: NDArray[np.float64]
    why: NDArray[np.str_]


def placed_on(
    network: PipeNetwork,
    layer: gpd.GeoDataFrame,
    name: str,
    *,
    within_m: float,
    apart: bool = False,
    among: NDArray[np.bool_] | None = None,
) -> Placed:
    """Find the place of each point on a network: by the pipe or manhole it names, else by where it is.

    Parameters
    ----------
    network : PipeNetwork
    layer : GeoDataFrame
        Points, perhaps with ``pipe_code``, ``manhole_code`` and ``pipe_kind``: without the first two the
        nearest pipe counts, of that kind or class if it has one.
    name : str
        What the layer is called in errors.
    within_m : float
    apart : bool
        Whether a row must stand on one side of something, as a valve does: at a manhole where three pipes
        meet it must name its pipe.
    among : ndarray of bool, optional
        The edges on which rows may stand; by default all.

    Returns
    -------
    Placed
    """
    points = ready(layer, name, kind="point", crs=network.crs)
    at = shapely.centroid(points.geometry.to_numpy())
    count = len(points)
    edge, along = np.full(count, -1, np.int64), np.zeros(count)
    distance, why = np.full(count, np.nan), np.full(count, "", dtype="U12")
    pipe = _codes_in(points, "pipe_code", network.pipe_codes, why)
    node = np.full(count, -1, np.int64)
    if "manhole_code" in points:
        node = _node_of(points["manhole_code"], network)
        why[(node < 0) & points["manhole_code"].notna().to_numpy() & (pipe < 0)] = "unknown_code"
    kinds = np.full(count, "", dtype=object)
    if "pipe_kind" in points:
        kinds = coded(points, PIPELINES.field("pipe_kind"), name)[0].fillna("").to_numpy(dtype=object)
    fits = {kind: of_class(network, kind) for kind in set(kinds)}
    shapes, tree = network.shapes, network.tree
    for row in range(count):
        if pipe[row] >= 0:
            mine = network.edges_of(pipe[row])
        elif node[row] >= 0:
            mine = network.edges_at(node[row])
            if apart and len(mine) > 2:
                why[row] = "which_pipe"
                continue
        elif why[row]:
            continue
        else:
            mine = tree.query(at[row], predicate="dwithin", distance=within_m)
            mine = mine[fits[kinds[row]][network.edge_pipe[mine]]]
        if among is not None:
            mine = mine[among[mine]]
        if not len(mine):
            why[row] = "nothing_near"
            continue
        far = shapely.distance(shapes[mine], at[row])
        # The nearest; of two equally near the one whose pipe has the smaller code.
        order = np.lexsort((network.pipe_codes[network.edge_pipe[mine]].astype(str), np.round(far, 6)))
        edge[row], distance[row] = mine[order[0]], far[order[0]]
        drawn = float(shapely.line_locate_point(shapes[edge[row]], at[row]))
        length = network.length[edge[row]]
        along[row] = length - drawn if network.turned[edge[row]] else drawn
        if node[row] >= 0:  # it stands at that manhole, wherever it was drawn
            along[row] = 0.0 if network.graph.tail[edge[row]] == node[row] else length
    return Placed(edge, along, distance, why)


def _codes_in(
    points: gpd.GeoDataFrame, column: str, codes: NDArray[np.object_], why: NDArray[np.str_]
) -> NDArray[np.int64]:
    """Return the position of each recorded code; -1 where none is recorded, or it is not there."""
    found = np.full(len(points), -1, np.int64)
    if column not in points:
        return found
    recorded = code_text(points[column])
    known = pd.Series(np.arange(len(codes)), index=codes)
    known = known[~known.index.duplicated()]
    found = recorded.map(known).fillna(-1).to_numpy(dtype=np.int64)
    why[(found < 0) & recorded.notna().to_numpy()] = "unknown_code"
    return found


def _node_of(recorded: pd.Series, network: PipeNetwork) -> NDArray[np.int64]:
    names = code_text(recorded)
    found = np.full(len(names), -1, np.int64)
    for column in NAME_COLUMNS:
        known = pd.Series(np.arange(len(network.nodes)), index=network.nodes[column].to_numpy(dtype=object))
        known = known[known.index.notna() & ~known.index.duplicated()]
        here = names.map(known).fillna(-1).to_numpy(dtype=np.int64)
        found = np.where(found < 0, here, found)
    return found


def of_class(network: PipeNetwork, kind: str) -> NDArray[np.bool_]:
    """Tell which pipes are of the class of a kind, or of a kind that is not known; all, if none is given."""
    if not kind:
        return np.ones(len(network), dtype=bool)
    kinds = rules_table("pipe_kinds")
    class_of = dict(zip(kinds["pipe_kind"], kinds["class_code"], strict=True))
    number, distinct = pd.factorize(network.kind)
    return np.array([not each or class_of[each] == class_of[kind] for each in distinct] or [True])[number]


def are_of_kinds(network: PipeNetwork, kinds: str | Sequence[str] | None) -> NDArray[np.bool_]:
    """Tell which edges carry some kinds of pipes; a class (给水, JS) stands for all of its kinds.

    Raises
    ------
    InputError
        If a kind is not known, or no pipe of the network is of any; the message names the known.
    """
    if kinds is None:
        return np.ones(len(network.graph), dtype=bool)
    asked = pd.Series([kinds] if isinstance(kinds, str) else list(kinds), dtype=object)
    field = PIPELINES.field("pipe_kind")
    coded(pd.DataFrame({"pipe_kind": asked}), field, "kinds")
    meant, wrong = understood(asked, field)
    if wrong.any():
        coded(pd.DataFrame({"pipe_kind": asked[wrong]}), field, "kinds")
    table = rules_table("pipe_kinds")
    wanted: set[Any] = set(meant)
    wanted |= set(table.loc[table["class_code"].isin(wanted), "pipe_kind"])
    mine = np.isin(network.kind.astype(str), [str(each) for each in wanted])
    if not mine.any():
        there = sorted(set(network.kind.tolist()) - {""})
        raise InputError(
            tr(
                "the network has no pipes of kind {kinds}; it has {there}",
                kinds=", ".join(map(str, asked)),
                there=", ".join(there),
            )
        )
    return mine[network.edge_pipe]
