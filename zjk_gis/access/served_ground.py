"""Ground within reach as polygons that no river or railway crosses but on a bridge.

1. From each facility the ways spread as far as the budget goes. Edges are cut exactly where it ends.
2. Beside a road ground is within reach as far as the rest of the budget goes, and no farther than `beside_m`.
   This is taken in steps from within: what is reached with 14 m left is widened by 10 m, and so on, so that
   no ground is shown from which the facility is farther than it says, straight to the road and then along it.
3. Near a barrier each stretch is widened by itself, the barrier is cut out, and only what still touches the
   stretch is kept. Where the stretch itself lies in the barrier, it is a bridge: its deck is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.access.places import facilities_on
from zjk_gis.arguments import checked
from zjk_gis.engine.arrays import expand, offsets_of
from zjk_gis.layers.metric import require_amounts
from zjk_gis.networks.nearest import Places, near_pairs
from zjk_gis.overlay.contents import contents_of
from zjk_gis.threads import in_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from zjk_gis.access.places import Facilities
    from zjk_gis.access.roads.network import RoadNetwork, Travel
    from zjk_gis.networks.nearest import Ways

__all__ = ["service_areas"]

_STEPS = (0.02, 1 / 3, 2 / 3, 1.0)  # of `beside_m`
_ROUND = 2**0.5  # round a corner a place may be so much farther, straight to the road and along it
_QUARTER_STEPS = 6
_NEIGHBOURHOOD_M = 300.0
_TOUCH_M = 0.06  # more than `zjk_gis.access.roads.barriers.BANK_M`
_DECK_M = 6.0  # of a bridge of unknown width
_TRACK_M = 0.5  # half of what a railway that is a line takes from the ground


@checked
def service_areas(
    facilities: gpd.GeoDataFrame,
    network: RoadNetwork,
    *,
    within_m: float = 300.0,
    rings_m: Sequence[float] = (),
    each: bool = False,
    beside_m: float = 30.0,
    code: str | None = None,
    entrances: gpd.GeoDataFrame | None = None,
    travel: Travel = "foot",
    to_road_m: float = 200.0,
    people: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Draw the ground from which a facility is within reach along the roads (服务范围).

    Parameters
    ----------
    facilities : GeoDataFrame
        Points, or areas such as parks. Rows of one code are one facility.
    network : RoadNetwork
        With the barriers it was made with.
    within_m : float, default 300.0
        How far is within reach.
    rings_m : sequence of float, optional
        Other distances to be drawn besides, the wider ones with the narrower.
    each : bool, default False
        Draw each facility by itself. By default they are united: what several reach counts once.
    beside_m : float, default 30.0
        How wide the ground beside a road is that belongs to it.
    code : str, optional
        The facilities' column of codes; by default that of their layer in the catalogue, or the index label.
    entrances : GeoDataFrame, optional
        As `nearest_facilities` takes them.
    travel : {"foot", "car"}, default "foot"
    to_road_m : float, default 200.0
        A facility farther from every road than this serves nothing.
    people : GeoDataFrame, optional
        Polygons with ``population``, counted by the share of their area.
    buildings : GeoDataFrame, optional
        Counted where any of them lies inside.

    Returns
    -------
    GeoDataFrame
        In the CRS of the network, one row for each distance, or for each facility and distance:

        - ``facility_code`` (text, only with `each`), in the order of codes;
        - ``within_m`` (float64);
        - ``road_m`` (float64): the length of road within reach, parallel roads counted apart;
        - ``area_m2`` (float64);
        - ``people``, ``buildings`` (int64): what lies inside, with the layers given.

        A facility that no road reaches has an empty polygon, and ``attrs["off_road"]`` says why.

    Raises
    ------
    EmptyLayerError, CRSError, MissingColumnError, GeometryError
        If a layer cannot be used.
    InputError
        If a distance is negative or not finite.

    Examples
    --------
    A lot in the middle of a street of 1 km; a river crosses the street 100 m to the east, without a bridge
    drawn beyond its bank:

    >>> import geopandas as gpd
    >>> from shapely import LineString, Point, box
    >>> from zjk_gis.access import road_network
    >>> roads = gpd.GeoDataFrame(geometry=[LineString([(0, 0), (600, 0)])], crs=4547)
    >>> river = gpd.GeoDataFrame(geometry=[box(610, -500, 640, 500)], crs=4547)
    >>> lots = gpd.GeoDataFrame({"lot_code": ["T1"]}, geometry=[Point(500, 0)], crs=4547)
    >>> ground = service_areas(lots, road_network(roads, barriers=river), within_m=100, rings_m=[300])
    >>> ground["road_m"].tolist(), ground.geometry.intersection(river.geometry[0]).area.tolist()
    ([200.0, 400.0], [0.0, 0.0])
    """
    rings = {f"rings_m[{at}]": ring for at, ring in enumerate(rings_m)}
    require_amounts(within_m=within_m, **rings, beside_m=beside_m, to_road_m=to_road_m)
    budgets = np.unique(np.array([within_m, *rings_m], dtype=np.float64))
    there = facilities_on(
        facilities, network, travel=travel, to_road_m=to_road_m, code=code, entrances=entrances
    )
    ways = network.ways(travel)
    reach = _Reach(network, ways, there, float(budgets.max()), each=each)
    rows: list[dict[str, Any]] = []
    for budget in budgets.astype(float).tolist():
        label, edge, low, high = reach.intervals(budget)
        shapes = _grounds(network, reach, budget, beside_m)
        if not each:
            _, _, low, high = _merged(np.zeros(len(edge), np.int64), edge, low, high)
            road = [float((high - low).sum())]
            rows += [{"within_m": budget, "road_m": road[0], "geometry": shapely.union_all(shapes)}]
            continue
        road = np.bincount(label, weights=high - low, minlength=len(there.codes)).tolist()
        rows += [
            {"facility_code": name, "within_m": budget, "road_m": metres, "geometry": shape}
            for name, metres, shape in zip(there.codes, road, shapes, strict=True)
        ]
    table = pd.DataFrame(rows)
    if each:
        table["facility_code"] = table["facility_code"].astype("str")
        table = table.sort_values(["facility_code", "within_m"], ignore_index=True)
    ground = gpd.GeoDataFrame(table, geometry="geometry", crs=network.crs)
    ground["area_m2"] = ground.geometry.area
    ground = contents_of(ground, people=people, buildings=buildings)
    ground = ground[[*ground.columns.drop("geometry"), "geometry"]]
    ground.attrs["off_road"] = there.off_road
    return ground


