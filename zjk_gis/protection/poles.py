"""Poles beside each other that could share one (多杆合一)."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.columns.nobody import somebody
from zjk_gis.layers.columns.values import alike, as_text, understood
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import flat
from zjk_gis.overlay.polygons import numbered
from zjk_gis.protection.answering import with_who_answers
from zjk_gis.protection.things import codes_in, joined, texts
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

__all__ = ["shareable_poles"]

_POLES, _LAMPS = CATALOGUE["poles"], CATALOGUE["street_lamps"]
_LAMP_POST = "路灯杆"
_ABANDONED = "废弃"  # is taken away, not shared


@checked
def shareable_poles(
    poles: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    *,
    lamps: gpd.GeoDataFrame | None = None,
    within_m: float = 5.0,
    to_road_m: float = 30.0,
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    at: str | dt.date | None = None,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Find groups of poles on one side of a road that could share one of them (多杆合一).

    Parameters
    ----------
    poles : GeoDataFrame
        Points with ``pole_code``, perhaps with ``pole_kind``, ``owner`` and ``state``.
    roads : GeoDataFrame
        The centre lines of roads, perhaps with ``road_name``.
    lamps : GeoDataFrame, optional
        Street lamps (路灯) with ``lamp_code``: they stand on posts of their own.
    within_m : float, default 5.0
        How far from the pole that stays the others may stand, inclusive.
    to_road_m : float, default 30.0
        Poles farther from every road stand beside none and are not looked at.
    zones : GeoDataFrame, optional
        Responsibility zones (责任区), for who answers.
    streets : GeoDataFrame, optional
        Streets (街道), with ``street_code``.
    at : date or str, optional
        The day on which zones are valid.
    strict : bool, default False
        Refuse poles without a sound position, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a group, the largest first, at the pole that stays:

        - ``group_code`` (text): ``D001``, ``D002``, ...;
        - ``host_code`` (text): the pole that stays;
        - ``members`` (text): all poles of the group, sorted, joined by ``;``;
        - ``pole_count`` (int64): how many they are; ``saved`` (int64): how many could go, one less;
        - ``farthest_m`` (float64): how far the farthest stands from the one that stays;
        - ``pole_kinds`` and ``owners`` (text): sorted, joined by ``;``: who must agree;
        - ``road_name`` (text): of the nearest road; empty where it has none;
        - ``rule`` and ``confidence`` (text);
        - who answers: ``zone_code``, ``chief_code``, ``chief_name``, ``street_code``.

        Each pole is in at most one group. ``attrs["set_aside"]`` lists the poles without a position, and
        ``attrs["off_road"]`` counts those beside no road.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If a distance is negative or a code is there twice.

    Notes
    -----
    Two poles stand on one side if no road runs between them. The pole with the most others in reach stays,
    of equal ones a lamp post, then the lowest code; what it takes in is gone, and so on: no chain of poles
    becomes one group. Abandoned poles (废弃) are to be taken away, and are not looked at. The distance is the
    city's to decide: the policy of 2022-03-17 (clause 19) names none [U].

    Examples
    --------
    A lamp post, a sign 4.9 m on, a camera 5.1 m on, and a sign across the road:

    >>> from shapely import LineString, Point
    >>> roads = gpd.GeoDataFrame({"road_name": ["东街"]}, geometry=[LineString([(0, 0), (50, 0)])], crs=4547)
    >>> poles = gpd.GeoDataFrame(
    ...     {
    ...         "pole_code": ["P1", "P2", "P3", "P4"],
    ...         "pole_kind": ["路灯杆", "交通标志杆", "监控杆", "路名牌杆"],
    ...     },
    ...     geometry=[Point(20, 2), Point(24.9, 2), Point(14.9, 2), Point(20, -2)],
    ...     crs=4547,
    ... )
    >>> shareable_poles(poles, roads)[["host_code", "members", "saved", "farthest_m"]]
      host_code members  saved  farthest_m
    0        P1   P1;P2      1         4.9
    """
    require_amounts(within_m=within_m, to_road_m=to_road_m)
    aside = SetAside(strict=strict)
    ways = ready(roads, "roads", kind="line")
    posts = _posts(poles, lamps, ways.crs, aside)
    shapes, lines = posts.geometry.to_numpy(), flat(ways.geometry.to_numpy())
    tree = shapely.STRtree(lines)
    beside = np.unique(tree.query(shapes, predicate="dwithin", distance=to_road_m)[0])
    off_road = len(posts) - len(beside)
    posts, shapes = posts.iloc[beside].reset_index(drop=True), shapes[beside]
    hosts, group = _groups(posts, shapes, tree, within_m)
    found = _described(posts, shapes, hosts, group, ways, lines)
    found = with_who_answers(found, zones, streets, at=at)
    found.attrs["off_road"] = off_road
    return aside.told_in(found)


