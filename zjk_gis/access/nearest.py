"""The nearest facility on foot or by car, beside the straight line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from zjk_gis.access.places import Facilities, Homes, facilities_on, homes_on
from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.values import text_at
from zjk_gis.layers.metric import require_amounts, require_reach
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.shapes import point_coordinates
from zjk_gis.networks.nearest import near_sites
from zjk_gis.threads import count as threads
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.access.roads.network import RoadNetwork, Travel

__all__ = ["Nearest", "nearest_facilities", "nearest_of", "straight_to_nearest"]


_REASONS = ("reached", "too_far", "cut_off", "no_position", "in_barrier", "no_road")


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest facilities of each origin, as arrays.

    Attributes
    ----------
    label : ndarray of int64, shape (origins, count)
        -1 where there are not so many.
    site : ndarray of int64, shape (origins, count)
    network_m : ndarray of float64, shape (origins, count)
        NaN where there is none.
    """

    label: NDArray[np.int64]
    site: NDArray[np.int64]
    network_m: NDArray[np.float64]


@checked
def nearest_facilities(
    origins: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    network: RoadNetwork,
    *,
    within_m: float = 300.0,
    count: int = 1,
    code: str | None = None,
    entrances: gpd.GeoDataFrame | None = None,
    gates: gpd.GeoDataFrame | None = None,
    travel: Travel = "foot",
    to_road_m: float = 200.0,
) -> gpd.GeoDataFrame:
    """Find for each origin the nearest facility on the roads (路网最近设施), and why none is within reach.

    Parameters
    ----------
    origins : GeoDataFrame
        Homes, buildings, estates: points, or other shapes, which begin at a point within them.
    facilities : GeoDataFrame
        Points, or areas such as parks. Rows of one code are one facility.
    network : RoadNetwork
    within_m : float, default 300.0
        How far is within reach, along the roads, the legs to them included.
    count : int, default 1
        How many facilities are told for each origin.
    code : str, optional
        The facilities' column of codes; by default that of their layer in the catalogue, or the index label.
    entrances : GeoDataFrame, optional
        Points with ``facility_code`` and perhaps ``entrance_code``: a facility that has any is reached only
        by these.
    gates : GeoDataFrame, optional
        Points with ``facility_code``, the code of an origin: it is left by these alone, and measured from
        them.
    travel : {"foot", "car"}, default "foot"
        On foot one-way streets make no difference; a car keeps to them and off footpaths.
    to_road_m : float, default 200.0
        What lies farther from every road than this is on none.

    Returns
    -------
    GeoDataFrame
        The origins in their order and under their index, with columns more:

        - ``facility_code`` (text): the nearest along the roads, of equally near ones the lowest code; told
          even if it is too far; missing where no road leads to any;
        - ``entrance_code`` (text, only with `entrances`);
        - ``network_m`` (float64): how far it is along the roads;
        - ``straight_m`` (float64): how far the same facility is in a straight line;
        - ``detour`` (float64): the first over the second; below 200 m the legs decide it;
        - ``nearest_straight_m`` (float64): how far the nearest of all is in a straight line, whatever lies
          between;
        - ``reason`` (text): ``reached``, ``too_far``, ``cut_off`` (no road leads to any), ``no_road`` (none
          within `to_road_m` on its bank), ``in_barrier`` or ``no_position``.

        With `count` above 1 each origin has a row for each facility, its place in ``rank``; a facility beyond
        `within_m` is told only where it is the nearest. ``attrs["off_road"]`` lists the facilities that no
        road reaches, with ``why``.

    Raises
    ------
    EmptyLayerError
        If `facilities` has no rows.
    CRSError
        If a layer has no CRS, or one that cannot be brought to that of the network.
    MissingColumnError
        If a column is missing.
    InputError
        If an option is not what it can be, or no entrance belongs to a facility.

    Examples
    --------
    A lot 50 m away across a river whose bridge is 400 m to the east:

    >>> import geopandas as gpd
    >>> from shapely import LineString, Point, box
    >>> from zjk_gis.access import road_network
    >>> south, north = LineString([(0, 0), (400, 0)]), LineString([(0, 50), (400, 50)])
    >>> roads = gpd.GeoDataFrame(
    ...     {"is_bridge": [False, False, True]},
    ...     geometry=[south, north, LineString([(400, 0), (400, 50)])],
    ...     crs=4547,
    ... )
    >>> river = gpd.GeoDataFrame(geometry=[box(-99, 10, 999, 40)], crs=4547)
    >>> homes = gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=4547)
    >>> lots = gpd.GeoDataFrame({"lot_code": ["T1"]}, geometry=[Point(0, 50)], crs=4547)
    >>> found = nearest_facilities(homes, lots, road_network(roads, barriers=river), within_m=500)
    >>> found[["facility_code", "network_m", "straight_m", "detour", "reason"]]
      facility_code  network_m  straight_m  detour   reason
    0            T1      850.0        50.0    17.0  too_far
    """
    require_reach(within_m=within_m)
    require_amounts(to_road_m=to_road_m)
    if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
        raise InputError(tr("count must be a whole number of at least 1, not {value!r}", value=count))
    ways = network.ways(travel)
    there = facilities_on(
        facilities, network, travel=travel, to_road_m=to_road_m, code=code, entrances=entrances
    )
    homes = homes_on(origins, network, travel=travel, to_road_m=to_road_m, entrances=gates)
    found = nearest_of(ways, homes, there, len(origins), count, within_m)
    row, rank = _rows_told(found, within_m) if count > 1 else (np.arange(len(origins)), 0)
    answers = _answers(homes, there, found, row, rank, within_m)
    if entrances is None:
        del answers["entrance_code"]
    if count > 1:
        answers["rank"] = rank + 1
    answered = with_answers(origins.iloc[row] if count > 1 else origins, answers)
    answered.attrs["off_road"] = there.off_road
    return answered


