"""Manholes that nobody answers for, and manholes that belong to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.layers.catalogue import MANHOLES
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.versions import split_at
from zjk_gis.pipes.in_use import in_use
from zjk_gis.pipes.naming import ENDS, named_at, names_of

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd

__all__ = ["manholes_outside_zones", "orphan_manholes"]


@checked
def manholes_outside_zones(
    manholes: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    *,
    at: str | dt.date | None = None,
    level: int | str | None = None,
    border_within_m: float = 0.01,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find the manholes (窨井) that lie in no zone on a day, so that no road chief answers for them.

    Parameters
    ----------
    manholes : GeoDataFrame
        Points with ``manhole_code``.
    zones : GeoDataFrame
        Responsibility zones (责任区), perhaps in several levels and versions.
    at : date or str, optional
        The day that is judged, by ``valid_from`` and ``valid_to`` of zones and manholes (both days included,
        a missing one open). By default those of all times count.
    level : int or str, optional
        The level of the hierarchy that is judged, as a number or word; by default the finest (the greatest
        ``level``). ``"any"`` takes zones of all levels.
    border_within_m : float, default 0.01
        A manhole this near to a zone is in it, as rounding leaves hairlines between neighbours.
    strict : bool, default False
        Refuse manholes that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        The rows of `manholes` that lie outside, in their order and under their index, with

        - ``distance_m`` (float64): to the nearest zone valid on that day; NaN if there is none;
        - ``reason`` (text): ``expired_zone`` (a zone covers it, but not on that day) or ``uncovered``.

        Columns of `manholes` with these names are kept as ``<name>_recorded``. ``attrs["set_aside"]`` lists
        the manholes that are not judged, without a code or a position, each with ``layer``, ``row``, ``why``
        and ``value``.

    Raises
    ------
    MissingColumnError
        If there is no ``manhole_code``.
    EmptyLayerError
        If a layer has no rows.
    CRSError
        If a layer has no CRS.
    GeometryError
        If rows have no geometry, an invalid one or one of the wrong kind; the message names them.
    InputError
        If a date cannot be read, there is no such level, or the distance is negative.

    Notes
    -----
    Distances are measured in the CRS of `zones` if that is metric, otherwise in the CGCS2000 3-degree zone of
    their centre.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame({"zone_code": ["A"]}, geometry=[box(0, 0, 100, 100)], crs=4547)
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["M1", "M2"]}, geometry=gpd.points_from_xy([50, 130], [50, 50]), crs=4547
    ... )
    >>> manholes_outside_zones(manholes, zones)[["manhole_code", "distance_m", "reason"]]
      manhole_code  distance_m     reason
    1           M2        30.0  uncovered
    """
    require_amounts(border_within_m=border_within_m)
    zones = ready(zones, "zones", kind="polygon")
    aside = SetAside(strict=strict)
    manholes = aside.sound(manholes, "manholes", kind="point", filled=[MANHOLES.code])
    manholes = in_use(manholes, "manholes", at, aside)
    points = ready(manholes, "manholes", kind="point", code=MANHOLES.code, crs=zones.crs).geometry.to_numpy()
    valid, lapsed = split_at(zones, at, level=level)
    index = shapely.STRtree(valid.geometry.to_numpy())
    outside = np.ones(len(points), dtype=bool)
    outside[index.query(points, predicate="dwithin", distance=border_within_m)[0]] = False

    points, rows = points[outside], manholes[outside]
    distance = np.full(len(points), np.nan)
    if len(valid):
        (nearest, _), near = index.query_nearest(points, return_distance=True, all_matches=False)
        distance[nearest] = near
    reason = np.full(len(points), "uncovered", dtype=object)
    reason[shapely.STRtree(lapsed.geometry.to_numpy()).query(points, predicate="intersects")[0]] = (
        "expired_zone"
    )
    answers = {"distance_m": distance, "reason": pd.Series(reason, index=rows.index, dtype="str")}
    return aside.told_in(with_answers(rows, answers))


