"""Codes compared: one rule for when a recorded code is that of a layer.

A code is text. Where it went through a spreadsheet or a column with gaps it comes back as a number: ``5.0``
for ``5``, ``5`` for ``05``. Every join of codes asks here.

1. The same text is the same code; a whole number is its digits, ``5.0`` is ``5`` on either side.
2. Where all codes of the layer are digits of one width, a shorter number is padded to that width.
3. Where they are digits and none begins with a zero, the zeros before a recorded number are left out.

Rules 2 and 3 cannot choose: a layer with ``05`` and ``5`` is neither of one width nor without leading zeros,
and only the same text matches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.layers.columns.values import code_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    from numpy.typing import NDArray

    from zjk_gis.layers.labels import Language

__all__ = ["CodeMatch", "in_one_writing", "matched_codes", "matched_names", "with_text_codes"]

_WHOLE = r"\d+\.0+"
_NUMBER = r"\d+(?:\.0+)?"


@dataclass(frozen=True, slots=True)
class CodeMatch:
    """Recorded codes as a layer writes them.

    Attributes
    ----------
    codes : Series of str
        In the order and under the index of those recorded; a code that the layer lacks stays as it was
        recorded, a missing one is missing.
    known : ndarray of bool
        Which of them the layer has.
    restored : dict of str to str
        What was recorded and which code it was taken for, where these are not the same text.
    rows : int
        How many rows that concerns.
    """

    codes: pd.Series
    known: NDArray[np.bool_]
    restored: dict[str, str]
    rows: int

    def told(self, name: str, lang: Language = "en") -> list[str]:
        """Say how many codes were matched otherwise than by the same text; nothing where none was."""
        if not self.restored:
            return []
        recorded, taken = next(iter(self.restored.items()))
        if lang == "zh":
            return [f"{name}:{self.rows} 个编码还原开头的零或去掉“.0”后相符(如 {recorded} 即 {taken})"]
        example = f"{recorded} is {taken}"
        return [f"{name}: {self.rows} codes matched after their zeros were restored (such as {example})"]


def matched_codes(recorded: pd.Series, known: pd.Series | Iterable[object]) -> CodeMatch:
    """Find recorded codes among those of a layer, though they lost their zeros on the way.

    Parameters
    ----------
    recorded : Series
        Text or numbers.
    known : Series or iterable
        The codes of the layer.

    Returns
    -------
    CodeMatch

    Examples
    --------
    >>> match = matched_codes(pd.Series(["05", 5.0, 7.0, None], dtype=object), ["05", "12"])
    >>> match.codes.tolist(), match.known.tolist(), match.restored
    (['05', '05', '7', nan], [True, True, False, False], {'5': '05'})

    With both ``05`` and ``5`` in the layer, only the same text matches:

    >>> matched_codes(pd.Series([5.0, "005"], dtype=object), ["05", "5"]).codes.tolist()
    ['5', '005']
    """
    text = code_text(recorded)
    listed = known if isinstance(known, pd.Series) else pd.Series(list(known), dtype=object)
    codes = set(code_text(listed).dropna().tolist())
    distinct = text.dropna().unique().tolist()
    # Only numbers can have lost something: of others the codes of the layer are not looked at one by one.
    lost = [code for code in distinct if code not in codes and re.fullmatch(_NUMBER, code)]
    width = _one_width(codes) if lost else 0
    bare = bool(lost) and all(code.isdecimal() and (code == "0" or code[0] != "0") for code in codes)
    pointed = _by_digits(codes) if lost else {}
    restored: dict[str, str] = {}
    for code in lost:
        number = _digits(code)
        tries = [number, pointed.get(number, number)]
        if number.isdecimal() and number.isascii():
            tries += [number.zfill(width)] if width else []
            tries += [number.lstrip("0") or "0"] if bare else []
        taken = next((one for one in tries if one in codes), None)
        if taken is not None:
            restored[code] = taken
    if restored:
        changed = text.isin(list(restored))
        text = text.mask(changed, text.map(restored))
        rows = int(changed.sum())
    else:
        rows = 0
    known = [code for code in {*distinct, *restored.values()} if code in codes]
    return CodeMatch(text, text.isin(known).to_numpy(dtype=bool), restored, rows)


def matched_names(recorded: pd.Series, columns: Iterable[pd.Series]) -> CodeMatch:
    """Find recorded names among several columns of a layer, such as codes, then point numbers (物探点号).

    Parameters
    ----------
    recorded : Series
        Text or numbers.
    columns : iterable of Series
        What rows are named by; a name means that of the first column that has it.

    Returns
    -------
    CodeMatch

    Examples
    --------
    >>> codes, numbers = pd.Series(["M1", "M2"]), pd.Series(["WS01", "M1"])
    >>> match = matched_names(pd.Series(["M1", "WS01", "WS9"]), [codes, numbers])
    >>> match.codes.tolist(), match.known.tolist()
    (['M1', 'WS01', 'WS9'], [True, True, False])
    """
    names = code_text(recorded)
    found = np.zeros(len(names), dtype=bool)
    restored: dict[str, str] = {}
    rows = 0
    for column in columns:
        match = matched_codes(names.where(~found), column)
        names = names.where(found, match.codes)
        found |= match.known
        restored |= match.restored
        rows += match.rows
    return CodeMatch(names, found, restored, rows)


def with_text_codes(layer: gpd.GeoDataFrame, code: str | None = None) -> gpd.GeoDataFrame:
    """Return a layer whose columns of codes are text; the layer itself where they are.

    Parameters
    ----------
    layer : GeoDataFrame
    code : str, optional
        A column of codes whatever it is called; others are known by a name that ends in ``_code`` or
        ``_codes``.

    Examples
    --------
    >>> import geopandas as gpd
    >>> rows = gpd.GeoDataFrame({"zone_code": [5.0]}, geometry=gpd.points_from_xy([0], [0]))
    >>> with_text_codes(rows)["zone_code"].tolist()
    ['5']
    """
    changed: dict[str, pd.Series] = {}
    for name in layer.columns:
        if name != code and not str(name).endswith(("_code", "_codes")):
            continue
        column = layer[name]
        if not isinstance(column, pd.Series):
            continue  # a name that stands twice
        text = code_text(column)
        if not (isinstance(column.dtype, pd.StringDtype) and text.equals(column)):
            changed[str(name)] = text
    return layer.assign(**changed) if changed else layer


def in_one_writing(
    one: gpd.GeoDataFrame, other: gpd.GeoDataFrame, names: Iterable[str]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, dict[str, CodeMatch]]:
    """Write the codes of two versions of a layer alike, with their zeros where one of them lost these.

    Parameters
    ----------
    one, other : GeoDataFrame
    names : iterable of str
        The columns of codes; those that either lacks are left alone.

    Returns
    -------
    one, other : GeoDataFrame
    matches : dict of str to CodeMatch
        For each column in which codes were written anew.

    Examples
    --------
    >>> import geopandas as gpd
    >>> points = gpd.points_from_xy([0], [0])
    >>> old = gpd.GeoDataFrame({"zone_code": ["05"]}, geometry=points)
    >>> new = gpd.GeoDataFrame({"zone_code": [5.0]}, geometry=points)
    >>> old, new, matches = in_one_writing(old, new, ["zone_code"])
    >>> new["zone_code"].tolist(), matches["zone_code"].restored
    (['05'], {'5': '05'})
    """
    matches: dict[str, CodeMatch] = {}
    for name in names:
        if name not in one or name not in other:
            continue
        first, second = matched_codes(one[name], other[name]), matched_codes(other[name], one[name])
        longer = [_is_longer(match.restored) for match in (first, second)]
        pointed = any(_digits(taken) != taken for taken in second.restored.values())
        if longer[1] or (second.restored and not longer[0] and not (pointed and first.restored)):
            other, matches[name] = other.assign(**{name: second.codes}), second
        elif first.restored:
            one, matches[name] = one.assign(**{name: first.codes}), first
    return one, other, matches


def _is_longer(restored: dict[str, str]) -> bool:
    """Tell whether codes got zeros in front, and none lost any."""
    return bool(restored) and all(
        len(_digits(taken)) > len(_digits(code)) for code, taken in restored.items()
    )


def _digits(code: str) -> str:
    """Return the digits of a whole number that is written with a point, any other code as it is."""
    return code.partition(".")[0] if re.fullmatch(_WHOLE, code) else code


def _by_digits(codes: set[str]) -> dict[str, str]:
    """Return the codes of a layer that are written with a point by their digits, where these are one code."""
    pointed: dict[str, str] = {}
    for code in sorted(codes):
        if _digits(code) != code:
            pointed[_digits(code)] = "" if _digits(code) in pointed else code
    return {digits: code for digits, code in pointed.items() if code}


def _one_width(codes: set[str]) -> int:
    """Return how many digits all codes have; 0 where they differ or are not digits."""
    widths = {len(code) if code.isascii() and code.isdecimal() else 0 for code in codes}
    return widths.pop() if len(widths) == 1 else 0
