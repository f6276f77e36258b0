"""Who is named: a chief, an owner, a department; and what lists write where nobody is.

A value stays in its column as it came. It only does not count where it names nobody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.spec import folded
from zjk_gis.standards import rules_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zjk_gis.standards.rules import Overrides

__all__ = ["CHIEF", "chiefs_of", "somebody", "someone_named"]

CHIEF = ("chief_code", "chief_name")
_RIM = re.compile(r"^[\W_]+|[\W_]+$")


def somebody(values: pd.Series, *, tables: Overrides | None = None) -> pd.Series:
    """Return who is named, as text; missing where nobody is.

    Nobody is named by a missing or blank value, by signs alone (``-``, ``/``, ``……``), and by a word of the
    table ``nobody`` (无, 待定, 暂缺, N/A ...), whatever signs, blanks or capitals it is written with.

    Parameters
    ----------
    values : Series
        Codes or names of people or bodies.
    tables : mapping of str to DataFrame, str or Path, optional
        Your own rows of the tables (see `zjk_gis.standards.rules_table`).

    Returns
    -------
    Series of str

    Examples
    --------
    >>> somebody(pd.Series(["张三", " 待定 ", "(空缺)", "-", "n/a", None, 7.0], dtype=object)).tolist()
    ['张三', nan, nan, nan, nan, nan, '7']
    """
    text = as_text(values)
    words = {_core(word) for word in rules_table("nobody", overrides=tables)["word"]}
    empty = [name for name in text.dropna().unique().tolist() if not (core := _core(name)) or core in words]
    return text.mask(text.isin(empty))


def someone_named(layer: pd.DataFrame, columns: tuple[str, ...] = CHIEF) -> NDArray[np.bool_]:
    """Tell for which rows any of the columns names somebody; for none where there are no such columns.

    Examples
    --------
    >>> someone_named(pd.DataFrame({"chief_code": ["L1", None, "/"], "chief_name": ["无", "李四", "暂缺"]}))
    array([ True,  True, False])
    """
    named = np.zeros(len(layer), dtype=bool)
    for column in columns:
        if column in layer:
            named |= somebody(layer[column]).notna().to_numpy(dtype=bool)
    return named


def chiefs_of(layer: pd.DataFrame, prefix: str = "") -> pd.Series:
    """Return the chief of each row: the code, or the name where no code is given; missing where nobody is.

    Examples
    --------
    >>> chiefs_of(pd.DataFrame({"chief_code": ["L1", "-", "/"], "chief_name": ["甲", "乙", "待定"]})).tolist()
    ['L1', '乙', nan]
    """
    found = pd.Series(None, index=layer.index, dtype=object)
    for column in reversed(CHIEF):  # what comes later goes before
        if prefix + column in layer:
            named = somebody(layer[prefix + column])
            found = named.where(named.notna(), found).astype(object)
    return found


def _core(text: str) -> str:
    return _RIM.sub("", folded(text))
