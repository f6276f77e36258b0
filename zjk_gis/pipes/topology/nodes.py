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

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.layers.set_aside import SetAside
    from zjk_gis.layers.spec import LayerSpec

__all__ = ["NodeNames", "node_table", "without_twins"]

PIPE_POINTS = CATALOGUE["pipe_points"]
NAME_COLUMNS = ("node_code", "well_number", "map_number")


def node_table(layer: gpd.GeoDataFrame, spec: LayerSpec, crs: CRS, aside: SetAside) -> gpd.GeoDataFrame:
    """Return one row a manhole or survey point, in the CRS of the pipes.

    Returns
    -------
    GeoDataFrame
        With ``node_code``, ``well_number``, ``map_number``, ``pipe_kind`` (by CJJ 61; empty where not known),
        ``ground_level_m``, ``layer`` and ``row`` (the index label it came under).
    """
    rows = aside.sound(layer, spec.name, kind="point", filled=[spec.code])
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
        node, _ = names.find(points[column], at)
        known = node >= 0
        far = np.hypot(*(names.at[node[known]] - at[known]).T)
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
    at : ndarray of float64, shape (nodes, 2)
    names : Index of str
        The distinct names.
    starts : ndarray of int64
        Where the nodes of each name begin in `nodes`.
    nodes : ndarray of int64
        In the order of their codes.
    """

    columns: list[pd.Series]
    at: NDArray[np.float64]
    names: pd.Index
    starts: NDArray[np.int64]
    nodes: NDArray[np.int64]

    @classmethod
    def of(cls, nodes: gpd.GeoDataFrame) -> NodeNames:
        """List the names of nodes; a name that is a code means no number, one that is a well's no map's."""
        columns = [nodes[name] for name in NAME_COLUMNS if nodes[name].notna().any()]
        text = pd.concat(columns, ignore_index=True)
        rank = np.repeat(np.arange(len(columns)), len(nodes))
        node = np.tile(np.arange(len(nodes)), len(columns))
        number, names = pd.factorize(text)
        told = number >= 0
        number, rank, node = number[told], rank[told], node[told]
        best = np.full(len(names), len(columns))
        np.minimum.at(best, number, rank)
        kept = rank == best[number]
        number, node = number[kept], node[kept]
        # The order of codes, not of rows, decides where two are equally near.
        place = np.empty(len(nodes), np.int64)
        place[np.argsort(nodes["node_code"].fillna("").to_numpy(dtype=object), kind="stable")] = np.arange(
            len(nodes)
        )
        order = np.lexsort((place[node], number))
        starts = np.concatenate([[0], np.cumsum(np.bincount(number, minlength=len(names)))])
        at = shapely.get_coordinates(nodes.geometry.to_numpy())
        return cls(columns, at, pd.Index(names), starts, node[order])

    def find(self, recorded: pd.Series, at: NDArray[np.float64]) -> tuple[NDArray[np.int64], pd.Series]:
        """Return the node that each recorded name means: the nearest, where several bear it.

        Parameters
        ----------
        recorded : Series
        at : ndarray of float64, shape (n, 2)
            Where the pipe that records it ends.

        Returns
        -------
        node : ndarray of int64
            -1 where there is none.
        names : Series of str
            The names as text; missing where there is none.
        """
        names = code_text(recorded)
        number, distinct = pd.factorize(names)
        known = np.append(self.names.get_indexer(pd.Index(distinct)), -1)
        strange = np.flatnonzero(known[:-1] < 0)
        if len(strange):  # perhaps without the zeros that a spreadsheet took
            written = matched_names(pd.Series(distinct[strange]), self.columns).codes
            known[strange] = self.names.get_indexer(pd.Index(written))
        name = known[number]
        count = np.where(name >= 0, self.starts[name + 1] - self.starts[name], 0)
        node = np.full(len(names), -1, np.int64)
        once = count == 1
        node[once] = self.nodes[self.starts[name[once]]]
        several = np.flatnonzero(count > 1)
        if len(several):
            end = np.repeat(several, count[several])
            candidate = self.nodes[expand(self.starts[name[several]], count[several])]
            far = np.hypot(*(self.at[candidate] - at[end]).T)
            order = np.lexsort((np.arange(len(end)), far, end))
            first = np.unique(end[order], return_index=True)[1]
            node[several] = candidate[order][first]
        return node, names
