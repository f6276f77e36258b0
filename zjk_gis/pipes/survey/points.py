"""The points that pipes name at their ends: manholes and survey points together (管点)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.layers.catalogue import CATALOGUE, MANHOLES
from zjk_gis.layers.columns.codes import matched_names
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.metric import ready
from zjk_gis.pipes.dimensions import numbers_of, texts_of
from zjk_gis.pipes.in_use import in_use
from zjk_gis.pipes.naming import ENDS

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.set_aside import SetAside

__all__ = ["SurveyPoints", "points_of"]

_POINTS = CATALOGUE["pipe_points"]


@dataclass(frozen=True, slots=True)
class SurveyPoints:
    """Manholes and survey points, one behind the other, and which of them each end of a pipe is.

    Attributes
    ----------
    codes : ndarray of object
    shapes : ndarray of Point
        In the CRS of the pipes.
    ground : ndarray of float64
        Level of the ground; NaN where it is not known.
    features : ndarray of object
        Feature and appurtenance (特征, 附属物) as they are written, joined; empty where there is none.
    ends : ndarray of int64, shape (n, 2)
        The point at the beginning and end of each pipe, -1 where there is none.
    named : ndarray of object, shape (n, 2)
        What the pipes name there, empty where they name nothing.
    """

    codes: NDArray[np.object_]
    shapes: NDArray[Any]
    ground: NDArray[np.float64]
    features: NDArray[np.object_]
    ends: NDArray[np.int64]
    named: NDArray[np.object_]

    def value_at(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a value of points for both ends of each pipe; NaN where there is none."""
        return np.append(values, np.nan)[self.ends]


def points_of(
    pipes: gpd.GeoDataFrame,
    manholes: gpd.GeoDataFrame | None,
    points: gpd.GeoDataFrame | None,
    within_m: float,
    aside: SetAside,
    at_day: str | dt.date | None = None,
) -> SurveyPoints:
    """Find the points at the ends of pipes: by name, and for nameless ends the nearest within reach."""
    parts = [_part(layer, spec, name, pipes.crs, aside, at_day) for layer, spec, name in (
        (manholes, MANHOLES, "manholes"), (points, _POINTS, "pipe_points")) if layer is not None]  # fmt: skip
    codes = np.concatenate([part[0] for part in parts]) if parts else np.empty(0, dtype=object)
    shapes = np.concatenate([part[1] for part in parts]) if parts else np.empty(0, dtype=object)
    ground = np.concatenate([part[2] for part in parts]) if parts else np.empty(0)
    features = np.concatenate([part[3] for part in parts]) if parts else np.empty(0, dtype=object)
    names: dict[str, int] = {}
    begin = 0
    for part in parts:
        for column in part[4]:
            for position, name in enumerate(column.fillna("")):
                if name:
                    names.setdefault(name, begin + position)
        begin += len(part[0])
    at, named = np.full((len(pipes), 2), -1, np.int64), np.full((len(pipes), 2), "", dtype=object)
    columns = [column for part in parts for column in part[4]]
    for side, end in enumerate(ENDS):
        if end in pipes and columns:
            written = matched_names(pipes[end], columns).codes.fillna("")
        else:
            written = code_text(pipes[end]).fillna("") if end in pipes else pd.Series("", index=pipes.index)
        named[:, side] = written.to_numpy(dtype=object)
        at[:, side] = written.map(names).fillna(-1).to_numpy(np.int64)
    _join_nameless(pipes, shapes, at, named, within_m)
    return SurveyPoints(codes, shapes, ground, features, at, named)


def _part(
    layer: gpd.GeoDataFrame, spec: Any, name: str, crs: Any, aside: SetAside, day: str | dt.date | None
) -> tuple[Any, ...]:
    rows = in_use(aside.sound(layer, name, kind="point", filled=[spec.code]), name, day, aside)
    rows = ready(rows, name, kind="point", code=spec.code, crs=crs)
    written = texts_of(rows, "feature") + np.where(texts_of(rows, "appurtenance") == "", "", " ")
    return (
        code_text(rows[spec.code]).to_numpy(dtype=object),
        rows.geometry.to_numpy(),
        numbers_of(rows, "ground_level_m"),
        written + texts_of(rows, "appurtenance"),
        [code_text(rows[column]) for column in spec.names if column in rows],
    )


def _join_nameless(
    pipes: gpd.GeoDataFrame,
    shapes: NDArray[Any],
    at: NDArray[np.int64],
    named: NDArray[np.object_],
    within_m: float,
) -> None:
    """Give ends that name nothing the nearest point within reach."""
    if not len(shapes):
        return
    tree = shapely.STRtree(shapes)
    for side, ends in enumerate(_end_points(pipes.geometry.to_numpy())):
        nameless = np.flatnonzero(named[:, side] == "")
        if len(nameless):
            end, point = tree.query_nearest(ends[nameless], max_distance=within_m, all_matches=False)
            at[nameless[end], side] = point


def _end_points(shapes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the first and the last point of lines; of a line in several parts, those of all together."""
    coords, line = shapely.get_coordinates(shapes, return_index=True)
    first = np.searchsorted(line, np.arange(len(shapes)), side="left")
    last = np.searchsorted(line, np.arange(len(shapes)), side="right") - 1
    return np.asarray(shapely.points(coords[first])), np.asarray(shapely.points(coords[last]))