def nearest_of(
    ways: Any, homes: Homes, there: Facilities, origins: int, count: int, within_m: float
) -> Nearest:
    """Find the nearest facilities of each origin; one that has several places takes the best of them."""
    near = near_sites(ways, homes.places, there.sites, there.label, count=count, within=within_m)
    label = np.where(near.site >= 0, there.label[near.site] if len(there.label) else -1, -1)
    found = Nearest(
        np.full((origins, count), -1, np.int64),
        np.full((origins, count), -1, np.int64),
        np.full((origins, count), np.nan),
    )
    several = bool((homes.owner[1:] == homes.owner[:-1]).any())
    if not several:
        # Each origin has one place, whose answers come sorted.
        found.label[homes.owner], found.site[homes.owner] = label, near.site
        found.network_m[homes.owner] = np.where(label >= 0, near.distance, np.nan)
        return found
    owner = np.repeat(homes.owner, count)
    flat, metres, site = label.ravel(), near.distance.ravel(), near.site.ravel()
    real = np.flatnonzero(flat >= 0)
    order = real[np.lexsort((site[real], flat[real], metres[real], owner[real]))]
    # The same facility by another gate of the origin is no second facility.
    first = np.unique(owner[order] * (len(there.codes) + 1) + flat[order], return_index=True)[1]
    order = order[np.sort(first)]
    begins = np.searchsorted(owner[order], owner[order])
    rank = np.arange(len(order)) - begins
    kept = rank < count
    order, rank = order[kept], rank[kept]
    found.label[owner[order], rank] = flat[order]
    found.site[owner[order], rank] = site[order]
    found.network_m[owner[order], rank] = metres[order]
    return found


def straight_to_nearest(points: NDArray[Any], shapes: NDArray[Any]) -> NDArray[np.float64]:
    """Measure how far the nearest of some shapes is from each point, straight; NaN without a point."""
    x, y = point_coordinates(points)
    metres = np.full(len(points), np.nan)
    here = np.flatnonzero(np.isfinite(x))
    shapes = shapes[~shapely.is_missing(shapes)]
    if not len(shapes) or not len(here):
        return metres
    if (shapely.get_type_id(shapes) == shapely.GeometryType.POINT).all():
        from scipy.spatial import cKDTree

        tree = cKDTree(shapely.get_coordinates(shapes))
        metres[here] = tree.query(np.column_stack([x[here], y[here]]), workers=threads())[0]
        return metres
    (at, _), far = shapely.STRtree(shapes).query_nearest(
        points[here], return_distance=True, all_matches=False
    )
    metres[here[at]] = far
    return metres


def _answers(
    homes: Homes, there: Facilities, found: Nearest, row: NDArray[np.int64], rank: Any, within_m: float
) -> dict[str, Any]:
    """Return the columns of the answer: of each row the facility of a rank."""
    label, site, metres = found.label[row, rank], found.site[row, rank], found.network_m[row, rank]
    hit = label >= 0
    straight = np.full(len(row), np.nan)
    straight[hit] = shapely.distance(homes.points[row[hit]], there.shapes[label[hit]])
    with np.errstate(divide="ignore", invalid="ignore"):
        detour = np.where(straight > 0, metres / straight, np.nan)
    why = np.where(hit, np.where(metres <= within_m, 0, 1), 2)
    off = np.flatnonzero(homes.reason[row] != "")
    why[off] = [_REASONS.index(each) for each in homes.reason[row[off]].tolist()]
    named = np.append(there.entrance != "", np.False_)[site]
    return {
        "facility_code": text_at(there.codes, label),
        "entrance_code": text_at(there.entrance, np.where(hit & named, site, -1)),
        "network_m": metres,
        "straight_m": straight,
        "detour": detour,
        "nearest_straight_m": straight_to_nearest(homes.points, there.shapes)[row],
        "reason": text_at(_REASONS, why),
    }


def _rows_told(found: Nearest, within_m: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which facilities of which origins are told: all within reach, and always the first place."""
    told = found.network_m <= within_m
    told[:, 0] = True
    row, rank = np.nonzero(told)
    return row.astype(np.int64), rank.astype(np.int64)
