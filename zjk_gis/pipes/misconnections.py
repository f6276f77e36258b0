"""Pipes that are joined as they must not be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import MANHOLES, PIPELINES
from zjk_gis.layers.columns.values import code_text
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.pipes.naming import ENDS, end_points, named_at, names_of

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["sewage_into_rain"]

_SEWAGE, _RAIN = "WS", "YS"


@checked
def sewage_into_rain(
    manholes: gpd.GeoDataFrame, pipelines: gpd.GeoDataFrame, *, within_m: float = 0.5, strict: bool = False
) -> gpd.GeoDataFrame:
    """Find the sewage pipes (污水 WS) that are joined to a rain-water manhole (雨水 YS).

    Parameters
    ----------
    manholes : GeoDataFrame
        Points with ``manhole_code`` and ``pipe_kind``, perhaps with ``well_number``.
    pipelines : GeoDataFrame
        Lines with ``pipe_code`` and ``pipe_kind``, perhaps with ``from_manhole`` and ``to_manhole``. A
        kind is the code of CJJ 61 (WS, YS) or its name (污水, 雨水管, sewage), in any spelling that
        `zjk_gis.layers.columns.values.understood` knows.
    within_m : float, default 0.5
        Where a pipe names no manhole of the layer at one end, the nearest one this near counts.
    strict : bool, default False
        Refuse rows that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        The rows of `pipelines` concerned, in their order and under their index, with ``rain_manholes``
        (text): the codes of the rain-water manholes they are joined to, sorted, joined by ``;``. A column of
        that name is kept as ``rain_manholes_recorded``. ``attrs["set_aside"]`` lists the rows that are not
        judged, without a code, a known kind or a sound shape, each with ``layer``, ``row``, ``why`` and
        ``value``.

    Raises
    ------
    MissingColumnError
        If there is no ``manhole_code``, ``pipe_code`` or ``pipe_kind``.
    EmptyLayerError
        If a layer has no rows.
    CRSError
        If a layer has no CRS.
    GeometryError
        If rows have no geometry, an invalid one or one of the wrong kind; the message names them.
    InputError
        If rows have no code or no kind, no kind of a layer is understood, or the distance is negative.

    Notes
    -----
    GB 50014-2021: sewage must not enter rain-water pipes. Combined pipes (雨污合流 HS) are another matter and
    are not listed. Whether a pipe is joined at its upper or its lower end is not asked: either is a
    cross-connection (错接) that someone should look at.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["M1", "M2"], "pipe_kind": ["WS", "YS"]},
    ...     geometry=gpd.points_from_xy([0, 30], [0, 0]),
    ...     crs=4547,
    ... )
    >>> pipelines = gpd.GeoDataFrame(
    ...     {
    ...         "pipe_code": ["P1"],
    ...         "pipe_kind": ["WS"],
    ...         "from_manhole": ["M1"],
    ...         "to_manhole": ["M2"],
    ...     },
    ...     geometry=[LineString([(0, 0), (30, 0)])],
    ...     crs=4547,
    ... )
    >>> sewage_into_rain(manholes, pipelines)[["pipe_code", "rain_manholes"]]
      pipe_code rain_manholes
    0        P1            M2
    """
    require_amounts(within_m=within_m)
    aside = SetAside(strict=strict)
    pipelines = aside.sound(pipelines, "pipelines", kind="line", filled=["pipe_code", "pipe_kind"])
    manholes = aside.sound(manholes, "manholes", kind="point", filled=[MANHOLES.code, "pipe_kind"])
    pipes = ready(pipelines, "pipelines", kind="line", code="pipe_code")
    ready(pipes, "pipelines", kind="line", code="pipe_kind")
    wells = ready(manholes, "manholes", kind="point", code=MANHOLES.code, crs=pipes.crs)
    ready(wells, "manholes", kind="point", code="pipe_kind")
    carries = aside.coded(pipes, PIPELINES.field("pipe_kind"), "pipelines")
    drains = aside.coded(wells, MANHOLES.field("pipe_kind"), "manholes")
    is_sewage, is_rain = (carries == _SEWAGE).to_numpy(dtype=bool), (drains == _RAIN).to_numpy(dtype=bool)
    codes = code_text(wells[MANHOLES.code]).to_numpy(dtype=object)

    sewage = pipes[is_sewage]
    joined: list[set[str]] = [set() for _ in range(len(sewage))]
    known, index = names_of(wells), shapely.STRtree(wells.geometry.to_numpy())
    for end, points in zip(ENDS, end_points(sewage.geometry.to_numpy()), strict=True):
        names = named_at(sewage, end, wells)
        nameless = np.array([name not in known for name in names], dtype=bool)
        pairs = [(pipe, well) for pipe, name in enumerate(names) for well in known.get(name, [])]
        pairs += _nearest(index, points, nameless, within_m)
        for pipe, well in pairs:
            if is_rain[well]:
                joined[pipe].add(codes[well])

    wrong = np.array([bool(found) for found in joined], dtype=bool)
    rows = pipelines[is_sewage][wrong]
    rain = [";".join(sorted(found)) for found in joined if found]
    return aside.told_in(
        with_answers(rows, {"rain_manholes": pd.Series(rain, index=rows.index, dtype="str")})
    )


def _nearest(
    index: shapely.STRtree, points: NDArray[Any], wanted: NDArray[np.bool_], within_m: float
) -> list[tuple[int, int]]:
    """Pair the wanted points with their nearest manhole, with all of them where several are equally near."""
    position = np.flatnonzero(wanted)
    point, well = (
        index.query_nearest(points[position], max_distance=within_m)
        if within_m
        else index.query(points[position], predicate="intersects")
    )
    return list(zip(position[point].tolist(), well.tolist(), strict=True))
