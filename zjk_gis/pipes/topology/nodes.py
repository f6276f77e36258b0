"""The nodes of a network: manholes and survey points, each once, and the names they answer to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.engine.arrays import expand
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.codes import matched_names
from zjk_gis.layers.columns.values import code_text, coded, converted
from zjk_gis.layers.metric import ready
from zjk_gis.pipes.in_use import in_use

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.layers.set_aside import SetAside
    from zjk_gis.layers.spec import LayerSpec

__all__ = ["Matches", "NodeNames", "node_table", "without_twins"]

PIPE_POINTS = CATALOGUE["pipe_points"]
NAME_COLUMNS = ("node_code", "well_number", "map_number")


def node_table(
    layer: gpd.GeoDataFrame,
    spec: LayerSpec,
    crs: CRS,
    aside: SetAside,
    at: str | dt.date | None = None,
    *,
    abandoned: bool = False,
) -> gpd.GeoDataFrame:
    """Return one row a manhole or survey point in use on a day, in the CRS of the pipes.

    Returns
    -------
    GeoDataFrame
        With ``node_code``, ``well_number``, ``map_number``, ``pipe_kind`` (by CJJ 61; empty where not known),
        ``ground_level_m``, ``layer`` and ``row`` (the index label it came under).
    """
    rows = aside.sound(layer, spec.name, kind="point", filled=[spec.code])
    rows = in_use(rows, spec.name, at, aside, abandoned=abandoned)
    points = ready(rows, spec.name, kind="point", code=spec.code, crs=crs)
    if (points.geom_type != "Point").any():  # of several points the first
        shapes = np.asarray(points.geometry.to_numpy())
        parts, of = shapely.get_parts(shapes, return_index=True)
        shapes = parts[np.searchsorted(of, np.arange(len(shapes)))]
    else:
        shapes = np.asarray(points.geometry.to_numpy())
    kind = pd.Series("", index=points.index, dtype="str")
    if "pipe_kind" in points:
        field = spec.field("pipe_kind")
        meant, wrong = coded(points, field, spec.name)
        aside.note(points, spec.name, wrong, "not_understood", points["pipe_kind"])
        kind = meant.fillna("")
    level = np.full(len(points), np.nan)
    if "ground_level_m" in points:
        values = converted(points["ground_level_m"], spec.field("ground_level_m"))[0]
        level = values.to_numpy(dtype=np.float64, na_value=np.nan)
    names = {"node_code": points[spec.code]} | {
        name: points[name] if name in points else pd.Series(None, index=points.index, dtype="str")
        for name in NAME_COLUMNS[1:]
    }
    table: dict[str, Any] = {
        name: (column if name == "node_code" else code_text(column)).array for name, column in names.items()
    }
    table |= {"pipe_kind": kind.array, "ground_level_m": level, "layer": spec.name}
    table["row"] = points.index.to_numpy()
    return gpd.GeoDataFrame(
        table, geometry=shapely.force_2d(shapes) if shapely.has_z(shapes).any() else shapes, crs=crs
    )


def without_twins(
    manholes: gpd.GeoDataFrame, points: gpd.GeoDataFrame, within_m: float
) -> tuple[gpd.GeoDataFrame, int]:
    """Return manholes and survey points together, a point that is a manhole left out; and how many were.

    A point is a manhole if one of its names is one of the manhole's and they lie this near.
    """
    names = NodeNames.of(manholes)
    same = np.zeros(len(points), dtype=bool)
    at = shapely.get_coordinates(points.geometry.to_numpy())
    for column in NAME_COLUMNS:
        node = names.nearest(names.match(points[column]), at)
        known = node >= 0
        far = np.hypot(*(names.place[node[known]] - at[known]).T)
        same[np.flatnonzero(known)[far <= within_m]] = True
    together = pd.concat([manholes, points[~same]], ignore_index=True)
    return gpd.GeoDataFrame(together, geometry="geometry", crs=manholes.crs), int(same.sum())


@dataclass(frozen=True)
class NodeNames:
    """The names that nodes answer to.

    Attributes
    ----------
    columns : list of Series
        The names, in the order in which they count.
    order : ndarray of int64
        The place of each node in the order of codes, which decides where two are equally near.
    place : ndarray of float64, shape (nodes, 2)
    """

    columns: list[pd.Series]
    order: NDArray[np.int64]
    place: NDArray[np.float64]

    @classmethod
    def of(cls, nodes: gpd.GeoDataFrame) -> NodeNames:
        """List the names of nodes; a name that is a code means no number, one that is a well's no map's."""
        columns = [nodes[name] for name in NAME_COLUMNS if nodes[name].notna().any()]
        order = np.empty(len(nodes), np.int64)
        order[nodes["node_code"].argsort(kind="stable").to_numpy()] = np.arange(len(nodes))
        return cls(columns, order, shapely.get_coordinates(nodes.geometry.to_numpy()))

    def match(self, recorded: pd.Series) -> Matches:
        """Look recorded names up among those of the nodes."""
        written = code_text(recorded)
        number, names = pd.factorize(pd.concat([*self.columns, written], ignore_index=True))
        size, count = len(self.place), len(self.columns)
        of_nodes, asked = number[: size * count], number[size * count :]
        rank, node = np.repeat(np.arange(count), size), np.tile(np.arange(size), count)
        told = of_nodes >= 0
        of_nodes, rank, node = of_nodes[told], rank[told], node[told]
        best = np.full(len(names), count)
        np.minimum.at(best, of_nodes, rank)
        kept = rank == best[of_nodes]
        of_nodes, node = of_nodes[kept], node[kept]
        starts = np.concatenate([[0], np.cumsum(np.bincount(of_nodes, minlength=len(names)))])
        strange = np.unique(asked[(asked >= 0) & (best[asked] == count)])
        if len(strange):  # perhaps without the zeros that a spreadsheet took
            restored = matched_names(pd.Series(names[strange]), self.columns).restored
            if restored:
                meant = np.arange(len(names))
                known = pd.Index(names).get_indexer(pd.Index([*restored, *restored.values()]))
                meant[known[: len(restored)]] = known[len(restored) :]
                asked = np.where(asked >= 0, meant[asked], -1)
        return Matches(asked, written, starts, node[np.lexsort((self.order[node], of_nodes))])

    def nearest(self, matches: Matches, at: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the node that each name means: the nearest, where several bear it; -1 where there is none.

        Parameters
        ----------
        matches : Matches
        at : ndarray of float64, shape (n, 2)
            Where the pipe that records the name ends.
        """
        name, starts = matches.name, matches.starts
        count = np.where(name >= 0, starts[name + 1] - starts[name], 0)
        node = np.full(len(name), -1, np.int64)
        once = count == 1
        node[once] = matches.nodes[starts[name[once]]]
        several = np.flatnonzero(count > 1)
        if len(several):
            end = np.repeat(several, count[several])
            candidate = matches.nodes[expand(starts[name[several]], count[several])]
            far = np.hypot(*(self.place[candidate] - at[end]).T)
            order = np.lexsort((np.arange(len(end)), far, end))
            first = np.unique(end[order], return_index=True)[1]
            node[several] = candidate[order][first]
        return node


@dataclass(frozen=True, slots=True)
class Matches:
    """Recorded names among those of nodes.

    Attributes
    ----------
    name : ndarray of int64
        The number of each recorded name; -1 where none is recorded.
    written : Series of str
        The recorded names as text.
    starts, nodes : ndarray of int64
        The nodes of each name, one list behind the other, in the order of their codes.
    """

    name: NDArray[np.int64]
    written: pd.Series
    starts: NDArray[np.int64]
    nodes: NDArray[np.int64]
