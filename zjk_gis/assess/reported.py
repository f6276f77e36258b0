"""Incidents made ready to be compared in place and time: what has neither is set aside and told."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.assign.incidents import points_of
from zjk_gis.crs import as_metric, convert_crs
from zjk_gis.engine.chains import Moments
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.coordinates import is_zero
from zjk_gis.layers.columns.requirements import require_columns, require_rows
from zjk_gis.layers.columns.times import read_times
from zjk_gis.layers.columns.values import as_text, code_text, plain
from zjk_gis.layers.shapes import point_coordinates
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

    from zjk_gis.layers.set_aside import SetAside

__all__ = ["CODE", "TIME", "Reported", "period_of", "placed", "reported"]

CODE, TIME = "incident_code", "occurred_at"
_UNITS = {
    dt.timedelta(weeks=1): ("w", "week", "weeks", "周"),
    dt.timedelta(days=1): ("d", "day", "days", "天", "日"),
    dt.timedelta(hours=1): ("h", "hour", "hours", "小时"),
    dt.timedelta(minutes=1): ("min", "minute", "minutes", "分钟"),
}
_PERIOD = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(word for words in _UNITS.values() for word in words)})")


@dataclass(frozen=True)
class Reported:
    """Incidents that have a place, a time, a class and a code of their own.

    Attributes
    ----------
    rows : GeoDataFrame
        By class, in it by time, at one time by code, so that their order in the file makes no difference; in
        a metric CRS.
    origin : ndarray of int64
        Which row of the caller's each is.
    times : ndarray of datetime64[us]
        Beijing's.
    moments : Moments
    """

    rows: gpd.GeoDataFrame
    origin: NDArray[np.int64]
    times: NDArray[np.datetime64]
    moments: Moments


def reported(
    incidents: gpd.GeoDataFrame,
    same: Sequence[str],
    aside: SetAside,
    *,
    left_out: NDArray[np.bool_] | None = None,
) -> Reported:
    """Return the incidents that can be compared, and note the others.

    Parameters
    ----------
    incidents : GeoDataFrame
        Points with ``incident_code``, ``occurred_at`` and the columns of `same`.
    same : sequence of str
        The columns that make a class.
    aside : SetAside
        Where it is noted which rows have no place, no time, no code or no class, or a code twice.
    left_out : ndarray of bool, optional
        Rows that do not take part, of which nothing is noted.

    Raises
    ------
    InputError
        If a column is missing, a time cannot be read, or a row is not a point.
    """
    require_columns(incidents, "incidents", CODE, TIME, *same)
    metric, fine = placed(incidents, aside, left_out=left_out)
    times = read_times(incidents[TIME], name=f"incidents: {TIME}").required().times.to_numpy("M8[us]")
    codes = code_text(incidents[CODE])
    for column, blank in (
        (TIME, np.isnat(times)),
        (CODE, codes.isna().to_numpy()),
        *((name, as_text(incidents[name]).isna().to_numpy()) for name in same),
    ):
        aside.note(
            incidents, "incidents", fine & blank, "not_filled", pd.Series(column, index=incidents.index)
        )
        fine &= ~blank
    origin = np.flatnonzero(fine)
    x, y = (each[fine] for each in point_coordinates(metric.geometry.to_numpy()))
    # Numbers by the order of the texts themselves, never by that of the rows.
    group = np.zeros(len(origin), np.int64)
    for name in same:
        of_column = pd.factorize(code_text(incidents[name])[fine], sort=True)[0]
        group = np.unique(group * (int(of_column.max(initial=0)) + 1) + of_column, return_inverse=True)[1]
    rank = pd.factorize(codes[fine], sort=True)[0]
    order = np.lexsort((y, x, rank, times[fine], group))
    twice = _later_ones(rank[order])
    aside.note(incidents.iloc[origin[order]], "incidents", twice, "code_twice", codes.iloc[origin[order]])
    order = order[~twice]
    origin = origin[order]
    at = times[origin].astype(np.int64)
    return Reported(
        metric.iloc[origin],
        origin,
        times[origin],
        Moments(x[order], y[order], at, group[order].astype(np.int64)),
    )


def placed(
    incidents: gpd.GeoDataFrame,
    aside: SetAside,
    *,
    left_out: NDArray[np.bool_] | None = None,
    crs: CRS | None = None,
) -> tuple[gpd.GeoDataFrame, NDArray[np.bool_]]:
    """Return incidents in a metric CRS, or in `crs`, and tell which have a place; the others are noted.

    Raises
    ------
    InputError
        If there is no row, or one is not a point.
    """
    require_rows(incidents, "incidents")
    points = points_of(incidents)
    zero = np.zeros(len(incidents), dtype=bool)
    if not incidents.crs.is_engineering:
        zero = is_zero(points.x, points.y)
    fine = np.isfinite(points.x) & np.isfinite(points.y) & ~zero
    metric = incidents
    if fine.any():  # rows without a place must not move the zone that is chosen
        sound = incidents if fine.all() else incidents.set_geometry(incidents.geometry.where(fine))
        metric = as_metric(sound, "incidents") if crs is None else convert_crs(sound, crs, name="incidents")
        fine &= np.isfinite(np.column_stack(point_coordinates(metric.geometry.to_numpy()))).all(axis=1)
    why = np.select([points.is_missing, zero], ["no_geometry", "zero"], "bad_position")
    takes_part = np.ones(len(incidents), dtype=bool) if left_out is None else ~left_out
    aside.note(incidents, "incidents", ~fine & takes_part, why, pd.Series("", index=incidents.index))
    return metric, fine & takes_part


def period_of(value: str | dt.timedelta, name: str) -> int:
    """Return how many microseconds a period has.

    Parameters
    ----------
    value : str or timedelta
        Such as ``"90d"``, ``"24h"`` or ``"30min"``; 90天 and 24小时 are understood as well.
    name : str
        What it is called in errors.

    Raises
    ------
    InputError
        If it is something else, or below 0.

    Examples
    --------
    >>> period_of("24h", "within") == period_of("1天", "within") == 86_400_000_000
    True
    """
    micro = -1
    if isinstance(value, dt.timedelta):
        micro = value // dt.timedelta(microseconds=1)
    elif isinstance(value, str) and (match := _PERIOD.fullmatch(plain(value).casefold())):
        unit = next(unit for unit, words in _UNITS.items() if match[2] in words)
        micro = round(float(match[1]) * (unit / dt.timedelta(microseconds=1)))
    if micro < 0:
        raise InputError(
            tr("{name} must be a period such as 90d, 24h or 30min, not {value!r}", name=name, value=value)
        )
    return micro


def _later_ones(rank: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which entries repeat an earlier one."""
    later = np.ones(len(rank), dtype=bool)
    later[np.unique(rank, return_index=True)[1]] = False
    return later
