"""Homes and facilities set on the road: on the edge where they are, not at the next node, and on their bank.

1. A point belongs to the nearest edge that its straight leg reaches without crossing a barrier, within
   `to_road_m`. Where the leg to the nearest is barred, farther edges are tried; a bridge's deck is no place
   to step on.
2. A facility with entrances is reached by these alone. An area without any is entered from every edge within
   30 m of it, at the nearest place and where the edge comes near and leaves; where there is none, from the
   nearest edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.access.rows import codes_of
from zjk_gis.crs import convert_crs, require_crs
from zjk_gis.errors import EmptyLayerError, InputError
from zjk_gis.layers.columns.codes import matched_codes
from zjk_gis.layers.columns.requirements import require_columns, require_rows
from zjk_gis.layers.shapes import has_place, inner_points, only, point_coordinates
from zjk_gis.networks.nearest import Places
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from zjk_gis.access.roads.network import RoadNetwork, Travel
    from zjk_gis.access.roads.stretches import Stretches

__all__ = ["Facilities", "Homes", "facilities_on", "homes_on", "stretches_for"]

_BESIDE_M = 30.0  # an area without entrances is entered from roads that come as near as this
_FIRST_TRY = 20_000  # points whose first leg is barred, looked at in one go


@dataclass(frozen=True, slots=True)
class Homes:
    """Origins on the road.

    Attributes
    ----------
    places : Places
        One or several for each origin that has any.
    owner : ndarray of int64
        The origin of each place, ascending.
    points : ndarray of Point
        Where each origin is; None where it has no position.
    reason : ndarray of str
        Empty where an origin is on the road, else ``no_position``, ``in_barrier`` or ``no_road``.
    """

    places: Places
    owner: NDArray[np.int64]
    points: NDArray[Any]
    reason: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Facilities:
    """Facilities on the road.

    Attributes
    ----------
    codes : ndarray of str
        Sorted; label i is ``codes[i]``.
    shapes : ndarray of Geometry
        Of each label; rows of one code are one facility.
    sites : Places
    label : ndarray of int64
        The facility of each site.
    entrance : ndarray of str
        The entrance of each site; empty text where it is none of a layer's.
    off_road : list of dict
        Facilities that no road reaches: ``facility_code``, ``row`` and ``why``.
    """

    codes: NDArray[Any]
    shapes: NDArray[Any]
    sites: Places
    label: NDArray[np.int64]
    entrance: NDArray[Any]
    off_road: list[dict[str, Any]]


def stretches_for(network: RoadNetwork, travel: Travel) -> Stretches:
    """Return where one may step on the road."""
    return network.stretches if travel == "foot" else network.driven_stretches


def homes_on(
    origins: gpd.GeoDataFrame,
    network: RoadNetwork,
    *,
    travel: Travel,
    to_road_m: float,
    entrances: gpd.GeoDataFrame | None = None,
) -> Homes:
    """Set origins on the road; those with entrances leave by these.

    Raises
    ------
    CRSError, MissingColumnError
        If a layer cannot be used.
    """
    require_crs(origins, "origins")
    shapes = convert_crs(origins, network.crs, name="origins").geometry.to_numpy()
    points = _points_in(shapes)
    x, y = point_coordinates(points)
    reason = np.full(len(points), "", dtype=object)
    reason[~np.isfinite(x)] = "no_position"
    afloat = np.isfinite(x)
    afloat[afloat] = network.barriers.hold(x[afloat], y[afloat])
    reason[afloat] = "in_barrier"
    owner = np.flatnonzero(reason == "")
    gate_owner = np.empty(0, np.int64)
    if entrances is not None:
        gate_x, gate_y, gate_owner, _ = _entrances(entrances, codes_of(origins, None, "origins"), network)
        # An estate with gates is left by its gates, wherever its middle lies.
        owner = np.setdiff1d(owner, gate_owner)
        reason[np.unique(gate_owner)] = ""
        x, y = np.concatenate([x[owner], gate_x]), np.concatenate([y[owner], gate_y])
    else:
        x, y = x[owner], y[owner]
    owner = np.concatenate([owner, gate_owner])
    places, on_road = _set_on(network, x, y, travel=travel, to_road_m=to_road_m)
    owner = owner[on_road]
    order = np.argsort(owner, kind="stable")
    here = np.zeros(len(points), np.bool_)
    here[owner] = True
    reason[~here & (reason == "")] = "no_road"
    places = Places(places.edge[order], places.along[order], places.leg[order])
    return Homes(places, owner[order], points, reason)


def facilities_on(
    facilities: gpd.GeoDataFrame,
    network: RoadNetwork,
    *,
    travel: Travel,
    to_road_m: float,
    code: str | None = None,
    entrances: gpd.GeoDataFrame | None = None,
) -> Facilities:
    """Set facilities on the road.

    Raises
    ------
    EmptyLayerError, CRSError, MissingColumnError, InputError
        If a layer cannot be used.
    """
    require_crs(facilities, "facilities")
    require_rows(facilities, "facilities")
    names = codes_of(facilities, code, "facilities")
    codes, label = np.unique(names.to_numpy(dtype=object).astype(str), return_inverse=True)
    shapes = convert_crs(facilities, network.crs, name="facilities").geometry.to_numpy()
    placed = has_place(shapes)
    placed[placed] = shapely.is_valid(shapes[placed])
    if entrances is None and not placed.any():
        raise EmptyLayerError(
            tr("{name}: none of its {rows} rows has a valid place", name="facilities", rows=len(facilities))
        )
    is_point = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    gates = np.empty(0, object)
    gated = np.zeros(len(shapes), np.bool_)
    found: list[tuple[Places, NDArray[np.int64], NDArray[Any]]] = []
    if entrances is not None:
        x, y, row, gates = _entrances(entrances, names, network)
        gated[np.isin(label, label[row])] = True
        places, on_road = _set_on(network, x, y, travel=travel, to_road_m=to_road_m)
        found.append((places, label[row[on_road]], gates[on_road]))
    rows = np.flatnonzero(placed & is_point & ~gated)
    x, y = point_coordinates(shapes[rows])
    places, on_road = _set_on(network, x, y, travel=travel, to_road_m=to_road_m)
    found.append((places, label[rows[on_road]], np.full(len(places), "", dtype=object)))
    rows = np.flatnonzero(placed & ~is_point & ~gated)
    places, of = _around(network, shapes[rows], travel=travel, to_road_m=to_road_m)
    found.append((places, label[rows[of]], np.full(len(places), "", dtype=object)))
    sites = Places(*(np.concatenate([getattr(each[0], name) for each in found]) for name in _FIELDS))
    labels = np.concatenate([each[1] for each in found]).astype(np.int64)
    entrance = np.concatenate([each[2] for each in found])
    order = np.lexsort((entrance.astype(str), sites.along, sites.edge, labels))
    sites = Places(*(getattr(sites, name)[order] for name in _FIELDS))
    return Facilities(
        codes.astype(object),
        _united(shapes, placed, label, len(codes)),
        sites,
        labels[order],
        entrance[order],
        _off_road(network, facilities.index, codes, shapes, placed, label, labels),
    )


_FIELDS = ("edge", "along", "leg")


def _points_in(shapes: NDArray[Any]) -> NDArray[Any]:
    """Return a point in each shape, points themselves as they are; None where it has no place."""
    points = only(shapes, has_place(shapes))
    other = np.flatnonzero(~np.isin(shapely.get_type_id(points), (-1, shapely.GeometryType.POINT)))
    points[other] = inner_points(points[other])
    return points


def _united(
    shapes: NDArray[Any], placed: NDArray[np.bool_], label: NDArray[np.int64], count: int
) -> NDArray[Any]:
    """Return the shape of each facility, united where several rows have one code."""
    united = np.full(count, None, dtype=object)
    rows = np.flatnonzero(placed)
    united[label[rows]] = shapes[rows]
    several = np.flatnonzero(np.bincount(label[rows], minlength=count) > 1)
    for which in several.tolist():
        united[which] = shapely.union_all(shapes[rows[label[rows] == which]])
    return united


def _off_road(
    network: RoadNetwork,
    rows_called: pd.Index,
    codes: NDArray[Any],
    shapes: NDArray[Any],
    placed: NDArray[np.bool_],
    label: NDArray[np.int64],
    reached: NDArray[np.int64],
) -> list[dict[str, Any]]:
    """List the facilities that no road reaches, and why."""
    lost = np.setdiff1d(np.arange(len(codes)), reached)
    points = inner_points(only(shapes, placed))
    x, y = point_coordinates(points)
    afloat = np.zeros(len(x), np.bool_)
    afloat[placed] = network.barriers.hold(x[placed], y[placed])
    told = []
    for which in lost.tolist():
        rows = label == which
        why = "no_position" if not placed[rows].any() else "in_barrier" if afloat[rows].any() else "no_road"
        row = rows_called[np.flatnonzero(rows)[0]]
        told.append({"facility_code": str(codes[which]), "row": row, "why": why})
    return told


def _entrances(
    entrances: gpd.GeoDataFrame, names: pd.Series, network: RoadNetwork
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[Any]]:
    """Return where entrances are, the row that each belongs to, and what it is called."""
    require_columns(entrances, "entrances", "facility_code")
    require_crs(entrances, "entrances")
    match = matched_codes(entrances["facility_code"], names)
    if len(entrances) and not match.known.any():
        raise InputError(
            tr(
                "entrances: no facility_code is one of the layer's codes (the first: {first}; "
                "the layer has {known})",
                first=str(entrances["facility_code"].iloc[0]),
                known=", ".join(sorted(names.astype(str))[:3]),
            )
        )
    at = entrances[match.known]
    first = {name: row for row, name in reversed(list(enumerate(names.tolist())))}
    row = np.array([first[each] for each in match.codes[match.known].tolist()], np.int64)
    x, y = point_coordinates(convert_crs(at, network.crs, name="entrances").geometry.to_numpy())
    fine = np.isfinite(x) & np.isfinite(y)
    called = codes_of(at, "entrance_code" if "entrance_code" in at else None, "entrances")
    return x[fine], y[fine], row[fine], called.to_numpy(dtype=object)[fine]


def _set_on(
    network: RoadNetwork,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    travel: Travel,
    to_road_m: float,
) -> tuple[Places, NDArray[np.int64]]:
    """Set points on the nearest edge that no barrier keeps them from; return which points have one."""
    there = stretches_for(network, travel)
    near = there.index.nearest(x, y, within=to_road_m)
    along = there.offset[near.item] + there.index.chainage(x, y, near)
    point, edge, leg = near.point, there.edge[near.item], near.distance
    if len(network.barriers) and len(point):
        # Only a leg longer than the way to the next bank can cross it.
        doubtful = np.flatnonzero(network.barriers.nearer(x[point], y[point], leg))
        barred = np.zeros(len(point), np.bool_)
        at = point[doubtful]
        barred[doubtful] = network.barriers.crossed(
            _legs(network, x[at], y[at], edge[doubtful], along[doubtful])
        )
        lost = point[barred]
        point, edge, along, leg = point[~barred], edge[~barred], along[~barred], leg[~barred]
        afloat = network.barriers.hold(x[lost], y[lost])
        for begin in range(0, int((~afloat).sum()), _FIRST_TRY):
            some = lost[~afloat][begin : begin + _FIRST_TRY]
            again = _farther(network, there, x[some], y[some], to_road_m)
            point = np.concatenate([point, some[again[0]]])
            edge, along, leg = (
                np.concatenate([a, b]) for a, b in zip((edge, along, leg), again[1:], strict=True)
            )
        order = np.argsort(point, kind="stable")
        point, edge, along, leg = point[order], edge[order], along[order], leg[order]
    along = np.clip(along, 0.0, network.length_m[edge])
    return Places(edge.astype(np.int64), along, leg), point


def _farther(
    network: RoadNetwork,
    there: Stretches,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    to_road_m: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Try all edges within reach, the nearest first, for points whose nearest one is barred."""
    near = there.index.near(x, y, within=to_road_m)
    along = there.offset[near.item] + there.index.chainage(x, y, near)
    edge = there.edge[near.item]
    free = ~network.barriers.crossed(_legs(network, x[near.point], y[near.point], edge, along))
    point, edge, along, leg = near.point[free], edge[free], along[free], near.distance[free]
    order = np.lexsort((edge, leg, point))
    first = order[np.unique(point[order], return_index=True)[1]]
    return point[first], edge[first], along[first], leg[first]


