"""How a figure and its change are written."""

from __future__ import annotations

from zjk_gis.words import tr

__all__ = ["change_told", "value_told"]

_SAME = 5e-5  # of a share: a change that would be written as 0.00


def value_told(value: float, unit: str) -> str:
    """Write a figure as the notice does.

    Examples
    --------
    >>> value_told(0.9024, "share"), value_told(12.0, "cases"), value_told(88.125, "points")
    ('90.24%', '12', '88.12')
    """
    if value != value:
        return tr("no data")
    if unit == "share":
        return f"{value:.2%}"
    if unit == "hours":
        return tr("{value:,.1f} hours", value=value)
    if unit == "points":
        return f"{value:.2f}"
    return f"{value:,.0f}"


def change_told(change: float, unit: str, *, year: bool = False) -> str:
    """Write a change against the month or the year before; nothing where there is none to compare with.

    Examples
    --------
    >>> from zjk_gis.words import speaking
    >>> with speaking("zh"):
    ...     change_told(0.0123, "share"), change_told(-3.0, "cases", year=True), change_told(0.0, "share")
    ('较上月上升1.23个百分点', '较上年同期减少3', '与上月持平')
    """
    if change != change:
        return ""
    amount, is_up = abs(change), change > 0
    if amount < (_SAME if unit == "share" else 0.005):
        return tr("as in the year before") if year else tr("as in the month before")
    if unit == "share":
        said = f"{100 * amount:.2f}"
        if year:
            return (
                tr("up {amount} percentage points on the year before", amount=said)
                if is_up
                else tr("down {amount} percentage points on the year before", amount=said)
            )
        return (
            tr("up {amount} percentage points on the month before", amount=said)
            if is_up
            else tr("down {amount} percentage points on the month before", amount=said)
        )
    said = f"{amount:,.1f}" if unit == "hours" else f"{amount:,.2f}" if unit == "points" else f"{amount:,.0f}"
    if year:
        return (
            tr("{amount} more than the year before", amount=said)
            if is_up
            else tr("{amount} less than the year before", amount=said)
        )
    return (
        tr("{amount} more than the month before", amount=said)
        if is_up
        else tr("{amount} less than the month before", amount=said)
    )