@checked
def orphan_manholes(
    manholes: gpd.GeoDataFrame,
    pipelines: gpd.GeoDataFrame,
    *,
    within_m: float = 0.5,
    at: str | dt.date | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find the manholes (窨井) that no pipe belongs to.

    Parameters
    ----------
    manholes : GeoDataFrame
        Points with ``manhole_code`` and perhaps ``well_number``.
    pipelines : GeoDataFrame
        Lines, perhaps with ``from_manhole`` and ``to_manhole``.
    within_m : float, default 0.5
        A pipe that ends this near belongs to the manhole even if it does not name it.
    at : date or str, optional
        The day that is judged: manholes and pipes in use on it count, by ``valid_from``, ``built_year`` and
        ``valid_to``; by default all.
    strict : bool, default False
        Refuse rows that cannot be judged, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        The rows of `manholes` that no pipe names (by code or by well number) **and** at which none ends, in
        their order and under their index, with ``distance_m`` (float64) to the nearest pipe: a manhole on the
        middle of a pipe has 0. A column of that name is kept as ``distance_m_recorded``.
        ``attrs["set_aside"]`` lists the rows that are not judged, each with ``layer``, ``row``, ``why`` and
        ``value``; a pipe without a sound shape still tells by name which manholes it belongs to.

    Raises
    ------
    MissingColumnError
        If there is no ``manhole_code``.
    EmptyLayerError
        If a layer has no rows.
    CRSError
        If a layer has no CRS.
    GeometryError
        If rows have no geometry, an invalid one or one of the wrong kind; the message names them.
    InputError
        If the distance is negative.

    Notes
    -----
    The check for isolated survey points of CJJ 61 practice. 0.5 m is the position accuracy of class A parts
    (GB/T 30428.2, as implemented). Distances are measured in the CRS of `pipelines` if that is metric,
    otherwise in the CGCS2000 3-degree zone of their centre.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> manholes = gpd.GeoDataFrame(
    ...     {"manhole_code": ["M1", "M2", "M3"]},
    ...     geometry=gpd.points_from_xy([0, 100, 50], [0, 0, 20]),
    ...     crs=4547,
    ... )
    >>> pipelines = gpd.GeoDataFrame(
    ...     {"pipe_code": ["P1"], "from_manhole": ["M1"], "to_manhole": ["M2"]},
    ...     geometry=[LineString([(0, 0), (100, 0)])],
    ...     crs=4547,
    ... )
    >>> orphan_manholes(manholes, pipelines)[["manhole_code", "distance_m"]]
      manhole_code  distance_m
    2           M3        20.0
    """
    require_amounts(within_m=within_m)
    aside = SetAside(strict=strict)
    manholes = aside.sound(manholes, "manholes", kind="point", filled=[MANHOLES.code])
    manholes = in_use(manholes, "manholes", at, aside)
    pipelines = in_use(pipelines, "pipelines", at, aside)
    named = [named_at(pipelines, end, manholes) for end in ENDS]
    pipelines = ready(aside.sound(pipelines, "pipelines", kind="line"), "pipelines", kind="line")
    points = ready(manholes, "manholes", kind="point", code=MANHOLES.code, crs=pipelines.crs)
    shapes, lines = points.geometry.to_numpy(), pipelines.geometry.to_numpy()

    orphan = np.ones(len(shapes), dtype=bool)
    known = names_of(manholes)
    for names in named:
        for name in set(names):
            orphan[known.get(name, [])] = False
    parts = shapely.get_parts(lines)
    ends = np.concatenate([shapely.get_point(parts, 0), shapely.get_point(parts, -1)])
    orphan[shapely.STRtree(ends).query(shapes, predicate="dwithin", distance=within_m)[0]] = False

    _, distance = shapely.STRtree(lines).query_nearest(
        shapes[orphan], return_distance=True, all_matches=False
    )
    return aside.told_in(with_answers(manholes[orphan], {"distance_m": distance}))
