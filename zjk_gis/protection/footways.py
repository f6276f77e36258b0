"""What stands on footways and on tactile paving (人行道净化, 盲道占用)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.metric import require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.protection.answering import with_who_answers
from zjk_gis.protection.things import codes_in, joined, texts, things_of
from zjk_gis.standards import rules_table
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from zjk_gis.standards.rules import Overrides

__all__ = ["footway_obstacles"]

_CLEARANCE = "tactile_clearance"


@checked
def footway_obstacles(
    obstacles: Mapping[str, gpd.GeoDataFrame],
    *,
    footways: gpd.GeoDataFrame | None = None,
    tactile_paving: gpd.GeoDataFrame | None = None,
    min_area_m2: float = 0.05,
    min_length_m: float = 0.1,
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    at: str | dt.date | None = None,
    tables: Overrides | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find the berths and obstacles that stand on footways, or on tactile paving or too near to it.

    Parameters
    ----------
    obstacles : mapping of str to GeoDataFrame
        What may not stand there, by layer: ``berths`` (停车泊位), ``street_obstacles`` (地锁, 路锥,
        配电箱 ...), ``poles``; of any shape.
    footways : GeoDataFrame, optional
        Areas (人行道).
    tactile_paving : GeoDataFrame, optional
        Lines or areas (盲道); lines with ``width_m``, without which the line alone counts.
    min_area_m2, min_length_m : float
        Areas and lines of which no more than this lies there only touch it by how they were drawn.
    zones : GeoDataFrame, optional
        Responsibility zones (责任区), for who answers.
    streets : GeoDataFrame, optional
        Streets (街道), with ``street_code``.
    at : date or str, optional
        The day on which zones are valid.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the tables: ``limits`` has ``tactile_clearance``.
    strict : bool, default False
        Refuse rows without a sound shape, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row an obstacle and kind of surface, tactile paving first, then by layer and code:

        - ``surface`` (text): ``tactile_paving`` or ``footway``; ``surface_codes`` (text): which, sorted,
          joined by ``;``;
        - ``layer`` and ``standing_code`` (text): what stands there;
        - ``area_m2`` and ``length_m`` (float64): how much of it; NaN for other shapes;
        - ``distance_m`` (float64): how near the paving it stands, 0 on it;
        - ``limit`` (float64): the clearance that is asked, in metres; 0 for footways;
        - ``rule`` and ``confidence`` (text);
        - who answers: ``zone_code``, ``chief_code``, ``chief_name``, ``street_code``;

        and the obstacle. ``attrs["set_aside"]`` lists the rows without a sound shape or width.

    Raises
    ------
    EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If there is neither a footway nor tactile paving, no obstacle, a number is negative, or the limit of
        the table is not a number.

    Notes
    -----
    Whether a berth may stand on a footway is a matter of its permit (policy of 2022-03-17, clause 19 [P]):
    what is found is to be looked at. Obstacles keep 0.25 m off tactile paving, GB 50763-2012 [M].

    Examples
    --------
    A berth on a footway; a cone on the paving, and one at 0.3 m:

    >>> from shapely import LineString, Point, box
    >>> footways = gpd.GeoDataFrame({"footway_code": ["F1"]}, geometry=[box(0, 0, 50, 3)], crs=4547)
    >>> paving = gpd.GeoDataFrame(
    ...     {"paving_code": ["M1"], "width_m": [0.4]}, geometry=[LineString([(0, 1), (50, 1)])], crs=4547
    ... )
    >>> berths = gpd.GeoDataFrame({"berth_code": ["B1"]}, geometry=[box(10, 2, 15, 4)], crs=4547)
    >>> cones = gpd.GeoDataFrame(
    ...     {"obstacle_code": ["K1", "K2"]}, geometry=[Point(5, 1.3), Point(9, 1.5)], crs=4547
    ... )
    >>> found = footway_obstacles({"berths": berths, "street_obstacles": cones}, tactile_paving=paving)
    >>> found[["surface", "standing_code", "distance_m", "limit"]].round(2)
              surface standing_code  distance_m  limit
    0  tactile_paving            K1         0.1   0.25
    >>> footway_obstacles({"berths": berths}, footways=footways)[["surface", "standing_code", "area_m2"]]
       surface standing_code  area_m2
    0  footway           B1      5.0
    """
    require_amounts(min_area_m2=min_area_m2, min_length_m=min_length_m)
    if footways is None and tactile_paving is None:
        raise InputError(tr("footways= or tactile_paving= is needed: where nothing may stand"))
    if not obstacles:
        raise InputError(tr("obstacles is empty; name the layers that may not stand there"))
    aside = SetAside(strict=strict)
    surfaces = {}
    if tactile_paving is not None:
        surfaces["tactile_paving"] = _paved(things_of(tactile_paving, "tactile_paving", aside), aside)
    if footways is not None:
        crs = surfaces["tactile_paving"].crs if surfaces else None
        surfaces["footway"] = things_of(
            aside.sound(footways, "footways", kind="polygon"), "footways", aside, crs=crs
        )
    crs = next(iter(surfaces.values())).crs
    clearance, source, confidence = _clearance(tables)
    rules = {
        "tactile_paving": (clearance, f"{source}: {clearance:g} m", confidence),
        "footway": (0.0, tr("policy of 2022-03-17, clause 19"), "P"),
    }
    found = []
    least = min_area_m2, min_length_m
    for name in sorted(obstacles):
        things = things_of(obstacles[name], name, aside, crs=crs)
        for surface, ground in surfaces.items():
            found.append(_standing_on(things, name, ground, surface, rules[surface], least))
    table = pd.concat(found).sort_values(
        ["surface", "layer", "standing_code"], ascending=[False, True, True], kind="stable", ignore_index=True
    )
    told = gpd.GeoDataFrame(table, geometry="geometry", crs=crs)
    return aside.told_in(with_who_answers(told, zones, streets, at=at))


