"""Default values of options that can be told from the same values said by a caller.

Where a plan holds the options, a call that says nothing follows it, and one that says otherwise is refused.
``0.5`` that nobody typed and ``0.5`` that somebody did are equal, print alike, and are told apart here.
"""

from __future__ import annotations

from zjk_gis.layers.columns.times import BEIJING

__all__ = ["ACCURATE", "BORDER_M", "NEAREST_M", "TZ", "UsualNumber", "UsualText", "is_said"]


class UsualNumber(float):
    """A number that an option is unless a caller says otherwise."""

    __slots__ = ()


class UsualText(str):
    """A text that an option is unless a caller says otherwise."""

    __slots__ = ()


BORDER_M = UsualNumber(0.5)
NEAREST_M = UsualNumber(50.0)
ACCURATE = UsualNumber(0.8)
TZ = UsualText(BEIJING)


def is_said(value: object) -> bool:
    """Tell whether a caller said the value of an option.

    Examples
    --------
    >>> BORDER_M == 0.5, is_said(BORDER_M), is_said(0.5), is_said(None)
    (True, False, True, False)
    """
    return value is not None and not isinstance(value, (UsualNumber, UsualText))
