"""The pipes, manholes and valves that were there on a day: laid by then, and not yet given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from zjk_gis.errors import EmptyLayerError
from zjk_gis.layers.catalogue import CATALOGUE, PIPELINES
from zjk_gis.layers.columns.periods import ALWAYS, NEVER, day_of, validity_days
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.columns.values import converted, understood
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from zjk_gis.layers.set_aside import SetAside

__all__ = ["NOT_YET", "NO_LONGER", "in_use", "is_abandoned", "outside_day"]

NOT_YET, NO_LONGER = "not_yet_laid", "no_longer_in_use"
_YEAR = PIPELINES.field("built_year")
_ABANDONED = {"pipelines": "1", "manholes": "废弃"}  # CJJ 61-2017, 使用状态; GB/T 30428.2, 部件状态
_Layer = TypeVar("_Layer", bound=pd.DataFrame | None)


def outside_day(layer: pd.DataFrame, name: str, at: str | dt.date) -> NDArray[np.str_]:
    """Tell why rows do not count on a day; empty where they do.

    By ``valid_from`` and ``valid_to`` (both days included, a missing one open). Where the first is missing,
    ``built_year`` counts from its first day on; where the second is, what is 废弃 by its ``state`` is so.

    Examples
    --------
    >>> pipes = pd.DataFrame({"valid_to": ["2020-05-01", None, None], "built_year": [1990, 2021, None]})
    >>> outside_day(pipes, "pipelines", "2020-06-01").tolist()
    ['no_longer_in_use', 'not_yet_laid', '']
    """
    day = day_of(at)
    begins, ends = validity_days(layer, name)
    if _YEAR.name in layer:
        year = converted(layer[_YEAR.name], _YEAR)[0].to_numpy(dtype=np.float64, na_value=np.nan)
        known = (begins == NEVER) & np.isfinite(year)
        first = (year[known].astype(np.int64) - 1970).astype("datetime64[Y]").astype("datetime64[D]")
        begins = begins.copy()
        begins[known] = first.astype(np.int64)
    gone = ends < day
    if name in _ABANDONED and "state" in layer:
        state, _ = understood(layer["state"], CATALOGUE[name].field("state"))
        gone |= (state == _ABANDONED[name]).to_numpy(dtype=bool) & (ends == ALWAYS)
    return np.select([begins > day, gone], [NOT_YET, NO_LONGER], "")


def is_abandoned(pipes: pd.DataFrame, at: str | dt.date | None) -> NDArray[np.bool_]:
    """Tell which pipes are given up (废弃) on a day, today if none is named."""
    return np.asarray(outside_day(pipes, "pipelines", at or today()) == NO_LONGER, dtype=bool)


def in_use(
    layer: _Layer, name: str, at: str | dt.date | None, aside: SetAside, *, abandoned: bool = False
) -> _Layer:
    """Return the rows that count on a day, all if none is named; the others are noted. No layer stays none.

    With `abandoned`, those that are no longer in use stay: they are still in the ground.

    Raises
    ------
    EmptyLayerError
        If none counts.
    InputError
        If a date cannot be read.
    """
    if at is None or layer is None:
        return layer
    why = outside_day(layer, name, at)
    out = (why == NOT_YET) if abandoned else (why != "")
    if not out.any():
        return layer
    if out.all():
        raise EmptyLayerError(
            tr("{name}: none of {rows} rows is in use on {at}", name=name, rows=len(layer), at=str(at))
        )
    code = next((each for each in layer.columns if str(each).endswith("_code")), None)
    aside.note(layer, name, out, why, layer.index.to_series() if code is None else layer[code])
    kept: _Layer = layer[~out]
    return kept
