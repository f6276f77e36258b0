"""Was every section walked? GPS tracks compared with the sections that they should cover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.catalogue import ROAD_SECTIONS
from zjk_gis.layers.columns.levels import levels_of
from zjk_gis.layers.columns.periods import ALWAYS, NEVER, day_of, validity_days
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.times import BEIJING, time_order
from zjk_gis.layers.metric import ready, require_amounts
from zjk_gis.layers.recorded import with_answers
from zjk_gis.layers.shapes import has_place
from zjk_gis.overlay.linear import joined_lengths
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

__all__ = ["fixes_of", "patrol_coverage"]

_ALONG = 0.5  # how far a step must get along a section, of its own length, to be a walk along it
_EPOCH = np.datetime64("1970-01-01")


@checked
def patrol_coverage(
    sections: gpd.GeoDataFrame,
    tracks: gpd.GeoDataFrame,
    *,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    patrol: str = "patrol_code",
    time: str = "recorded_at",
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = BEIJING,
    within_m: float = 20.0,
    most_seconds: float = 120.0,
    most_metres: float = 200.0,
    complete_from: float = 0.8,
    both_sides: bool = False,
    required: Mapping[int | str, int] | None = None,
) -> gpd.GeoDataFrame:
    """Find how much of each section was walked in a period, and how often (巡查覆盖率).

    Parameters
    ----------
    sections : GeoDataFrame
        Responsibility sections (责任路段), lines with ``section_code``, perhaps with ``level`` and versions.
    tracks : GeoDataFrame
        The fixes of GPS tracks (巡查轨迹): points, each with who walked and when.
    start, end : date or str, optional
        The first and last day of the period, both included; by default those of the tracks.
    patrol, time : str
        The columns of `tracks` with the code of who walked, and the time of the fix.
    dayfirst, time_format, tz
        How the times are read, and whose days they are; see `assign_incidents`.
    within_m : float, default 20.0
        How far from the line of a section one may walk, the accuracy of GPS included.
    most_seconds, most_metres : float
        Between two fixes further apart nothing is known: the track has a gap there, and no ground counts.
    complete_from : float, default 0.8
        The share of a section that must be walked on a day for the day to count.
    both_sides : bool, default False
        Whether each side of the road has to be walked by itself.
    required : mapping of int or str to int, optional
        How many days each level (a number or a word) must be walked in the period; other levels need none.

    Returns
    -------
    GeoDataFrame
        The sections valid in the period, in their order and under their index, with

        - ``length_m`` (float64), twice the line's with `both_sides`;
        - ``walked_m`` (float64) and ``share``: of the whole period, each metre once;
        - ``days_walked`` (int64): on how many days at least `complete_from` of it was walked;
        - ``last_walked`` (datetime64): the last day on which any of it was;
        - with `required`: ``days_required`` (int64) and ``fulfilled`` (bool).

        ``attrs["tracks"]`` tells ``fixes``, ``steps``, ``gaps`` and ``unusable`` (fixes without place,
        time or code), whose days were counted (``tz``), and what was inferred of the times (``remarks``).

    Raises
    ------
    MissingColumnError, EmptyLayerError, CRSError, GeometryError, InputError
        If a layer cannot be used.

    Notes
    -----
    A step that merely crosses a section is not a walk along it.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> sections = gpd.GeoDataFrame(
    ...     {"section_code": ["S1"]}, geometry=[LineString([(0, 0), (100, 0)])], crs=4547
    ... )
    >>> tracks = gpd.GeoDataFrame(
    ...     {"patrol_code": "P1", "recorded_at": pd.to_datetime(["2025-06-02 09:00", "2025-06-02 09:01"])},
    ...     geometry=gpd.points_from_xy([10, 70], [3, 3]),
    ...     crs=4547,
    ... )
    >>> patrol_coverage(sections, tracks)[["walked_m", "share", "days_walked"]].to_numpy().tolist()
    [[60.0, 0.6, 0.0]]
    """
    require_amounts(within_m=within_m, most_seconds=most_seconds, most_metres=most_metres)
    if not 0 < complete_from <= 1:
        raise InputError(
            tr(
                "complete_from must be a share above 0 and up to 1, not {complete_from!r}",
                complete_from=complete_from,
            )
        )
    sections = ready(sections, "sections", kind="line", code=ROAD_SECTIONS.code)
    require_columns(tracks, "tracks", patrol, time)
    order = time_order(
        tracks[time], dayfirst=dayfirst, time_format=time_format, tz=tz, name=f"tracks: {time}"
    )
    times, _ = order.times(tracks[time])
    fixes, account = fixes_of(tracks, sections.crs, patrol, times, most_seconds, most_metres)
    steps = _steps(fixes)
    first = (
        day_of(start, "start", tz=tz)
        if start is not None
        else int(steps["day"].min())
        if len(steps)
        else NEVER
    )
    last = day_of(end, "end", tz=tz) if end is not None else int(steps["day"].max()) if len(steps) else ALWAYS
    if first > last:
        raise InputError(tr("start ({start}) lies after end ({end})", start=start, end=end))
    begins, ends = validity_days(sections, "sections", tz=tz)
    sections = sections[(begins <= last) & (ends >= first)]
    steps = steps[(steps["day"] >= first) & (steps["day"] <= last)].reset_index(drop=True)
    walked = _walked(sections.geometry.to_numpy(), steps, within_m, both_sides=both_sides)
    result = _summed(sections, walked, complete_from, sides=2 if both_sides else 1)
    if required is not None:
        if "level" not in sections:
            raise MissingColumnError(tr("sections: no column 'level', by which required= says how often"))
        wanted = _required_days(sections, required)
        fulfilled = result["days_walked"] >= wanted
        result = with_answers(result, {"days_required": wanted, "fulfilled": fulfilled})
    result.attrs["tracks"] = account | {"tz": tz, "remarks": list(order.remarks)}
    return result


def _required_days(sections: gpd.GeoDataFrame, required: Mapping[int | str, int]) -> pd.Series:
    """Return how many days each section must be walked; refuse levels of which no section has any."""
    levels = levels_of(sections, "sections")
    days = {number: days for level, days in required.items() if (number := levels.find(level)) is not None}
    if required and len(sections) and not days:
        raise InputError(
            tr(
                "sections: none has a level of required= ({required}); the levels are {value}",
                required=", ".join(map(str, required)),
                value=", ".join(levels.words.values()) or "all empty",
            )
        )
    wanted = pd.Series(levels.numbers, index=sections.index).map(days).fillna(0)
    return wanted.astype(np.int64)


def fixes_of(
    tracks: gpd.GeoDataFrame,
    crs: CRS,
    patrol: str,
    times: pd.Series,
    most_seconds: float,
    most_metres: float,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Put the fixes of each patrol in the order of time, and tell which follow each other closely enough.

    Returns
    -------
    fixes : DataFrame
        ``patrol``, ``time``, ``x``, ``y``; of the next fix ``to_time``, ``to_x`` and ``to_y``, and ``metres``
        and ``close`` (bool): whether the patrol walked straight there.
    account : dict
        ``fixes``, ``steps``, ``gaps`` and ``unusable``.
    """
    usable = has_place(tracks.geometry.to_numpy()) & tracks[patrol].notna().to_numpy()
    usable = usable & times.notna().to_numpy()
    kept = ready(tracks[usable], "tracks", kind="point", crs=crs) if usable.any() else tracks[usable]
    fixes = pd.DataFrame(
        {
            "patrol": kept[patrol].astype(str).to_numpy(),
            "time": times[usable].to_numpy().astype("datetime64[ms]"),
            "x": kept.geometry.x.to_numpy(),
            "y": kept.geometry.y.to_numpy(),
        }
    ).sort_values(["patrol", "time", "x", "y"], ignore_index=True)
    following = fixes.shift(-1)
    same = (fixes["patrol"] == following["patrol"]).to_numpy()
    seconds = (following["time"] - fixes["time"]).dt.total_seconds().to_numpy()
    to_x, to_y = (following[name].to_numpy(dtype=np.float64) for name in ("x", "y"))
    metres = np.hypot(to_x - fixes["x"].to_numpy(), to_y - fixes["y"].to_numpy())
    close = same & (seconds <= most_seconds) & (metres <= most_metres)
    fixes = fixes.assign(to_time=following["time"], to_x=to_x, to_y=to_y, metres=metres, close=close)
    account = {
        "fixes": len(tracks),
        "steps": int((close & (metres > 0)).sum()),
        "gaps": int((same & ~close).sum()),
        "unusable": int((~usable).sum()),
    }
    return fixes, account


