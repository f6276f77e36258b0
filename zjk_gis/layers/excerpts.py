"""The first rows of a table as people read them, for a result that prints itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.layers.headings import heading, word
from zjk_gis.layers.labels import label
from zjk_gis.layers.results import CODED
from zjk_gis.presentation import MOST_ROWS, Presentation
from zjk_gis.words import language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["counts_told", "excerpt"]


def excerpt(sentences: str, frame: pd.DataFrame, columns: Sequence[str]) -> Presentation:
    """Return sentences with the first rows of a table below, in the language that is spoken.

    Parameters
    ----------
    sentences : str
    frame : DataFrame
    columns : sequence of str
        Those that are shown, as far as the table has them.

    Examples
    --------
    >>> from zjk_gis.words import speaking
    >>> gaps = pd.DataFrame({"gap_code": ["G001"], "kind": ["sliver"], "area_m2": [12.34]})
    >>> with speaking("zh"):
    ...     print(excerpt("1 处空白。", gaps, ["gap_code", "kind", "area_m2"]).as_text())
    1 处空白。
      空白编号  类型    面积(m²)
      G001      狭缝        12.3
    """
    known = [name for name in columns if name in frame]
    lang = language()
    first = frame.loc[:, known].head(MOST_ROWS)
    rows = [
        [_cell(name, value) for name, value in zip(known, row, strict=True)]
        for row in first.itertuples(index=False, name=None)
    ]
    return Presentation(sentences, [heading(name, lang) for name in known], rows, len(frame))


def counts_told(counts: Mapping[str, int]) -> list[list[object]]:
    """Return counts by a word of the library's as rows of a table, in the language that is spoken."""
    lang = language()
    return [[label(name, lang), count] for name, count in counts.items()]


def _cell(column: str, value: Any) -> object:
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    if isinstance(value, str):
        if column not in CODED:
            return value
        return word(value, column) if language() == "zh" else label(value, "en")
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return label("yes" if value else "no", language())
    if column.endswith("share"):
        return f"{value:.1%}"
    if isinstance(value, int | float):
        return value
    return value.item() if isinstance(value, np.generic) else str(value)
