"""Works and their money by area, trade or source (项目与资金), in the form of the indicators.

The rule, by which anybody can count again:

1. A work counts once it has begun (``begins_on``, of contracts ``valid_from``); without that date it counts.
2. Asked by areas, a work is counted where most of it lies, but its money is divided among them by length or
   area, so that both add up to those of the whole; what lies in no area is a group of its own.
3. It is due on the day planned (``due_on``, of contracts ``valid_to``), finished on ``ends_on``; on that very
   day it is in time. What happened after the day that is asked for is not known.
4. An amount that is not known is in no numerator and no denominator; ``attrs["amounts_unknown"]`` counts
   such works. Where contracts have a price by square metre only, that times their ground is the amount.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.assess.clocks import moment_of
from zjk_gis.assess.rates import wilson
from zjk_gis.crs import as_metric
from zjk_gis.errors import InputError, MissingColumnError
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.columns.periods import NEVER, days_of
from zjk_gis.layers.columns.requirements import require_columns, require_rows
from zjk_gis.layers.columns.values import as_text, code_text, coded
from zjk_gis.layers.set_aside import SetAside
from zjk_gis.overlay import overlay_layers
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["work_indicators"]

_AMOUNTS = ("budget_yuan", "fee_sum", "fee_per_m2")
_FROM_OTHERS = ("社会资本", "PPP")
# What is counted, of what; those of the second half are sums of money.
_COUNTED = {
    "finished_rate": ("finished", "works"),
    "finished_in_time_rate": ("finished_in_time", "due"),
    "overdue_works_rate": ("overdue", "due"),
}
_SUMMED = {
    "budget_share": ("budget", "budget_of_all"),
    "paid_rate": ("paid", "budget_with_paid"),
    "private_fund_rate": ("budget_private", "budget_with_source"),
}
_STEPS = ("finished", "finished_in_time", "overdue", "due")
_PER = {"budget_per_km2": ("area_km2", 1.0), "budget_per_10000": ("population", 10_000.0)}


@checked
def work_indicators(
    works: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    areas: gpd.GeoDataFrame | None = None,
    as_of: str | dt.date,
) -> pd.DataFrame:
    """Tell what works cost and whether they are finished in time, by county, street, estate or department.

    See `zjk_gis.assess.works` for the rule (policy of 2022-03-17, clauses 三十二 and 二十一, which have no
    formula: confidence M).

    - ``budget_share`` 资金占比: budget of the group / of all;
    - ``paid_rate`` 资金支付率: paid / budget, of works of which both are known;
    - ``private_fund_rate`` 社会资本占比: budget from 社会资本 and PPP / of all whose source is known;
    - ``finished_rate`` 竣工率: finished / begun;
    - ``finished_in_time_rate`` 按期竣工率: finished by the day planned / due (that day is over, or they are
      finished);
    - ``overdue_works_rate`` 逾期未竣工率: not finished though the day is over / due;
    - ``budget_per_km2``, ``budget_per_10000``: budget / km², 10,000 people, of areas that have them.

    Parameters
    ----------
    works : DataFrame or GeoDataFrame
        Projects with ``budget_yuan``, and perhaps ``paid_yuan``, ``fund_source``, ``begins_on``, ``due_on``,
        ``ends_on``; or contracts with ``fee_sum`` or ``fee_per_m2``, ``valid_from`` and ``valid_to``.
    by : str or sequence of str, optional
        Columns by which they are grouped, such as ``"department"``; of `areas` its column of codes, such as
        ``"street_code"``.
    areas : GeoDataFrame, optional
        Polygons that divide the ground: districts, streets, zones, estates. Its ``population`` counts where
        it is there.
    as_of : date or time, or str
        A day means its end.

    Returns
    -------
    DataFrame
        A row a group and indicator, in the form of `indicators`: the columns of `by`, ``indicator``,
        ``numerator``, ``denominator`` (works, or yuan), ``value`` (NaN where the denominator is 0),
        ``low_95`` and ``high_95`` (Wilson's, of counts only) and ``n`` (int64, works). What needs a column
        that is not there is not told. ``attrs["set_aside"]`` lists works without a sound shape: asked by
        areas they are in none.

    Raises
    ------
    InputError
        If no column of `by` tells `areas` apart, or a date or amount cannot be read.
    MissingColumnError
        If a column of `by` is missing, or all of budget, sum and price are.

    Examples
    --------
    A pipe of 100 m, three quarters of which lie in street A:

    >>> from shapely import LineString, box
    >>> works = gpd.GeoDataFrame(
    ...     {"budget_yuan": [400_000], "due_on": ["2025-06-30"], "ends_on": ["2025-07-01"]},
    ...     geometry=[LineString([(0, 5), (100, 5)])],
    ...     crs=4547,
    ... )
    >>> streets = gpd.GeoDataFrame(
    ...     {"street_code": ["A", "B"]}, geometry=[box(0, 0, 75, 10), box(75, 0, 150, 10)], crs=4547
    ... )
    >>> found = work_indicators(works, by="street_code", areas=streets, as_of="2025-12-31")
    >>> found.loc[[0, 2, 5], ["street_code", "indicator", "numerator", "denominator", "value", "n"]]
      street_code              indicator  numerator  denominator  value  n
    0           A           budget_share   300000.0     400000.0   0.75  1
    2           A  finished_in_time_rate        0.0          1.0   0.00  1
    5           B           budget_share   100000.0     400000.0   0.25  0
    """
    names = [by] if isinstance(by, str) else list(by or ())
    require_rows(works, "works")
    if not {*_AMOUNTS} & {*works.columns}:
        raise MissingColumnError(
            tr("works: none of the columns {columns} is there", columns=listed(_AMOUNTS))
        )
    day = int((moment_of(as_of) - np.timedelta64(1, "us")).astype("M8[D]").astype(np.int64))
    facts = _facts(works, day)
    unknown = int((facts["is_begun"] & np.isnan(facts["budget"])).sum())
    rows = _divided(works, names, areas, facts)
    table = _told(rows, names, facts, areas)
    table.attrs = {"amounts_unknown": unknown, "set_aside": rows.attrs.get("set_aside", [])}
    return table


def _facts(works: pd.DataFrame, day: int) -> dict[str, Any]:
    """Read of each work what it costs and how far it is; what is not known of money is NaN."""
    begun, planned, ended = (
        _days(works, *names) for names in (("begins_on", "valid_from"), ("due_on", "valid_to"), ("ends_on",))
    )
    finished = (ended != NEVER) & (ended <= day)
    is_due = (planned != NEVER) & (finished | (planned < day))
    source = pd.Series(None, index=works.index, dtype="str")
    if "fund_source" in works:
        source = coded(works, spec_of("projects").field("fund_source"), "works")[0]
    return {
        "is_begun": (begun == NEVER) | (begun <= day),
        "finished": finished,
        "due": is_due,
        "finished_in_time": is_due & finished & (ended <= planned),
        "overdue": is_due & ~finished,
        "budget": _budget(works),
        "paid": _amount(works, "paid_yuan"),
        "source": source.notna().to_numpy(),
        "private": source.isin(_FROM_OTHERS).to_numpy(dtype=bool),
        "told": {
            *(_COUNTED if {"ends_on"} & {*works.columns} else ()),
            "budget_share",
            *(("paid_rate",) if "paid_yuan" in works else ()),
            *(("private_fund_rate",) if "fund_source" in works else ()),
        },
    }


def _days(works: pd.DataFrame, *names: str) -> NDArray[np.int64]:
    """Return the days of the first of the columns that is there."""
    name = next((name for name in names if name in works), None)
    if name is None:
        return np.full(len(works), NEVER)
    return days_of(works[name], tr("{name}: {what}", name="works", what=name))


def _amount(works: pd.DataFrame, name: str) -> NDArray[np.float64]:
    if name not in works:
        return np.full(len(works), np.nan)
    amounts, is_unknown = SetAside().amounts(works, "works", name)
    return np.where(is_unknown, np.nan, amounts)


def _budget(works: pd.DataFrame) -> NDArray[np.float64]:
    """Return what each costs: its budget, the sum of its contract, or a price times its ground."""
    budget = np.full(len(works), np.nan)
    for name in ("budget_yuan", "fee_sum"):
        budget = np.where(np.isnan(budget), _amount(works, name), budget)
    if "fee_per_m2" in works and isinstance(works, gpd.GeoDataFrame):
        ground = as_metric(works, "works").geometry.area.to_numpy()
        by_price = np.where(ground > 0, _amount(works, "fee_per_m2") * ground, np.nan)
        budget = np.where(np.isnan(budget), by_price, budget)
    return budget


def _divided(
    works: pd.DataFrame, names: list[str], areas: gpd.GeoDataFrame | None, facts: dict[str, Any]
) -> pd.DataFrame:
    """Return a row a work and area: its number, the share of it that lies there, and whether most does."""
    begun = np.flatnonzero(facts["is_begun"])
    if areas is None:
        require_columns(works, "works", *names)
        rows = pd.DataFrame({"work": begun, "share": 1.0, "is_main": True})
        keys = {name: as_text(works[name]).to_numpy(dtype=object)[begun] for name in names}
        return rows.assign(**keys)
    if not isinstance(works, gpd.GeoDataFrame):
        raise InputError(tr("works: is not a layer, so that it cannot be asked by areas"))
    inside = [name for name in names if name in areas]
    if len(inside) != 1:
        raise InputError(
            tr("by: one of its columns must be the codes of areas, and only one, not {columns}",
               columns=listed(inside))
        )  # fmt: skip
    code = inside[0]
    asked = works.iloc[begun]
    places = gpd.GeoDataFrame(geometry=asked.geometry.to_numpy(), index=asked.index, crs=works.crs)
    parts = overlay_layers(places, areas, code=code, columns=[])
    share = parts["share"].to_numpy(dtype=np.float64)
    row = parts["row"].to_numpy()
    area = code_text(parts[code]).to_numpy(dtype=object)
    order = np.lexsort((pd.Series(area).fillna("").to_numpy(dtype=str), -share, row))
    is_main = np.zeros(len(row), dtype=bool)
    is_main[order[np.unique(row[order], return_index=True)[1]]] = True
    rows = pd.DataFrame({"work": begun[row], "share": np.nan_to_num(share, nan=1.0), "is_main": is_main})
    rows[code] = area
    rows.attrs["set_aside"] = parts.attrs.get("set_aside", [])
    others = [name for name in names if name != code]
    require_columns(works, "works", *others)
    return rows.assign(**{name: as_text(works[name]).to_numpy(dtype=object)[begun[row]] for name in others})


def _told(
    rows: pd.DataFrame, names: list[str], facts: dict[str, Any], areas: gpd.GeoDataFrame | None
) -> pd.DataFrame:
    """Add up by group, and put it into the form of the indicators."""
    work, share = rows["work"].to_numpy(), rows["share"].to_numpy()
    main = rows["is_main"].to_numpy(dtype=bool)
    budget, paid = facts["budget"][work] * share, facts["paid"][work] * share
    has_both = ~np.isnan(budget) & ~np.isnan(paid)
    sums = {
        "works": main.astype(float),
        **{
            name: (facts[name][work] & main).astype(float)
            for name in ("finished", "finished_in_time", "overdue", "due")
        },
        "budget": np.nan_to_num(budget),
        "paid": np.where(has_both, paid, 0.0),
        "budget_with_paid": np.where(has_both, budget, 0.0),
        "budget_with_source": np.where(facts["source"][work], np.nan_to_num(budget), 0.0),
        "budget_private": np.where(facts["private"][work], np.nan_to_num(budget), 0.0),
    }
    keys = rows[names].astype(object).where(rows[names].notna(), "") if names else rows[[]].assign(_="")
    grouped = pd.DataFrame(sums).groupby([keys[name].to_numpy() for name in keys], sort=True).sum()
    grouped["budget_of_all"] = grouped["budget"].sum()
    groups = grouped.index.to_frame(index=False)
    groups.columns = list(keys)
    values = grouped.reset_index(drop=True)
    parts = []
    for name, (above, below) in (_SUMMED | _COUNTED).items():
        if name in facts["told"]:
            parts.append((name, values[above], values[below], name in _COUNTED))
    for name, amount in _bases(groups, names, areas).items():
        parts.append((name, values["budget"], amount, False))
    tables = []
    for order, (name, top, base, is_count) in enumerate(parts):
        low, high = wilson(top.to_numpy(), base.to_numpy()) if is_count else (np.nan, np.nan)
        told = groups.assign(
            indicator=name, numerator=top, denominator=base, value=top / base.where(base > 0), low_95=low,
            high_95=high, n=values["works"].astype(np.int64), order=order, group=np.arange(len(groups)),
        )  # fmt: skip
        tables.append(told)
    table = pd.concat(tables, ignore_index=True).sort_values(["group", "order"], ignore_index=True)
    for name in names:
        table[name] = table[name].replace("", None).astype("str")
    table["indicator"] = table["indicator"].astype("str")
    columns = ["indicator", "numerator", "denominator", "value", "low_95", "high_95", "n"]
    return table[[*names, *columns]]


def _bases(groups: pd.DataFrame, names: list[str], areas: gpd.GeoDataFrame | None) -> dict[str, pd.Series]:
    """Return the ground and the people of each group, where only areas tell them apart."""
    if areas is None or len(names) != 1:
        return {}
    table = pd.DataFrame({"code": code_text(areas[names[0]]).to_numpy(dtype=object)})
    table["area_km2"] = as_metric(areas, "areas").geometry.area.to_numpy() / 1e6
    if "population" in areas:
        table["population"] = pd.to_numeric(areas["population"], errors="coerce").to_numpy()
    table = table.groupby("code").sum(min_count=1)
    return {
        name: groups[names[0]].map(table[column]).astype(np.float64) / unit
        for name, (column, unit) in _PER.items()
        if column in table
    }