def _legs(
    network: RoadNetwork,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    edge: NDArray[np.int64],
    along: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the straight legs from points to where they meet their edges."""
    there = shapely.get_coordinates(shapely.line_interpolate_point(network.lines[edge], along))
    return np.column_stack([x, y, there])


def _around(
    network: RoadNetwork, areas: NDArray[Any], *, travel: Travel, to_road_m: float
) -> tuple[Places, NDArray[np.int64]]:
    """Find where areas are entered from the roads beside them; return the area of each place."""
    there = stretches_for(network, travel)
    if not len(areas) or not len(there.shapes):
        nothing = np.empty(0, np.int64)
        return Places(nothing, np.empty(0), np.empty(0)), nothing
    tree = shapely.STRtree(there.shapes)
    area, item = tree.query(areas, predicate="dwithin", distance=_BESIDE_M)
    alone = np.setdiff1d(np.arange(len(areas)), area)
    far, nearest = tree.query_nearest(areas[alone], max_distance=to_road_m, all_matches=False)
    near_area, near_item = np.concatenate([area, alone[far]]), np.concatenate([item, nearest])
    # The nearest place of each, and where an edge comes near and leaves.
    close = shapely.intersection(there.shapes[item], shapely.buffer(areas[area], _BESIDE_M, quad_segs=8))
    parts, of = shapely.get_parts(close, return_index=True)
    solid = shapely.length(parts) > 0
    parts, of = parts[solid], of[solid]
    ends = np.concatenate([shapely.get_point(parts, 0), shapely.get_point(parts, -1)])
    spot = np.concatenate(
        [shapely.get_point(shapely.shortest_line(there.shapes[near_item], areas[near_area]), 0), ends]
    )
    area_of = np.concatenate([near_area, area[of], area[of]]).astype(np.int64)
    item_of = np.concatenate([near_item, item[of], item[of]])
    leg = shapely.get_coordinates(shapely.shortest_line(spot, areas[area_of])).reshape(-1, 4)
    free = ~network.barriers.crossed(leg)
    along = there.offset[item_of] + shapely.line_locate_point(there.shapes[item_of], spot)
    edge = there.edge[item_of]
    length = np.hypot(leg[:, 2] - leg[:, 0], leg[:, 3] - leg[:, 1])
    places = Places(
        edge[free].astype(np.int64), np.clip(along, 0.0, network.length_m[edge])[free], length[free]
    )
    return places, area_of[free]
