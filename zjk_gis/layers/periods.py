"""When a row holds: validity periods and the days of incidents, as whole days.

A period runs from `valid_from` to `valid_to`, **both days included**, as bureaus write it; a missing end is
open. Times with a time zone are read as Beijing time, times without one as they stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.errors import InputError, name_rows

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["ALWAYS", "NEVER", "day_of", "days_of", "validity_days"]

NEVER = np.iinfo(np.int64).min  # also the number of a missing day
ALWAYS = np.iinfo(np.int64).max

_BEIJING = "Asia/Shanghai"
_ZONED = r":\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$"


def days_of(values: pd.Series, name: str) -> NDArray[np.int64]:
    """Turn dates or times into day numbers since 1970-01-01; a missing one is `NEVER`.

    Parameters
    ----------
    values : Series
        Dates, times (with or without time zone) or ISO text, mixed as they come.
    name : str
        What the values are called in errors.

    Returns
    -------
    ndarray of int64

    Raises
    ------
    InputError
        If a value is no date; the message names the rows.

    Examples
    --------
    >>> days_of(pd.Series(["1970-01-02", "1970-01-03 23:59", "1970-01-03T20:00Z"]), "dates").tolist()
    [1, 2, 3]
    """
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        times = values.dt.tz_convert(_BEIJING).dt.tz_localize(None)
    elif pd.api.types.is_datetime64_any_dtype(values.dtype):
        times = values
    else:
        times = _parse(values, name)
    days = times.to_numpy().astype("datetime64[D]")
    numbers: NDArray[np.int64] = days.astype(np.int64)
    numbers[np.isnat(days)] = NEVER
    return numbers


def day_of(date: str | dt.date, name: str = "at") -> int:
    """Turn one date into a day number since 1970-01-01.

    Raises
    ------
    InputError
        If it is no date.

    Examples
    --------
    >>> day_of("1970-01-02")
    1
    """
    number = int(days_of(pd.Series([date], dtype=object), name)[0])
    if number == NEVER:
        message = f"{name} must be a date such as 2025-12-31, not {date!r}"
        raise InputError(message)
    return number


def validity_days(layer: gpd.GeoDataFrame, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and last day on which each row of a layer holds.

    Parameters
    ----------
    layer : GeoDataFrame
        With or without the columns `valid_from` and `valid_to`.
    name : str
        What the layer is called in errors.

    Returns
    -------
    begins, ends : ndarray of int64
        Day numbers, both included; `NEVER` and `ALWAYS` where a side is open.

    Raises
    ------
    InputError
        If a value is no date.
    """
    begins = np.full(len(layer), NEVER)
    ends = np.full(len(layer), ALWAYS)
    if "valid_from" in layer:
        begins = days_of(layer["valid_from"], f"{name}: valid_from")
    if "valid_to" in layer:
        ends = days_of(layer["valid_to"], f"{name}: valid_to")
        ends[ends == NEVER] = ALWAYS
    return begins, ends


def _parse(values: pd.Series, name: str) -> pd.Series:
    """Read text and mixed objects as times, or name the rows that are none."""
    text = values.astype(str).str.strip()
    blank = values.isna() | (text == "")
    times = pd.to_datetime(values.where(~blank), errors="coerce", format="mixed", utc=True)
    wrong = times.isna() & ~blank
    if wrong.any():
        message = (
            f"{name}: {int(wrong.sum())} of {len(values)} values are no dates "
            f"({name_rows(values.index[wrong])}, such as {values[wrong].iloc[0]!r}); write them as 2025-12-31"
        )
        raise InputError(message)
    zoned = text.str.contains(_ZONED, na=False)
    return times.dt.tz_localize(None).mask(zoned, times.dt.tz_convert(_BEIJING).dt.tz_localize(None))
