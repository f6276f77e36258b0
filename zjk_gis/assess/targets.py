"""How far the policy's own numbers are reached (目标进度)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.assess.clocks import moment_of
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.times import read_times
from zjk_gis.standards.rules import rules_table
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt

    from zjk_gis.standards.rules import Overrides

__all__ = ["target_progress"]

_COLUMNS = [
    "target", "target_title", "clause", "area", "target_scope", "target_amount", "unit", "numerator",
    "denominator", "reached_amount", "expected_by_now", "lacking_amount", "due_on", "progress", "counted_of",
    "quote",
]  # fmt: skip

_ALONG = ("measured_by", "left_out", "data_lacking")
_BEGUN = np.datetime64("2022-03-17", "us")  # when the policy was issued


@checked
def target_progress(
    measured: pd.DataFrame,
    *,
    as_of: str | dt.date,
    tables: Overrides | None = None,
) -> pd.DataFrame:
    """Compare what was measured with the policy's own numbers (目标进度), each with its clause.

    A number reached is one for good. Until the last day a target is on course if as large a share of it is
    reached as of its time has passed, from 17 March 2022 on; afterwards what is not reached is behind.

    Parameters
    ----------
    measured : DataFrame
        ``target`` and ``numerator``; for targets in percent ``denominator``, as the same number is another of
        communities than of people; perhaps ``area``: a target measured for several areas has a row each. What
        `measured_targets` returns will do: its ``measured_by``, ``left_out`` and ``data_lacking`` come along.
    as_of : date or time, or str
        A day means its end.
    tables : mapping, str or Path, optional
        Your own rows of the table ``targets``: ``target``, ``title``, ``clause``, ``amount``, ``unit``,
        ``due_on``.

    Returns
    -------
    DataFrame
        A row a target (and area), in the order of the table, also of those that nobody measured: ``target``,
        ``target_title``, ``clause``, ``area`` ("" where there is none), ``target_scope``, ``target_amount``,
        ``unit``, ``numerator``, ``denominator``, ``reached_amount`` (in the unit), ``expected_by_now``,
        ``lacking_amount`` (in the unit, at least 0), ``due_on``, ``progress`` (``achieved`` 达成,
        ``on_course`` 正常, ``behind`` 滞后, ``no_data`` 无数据; one without a last day is ``not_achieved``
        未达成), ``counted_of`` (what the denominator should be), ``quote`` (the words of the policy) and,
        where they were measured, ``measured_by``, ``left_out`` and ``data_lacking``.

    Raises
    ------
    InputError
        If `measured` names no target of the table, has a target twice for an area, or a percentage without a
        denominator above 0.
    MissingColumnError
        If a column is missing.

    Examples
    --------
    >>> found = target_progress(
    ...     pd.DataFrame({"target": ["new_public_berths"], "numerator": [4000]}), as_of="2022-09-30"
    ... )
    >>> found.loc[:1, ["target", "reached_amount", "lacking_amount", "progress"]]
                       target  reached_amount  lacking_amount progress
    0       new_public_berths          4000.0          6000.0   behind
    1  waste_sorting_coverage             NaN             NaN  no_data
    """
    require_columns(measured, "measured", "target", "numerator")
    targets = rules_table("targets", overrides=tables)
    amounts = pd.to_numeric(targets["amount"], errors="coerce")
    if not (amounts > 0).all():
        named = str(targets.loc[~(amounts > 0), "target"].iloc[0])
        raise InputError(tr("targets: {target} needs an amount greater than 0", target=named))
    targets = targets.assign(target_amount=amounts.astype(np.float64)).rename(
        columns={"denominator": "counted_of", "title": "target_title", "scope": "target_scope"}
    )
    table = targets.merge(_figures(measured, targets), on="target", how="left")
    table["area"] = table["area"].fillna("")
    is_percent = table["unit"] == "%"
    bad = is_percent & table["numerator"].notna() & ~(table["denominator"] > 0)
    if bad.any():
        raise InputError(
            tr("measured: {target} is a percentage and needs a denominator above 0",
               target=str(table.loc[bad, "target"].iloc[0]))
        )  # fmt: skip
    share = 100 * table["numerator"] / table["denominator"].where(is_percent)
    table["reached_amount"] = share.where(is_percent, table["numerator"])
    due = read_times(table["due_on"].replace("", None), name="targets: due_on").required().times
    moment = moment_of(as_of)
    passed = _passed(due.to_numpy("M8[us]"), moment)
    table["due_on"] = due
    table["expected_by_now"] = table["target_amount"] * passed
    table["lacking_amount"] = (table["target_amount"] - table["reached_amount"]).clip(lower=0.0)
    conditions = [
        table["reached_amount"].isna(),
        table["reached_amount"] >= table["target_amount"],
        np.isnan(passed),
        table["reached_amount"] >= table["expected_by_now"],
    ]
    words = ["no_data", "achieved", "not_achieved", "on_course"]
    table["progress"] = pd.Series(np.select(conditions, words, default="behind"), dtype="str")
    return table[[*_COLUMNS, *(name for name in _ALONG if name in table)]]


def _figures(measured: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Read what was measured, and refuse what belongs to no target."""
    strange = sorted({*map(str, measured["target"])} - {*targets["target"]})
    if strange:
        raise InputError(
            tr("measured: {target} is no target; they are {known}",
               target=strange[0], known=listed(targets["target"]))
        )  # fmt: skip
    figures: dict[str, Any] = {"target": measured["target"].astype("str")}
    for name in ("numerator", "denominator"):
        values = measured[name] if name in measured else pd.Series(np.nan, index=measured.index)
        figures[name] = pd.to_numeric(values, errors="coerce").astype(np.float64)
        if (figures[name].isna() & values.notna()).any():
            raise InputError(tr("measured: a {name} is not a number", name=name))
    figures |= {name: measured[name] for name in _ALONG if name in measured}
    figures["area"] = measured["area"].astype("str") if "area" in measured else ""
    table = pd.DataFrame(figures)
    if table.duplicated(["target", "area"]).any():
        twice = str(table.loc[table.duplicated(["target", "area"]), "target"].iloc[0])
        raise InputError(tr("{name}: {area} is there several times", name="measured", area=twice))
    return table


def _passed(due: Any, moment: np.datetime64) -> Any:
    """Return which share of the time until the end of the last day has passed."""
    ends = due + np.timedelta64(1, "D")
    return np.clip((moment - _BEGUN) / (ends - _BEGUN), 0.0, 1.0)
