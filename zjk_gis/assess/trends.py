"""Areas by trades (区域×行业), and how indicators change from month to month (趋势)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["area_trade_matrix", "trend"]

_YEAR = 12  # months
_LEAST = 3  # pairs of years below which no trend is judged


@checked
def area_trade_matrix(
    indicators: pd.DataFrame, row_by: str, column_by: str, *, indicator: str = "handled_in_time_rate"
) -> pd.DataFrame:
    """Lay an indicator out by area and trade (区域考核×行业考核, clause 三十四), with totals that add up.

    A total is never a mean of rates: it is all numerators by all denominators.

    Parameters
    ----------
    indicators : DataFrame
        From `indicators`, grouped by `row_by` and `column_by`, and perhaps more.
    row_by, column_by : str
        Its columns, such as ``"district_code"`` and ``"event_code"``.
    indicator : str, default "handled_in_time_rate"
        One that has a numerator: of hours there are no totals.

    Returns
    -------
    DataFrame
        A row a cell, then the totals: `row_by` and `column_by` (text; 合计 or ``total`` for a total),
        ``indicator``, ``numerator``, ``denominator`` and ``value`` (NaN, no data, where the denominator is
        0). ``pivot`` makes the sheet of it.

    Raises
    ------
    InputError
        If there is no such indicator, or it has no numerator.
    MissingColumnError
        If a column is missing.

    Examples
    --------
    >>> rates = pd.DataFrame(
    ...     {
    ...         "district_code": ["A", "A", "B"], "event_code": ["0102", "0501", "0102"],
    ...         "indicator": "handled_rate", "numerator": [9, 1, 50], "denominator": [10, 2, 100],
    ...     }
    ... )
    >>> from zjk_gis.words import speaking
    >>> with speaking("en"):
    ...     matrix = area_trade_matrix(rates, "district_code", "event_code", indicator="handled_rate")
    >>> matrix.pivot(index="district_code", columns="event_code", values="value").round(3)
    event_code      0102  0501  total
    district_code
    A              0.900   0.5  0.833
    B              0.500   NaN  0.500
    total          0.536   0.5  0.536
    """
    require_columns(indicators, "indicators", row_by, column_by, "indicator", "numerator", "denominator")
    own = indicators[indicators["indicator"] == indicator]
    if own.empty:
        raise InputError(
            tr("indicators: there is no {indicator!r}; there are {known}",
               indicator=indicator, known=listed(sorted({*map(str, indicators["indicator"])})))
        )  # fmt: skip
    if own["numerator"].isna().all():
        raise InputError(tr("{indicator} has no numerator, so that there are no totals", indicator=indicator))
    total = tr("total")
    named = own[[row_by, column_by]].astype(object).where(own[[row_by, column_by]].notna(), "")
    cells = named.map(str).assign(numerator=own["numerator"], denominator=own["denominator"])
    parts = [
        cells,
        cells.assign(**{column_by: total}),
        cells.assign(**{row_by: total}),
        cells.assign(**{row_by: total, column_by: total}),
    ]
    sums = [part.groupby([row_by, column_by], as_index=False).sum() for part in parts]
    table = pd.concat(sums, ignore_index=True)
    value = table["numerator"] / table["denominator"].where(table["denominator"] > 0)
    return table.assign(indicator=pd.Series(indicator, index=table.index, dtype="str"), value=value)


@checked
def trend(
    indicators: pd.DataFrame, *, by: str | Sequence[str] | None = None, month: str = "month"
) -> pd.DataFrame:
    """Tell how each indicator changed, on the month before and on the same month of last year (环比、同比).

    The direction over all years is judged by the seasonal Kendall test (Hirsch, Slack and Smith 1982): each
    month is compared with the same month of other years only, so that spring sandstorms are no trend.

    Parameters
    ----------
    indicators : DataFrame
        From `indicators`, a month at a time, with a column that says which.
    by : str or sequence of str, optional
        The columns by which they are grouped.
    month : str, default "month"
        The column of months, such as ``2025-11``.

    Returns
    -------
    DataFrame
        A row a group and indicator, of its last month: the columns of `by`, ``indicator``, `month`,
        ``value``, ``month_change`` and ``year_change`` (difference; NaN where that month is not there),
        ``months`` (how many have a value), ``year_slope`` (Sen's, a year), ``tau`` (-1 to 1) and ``p_value``
        (two-sided, from the normal approximation with ties and continuity). The last three are NaN below
        three pairs of years.

    Raises
    ------
    InputError
        If a month is none, or a group has one several times.
    MissingColumnError
        If a column is missing.

    Examples
    --------
    >>> months = [f"{year}-{number:02d}" for year in (2023, 2024, 2025) for number in range(1, 13)]
    >>> rates = pd.DataFrame({"month": months, "indicator": "handled_rate", "value": np.arange(36) / 100})
    >>> found = trend(rates)
    >>> found[["month", "value", "month_change", "year_change", "tau"]].round(3).values.tolist()
    [['2025-12', 0.35, 0.01, 0.12, 1.0]]
    """
    names = [by] if isinstance(by, str) else list(by or ())
    require_columns(indicators, "indicators", *names, "indicator", month, "value")
    texts = indicators[month].astype("str")
    bad = ~texts.str.fullmatch(r"\d{4}-(0[1-9]|1[0-2])").fillna(False).to_numpy(dtype=bool)
    if bad.any():
        raise InputError(
            tr("month must be written as 2025-11, not {month!r}", month=str(texts.to_numpy()[bad][0]))
        )
    if indicators.duplicated([*names, "indicator", month]).any():
        twice = str(texts[indicators.duplicated([*names, "indicator", month])].iloc[0])
        raise InputError(tr("{name}: {area} is there several times", name="indicators", area=twice))
    rows = []
    for key, group in indicators.groupby([*names, "indicator"], dropna=False, sort=True):
        rows.append((*key, *_changes(group[month].astype("str"), group["value"])))
    columns = [*names, "indicator", month, "value", "month_change", "year_change", "months", "year_slope"]
    return pd.DataFrame(rows, columns=[*columns, "tau", "p_value"]).astype({"months": np.int64})


def _changes(months: pd.Series, values: pd.Series) -> tuple[Any, ...]:
    """Return the last month of a group with its changes, and the direction over all years."""
    number = months.to_numpy(dtype="M8[M]").astype(np.int64)
    value = values.to_numpy(dtype=np.float64)
    order = np.argsort(number)
    number, value = number[order], value[order]
    by_month = dict(zip(number.tolist(), value.tolist(), strict=True))
    last = int(number[-1])
    changes = (value[-1] - by_month.get(last - back, np.nan) for back in (1, _YEAR))
    known = ~np.isnan(value)
    told = str(np.datetime64(last, "M"))
    return told, value[-1], *changes, int(known.sum()), *_seasonal(number[known], value[known])


def _seasonal(number: NDArray[np.int64], value: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the slope a year, tau and p of the seasonal Kendall test."""
    score, pairs, variance = 0.0, 0, 0.0
    slopes = []
    for season in range(_YEAR):
        own = number % _YEAR == season
        years, values = number[own] // _YEAR, value[own]
        first, second = np.triu_indices(len(values), 1)
        change = values[second] - values[first]
        score += float(np.sign(change).sum())
        pairs += len(change)
        slopes.append(change / (years[second] - years[first]))
        size, ties = len(values), np.unique(values, return_counts=True)[1]
        variance += (size * (size - 1) * (2 * size + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    if pairs < _LEAST:
        return np.nan, np.nan, np.nan
    z = (score - np.sign(score)) / np.sqrt(variance) if variance > 0 else 0.0
    return float(np.median(np.concatenate(slopes))), score / pairs, math.erfc(abs(z) / math.sqrt(2))