def _steps(fixes: pd.DataFrame) -> pd.DataFrame:
    """Return what was walked from each fix to the next, and on which day."""
    moved = fixes[fixes["close"] & (fixes["metres"] > 0)]
    ends = moved[["x", "y", "to_x", "to_y"]].to_numpy().reshape(-1, 2, 2)
    steps = pd.DataFrame({"day": moved["time"].to_numpy().astype("datetime64[D]").astype(np.int64)})
    steps["shape"] = np.asarray(shapely.linestrings(ends)) if len(ends) else np.empty(0, dtype=object)
    return steps


def _walked(lines: NDArray[Any], steps: pd.DataFrame, within: float, *, both_sides: bool) -> pd.DataFrame:
    """Find which stretch of which section each step walks along, on which side."""
    shapes = steps["shape"].to_numpy()
    section, step = shapely.STRtree(shapes).query(lines, predicate="dwithin", distance=within)
    around = shapely.buffer(lines, within, cap_style="flat")
    pieces, pair = shapely.get_parts(shapely.intersection(shapes[step], around[section]), return_index=True)
    whole = lines[section[pair]]
    first, last = shapely.get_point(pieces, 0), shapely.get_point(pieces, -1)
    begin, end = shapely.line_locate_point(whole, first), shapely.line_locate_point(whole, last)
    is_walk = np.abs(end - begin) > _ALONG * shapely.length(pieces)
    side = np.zeros(len(pieces), dtype=np.int64)
    if both_sides:
        side = _sides(whole, shapely.line_interpolate_point(pieces, 0.5, normalized=True))
    found = pd.DataFrame(
        {
            "section": section[pair],
            "side": side,
            "day": steps["day"].to_numpy()[step[pair]],
            "from_m": np.minimum(begin, end),
            "to_m": np.maximum(begin, end),
        }
    )
    return found[is_walk].reset_index(drop=True)


