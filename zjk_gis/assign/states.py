"""Which incidents are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis.layers.catalogue import INCIDENTS
from zjk_gis.layers.columns.values import coded

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["is_open"]

_DONE = "结案"


def is_open(assigned: pd.DataFrame) -> pd.Series | None:
    """Tell which incidents are not closed yet; None where nothing says so.

    A state that is not understood is not that of a closed incident; where none is, they are refused.

    Raises
    ------
    InputError
        If no value of ``state`` is understood.

    Examples
    --------
    >>> import pandas as pd
    >>> is_open(pd.DataFrame({"state": ["已结案", "处置中", "办结"]})).tolist()
    [False, True, False]
    """
    if "closed_at" in assigned:
        open_: pd.Series = assigned["closed_at"].isna()
        return open_
    if "state" in assigned:
        states, _ = coded(assigned, INCIDENTS.field("state"), "incidents")
        return states != _DONE
    return None
