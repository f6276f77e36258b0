"""Default values of options that can be told from the same values said by a caller.

Where a plan or rules hold the options, a call that says nothing follows them: one that says otherwise than a
plan is refused, and beside rules it has the last word.
``0.5`` that nobody typed and ``0.5`` that somebody did are equal, print alike, and are told apart here.
"""

from __future__ import annotations

from zjk_gis.layers.columns.times import BEIJING

__all__ = [
    "ACCURATE",
    "BORDER_M",
    "NEAREST_M",
    "TZ",
    "UsualCount",
    "UsualNumber",
    "UsualText",
    "is_said",
    "is_usual",
]


class UsualNumber(float):
    """A number that an option is unless a caller says otherwise."""

    __slots__ = ()


class UsualCount(int):
    """A whole number that an option is unless a caller says otherwise."""

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
    return value is not None and not is_usual(value)


def is_usual(value: object) -> bool:
    """Tell whether a value is what an option is unless a caller says otherwise.

    Examples
    --------
    >>> is_usual(BORDER_M), is_usual(0.5), is_usual(None)
    (True, False, False)
    """
    return isinstance(value, UsualNumber | UsualCount | UsualText)