def _clearance(tables: Overrides | None) -> tuple[float, str, str]:
    table = rules_table("limits", overrides=tables)
    row = table[table["limit"] == _CLEARANCE].to_dict("records")[0]
    value = float(pd.to_numeric(row["value"], errors="coerce"))
    if not (np.isfinite(value) and value >= 0):
        raise InputError(
            tr(
                "{table}: {column} of {key} must be a number of at least 0, not {value!r}",
                table="limits",
                column="value",
                key=_CLEARANCE,
                value=row["value"],
            )
        )
    return value, row["source"], row["confidence"]


def _paved(paving: gpd.GeoDataFrame, aside: SetAside) -> gpd.GeoDataFrame:
    """Return tactile paving as the ground it covers: lines as wide as they say."""
    shapes = paving.geometry.to_numpy().copy()
    lines = shapely.get_dimensions(shapes) < 2
    if "width_m" in paving:
        width, _ = aside.amounts(paving, "tactile_paving", "width_m")
        lines &= width > 0
        shapes[lines] = shapely.buffer(shapes[lines], width[lines] / 2, cap_style="flat")
    return paving.set_geometry(shapes, crs=paving.crs)


def _standing_on(
    things: gpd.GeoDataFrame,
    name: str,
    ground: gpd.GeoDataFrame,
    surface: str,
    rule: tuple[float, str, str],
    least: tuple[float, float],
) -> pd.DataFrame:
    """Return the things of a layer that stand on a kind of surface, or nearer than they may."""
    shapes, areas = things.geometry.to_numpy(), ground.geometry.to_numpy()
    limit = rule[0]
    thing, area = shapely.STRtree(areas).query(shapes, predicate="dwithin", distance=limit)
    distance = shapely.distance(shapes[thing], areas[area])
    if limit:  # at the very limit it stands far enough away
        there = distance < limit
    else:
        dimension = shapely.get_dimensions(shapes)[thing]
        common = shapely.intersection(shapes[thing], areas[area])
        enough = [shapely.area(common) > least[0], shapely.length(common) > least[1]]
        there = np.select([dimension == 2, dimension == 1], enough, default=True)
    thing, area, distance = thing[there], area[there], distance[there]
    pairs = pd.DataFrame({"thing": thing, "area": area, "distance_m": distance})
    by_thing = pairs.groupby("thing")
    rows, place = np.unique(thing, return_inverse=True)
    under = [shapely.union_all(areas[each.to_numpy()]) for _, each in by_thing["area"]]
    common = shapely.intersection(shapes[rows], np.array([*under, None], dtype=object)[:-1])
    dimension = shapely.get_dimensions(shapes[rows])
    return pd.DataFrame(
        {
            "surface": texts([surface] * len(rows)),
            "surface_codes": texts(joined(place, codes_in(ground, surface)[area], len(rows))),
            "layer": texts([name] * len(rows)),
            "standing_code": texts(codes_in(things, name)[rows]),
            "area_m2": np.where(dimension == 2, shapely.area(common), np.nan),
            "length_m": np.where(dimension == 1, shapely.length(common), np.nan),
            "distance_m": by_thing["distance_m"].min().to_numpy(dtype=np.float64),
            "limit": limit,
            "rule": texts([rule[1]] * len(rows)),
            "confidence": texts([rule[2]] * len(rows)),
            "geometry": shapes[rows],
        }
    )
