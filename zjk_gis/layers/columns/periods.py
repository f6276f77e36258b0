"""When a row holds: validity periods and the days of incidents, as whole days.

A period runs from `valid_from` to `valid_to`, **both days included**, as bureaus write it; a missing end is
open. How dates and times are read says `zjk_gis.layers.columns.times`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.layers.columns.times import BEIJING, read_times, time_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["ALWAYS", "NEVER", "day_of", "days_of", "validity_days"]

NEVER = np.iinfo(np.int64).min  # also the number of a missing day
ALWAYS = np.iinfo(np.int64).max


def days_of(
    values: pd.Series,
    name: str,
    *,
    dayfirst: bool | None = None,
    time_format: str | None = None,
    tz: str = BEIJING,
) -> NDArray[np.int64]:
    """Turn dates or times into day numbers since 1970-01-01; a missing one is `NEVER`.

    Parameters
    ----------
    values : Series
        Dates, times (with or without time zone) or text, mixed as they come.
    name : str
        What the values are called in errors.
    dayfirst, time_format, tz
        As in `zjk_gis.layers.columns.times.read_times`.

    Returns
    -------
    ndarray of int64

    Raises
    ------
    InputError
        If a value is not a date, or it cannot be told which date it is; the message names the rows.

    Examples
    --------
    >>> import pandas as pd
    >>> days_of(pd.Series(["1970-01-02", "1970-01-03 23:59", "1970-01-03T20:00Z"]), "dates").tolist()
    [1, 2, 3]
    """
    reading = read_times(values, dayfirst=dayfirst, time_format=time_format, tz=tz, name=name)
    return reading.required().days


def day_of(date: str | dt.date, name: str = "at", *, tz: str = BEIJING) -> int:
    """Turn one date into a day number since 1970-01-01.

    Raises
    ------
    InputError
        If it is not a date with its year first.

    Examples
    --------
    >>> day_of("1970-01-02")
    1
    """
    return int(time_of(date, name, tz=tz).time.to_datetime64().astype("datetime64[D]").astype(np.int64))


def validity_days(
    layer: gpd.GeoDataFrame, name: str, *, tz: str = BEIJING
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and last day on which each row of a layer is valid.

    Parameters
    ----------
    layer : GeoDataFrame
        With or without the columns `valid_from` and `valid_to`.
    name : str
        What the layer is called in errors.
    tz : str, default "Asia/Shanghai"
        Whose days they are, where they are times with a zone.

    Returns
    -------
    begins, ends : ndarray of int64
        Day numbers, both included; `NEVER` and `ALWAYS` where a side is open.

    Raises
    ------
    InputError
        If a value is not a date.
    """
    begins = np.full(len(layer), NEVER)
    ends = np.full(len(layer), ALWAYS)
    if "valid_from" in layer:
        begins = days_of(layer["valid_from"], tr("{name}: {what}", name=name, what="valid_from"), tz=tz)
    if "valid_to" in layer:
        ends = days_of(layer["valid_to"], tr("{name}: {what}", name=name, what="valid_to"), tz=tz)
        ends[ends == NEVER] = ALWAYS
    return begins, ends