class _Reach:
    """Which stretches of which edges are within a budget of each facility."""

    def __init__(
        self, network: RoadNetwork, ways: Ways, there: Facilities, most: float, *, each: bool
    ) -> None:
        self.ways, self.there = ways, there
        # United facilities are one, of which every site is as good as another.
        self.label = there.label if each else np.zeros(len(there.label), np.int64)
        self.labels = len(there.codes) if each else 1
        self.each = each
        edges = len(network)
        # Both ends of every edge are places whose distance is asked for.
        ends = Places(
            np.tile(np.arange(edges), 2),
            np.concatenate([np.zeros(edges), network.length_m]),
            np.zeros(2 * edges),
        )
        self.pairs = near_pairs(ways, ends, there.sites, self.label, limit=most)
        self.edges = edges

    def intervals(
        self, budget: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Return label, edge, and from where to where it is within the budget; merged and sorted."""
        pairs, ways, sites = self.pairs, self.ways, self.there.sites
        left = budget - pairs.distance
        edge, is_head = pairs.place % self.edges, pairs.place >= self.edges
        length = ways.length[edge]
        # From a place one goes back to the tail, or on to the head.
        by_tail = ~is_head & ways.backward[edge] & (left > 0)
        by_head = is_head & ways.forward[edge] & (left > 0)
        rest = budget - sites.leg
        near = np.flatnonzero(rest > 0)
        e, s, r = sites.edge[near], sites.along[near], rest[near]
        label = np.concatenate([pairs.label[by_tail], pairs.label[by_head], self.label[near]])
        low = np.concatenate(
            [
                np.zeros(int(by_tail.sum())),
                np.maximum(0.0, length - left)[by_head],
                np.where(ways.forward[e], np.maximum(0.0, s - r), s),
            ]
        )
        high = np.concatenate(
            [
                np.minimum(length, left)[by_tail],
                length[by_head],
                np.where(ways.backward[e], np.minimum(ways.length[e], s + r), s),
            ]
        )
        return _merged(label, np.concatenate([edge[by_tail], edge[by_head], e]), low, high)


def _merged(
    label: NDArray[np.int64],
    edge: NDArray[np.int64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Unite intervals of one label and edge that overlap or touch."""
    order = np.lexsort((high, low, edge, label))
    label, edge, low, high = label[order], edge[order], low[order], high[order]
    if not len(label):
        return label, edge, low, high
    new = np.ones(len(label), np.bool_)
    new[1:] = (label[1:] != label[:-1]) | (edge[1:] != edge[:-1])
    farthest = pd.Series(high).groupby(np.cumsum(new)).cummax().to_numpy()
    begins = new.copy()
    begins[1:] |= low[1:] > farthest[:-1]
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(label)) - 1
    return label[first], edge[first], low[first], farthest[last]


