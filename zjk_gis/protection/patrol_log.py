"""Which patrols passed a place, and when: the log of patrols traced back (巡查记录可追溯)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.periods import ALWAYS, NEVER, day_of
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.times import BEIJING, time_order
from zjk_gis.layers.metric import require_amounts
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.layers.shapes import point_coordinates
from zjk_gis.protection.things import codes_in, texts, things_of
from zjk_gis.responsibility.patrols import fixes_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

__all__ = ["patrol_passes"]


@checked
def patrol_passes(
    places: gpd.GeoDataFrame,
    tracks: gpd.GeoDataFrame,
    *,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    code: str | None = None,
    patrol: str = "patrol_code",
    time: str = "recorded_at",
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = BEIJING,
    within_m: float = 20.0,
    most_seconds: float = 120.0,
    most_metres: float = 200.0,
    strict: bool = False,
) -> gpd.GeoDataFrame:
    """Tell which patrols passed each place, and when they came and went (巡查记录追溯).

    Parameters
    ----------
    places : GeoDataFrame
        Points, lines or areas: illegal buildings, hazards, plots.
    tracks : GeoDataFrame
        The fixes of GPS tracks (巡查轨迹): points, each with who walked and when.
    start, end : date or str, optional
        The first and last day that are looked at, both included; by default all days.
    code : str, optional
        The places' column of codes; by default that of their layer in the catalogue, or the index label.
    patrol, time : str
        The columns of `tracks` with the code of who walked, and the time of the fix.
    dayfirst, time_format, tz
        How the times are read, and whose days they are; see `zjk_gis.assign_incidents`.
    within_m : float, default 20.0
        How near one must come to have passed, the accuracy of GPS included.
    most_seconds, most_metres : float
        Between two fixes further apart nothing is known: nobody is taken to have walked straight from one to
        the other.
    strict : bool, default False
        Refuse places without a sound shape, instead of setting them aside.

    Returns
    -------
    GeoDataFrame
        One row a pass, by place and time, with

        - ``place_code`` and ``patrol_code`` (text);
        - ``arrived_at`` and ``left_at`` (datetime64): when the patrol came within `within_m` and left again,
          on the straight between fixes;
        - ``nearest_m`` (float64): how near it came, and there the point of its geometry.

        ``attrs["not_passed"]`` lists the codes of the places that nobody passed, ``attrs["tracks"]`` is that
        of `zjk_gis.responsibility.patrol_coverage`, ``attrs["set_aside"]`` lists the places not judged.

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError
        If a layer cannot be used.
    InputError
        If a distance is negative or `start` lies after `end`.

    Examples
    --------
    Past at 3 m, and a minute later beyond reach:

    >>> from shapely import Point
    >>> places = gpd.GeoDataFrame(
    ...     {"illegal_code": ["W1", "W2"]}, geometry=[Point(50, 3), Point(0, 99)], crs=4547
    ... )
    >>> tracks = gpd.GeoDataFrame(
    ...     {"patrol_code": "P1", "recorded_at": ["2025-06-02 09:00", "2025-06-02 09:01"]},
    ...     geometry=gpd.points_from_xy([0, 100], [0, 0]),
    ...     crs=4547,
    ... )
    >>> passes = patrol_passes(places, tracks, within_m=5)
    >>> passes[["place_code", "patrol_code", "nearest_m"]]
      place_code patrol_code  nearest_m
    0         W1          P1        3.0
    >>> passes["arrived_at"].dt.strftime("%H:%M:%S").tolist(), passes.attrs["not_passed"]
    (['09:00:27'], ['W2'])
    """
    require_amounts(within_m=within_m, most_seconds=most_seconds, most_metres=most_metres)
    first = NEVER if start is None else day_of(start, "start", tz=tz)
    last = ALWAYS if end is None else day_of(end, "end", tz=tz)
    if first > last:
        raise InputError(tr("start ({start}) lies after end ({end})", start=start, end=end))
    aside = SetAside(strict=strict)
    stood = things_of(places, "places", aside)
    require_columns(tracks, "tracks", patrol, time)
    order = time_order(
        tracks[time], dayfirst=dayfirst, time_format=time_format, tz=tz, name=f"tracks: {time}"
    )
    fixes, account = fixes_of(
        tracks, stood.crs, patrol, order.times(tracks[time])[0], most_seconds, most_metres
    )
    day = fixes["time"].to_numpy().astype("datetime64[D]").astype(np.int64)
    fixes = fixes[(day >= first) & (day <= last)].reset_index(drop=True)
    shapes, codes = stood.geometry.to_numpy(), codes_in(stood, "places", code)
    near = _near(shapes, codes, fixes, within_m)
    passes = _passes(near, most_seconds)
    points = shapely.points(passes[["x", "y"]].to_numpy(dtype=np.float64).reshape(-1, 2))
    found = gpd.GeoDataFrame(passes.drop(columns=["x", "y"]), geometry=points, crs=stood.crs)
    found.attrs["not_passed"] = sorted(set(codes.tolist()) - set(found["place_code"]))
    found.attrs["tracks"] = account | {"tz": tz, "remarks": list(order.remarks)}
    return aside.told_in(found)


def _near(shapes: NDArray[Any], codes: NDArray[Any], fixes: pd.DataFrame, within_m: float) -> pd.DataFrame:
    """Return each way from fix to fix, and each fix, that comes near a place; from when to when it does."""
    ends = fixes[["x", "y", "to_x", "to_y"]].to_numpy(dtype=np.float64)
    walked = (fixes["close"] & (fixes["metres"] > 0)).to_numpy()
    ways = np.asarray(shapely.points(ends[:, :2]))
    ways[walked] = shapely.linestrings(ends[walked].reshape(-1, 2, 2))
    place, way = shapely.STRtree(ways).query(shapes, predicate="dwithin", distance=within_m)
    touch = shapely.get_point(shapely.shortest_line(ways[way], shapes[place]), 0)
    share = _shares(ways[way], touch)
    from_share, to_share = share.copy(), share.copy()
    inside = shapely.intersection(ways[way], shapely.buffer(shapes[place], within_m, quad_segs=32))
    coords, pair = shapely.get_coordinates(inside, return_index=True)
    along = _shares(ways[way][pair], np.asarray(shapely.points(coords)))
    np.minimum.at(from_share, pair, along)
    np.maximum.at(to_share, pair, along)
    x, y = point_coordinates(touch)
    begins = fixes["time"].to_numpy()[way]
    takes = np.where(walked[way], (fixes["to_time"].to_numpy()[way] - begins).astype(np.int64), 0)
    return pd.DataFrame(
        {
            "place_code": texts(codes[place]),
            "patrol_code": texts(fixes["patrol"].to_numpy(dtype=object)[way]),
            "arrived_at": begins + (from_share * takes).round().astype("timedelta64[ms]"),
            "left_at": begins + (to_share * takes).round().astype("timedelta64[ms]"),
            "nearest_m": shapely.distance(ways[way], shapes[place]),
            "x": x,
            "y": y,
        }
    )


def _shares(ways: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float64]:
    """Return how far along its way each point lies, from 0 to 1; 0 where the way is a point."""
    share = np.zeros(len(ways))
    lines = shapely.get_dimensions(ways) == 1
    share[lines] = shapely.line_locate_point(ways[lines], points[lines], normalized=True)
    return share


def _passes(near: pd.DataFrame, most_seconds: float) -> pd.DataFrame:
    """Join what a patrol walked near a place without leaving it for longer than a gap."""
    names = ["place_code", "patrol_code"]
    near = near.sort_values([*names, "arrived_at", "left_at", "nearest_m", "x", "y"], ignore_index=True)
    left = near.groupby(names)["left_at"].cummax().shift()
    same = (near[names] == near[names].shift()).all(axis=1)
    goes_on = same & ((near["arrived_at"] - left).dt.total_seconds() <= most_seconds)
    number = (~goes_on).cumsum()
    told = near.groupby(number, sort=True).agg(
        place_code=("place_code", "first"),
        patrol_code=("patrol_code", "first"),
        arrived_at=("arrived_at", "min"),
        left_at=("left_at", "max"),
    )
    best = near.loc[near["nearest_m"].groupby(number).idxmin(), ["nearest_m", "x", "y"]]
    told[["nearest_m", "x", "y"]] = best.to_numpy()
    return told.sort_values(["place_code", "arrived_at", "patrol_code"], ignore_index=True)