def _sides(lines: NDArray[Any], points: NDArray[Any]) -> NDArray[np.int64]:
    """Tell on which side of its line each point lies: 1 left, -1 right or on it."""
    at, size = shapely.line_locate_point(lines, points), shapely.length(lines)
    before = shapely.get_coordinates(shapely.line_interpolate_point(lines, np.maximum(at - 0.5, 0.0)))
    after = shapely.get_coordinates(shapely.line_interpolate_point(lines, np.minimum(at + 0.5, size)))
    way, off = after - before, shapely.get_coordinates(points) - before
    return np.where(way[:, 0] * off[:, 1] - way[:, 1] * off[:, 0] > 0, 1, -1)


def _summed(
    sections: gpd.GeoDataFrame, walked: pd.DataFrame, complete_from: float, *, sides: int
) -> gpd.GeoDataFrame:
    size = len(sections)
    length = sections.geometry.length.to_numpy() * sides
    in_period = joined_lengths(walked, ["section", "side"]).groupby("section")["metres"].sum()
    walked_m = np.minimum(in_period.reindex(range(size), fill_value=0.0).to_numpy(), length)
    daily = joined_lengths(walked, ["section", "day", "side"]).groupby(["section", "day"])["metres"].sum()
    complete = (
        daily >= complete_from * length[daily.index.get_level_values("section").to_numpy(dtype=np.int64)]
    )
    days = complete.groupby("section").sum().reindex(range(size), fill_value=0)
    last = walked.groupby("section")["day"].max().reindex(range(size))
    index = sections.index
    share = np.divide(walked_m, length, out=np.full(size, np.nan), where=length > 0)
    return with_answers(
        sections,
        {
            "length_m": pd.Series(length, index=index),
            "walked_m": pd.Series(walked_m, index=index),
            "share": pd.Series(share, index=index),
            "days_walked": pd.Series(days.to_numpy(dtype=np.int64), index=index),
            "last_walked": pd.Series(
                _EPOCH + last.to_numpy(dtype="timedelta64[D]") if len(walked) else pd.NaT, index=index
            ).astype("datetime64[s]"),
        },
    )
