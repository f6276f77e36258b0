"""How roundabout ways are, and on which single roads a part of the city hangs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.access.places import homes_on
from zjk_gis.access.rows import area_of, by_code
from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import point_coordinates
from zjk_gis.networks import weak_spots
from zjk_gis.networks.nearest import near_pairs
from zjk_gis.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.access.roads.network import RoadNetwork, Travel

__all__ = ["bottlenecks", "detour_index"]


@checked
def detour_index(
    places: gpd.GeoDataFrame,
    network: RoadNetwork,
    *,
    areas: gpd.GeoDataFrame | None = None,
    code: str | None = None,
    least_m: float = 200.0,
    most_m: float = 1000.0,
    farthest: float = 5.0,
    travel: Travel = "foot",
    to_road_m: float = 200.0,
) -> pd.DataFrame:
    """Compare ways along the roads with straight lines between all places near each other (绕行系数).

    Parameters
    ----------
    places : GeoDataFrame
        Homes, estates, crossings: any layer.
    network : RoadNetwork
    areas : GeoDataFrame, optional
        Communities or streets: a pair counts where its first place lies.
    code : str, optional
        The areas' column of codes; by default that of their layer in the catalogue, or the index label.
    least_m, most_m : float, default 200.0 and 1000.0
        Pairs this far apart in a straight line, bounds included. Below 200 m the legs to the road decide.
    farthest : float, default 5.0
        A way more than so many times `most_m` long is not measured.
    travel : {"foot", "car"}, default "foot"
    to_road_m : float, default 200.0

    Returns
    -------
    DataFrame
        One row an area by code (one without a code where no areas are given, or for places in none):
        ``area_code`` (text), ``pairs`` (int64), ``detour_median``, ``detour_90`` (float64: nine in ten pairs
        have no greater detour), and ``not_measured`` (int64: cut off, or farther than `farthest` allows; not
        among the others). ``attrs["no_position"]`` counts places without a position.

    Raises
    ------
    CRSError, MissingColumnError, GeometryError, EmptyLayerError
        If a layer cannot be used.
    InputError
        If `least_m` is over `most_m`.

    Examples
    --------
    Four corners of a square block, of which two lie across:

    >>> import geopandas as gpd
    >>> from shapely import LineString, Point
    >>> from zjk_gis.access import road_network
    >>> block = gpd.GeoDataFrame(
    ...     geometry=[LineString([(0, 0), (300, 0), (300, 300), (0, 300), (0, 0)])], crs=4547
    ... )
    >>> corners = gpd.GeoDataFrame(geometry=[Point(0, 0), Point(300, 300)], crs=4547)
    >>> detour_index(corners, road_network(block))[["pairs", "detour_median"]].round(3).values.tolist()
    [[2.0, 1.414]]
    """
    require_amounts(least_m=least_m, most_m=most_m, farthest=farthest, to_road_m=to_road_m)
    if least_m > most_m or most_m == 0:
        raise InputError(tr("least_m must be no more than most_m, and most_m more than 0"))
    homes = homes_on(places, network, travel=travel, to_road_m=to_road_m)
    there = np.flatnonzero(homes.reason == "")
    x, y = point_coordinates(homes.points)
    points = homes.points[there]
    a, b = shapely.STRtree(points).query(points, predicate="dwithin", distance=most_m)
    first, second = there[a], there[b]
    straight = np.hypot(x[first] - x[second], y[first] - y[second])
    kept = (straight >= least_m) & (straight <= most_m) & (first != second)
    first, second, straight = first[kept], second[kept], straight[kept]
    # One goes from a place to a site: the first of a pair is the place.
    found = near_pairs(network.ways(travel), homes.places, homes.places, homes.owner, limit=farthest * most_m)
    size = len(places)
    keys = found.label * size + homes.owner[found.place]
    order = np.argsort(keys, kind="stable")
    keys, metres = keys[order], found.distance[order]
    wanted = second * size + first
    at = np.searchsorted(keys, wanted)
    measured = at < len(keys)
    measured[measured] = keys[at[measured]] == wanted[measured]
    detour = np.full(len(first), np.nan)
    detour[measured] = metres[at[measured]] / straight[measured]
    codes, row = _areas(homes.points, network, areas, code)
    table = pd.DataFrame({"area": row[first], "detour": detour})
    grouped = table.groupby("area")["detour"]
    told = pd.DataFrame({"area_code": pd.array(codes, dtype="str")})
    numbers = pd.RangeIndex(len(codes))
    told["pairs"] = grouped.count().reindex(numbers, fill_value=0).astype(np.int64)
    told["detour_median"] = grouped.median().reindex(numbers)
    told["detour_90"] = grouped.quantile(0.9).reindex(numbers)
    told["not_measured"] = (grouped.size() - grouped.count()).reindex(numbers, fill_value=0).astype(np.int64)
    told.attrs["no_position"] = int((homes.reason == "no_position").sum())
    return told


def _areas(
    points: NDArray[np.object_], network: RoadNetwork, areas: gpd.GeoDataFrame | None, code: str | None
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return the codes of areas, sorted, and the number of the one in which each point lies."""
    if areas is None:
        return np.array([None], object), np.zeros(len(points), np.int64)
    areas, names = by_code(ready(areas, "areas", kind="polygon", crs=network.crs), code)
    row = area_of(points, areas.geometry.to_numpy())
    codes = names.astype(object)
    if (row == len(names)).any():
        codes = np.array([*codes.tolist(), None], dtype=object)
    return codes, row


