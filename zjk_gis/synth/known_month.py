"""The indicators of one month of the sample, counted case by case, as a person with a list would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zjk_gis.synth.case_times import LIMITS, WorkingWalk, read_clock

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KNOWN_MONTH", "count_month"]

KNOWN_MONTH = "2025-11"
_END = "2025-12-01 00:00:00"  # when it is asked how the cases of that month stand
_AREAS = {"": None, "district_code": "区县代码", "street_code": "街道代码"}


def count_month(raw: pd.DataFrame) -> list[dict[str, Any]]:
    """Count the cases of `KNOWN_MONTH`, of the city, of each district and of each street.

    Parameters
    ----------
    raw : DataFrame
        As the bureau sends them.

    Returns
    -------
    list of dict
        ``by`` (the column, "" for all), ``area``, ``indicator``, ``numerator`` and ``denominator``.
    """
    walk, end = WorkingWalk(), read_clock(_END)
    counts: dict[tuple[str, str], dict[str, list[int]]] = {}
    for case in raw[raw["发生时间"].str.startswith(KNOWN_MONTH)].to_dict("records"):
        facts = _facts({str(name): value for name, value in case.items()}, walk, end)
        for by, column in _AREAS.items():
            area = "" if column is None else str(case[column])
            if column is not None and not area:
                continue
            own = counts.setdefault((by, area), {})
            for name, (is_counted, is_of) in facts.items():
                pair = own.setdefault(name, [0, 0])
                pair[0] += is_counted and is_of
                pair[1] += is_of
    return [
        {"by": by, "area": area, "indicator": name, "numerator": above, "denominator": below}
        for (by, area), own in sorted(counts.items())
        for name, (above, below) in own.items()
    ]


def _facts(case: dict[str, Any], walk: WorkingWalk, end: int) -> dict[str, tuple[bool, bool]]:
    """Tell of one case for each rate whether it is counted, and whether it is one of those that could be."""
    filed, due, extended, handled, closed = (
        read_clock(case[name]) if case[name] else None
        for name in ("立案时间", "截止时间", "延期截止时间", "处置时间", "结案时间")
    )
    is_filed = filed is not None and filed <= end and case["案件状态"] != "作废"
    if filed is not None and due is None:
        due = walk.after(filed, *LIMITS[case["事件代码"]])
    last = max(due or 0, extended or 0)
    is_handled = handled is not None and handled <= end
    is_closed = closed is not None and closed <= end
    is_live = is_filed and not (case["案件状态"] == "挂账" and not is_handled)
    is_due = is_live and (is_handled or last < end)
    is_closing = is_live and (is_closed or last < end)
    return {
        "filed_rate": (is_filed, True),
        "handled_rate": (is_handled, is_due),
        "handled_in_time_rate": (is_handled and (handled or 0) <= last, is_due),
        "overdue_open_rate": (not is_handled, is_due),
        "extended_rate": (extended is not None, is_due),
        "closed_rate": (is_closed, is_closing),
        "closed_in_time_rate": (is_closed and (closed or 0) <= last, is_closing),
        "rework_rate": (int(case["返工次数"]) > 0, is_closing),
    }