def _posts(
    poles: gpd.GeoDataFrame, lamps: gpd.GeoDataFrame | None, crs: Any, aside: SetAside
) -> gpd.GeoDataFrame:
    """Return all poles that can be shared, in the order of their codes."""
    asked = [(poles, "poles", _POLES)] + ([] if lamps is None else [(lamps, "street_lamps", _LAMPS)])
    posts = []
    for layer, name, spec in asked:
        sound = aside.sound(layer, name, kind="point", filled=[spec.code])
        rows = ready(sound, name, kind="point", code=spec.code, crs=crs)
        kinds = pd.Series(_LAMP_POST if spec is _LAMPS else "", index=rows.index, dtype="str")
        if "pole_kind" in rows and spec is _POLES:
            kinds = alike(rows["pole_kind"], spec.field("pole_kind"))
        owner = somebody(rows["owner"]).fillna("") if "owner" in rows else ""
        told = rows.assign(code=codes_in(rows, name, spec.code), kind=kinds, owner=owner)
        if "state" in rows:
            gone = understood(rows["state"], spec.field("state"))[0] == _ABANDONED
            told = told[~gone.to_numpy(dtype=bool)]
        plain = pd.DataFrame(told[["code", "kind", "owner"]])
        posts.append(gpd.GeoDataFrame(plain, geometry=flat(told.geometry.to_numpy()), crs=crs))
    joined = pd.concat(posts).sort_values("code", kind="stable", ignore_index=True)
    twice = joined["code"].duplicated()
    if twice.any():
        raise InputError(
            tr(
                "poles: the code {code} is there twice; which pole is meant?",
                code=joined.loc[twice, "code"].iloc[0],
            )
        )
    return joined


def _groups(
    posts: gpd.GeoDataFrame, shapes: NDArray[Any], tree: Any, within_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pole that stays of each group, and the group of each pole; -1 for those that stand alone."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=within_m)
    apart = one != other
    one, other = one[apart], other[apart]
    ends = np.stack([shapely.get_coordinates(shapes[each]) for each in (one, other)], axis=1)
    between = np.asarray(shapely.linestrings(ends)) if len(ends) else np.empty(0, dtype=object)
    free = np.ones(len(one), dtype=bool)
    free[tree.query(between, predicate="intersects")[0]] = False
    near: dict[int, set[int]] = {}
    for a, b in zip(one[free].tolist(), other[free].tolist(), strict=True):
        near.setdefault(a, set()).add(b)
    is_lamp = (posts["kind"] == _LAMP_POST).to_numpy()
    group = np.full(len(posts), -1, np.int64)
    hosts: list[int] = []
    # Codes are in order, so the number of a pole is its place. Counts only fall: one that is out of date is
    # put back with what it is now.
    waiting = [(-len(others), not is_lamp[pole], pole) for pole, others in near.items()]
    heapq.heapify(waiting)
    while waiting:
        count, is_other, pole = heapq.heappop(waiting)
        others = {each for each in near[pole] if group[each] < 0}
        if group[pole] >= 0 or not others:
            continue
        if len(others) < -count:
            near[pole] = others
            heapq.heappush(waiting, (-len(others), is_other, pole))
            continue
        group[[pole, *others]] = len(hosts)
        hosts.append(pole)
    return np.array(hosts, dtype=np.int64), group


def _described(
    posts: gpd.GeoDataFrame,
    shapes: NDArray[Any],
    hosts: NDArray[np.int64],
    group: NDArray[np.int64],
    ways: gpd.GeoDataFrame,
    lines: NDArray[Any],
) -> gpd.GeoDataFrame:
    """Tell of each group who is in it and how far it reaches."""
    members = posts[group >= 0].assign(group=group[group >= 0])
    far = pd.Series(shapely.distance(shapes[group >= 0], shapes[hosts[members["group"]]]))
    farthest = far.groupby(members["group"].to_numpy()).max().to_numpy(dtype=np.float64)

    def named(column: str) -> pd.Series:
        filled = members[members[column] != ""]
        return texts(joined(filled["group"], filled[column], len(hosts)))

    count = np.bincount(members["group"], minlength=len(hosts))
    names = as_text(ways["road_name"]).fillna("") if "road_name" in ways else pd.Series("", index=ways.index)
    # Of roads equally near the one that comes first by its name.
    order = np.argsort(names.to_numpy(dtype=object), kind="stable")
    host, road = shapely.STRtree(lines[order]).query_nearest(shapes[hosts])
    first = pd.Series(road).groupby(host).min().to_numpy(dtype=np.int64)
    table = gpd.GeoDataFrame(
        {
            "host_code": texts(posts["code"].to_numpy()[hosts]),
            "members": named("code"),
            "pole_count": count,
            "saved": count - 1,
            "farthest_m": farthest,
            "pole_kinds": named("kind"),
            "owners": named("owner"),
            "road_name": texts(names.to_numpy(dtype=object)[order][first]),
            "rule": tr("policy of 2022-03-17, clause 19; the distance is the city's to decide"),
            "confidence": "U",
        },
        geometry=shapes[hosts],
        crs=posts.crs,
    )
    table = table.sort_values(["pole_count", "host_code"], ascending=[False, True], ignore_index=True)
    table.insert(0, "group_code", texts(numbered("D", len(table))))
    return table.astype({"rule": "str", "confidence": "str"})