def _grounds(network: RoadNetwork, reach: _Reach, budget: float, beside_m: float) -> NDArray[Any]:
    """Return the ground of each label."""
    found = _Parts([], [])
    wet = _Wet(network)
    done = np.empty(0, np.int64)
    for step in _STEPS[::-1]:
        radius = beside_m * step
        if radius <= 0 or budget <= radius * _ROUND:
            continue
        label, edge, low, high = reach.intervals(budget - radius * _ROUND)
        # An edge that was widened whole has nothing to gain from a smaller step.
        key = label * len(network) + edge
        new = ~np.isin(key, done)
        whole = (low <= 0) & (high >= network.length_m[edge])
        done = np.union1d(done, key[whole])
        label, edge, low, high = label[new], edge[new], low[new], high[new]
        pieces = _substrings(network, edge, low, high)
        close = wet.near(pieces, radius)
        found.add(*_widened(pieces[~close], label[~close], radius))
        beside, of = wet.beside(pieces[close], radius)
        found.add(beside, label[close][of])
    label, edge, low, high = reach.intervals(budget)
    pieces = _substrings(network, edge, low, high)
    close = wet.near(pieces, 0.0)
    deck, of = wet.decks(pieces[close], network.width_m[edge[close]])
    found.add(deck, label[close][of])
    return found.united(reach.labels)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Pieces of ground, and the label of each."""

    shapes: list[NDArray[Any]]
    labels: list[NDArray[np.int64]]

    def add(self, shapes: NDArray[Any], labels: NDArray[np.int64]) -> None:
        self.shapes.append(shapes)
        self.labels.append(labels)

    def united(self, count: int) -> NDArray[Any]:
        every, label = np.concatenate(self.shapes), np.concatenate(self.labels)
        every = every[np.argsort(label, kind="stable")]
        starts = offsets_of(np.bincount(label, minlength=count))
        whole = np.full(count, shapely.MultiPolygon(), dtype=object)

        def work(part: slice) -> None:
            for which in range(*part.indices(count)):
                united = shapely.union_all(every[starts[which] : starts[which + 1]])
                if not shapely.is_empty(united):
                    whole[which] = shapely.normalize(united)

        in_chunks(work, count, chunk=max(1, count // 8))
        return whole


def _widened(
    pieces: NDArray[Any], label: NDArray[np.int64], radius: float
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Widen lines, those of one label and neighbourhood together: ten times as fast as all at once."""
    if not len(pieces):
        return pieces, label
    west, south, *_ = (shapely.bounds(pieces) // _NEIGHBOURHOOD_M).astype(np.int64).T
    order = np.lexsort((south, west, label))
    keys = np.column_stack([label, west, south])[order]
    begins = np.flatnonzero(np.append(True, (keys[1:] != keys[:-1]).any(axis=1)))
    group = np.cumsum(np.bincount(begins, minlength=len(order))) - 1
    parts = pieces[order]
    lines = np.asarray(shapely.multilinestrings(parts, indices=group))
    wide = np.empty(len(lines), dtype=object)

    def work(part: slice) -> None:
        wide[part] = shapely.buffer(lines[part], radius, quad_segs=_QUARTER_STEPS)

    in_chunks(work, len(lines), chunk=64)
    return wide, keys[begins, 0]


class _Wet:
    """The barriers as ground that may not be reached, railways as strips."""

    def __init__(self, network: RoadNetwork) -> None:
        self.barriers = network.barriers
        strips = shapely.buffer(self.barriers.lines, _TRACK_M, cap_style="flat")
        self.shapes = np.concatenate([self.barriers.areas, strips])
        self.tree = shapely.STRtree(self.shapes)
        self.ground = shapely.union_all(self.shapes)
        # Where a line lies in the barrier, and not merely along its bank.
        self.inner = shapely.union_all([*self.barriers.inner, *strips])
        shapely.prepare(self.ground)
        shapely.prepare(self.inner)

    def near(self, pieces: NDArray[Any], radius: float) -> NDArray[np.bool_]:
        """Tell which lines come as near to a barrier as this."""
        found = np.zeros(len(pieces), np.bool_)
        if len(self.shapes) and len(pieces):
            found[self.tree.query(pieces, predicate="dwithin", distance=radius + _TOUCH_M)[0]] = True
        return found

    def beside(self, pieces: NDArray[Any], radius: float) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Widen lines as far as no barrier is between; return the ground and the line of each part of it."""
        dry = np.asarray(shapely.difference(pieces, self.inner))
        lines, of = shapely.get_parts(dry, return_index=True)
        solid = shapely.length(lines) > 0
        lines, of = lines[solid], of[solid]
        wide = shapely.difference(shapely.buffer(lines, radius, quad_segs=_QUARTER_STEPS), self.ground)
        parts, line = shapely.get_parts(wide, return_index=True)
        kept = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & shapely.dwithin(
            parts, lines[line], _TOUCH_M
        )
        return parts[kept], of[line[kept]].astype(np.int64)

    def decks(
        self, pieces: NDArray[Any], width: NDArray[np.float64]
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return the ground that lines take within the barriers, and the line of each part of it."""
        over = np.asarray(shapely.intersection(pieces, self.inner))
        half = np.where(width > 0, width, _DECK_M) / 2
        real = np.flatnonzero(shapely.length(over) > 0)
        deck = shapely.intersection(shapely.buffer(over[real], half[real], cap_style="square"), self.ground)
        parts, of = shapely.get_parts(deck, return_index=True)
        kept = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
        return parts[kept], real[of[kept]].astype(np.int64)


def _substrings(
    network: RoadNetwork, edge: NDArray[np.int64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[Any]:
    """Cut stretches out of edges; whole edges are taken as they are."""
    pieces = network.lines[edge]
    part = np.flatnonzero((low > 0) | (high < network.length_m[edge]))
    if not len(part):
        return pieces
    counts = np.diff(network.starts)[edge[part]]
    vertex = expand(network.starts[edge[part]], counts)
    of = np.repeat(np.arange(len(part)), counts)
    xy = network.coords[vertex]
    step = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    first = offsets_of(counts)[:-1]
    step[first] = 0.0
    run = np.cumsum(step)
    along = run - np.repeat(run[first], counts)
    inside = (along > low[part][of]) & (along < high[part][of])
    ends = [shapely.line_interpolate_point(pieces[part], far[part]) for far in (low, high)]
    all_of = np.concatenate([of[inside], np.tile(np.arange(len(part)), 2)])
    all_along = np.concatenate([along[inside], low[part], high[part]])
    all_xy = np.concatenate([xy[inside], shapely.get_coordinates(ends[0]), shapely.get_coordinates(ends[1])])
    order = np.lexsort((all_along, all_of))
    pieces[part] = shapely.linestrings(all_xy[order], indices=all_of[order])
    return pieces
