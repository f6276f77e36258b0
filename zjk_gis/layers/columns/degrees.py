"""Degrees as people write them: decimal, or in degrees, minutes and seconds with any of the usual marks."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.layers.columns.values import as_text, converted
from zjk_gis.layers.spec import Field

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["degrees_of"]

# Marks first, then NFKC: that would turn ″ into two primes, º into the letter o, and ´ into a blank.
_MARKS = str.maketrans(
    {
        **dict.fromkeys("º˚∘度", "°"),
        **dict.fromkeys("′＇’‘´`分", "'"),
        **dict.fromkeys("″＂”“〃秒", '"'),
        **dict.fromkeys("—–－−", "-"),
    }
)
_AXIS = r"(东经|西经|北纬|南纬|[ewns])"
_FORMS = (
    # 114°52′20.5″, its last mark perhaps forgotten
    r"(?P<d>\d{1,3}(?:\.\d+)?)\s*[°d](?:\s*(?P<m>\d{1,2}(?:\.\d+)?)\s*(?:'\s*(?:(?P<s>\d{1,2}(?:\.\d+)?)\s*\"?)?)?)?",
    # 114-52-20.5, 114 52 20.5, 114:52:20.5
    r"(?P<d>\d{1,3})(?P<by>[-\s:])(?P<m>\d{1,2})(?P=by)(?P<s>\d{1,2}(?:\.\d+)?)",
    # 114-52.34; 114-52 is too little to tell
    r"(?P<d>\d{1,3})[-\s:](?P<m>\d{1,2}\.\d+)(?P<s>)",
    # 114.8723 beside E or 东经
    r"(?P<d>\d{1,3}(?:\.\d+)?)(?P<m>)(?P<s>)",
)
_PATTERNS = tuple(re.compile(rf"(?:{_AXIS}\s*:?\s*)?([-+])?\s*{form}\s*{_AXIS}?") for form in _FORMS)
_SAME_AXIS = {"东经": "e", "西经": "w", "北纬": "n", "南纬": "s"}
_NUMBER = Field(name="coordinate", title="坐标", dtype="number")
_MOST_DEGREES = 180.0


def degrees_of(texts: ArrayLike | pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Read what was written for a longitude or latitude as decimal numbers.

    Parameters
    ----------
    texts : Series or array_like
        Numbers; or text with a plain number (``114.8723``, full-width digits too), with degrees, minutes
        and seconds (``114°52′20.5″E``, ``E 114°52.34′``, ``东经114度52分20.5秒``, ``114-52-20.5``,
        ``114 52 20.5``, ``114:52:20.5``), or with degrees and a mark (``114.8723°``, ``北纬40.8``).

    Returns
    -------
    numbers : ndarray of float64
        West and south are negative; NaN where there is no number, or one that cannot be an angle: minutes
        or seconds of 60 and more, degrees over 180, marks that contradict each other. A plain number is
        returned as it is, be it degrees or metres.
    is_dms : ndarray of bool
        Which were written as angles, with a mark, minutes or seconds, instead of as a plain number.

    Notes
    -----
    ``114.5220`` is a plain number, even where a surveyor meant 114°52′20″ by it: that cannot be told from
    one value. See `zjk_gis.infer_coordinates`.

    Examples
    --------
    >>> numbers, is_dms = degrees_of(["114.8723", "114°52′20.5″E", "南纬40-49-04", "114°72′", ""])
    >>> numbers.round(6).tolist(), is_dms.tolist()
    ([114.8723, 114.872361, -40.817778, nan, nan], [False, True, True, False, False])
    """
    values = texts if isinstance(texts, pd.Series) else pd.Series(np.asarray(texts))
    numbers, wrong = _plain_numbers(values)
    is_dms = np.zeros(len(values), dtype=bool)
    if wrong.any():
        angles = _angles(as_text(values[wrong]))
        numbers[wrong] = angles
        is_dms[wrong] = np.isfinite(angles)
    return numbers, is_dms


def _plain_numbers(values: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Read plain numbers; of text, the short way first, as nearly all of a million values go it."""
    values = values.reset_index(drop=True)
    if isinstance(values.dtype, pd.StringDtype):
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan).copy()
        left = ~np.isfinite(numbers)
        numbers[left] = np.nan
    else:
        numbers, left = np.full(len(values), np.nan), np.ones(len(values), dtype=bool)
    wrong = np.zeros(len(values), dtype=bool)
    if left.any():
        rest, wrong[left] = converted(values[left], _NUMBER)
        numbers[left] = rest.to_numpy(dtype=np.float64)
    return numbers, wrong


def _angles(texts: pd.Series) -> NDArray[np.float64]:
    """Read text with degrees, minutes and seconds; NaN where it is no such thing."""
    result = np.full(len(texts), np.nan)
    left = list(enumerate(_in_plain_marks(texts)))
    for pattern in _PATTERNS:
        matches = [(at, pattern.fullmatch(text)) for at, text in left]
        found = [(at, match) for at, match in matches if match is not None]
        if found:
            result[[at for at, _ in found]] = _put_together([match for _, match in found])
        left = [pair for pair, (_, match) in zip(left, matches, strict=True) if match is None]
        if not left:
            break
    return result


def _put_together(matches: list[re.Match[str]]) -> NDArray[np.float64]:
    """Add up degrees, minutes and seconds, and give them their sign; NaN where they contradict each other."""
    degrees, minutes, seconds = (
        np.array([match[part] or "nan" for match in matches]).astype(np.float64) for part in "dms"
    )
    in_minutes, in_seconds = ~np.isnan(minutes), ~np.isnan(seconds)
    wrong = in_minutes & (degrees % 1 != 0) | in_seconds & (minutes % 1 != 0)
    # 59.999″ is printed as 60.00″: the last part may be full, no other.
    wrong |= (minutes > 60) | (seconds > 60) | in_seconds & (minutes == 60)
    angle = degrees + np.nan_to_num(minutes) / 60 + np.nan_to_num(seconds) / 3600
    wrong |= angle > _MOST_DEGREES
    sides = [(match[1], match[2], match[match.re.groups]) for match in matches]
    written = {side: _sign(*side) for side in set(sides)}
    signed: NDArray[np.float64] = np.where(wrong, np.nan, angle) * np.array([written[s] for s in sides])
    return signed


def _sign(before: str | None, sign: str | None, after: str | None) -> float:
    """Return 1 for east and north, -1 for west and south, NaN for marks that contradict each other."""
    axes = {_SAME_AXIS.get(axis, axis) for axis in (before, after) if axis}
    if len(axes) + (sign is not None) > 1:
        return math.nan
    return -1.0 if sign == "-" or axes & {"w", "s"} else 1.0


def _in_plain_marks(texts: pd.Series) -> list[str]:
    """Write the marks of degrees, minutes and seconds, full-width characters and letters in one way."""
    together = "\n".join(" ".join(text.split()) for text in texts.tolist())  # one long text is quickest
    marked = unicodedata.normalize("NFKC", together.translate(_MARKS)).casefold()
    return marked.replace("''", '"').split("\n")
