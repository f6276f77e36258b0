"""How a figure and its change are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.layers.catalogue import CATALOGUE
from zjk_gis.layers.labels import label
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.words import Language

__all__ = ["change_told", "column_told", "value_told"]

_SAME = 5e-5  # of a share: a change that would be written as 0.00


def value_told(value: float, unit: str) -> str:
    """Write a figure with its unit, as the notice does.

    Examples
    --------
    >>> from zjk_gis.words import speaking
    >>> with speaking("zh"):
    ...     [value_told(0.9024, "share"), value_told(12.0, "cases"), value_told(2.0, "ordinal")]
    ['90.24%', '12 件', '第 2 名']
    """
    if value != value:
        return tr("no data")
    if unit == "share":
        return f"{value:.2%}"
    return tr("place {value:.0f}", value=value) if unit == "ordinal" else _amount(value, unit)


def column_told(column: str, lang: Language) -> str:
    """Name what a column of codes tells apart: districts, not their codes.

    Examples
    --------
    >>> column_told("district_code", "zh"), column_told("event_code", "zh"), column_told("own_code", "zh")
    ('区县', '行业', 'own_code')
    """
    if column in ("event_code", "chief_code"):
        return tr("trades", lang=lang) if column == "event_code" else tr("road chiefs", lang=lang)
    named = next((spec.name for spec in CATALOGUE.values() if spec.code == column), "")
    return label(named or column, lang)


def change_told(change: float, unit: str, *, year: bool = False) -> str:
    """Write a change against the month or the year before; nothing where there is none to compare with.

    Examples
    --------
    >>> from zjk_gis.words import speaking
    >>> with speaking("zh"):
    ...     change_told(0.0123, "share"), change_told(-3.0, "cases", year=True), change_told(0.0, "share")
    ('较上月上升 1.23 个百分点', '较上年同期减少 3 件', '与上月持平')
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
    said = _amount(amount, unit)
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


def _amount(amount: float, unit: str) -> str:
    if unit == "hours":
        return tr("{value:,.1f} hours", value=amount)
    if unit == "score_points":
        return tr("{value:,.2f} points", value=amount)
    return tr("{value:,.0f} cases", value=amount) if unit == "cases" else f"{amount:,g}"
