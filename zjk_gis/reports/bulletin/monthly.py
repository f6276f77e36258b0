"""How a bulletin is made: codes, months, then one chapter after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.assess.clocks import moment_of, period_of, rules_of
from zjk_gis.assess.working_time import WorkingCalendar
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import as_text, code_text
from zjk_gis.reports.bulletin.asking import FIGURE_COLUMNS, Making
from zjk_gis.reports.bulletin.chapters import BUILDERS, check_indicator, check_targets
from zjk_gis.reports.bulletin.lacking import with_times
from zjk_gis.reports.bulletin.months import Months
from zjk_gis.reports.bulletin.naming import names_by_column
from zjk_gis.reports.bulletin.placing import placed
from zjk_gis.reports.bulletin.result import Bulletin
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from zjk_gis.standards.rules import Overrides

__all__ = ["monthly_bulletin"]


@checked
def monthly_bulletin(
    incidents: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    month: str,
    by: str | Sequence[str] = "district_code",
    as_of: str | dt.date | None = None,
    deadlines: pd.DataFrame | None = None,
    score_weights: pd.DataFrame | None = None,
    least_n: int = 30,
    previous: pd.DataFrame | None = None,
    targets: Mapping[str, float] | None = None,
    area_classes: pd.DataFrame | None = None,
    sheets: Mapping[str, pd.DataFrame] | None = None,
    measured: pd.DataFrame | None = None,
    indicator: str = "handled_in_time_rate",
    trade: str = "event_code",
    worst_by: str | None = None,
    calendar: WorkingCalendar | None = None,
    practice: str | None = None,
    tables: Overrides | None = None,
) -> Bulletin:
    """Make the monthly bulletin (考核通报): every figure with an id, and the rows that each is made of.

    How the city and its areas did in a month, how that compares with the month before and the same month of
    last year, who comes first, by area and trade, and who does worst (clause 三十四). Each month is judged at
    the same time of its own, so that an early look at this one is compared with an early look at the last.

    Parameters
    ----------
    incidents : DataFrame, or mapping of str to DataFrame
        As `zjk_gis.assess.indicators` takes them, with those of the months before; or the layers of a city,
        ``incidents`` among them: the codes that incidents lack are then found by where they lie.
    month : str
        Such as ``"2025-11"``, a month on Beijing's clock.
    by : str or sequence of str, default "district_code"
        The columns by which areas are compared.
    as_of : date or time, or str, optional
        When the month is judged; a day means its end. By default the end of the month.
    deadlines : DataFrame, optional
        How long each class may take; see `zjk_gis.assess.deadlines`.
    score_weights : DataFrame, optional
        Of the score; see `zjk_gis.assess.composite_score`. By default those of the usual weights that could
        be computed.
    least_n : int, default 30
        With fewer cases nobody is ranked, nor among the worst.
    previous : DataFrame, optional
        The ranking of the month before, where its incidents are not there: the columns of `by` and
        ``class_place``.
    targets : mapping of str to float, optional
        What each indicator is to reach: shares as 0.95, hours as 24.
    area_classes, sheets : optional
        See `zjk_gis.assess.ranking` and `zjk_gis.assess.composite_score`.
    measured : DataFrame, optional
        What was measured of the policy's numbers; see `zjk_gis.assess.target_progress`. Where the layers have
        ``enforcement_cases``, 处罚决定按期公示率 is counted from them.
    indicator : str, default "handled_in_time_rate"
        The rate that is laid out by area and trade, and by which the worst are found.
    trade : str, default "event_code"
        The column of trades.
    worst_by : str, optional
        Of whom the worst ten are listed; by default road chiefs, zones, communities or streets, the first of
        whom at least two have enough cases, else areas.
    calendar, practice, tables
        As in `zjk_gis.assess.deadlines`.

    Returns
    -------
    Bulletin

    Raises
    ------
    InputError
        If `month` is none or has no cases; the months that have some are named. If `indicator` or a target is
        of nothing that can be judged.
    MissingColumnError
        If `worst_by` or a column of `by` is missing and cannot be found by where the incidents lie.

    Examples
    --------
    >>> cases = pd.DataFrame(
    ...     {
    ...         "district_code": "130703", "occurred_at": ["2025-11-03", "2025-11-04", "2025-11-05"],
    ...         "filed_at": ["2025-11-03 08:00", "2025-11-04 08:00", "2025-11-05 08:00"],
    ...         "due_at": ["2025-11-03 12:00", "2025-11-04 12:00", "2025-11-05 12:00"],
    ...         "closed_at": ["2025-11-03 10:00", "2025-11-04 15:00", None],
    ...     }
    ... )
    >>> found = monthly_bulletin(cases, month="2025-11")
    >>> found.added_up("2025-11/handled_rate/130703")[1]
    '2 ÷ 3 = 66.67 %'
    >>> found.rows("2025-11/handled_rate/130703")["in_numerator"].tolist()
    [True, True, False]
    """
    check_indicator(indicator)
    check_targets(targets or {})
    names = [by] if isinstance(by, str) else list(by)
    layers, cases = _taken(incidents)
    first, last = period_of(month)
    moment = last if as_of is None else moment_of(as_of)
    if moment <= first:
        raise InputError(tr("as_of: {as_of} is before {month} begins", as_of=as_of, month=month))
    cases, lacking = with_times(placed(cases, layers, [*names, *([worst_by] if worst_by else [])]))
    require_columns(cases, "incidents", "occurred_at", *names, *([worst_by] if worst_by else []))
    months = Months(
        cases,
        _codes(cases, [*names, trade, *([worst_by] if worst_by else [])]),
        rules_of(deadlines, practice=practice, tables=tables),
        calendar or WorkingCalendar.of(tables=tables),
        month,
        moment,
    )
    _refuse_empty(months)
    asked: dict[str, Any] = {
        "least_n": least_n, "score_weights": score_weights, "previous": previous,
        "targets": dict(targets or {}),
        "area_classes": area_classes, "sheets": dict(sheets or {}), "measured": measured,
        "indicator": indicator, "trade": trade, "worst_by": worst_by, "tables": tables,
    }  # fmt: skip
    making = Making(
        months, names, names_by_column(cases, layers, months.codes, tables), asked, layers, lacking
    )
    for name, builder in BUILDERS.items():
        making.done[name] = builder(making)
    chapters = making.done.values()
    figures = pd.concat(
        [each.figures[FIGURE_COLUMNS] for each in chapters if len(each.figures)], ignore_index=True
    )
    figures = figures.drop_duplicates("figure", ignore_index=True)
    return Bulletin(
        month,
        pd.Timestamp(moment),
        names,
        figures.astype(dict.fromkeys(("value", "numerator", "denominator"), np.float64)),
        {name: table for each in chapters for name, table in each.tables.items()},
        making,
        {figure: rows for each in chapters for figure, rows in each.parts.items()},
    )


def _taken(
    incidents: pd.DataFrame | Mapping[str, pd.DataFrame],
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return the layers, and the incidents among them."""
    if isinstance(incidents, pd.DataFrame):
        return {}, incidents
    layers = dict(incidents)
    if "incidents" not in layers:
        raise InputError(
            tr("incidents: the layers have no incidents; there are {known}", known=", ".join(layers))
        )
    return layers, layers.pop("incidents")


def _codes(cases: pd.DataFrame, wanted: Sequence[str]) -> pd.DataFrame:
    """Return the columns of codes as text."""
    usual = ("chief_code", "zone_code", "community_code", "street_code")
    names = [name for name in dict.fromkeys([*wanted, *usual]) if name in cases]
    return pd.DataFrame(
        {name: (code_text if name.endswith("_code") else as_text)(cases[name]).array for name in names},
        index=range(len(cases)),
    )


def _refuse_empty(months: Months) -> None:
    """Refuse a month without cases, and name those that have some."""
    there = months.there()
    if months.month in there and len(months.of(months.month).places):
        return
    if not there:
        raise InputError(tr("incidents: none has a time (occurred_at), so that no month has any"))
    raise InputError(
        tr("{month} has no cases; there are cases from {first} to {last}",
           month=months.month, first=there[0], last=there[-1])
    )  # fmt: skip
