"""Whether a figure is good: compared with its target, or else with the whole city or the month before.

1. Without a value it is ``no_data``; without a direction (counts, and 立案率) or anything to compare it with
   it is ``not_judged``.
2. It is compared with the target of its indicator; an area without one with the whole city; the city without
   one with its month before. ``judged_by`` says which.
3. At least as good as that is ``good``. What is worse is ``bad`` where chance does not explain it, which is
   where the 95 % interval of a share lies beyond, or where hours miss a target; else ``watch``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zjk_gis.assess.rates import QUANTILES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HIGH_IS_GOOD", "judged"]

# Whether a high value is good; what is not here has no direction.
HIGH_IS_GOOD = {
    "handled_rate": True, "handled_in_time_rate": True, "closed_rate": True, "closed_in_time_rate": True,
    "rework_rate": False, "overdue_open_rate": False, "extended_rate": False, "repeat_rate": False,
    **dict.fromkeys(QUANTILES, False),
}  # fmt: skip


def judged(figures: pd.DataFrame, targets: Mapping[str, float], city: Mapping[str, float]) -> pd.DataFrame:
    """Judge figures; see the rules above.

    Parameters
    ----------
    figures : DataFrame
        With ``indicator``, ``key``, ``value``, ``low_95``, ``high_95`` and ``previous_value``.
    targets, city : mapping of str to float
        By indicator: what is to be reached, and the value of the whole city.

    Returns
    -------
    DataFrame
        The same rows with ``target_value`` (float64), ``judgement`` and ``judged_by``.
    """
    names = figures["indicator"]
    target = names.map(dict(targets)).astype(np.float64)
    is_area = figures["key"] != "all"
    beside = names.map(dict(city)).astype(np.float64).where(is_area, figures["previous_value"])
    mark = target.where(target.notna(), beside).astype(np.float64)
    by = np.select(
        [target.notna(), is_area & beside.notna(), beside.notna()], ["target", "city", "month_before"], ""
    )
    is_high = names.map(HIGH_IS_GOOD)
    sign = is_high.map({True: 1.0, False: -1.0}).astype(np.float64)
    value = figures["value"].astype(np.float64)
    # the end of the interval on the good side
    best = figures["high_95"].where(sign > 0, figures["low_95"]).astype(np.float64)
    is_worse = sign * (value - mark) < -1e-12
    beyond = (sign * (best - mark) < -1e-12) | (best.isna() & target.notna())
    word = np.select(
        [value.isna(), sign.isna() | mark.isna(), ~is_worse, beyond],
        ["no_data", "not_judged", "good", "bad"],
        "watch",
    )
    is_judged = ~np.isin(word, ["no_data", "not_judged"])
    return figures.assign(
        target_value=target,
        judgement=pd.Series(word, index=figures.index, dtype="str"),
        judged_by=pd.Series(np.where(is_judged, by, ""), index=figures.index, dtype="str"),
    )
