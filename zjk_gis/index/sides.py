"""For which side of its line a road section answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import ROAD_SECTIONS
from zjk_gis.layers.columns.values import name_values, rows_by_value, understood
from zjk_gis.words import tr

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["sides_answered"]

_SIDES = {"左侧": 1, "右侧": -1}


def sides_answered(sections: pd.DataFrame) -> NDArray[np.int8]:
    """Return for which side each section answers: 1 left, -1 right, 0 both or where none is told.

    Raises
    ------
    InputError
        If a side is not understood: the section would answer for what is not its.

    Examples
    --------
    >>> import pandas as pd
    >>> sides_answered(pd.DataFrame({"side": ["左", "right", "两侧", None, "Ｒ"]})).tolist()
    [1, -1, 0, 0, -1]
    """
    if "side" not in sections:
        return np.zeros(len(sections), np.int8)
    field = ROAD_SECTIONS.field("side")
    meant, wrong = understood(sections["side"], field)
    if wrong.any():
        raise InputError(
            tr(
                "sections: {wrong} of {sections_count} values of side ({title}) are not understood: "
                "{name_values}. Rewrite them, add your spellings to the table value_aliases "
                "(dictionary road_sides), or rename the column",
                wrong=int(wrong.sum()),
                sections_count=len(sections),
                title=field.title,
                name_values=name_values(rows_by_value(sections["side"][wrong]), field, None),
            )
        )
    sides: NDArray[np.int8] = meant.map(_SIDES).fillna(0).to_numpy().astype(np.int8)
    return sides