@checked
def bottlenecks(
    network: RoadNetwork,
    *,
    homes: gpd.GeoDataFrame | None = None,
    population: str = "population",
    least_m: float = 100.0,
    to_road_m: float = 200.0,
) -> gpd.GeoDataFrame:
    """List the single roads and junctions on which a part of the city hangs (咽喉路段).

    Parameters
    ----------
    network : RoadNetwork
    homes : GeoDataFrame, optional
        With ``population``, to count who would be cut off; a home counts at the nearer end of its road.
    population : str, default "population"
    least_m : float, default 100.0
        Less road cut off than this is a driveway's matter, and left out unless people live there.
    to_road_m : float, default 200.0

    Returns
    -------
    GeoDataFrame
        What cuts off most road first: ``kind`` (text: ``road`` or ``junction``), ``edge_code``,
        ``road_name`` (text; of a junction those of the first road there), ``is_bridge`` (bool: recorded as
        one), ``road_cut_off_m`` (float64: road that hangs on it, the smaller side where the city falls in
        two), ``people`` (float64, only with `homes`). A road is a line, a junction a point.
        ``attrs["no_position"]`` counts homes without a position.

    Raises
    ------
    CRSError, MissingColumnError
        If `homes` cannot be used.
    InputError
        If a length is negative.

    Examples
    --------
    Two blocks joined by one street:

    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from zjk_gis.access import road_network
    >>> roads = gpd.GeoDataFrame(
    ...     {"edge_code": ["W", "S", "E"]},
    ...     geometry=[
    ...         LineString([(0, 0), (0, 100), (-100, 100), (0, 0)]),
    ...         LineString([(0, 0), (200, 0)]),
    ...         LineString([(200, 0), (200, 90), (290, 90), (200, 0)]),
    ...     ],
    ...     crs=4547,
    ... )
    >>> found = bottlenecks(road_network(roads))
    >>> found[["kind", "edge_code", "road_cut_off_m"]].round(1).values.tolist()
    [['road', 'S', 307.3]]
    """
    require_amounts(least_m=least_m, to_road_m=to_road_m)
    graph = network.graph
    people = np.zeros(graph.size)
    nowhere = 0
    if homes is not None:
        amounts, _ = SetAside().amounts(homes, "homes", population)
        placed = homes_on(homes, network, travel="foot", to_road_m=to_road_m)
        edge, along = placed.places.edge, placed.places.along
        nearer = np.where(along * 2 <= network.length_m[edge], graph.tail[edge], graph.head[edge])
        np.add.at(people, nearer, amounts[placed.owner])
        nowhere = int((placed.reason == "no_position").sum())
    weak = weak_spots(graph, people, network.length_m)
    roads = np.flatnonzero(weak.is_bridge & ((weak.edge_cuts_edges >= least_m) | (weak.edge_cuts_nodes > 0)))
    nodes = np.flatnonzero(weak.is_cut & ((weak.node_cuts_edges >= least_m) | (weak.node_cuts_nodes > 0)))
    first = np.full(graph.size, -1, np.int64)
    for ends in (graph.head, graph.tail):
        first[ends[::-1]] = np.arange(len(network))[::-1]
    edge = np.concatenate([roads, first[nodes]]).astype(np.int64)
    row = network.row[edge]
    table = gpd.GeoDataFrame(
        {
            "kind": pd.Series(["road"] * len(roads) + ["junction"] * len(nodes), dtype="str"),
            "edge_code": pd.Series(network.names["edge_code"][row], dtype="str"),
            "road_name": pd.Series(network.names["road_name"][row], dtype="str"),
            "is_bridge": np.concatenate([network.is_bridge[roads], np.zeros(len(nodes), np.bool_)]),
            "road_cut_off_m": np.concatenate([weak.edge_cuts_edges[roads], weak.node_cuts_edges[nodes]]),
            "people": np.concatenate([weak.edge_cuts_nodes[roads], weak.node_cuts_nodes[nodes]]),
        },
        geometry=np.concatenate([network.lines[roads], shapely.points(network.node_xy[nodes])]),
        crs=network.crs,
    )
    if homes is None:
        table = table.drop(columns="people")
    west, south, *_ = shapely.bounds(table.geometry.to_numpy()).T if len(table) else np.empty((4, 0))
    order = np.lexsort((south, west, -table["road_cut_off_m"].to_numpy().round(6)))
    table = table.iloc[order].reset_index(drop=True)
    table.attrs["no_position"] = nowhere
    return table
