"""Indicators of city management (城管指标), each with what it is made of, from a table or a large file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis._optional import need
from zjk_gis.arguments import checked
from zjk_gis.assess.clocks import moment_of, period_of, rules_of
from zjk_gis.assess.facts import case_facts, dates_of
from zjk_gis.assess.repeats import mark_repeats
from zjk_gis.assess.working_time import WorkingCalendar
from zjk_gis.crs import as_metric
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from zjk_gis.assess.clocks import Rules
    from zjk_gis.assess.facts import CaseFacts
    from zjk_gis.standards.rules import Overrides

__all__ = ["INDICATORS", "QUANTILES", "RATES", "indicators", "rates_of", "wilson"]

# Shares of counts: what is counted, of what.
RATES = {
    "filed_rate": ("filed", "reported"),
    "handled_rate": ("handled_due", "due"),
    "handled_in_time_rate": ("in_time", "due"),
    "rework_rate": ("reworked", "closing_due"),
    "overdue_open_rate": ("overdue_open", "due"),
    "extended_rate": ("extended", "due"),
    "closed_rate": ("closed_due", "closing_due"),
    "closed_in_time_rate": ("closed_in_time", "closing_due"),
    "repeat_rate": ("repeated", "filed"),
}
_NEEDS = {"rework_rate": "rework_count", "extended_rate": "extended_to", "repeat_rate": "is_repeat"}
QUANTILES = {"hours_median": 0.5, "hours_90": 0.9}
# Filed cases to a unit of something: the column of the bases, and how many of its units are one.
_DENSITIES = {
    "filed_per_km2": ("area_km2", 1.0),
    "filed_per_10000": ("population", 10_000.0),
    "filed_per_chief": ("chiefs", 1.0),
}
INDICATORS = (*RATES, *QUANTILES, *_DENSITIES)
_COUNTS = sorted({name for pair in RATES.values() for name in pair} | {"timed"})

_READ = (
    "occurred_at", "filed_at", "handled_at", "closed_at", "due_at", "extended_to", "event_code", "state",
    "rework_count", "is_repeat",
)  # fmt: skip
_CHUNK = 1_000_000  # rows of a file that are in memory at a time
_WIDTH = np.log(1.01)  # of a class of minutes, from a file: 1 %
_CLASSES = 4096
_Z = 1.959963984540054  # 95 %


@checked
def indicators(
    incidents: pd.DataFrame | str | os.PathLike[str],
    *,
    by: str | Sequence[str] | None = None,
    month: str | None = None,
    as_of: str | dt.date | None = None,
    table: pd.DataFrame | None = None,
    calendar: WorkingCalendar | None = None,
    practice: str | None = None,
    bases: pd.DataFrame | None = None,
    dated: str = "occurred_at",
    repeats: bool = False,
    tables: Overrides | None = None,
) -> pd.DataFrame:
    """Compute the indicators of city management, each with its numerator and its denominator.

    The incidents of a month are those reported in it; how they stand is asked at one time, so that anybody
    can add the figures up again. What is void (作废) or suspended (挂账), has no deadline or is not due
    (未到期) is in no denominator but those of reported and filed cases:

    - ``filed_rate`` 立案率: filed / reported;
    - ``handled_rate`` 处置率: handled / due for handling (handled, or the deadline passed);
    - ``handled_in_time_rate`` 按期处置率: handled in time / due for handling;
    - ``overdue_open_rate`` 超期待处置率: overdue and not handled / due for handling;
    - ``extended_rate`` 延期率: extended / due for handling;
    - ``closed_rate`` 结案率: closed / due for closing (closed, or the deadline passed);
    - ``closed_in_time_rate`` 按期结案率: closed in time / due for closing;
    - ``rework_rate`` 返工率: reworked / due for closing;
    - ``repeat_rate`` 重复发生率: repeated (``is_repeat``) / filed;
    - ``hours_median``, ``hours_90`` 处置用时: hours by the wall clock from filing to handling;
    - ``filed_per_km2``, ``filed_per_10000``, ``filed_per_chief``: filed / km², 10,000 people, chiefs.

    Formulas of GB/T 30428.4 as implemented by others (confidence S; ``filed_rate`` U: its denominator
    varies).

    Parameters
    ----------
    incidents : DataFrame, or path to a Parquet file or a folder of them
        With the columns that `deadlines` takes, and `dated`; ``rework_count`` and ``is_repeat`` for their
        rates. A file is read a million rows at a time.
    by : str or sequence of str, optional
        Columns by which rows are grouped; several are crossed. A missing value is a group of its own. Where
        there is no such column, ``month`` is that of `dated`, such as ``2025-11``.
    month : str, optional
        Such as ``"2025-11"``; by default all rows.
    as_of : date or time, or str, optional
        A day means its end. By default the end of the month.
    table, calendar, practice, tables
        As in `deadlines`.
    bases : DataFrame, optional
        What cases are compared with: the columns of `by`, and ``area_km2`` (or shapes), ``population`` or
        ``chiefs``.
    dated : str, default "occurred_at"
        The column that says in which month an incident is.
    repeats : bool, default False
        Find the repeats by the usual rule of `mark_repeats`, for which the incidents need places; all rows
        are looked at, those before the month too. To use another rule, or to read a file in parts, mark the
        incidents first. Rows that cannot be judged are no repeats.

    Returns
    -------
    DataFrame
        A row a group and indicator: the columns of `by`, ``indicator``, ``numerator``, ``denominator``,
        ``value`` (share, hours or cases; NaN, no data, where the denominator is 0), ``low_95`` and
        ``high_95`` (Wilson's interval of a share, 95 %) and ``n`` (int64, reported cases). For hours the
        denominator is how many cases have any. A rate whose column is not there is not told.
        ``attrs["hours"]`` says how the hours were found: ``exact``, the case at which the share is reached,
        or from a file ``classes``, the middle of a class of 1 %, so that they are at most 0.5 % off (or half
        a minute).

    Raises
    ------
    InputError
        If `month` is none, neither it nor `as_of` is given, the rules cannot be used, or `repeats` is asked
        of a file, of a table without places or of one that has the column ``is_repeat``.
    MissingColumnError
        If a column is missing.

    Examples
    --------
    >>> cases = pd.DataFrame(
    ...     {
    ...         "occurred_at": ["2025-11-03", "2025-11-03", "2025-11-04", "2025-11-30"],
    ...         "filed_at": ["2025-11-03 08:00", "2025-11-03 09:00", None, "2025-11-30 20:00"],
    ...         "due_at": ["2025-11-03 12:00", "2025-11-03 15:00", None, "2025-12-01 12:00"],
    ...         "closed_at": ["2025-11-03 12:00", "2025-11-03 16:00", None, None],
    ...     }
    ... )
    >>> found = indicators(cases, month="2025-11")
    >>> found.loc[[0, 2, 4], ["indicator", "numerator", "denominator", "value"]]
                  indicator  numerator  denominator  value
    0            filed_rate        3.0          4.0   0.75
    2  handled_in_time_rate        1.0          2.0   0.50
    4           closed_rate        2.0          2.0   1.00
    """
    names = [by] if isinstance(by, str) else list(by or ())
    if repeats:
        incidents = _with_repeats(incidents)
    first, last = period_of(month)
    if as_of is None and month is None:
        raise InputError(tr("indicators: say a month= or as_of="))
    question = _Question(
        names,
        dated,
        first,
        last,
        last if as_of is None else moment_of(as_of),
        rules_of(table, practice=practice, tables=tables),
        calendar or WorkingCalendar.of(tables=tables),
    )
    from_file = not isinstance(incidents, pd.DataFrame)
    tally = _Tally(names, exact=not from_file)
    for chunk in _chunks(incidents, question):
        _add(chunk, question, tally)
    found = _told(tally, names, bases)
    found.attrs["hours"] = "classes" if from_file else "exact"
    return found


def _with_repeats(incidents: pd.DataFrame | str | os.PathLike[str]) -> pd.DataFrame:
    """Mark the repeats among incidents that have places and are not marked yet."""
    if not isinstance(incidents, gpd.GeoDataFrame):
        raise InputError(
            tr("repeats are found among incidents with places: read them with read_layer, or mark them with "
               "mark_repeats first")
        )  # fmt: skip
    if "is_repeat" in incidents:
        raise InputError(tr("incidents: is_repeat is there already; leave out repeats=, or drop the column"))
    marked: pd.DataFrame = mark_repeats(incidents)
    return marked


@dataclass(frozen=True)
class _Question:
    """What is asked of every chunk."""

    by: list[str]
    dated: str
    first: np.datetime64
    last: np.datetime64
    moment: np.datetime64
    rules: Rules
    calendar: WorkingCalendar

    @property
    def columns(self) -> list[str]:
        """The columns without which it cannot be answered; the month need not be one."""
        return [self.dated, *(name for name in self.by if name != "month")]


@dataclass
class _Tally:
    """What is counted so far, a place a group."""

    by: list[str]
    exact: bool
    places: dict[tuple[Any, ...], int] = field(default_factory=dict)
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, len(_COUNTS)), np.int64))
    hours: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = field(default_factory=list)
    classes: pd.Series = field(default_factory=lambda: pd.Series(dtype=np.int64))
    told: set[str] = field(default_factory=set)

    def groups_of(self, rows: pd.DataFrame) -> NDArray[np.int64]:
        """Return the place of each row's group."""
        if not self.by:
            self.places.setdefault((), 0)
            return np.zeros(len(rows), np.int64)
        grouped = rows.groupby(self.by, dropna=False, observed=True, sort=False)
        own = grouped.ngroup().to_numpy()
        firsts = rows[self.by].iloc[np.unique(own, return_index=True)[1]].astype(object)
        keys = firsts.where(firsts.notna(), None).itertuples(index=False, name=None)
        return np.array([self.places.setdefault(key, len(self.places)) for key in keys], np.int64)[own]

    def enter(self, groups: NDArray[np.int64], facts: dict[str, NDArray[np.bool_]], hours: Any) -> None:
        """Add rows to the counts."""
        size = len(self.places)
        grown = np.zeros((size, len(_COUNTS)), np.int64)
        grown[: len(self.counts)] = self.counts
        for place, name in enumerate(_COUNTS):
            if name in facts:
                grown[:, place] += np.bincount(groups[facts[name]], minlength=size)
        self.counts = grown
        timed = facts["timed"]
        if self.exact:
            self.hours.append((groups[timed], hours[timed]))
            return
        minutes = np.rint(np.log1p(hours[timed] * 60) / _WIDTH).astype(np.int64)
        keys, times = np.unique(
            groups[timed] * _CLASSES + np.minimum(minutes, _CLASSES - 1), return_counts=True
        )
        self.classes = self.classes.add(pd.Series(times, index=keys), fill_value=0).astype(np.int64)


def _chunks(incidents: pd.DataFrame | str | os.PathLike[str], question: _Question) -> Iterator[pd.DataFrame]:
    """Give the rows, those of files a part at a time with the columns that are needed."""
    if isinstance(incidents, pd.DataFrame):
        require_columns(incidents, "incidents", *question.columns)
        yield incidents
        return
    path = Path(incidents)
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise InputError(tr("{path}: no Parquet file is there", path=path))
    parquet = need("pyarrow.parquet", extra="parquet", purpose="read a .parquet file")
    wanted = {*_READ, question.dated, *question.by}
    for file in files:
        names = parquet.read_schema(file).names
        require_columns(pd.DataFrame(columns=names), str(file), *question.columns)
        columns = [name for name in names if name in wanted]
        texts = [name for name in ("event_code", "state", *question.by) if name in columns]
        with parquet.ParquetFile(file, read_dictionary=texts) as opened:
            for batch in opened.iter_batches(batch_size=_CHUNK, columns=columns):
                yield batch.to_pandas()


def _add(rows: pd.DataFrame, question: _Question, tally: _Tally) -> None:
    """Count one part of the rows."""
    dates = dates_of(rows, question.dated)
    if np.isnat(question.first):
        here = np.isnat(dates) | (dates <= question.moment)
    else:
        here = (dates >= question.first) & (dates < question.last) & (dates <= question.moment)
    rows = rows[here]
    if rows.empty:
        return
    if "month" in question.by and "month" not in rows:
        months, own = np.unique(dates[here].astype("M8[M]"), return_inverse=True)
        rows = rows.assign(
            month=pd.Series(months.astype(str), dtype="str").where(~np.isnat(months))[own].array
        )
    _count(rows, case_facts(rows, question.rules, question.calendar, question.moment), tally)


def _count(rows: pd.DataFrame, facts: CaseFacts, tally: _Tally) -> None:
    tally.told.update(facts.flags)
    tally.enter(tally.groups_of(rows), facts.flags, facts.hours)


def rates_of(rows: pd.DataFrame, facts: CaseFacts, by: Sequence[str] = ()) -> pd.DataFrame:
    """Compute the indicators of rows whose facts are known; columns as `indicators` returns them."""
    tally = _Tally(list(by), exact=True)
    if len(rows):
        _count(rows, facts, tally)
    else:
        tally.told.update(facts.flags)
    return _told(tally, list(by), None)


def wilson(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> tuple[Any, Any]:
    """Return Wilson's interval of a share at 95 %; NaN where there is nothing to share.

    Examples
    --------
    >>> low, high = wilson(np.array([911.0]), np.array([972.0]))
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.9202, 0.9508)
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share, square = numerator / denominator, _Z**2
        middle = (share + square / (2 * denominator)) / (1 + square / denominator)
        spread = np.sqrt(share * (1 - share) / denominator + square / (4 * denominator**2))
        spread *= _Z / (1 + square / denominator)
    return np.maximum(middle - spread, 0.0), np.minimum(middle + spread, 1.0)


def _told(tally: _Tally, by: list[str], bases: pd.DataFrame | None) -> pd.DataFrame:
    """Put the counts into words: a row a group and indicator."""
    if not by and not tally.places:  # no row at all is a group without data
        tally.places[()] = 0
        tally.counts = np.zeros((1, len(_COUNTS)), np.int64)
    keys = pd.DataFrame(list(tally.places), columns=by, index=range(len(tally.places)))
    counts = pd.DataFrame(tally.counts, columns=_COUNTS).astype(np.float64)
    parts: list[tuple[str, Any, Any, Any, Any, Any]] = []
    for name, (above, below) in RATES.items():
        if above in tally.told or name not in _NEEDS:
            low, high = wilson(counts[above].to_numpy(), counts[below].to_numpy())
            parts.append((name, counts[above], counts[below], None, low, high))
    for name, share in QUANTILES.items():
        parts.append(
            (name, np.nan, counts["timed"], _quantile(tally, counts["timed"], share), np.nan, np.nan)
        )
    for name, amounts in _amounts(keys, by, bases).items():
        parts.append((name, counts["filed"], amounts, None, np.nan, np.nan))
    tables = []
    for order, (name, top, base, value, low, high) in enumerate(parts):
        columns = {
            "indicator": pd.Series(name, index=keys.index, dtype="str"),
            "numerator": top,
            "denominator": base,
            "value": top / base.where(base > 0) if value is None else value,
            "low_95": low,
            "high_95": high,
            "n": counts["reported"].astype(np.int64),
            "order": order,
        }
        tables.append(keys.assign(**columns))
    table = pd.concat(tables, ignore_index=True)
    text = {name: table[name].map(lambda key: (key is None or key != key, str(key))) for name in by}
    ranks = pd.DataFrame({**text, "order": table["order"]})
    table = table.loc[ranks.sort_values([*by, "order"], kind="stable").index].reset_index(drop=True)
    for name in by:
        table[name] = table[name].infer_objects()
    return table.drop(columns="order")


def _quantile(tally: _Tally, timed: pd.Series, share: float) -> NDArray[np.float64]:
    """Return for each group the hours within which a share of its cases was handled."""
    found = np.full(len(timed), np.nan)
    if tally.exact:
        if not tally.hours:
            return found
        groups = np.concatenate([groups for groups, _ in tally.hours])
        values = np.concatenate([hours for _, hours in tally.hours])
        order = np.lexsort((values, groups))
        sizes = timed.to_numpy(dtype=np.int64)
        begins = np.cumsum(sizes) - sizes
        there = np.flatnonzero(sizes)
        found[there] = values[order][(begins + np.ceil(sizes * share).astype(np.int64) - 1)[there]]
        return found
    counted = tally.classes.sort_index()
    keys = counted.index.to_numpy(dtype=np.int64)
    groups, classes = keys // _CLASSES, keys % _CLASSES
    reached = counted.groupby(groups).cumsum().to_numpy() >= np.ceil(timed.to_numpy()[groups] * share)
    own, first = np.unique(groups[reached], return_index=True)
    found[own] = np.expm1(classes[reached][first] * _WIDTH) / 60
    return found


def _amounts(keys: pd.DataFrame, by: list[str], bases: pd.DataFrame | None) -> dict[str, pd.Series]:
    """Return what each group's cases are compared with."""
    if bases is None:
        return {}
    require_columns(bases, "bases", *by)
    table = pd.DataFrame(bases)
    if "area_km2" not in table and hasattr(bases, "geometry"):
        table = table.assign(area_km2=as_metric(bases, "bases").geometry.area.to_numpy() / 1e6)
    present = [name for name, (column, _) in _DENSITIES.items() if column in table]
    if not present:
        columns = listed(column for column, _ in _DENSITIES.values())
        raise MissingColumnError(tr("bases: none of the columns {columns} is there", columns=columns))
    if table.duplicated(by).any() or (not by and len(table) != 1):
        raise InputError(tr("bases: there are several rows of one group"))
    wide = (
        keys.astype(object).merge(table.astype(dict.fromkeys(by, object)), on=by, how="left") if by else table
    )
    return {
        name: pd.to_numeric(wide[_DENSITIES[name][0]]).reset_index(drop=True) / _DENSITIES[name][1]
        for name in present
    }
