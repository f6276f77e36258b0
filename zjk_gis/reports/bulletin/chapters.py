"""The chapters of a bulletin, each made by one function from what was asked; `BUILDERS` is their order.

A builder takes the `Making` and returns a `Chapter`. To add one, write such a function and put it into the
list: its figures get ids, its tables sheets, and a paragraph of the notice may tell of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.assess.measured import MEASURED_LAYERS, measured_targets
from zjk_gis.assess.targets import target_progress
from zjk_gis.assess.trends import area_trade_matrix
from zjk_gis.errors import InputError
from zjk_gis.layers.columns.personal import without_personal
from zjk_gis.reports.bulletin.asking import FIGURE_COLUMNS, Chapter
from zjk_gis.reports.bulletin.enforcement import PUBLISHED, ledgers, publications
from zjk_gis.reports.bulletin.ids import encoded, figure_id
from zjk_gis.reports.bulletin.judging import HIGH_IS_GOOD
from zjk_gis.reports.bulletin.recurring import gathered, repeated, thickest
from zjk_gis.reports.bulletin.scores import scored_and_ranked
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zjk_gis.reports.bulletin.asking import Making

__all__ = ["BUILDERS", "check_indicator", "check_targets"]

_TREND = 12  # months, the one asked about the last
_WORST = 10
_JUDGED = {
    "achieved": "good",
    "on_course": "good",
    "behind": "bad",
    "not_achieved": "watch",
    "no_data": "no_data",
}
# Who answers, the finest first: of these the worst are listed where the incidents say it.
_ANSWERERS = ("chief_code", "zone_code", "community_code", "street_code")


def _overall(making: Making) -> Chapter:
    """Count the whole city."""
    return Chapter(making.figures("overall")[FIGURE_COLUMNS])


def _areas(making: Making) -> Chapter:
    """Count each area."""
    return Chapter(making.figures("areas", making.by)[FIGURE_COLUMNS])


def _trades(making: Making) -> Chapter:
    """Count each trade (行业), by the class of event; without such a column there are none."""
    trade = making.asked["trade"]
    if trade not in making.months.codes:
        return Chapter()
    return Chapter(making.figures("trades", [trade])[FIGURE_COLUMNS])


def _matrix(making: Making) -> Chapter:
    """Lay one indicator out by area and trade (区域考核×行业考核, clause 三十四); totals have no code."""
    trade, indicator = making.asked["trade"], making.asked["indicator"]
    if trade not in making.months.codes or trade in making.by:
        return Chapter()
    columns = [*making.by, trade]
    figures = making.figures("matrix", columns)
    figures = figures[figures["indicator"] == indicator]
    # by the keys of ids, which hold one value for each area whatever the number of columns
    cells = figures.assign(
        row=figures["key"].str.rpartition("+")[0], column=figures["key"].str.rpartition("+")[2]
    )
    matrix = area_trade_matrix(cells, "row", "column", indicator=indicator)
    total, month = tr("total"), making.months.month
    is_row, is_column = matrix["row"] == total, matrix["column"] == total
    key = np.where(
        is_row & is_column, "all", np.where(is_row, matrix["column"], np.where(is_column, matrix["row"], ""))
    )
    key = np.where(key == "", matrix["row"] + "+" + matrix["column"], key)
    named: dict[str, tuple[str, str]] = {}
    for own in (making.by, [trade]):
        told = making.counted(own)
        named |= dict(
            zip(told["key"], zip(told["subject"], making.named(told, own), strict=True), strict=True)
        )
    rows = {
        name: ["" if each == total else named[each][at] for each in matrix[side]]
        for side, at, name in (
            ("row", 0, "subject"), ("row", 1, "subject_name"),
            ("column", 0, "trade"), ("column", 1, "trade_name"),
        )
    }  # fmt: skip
    table = pd.DataFrame(
        {
            "figure": [figure_id(month, indicator, each) for each in key],
            **rows,
            **{name: matrix[name] for name in ("indicator", "value", "numerator", "denominator")},
        }
    )
    return Chapter(figures[FIGURE_COLUMNS], {"area_trade_matrix": table})


def _worst(making: Making) -> Chapter:
    """List the ten who do worst by one indicator, of those with enough cases due.

    Unless it was asked, of the finest who answer of whom at least two have enough cases; else of areas.
    """
    indicator, asked = making.asked["indicator"], making.asked["worst_by"]
    codes = making.months.codes
    there = [
        name for name in _ANSWERERS if name in codes and name not in making.by and codes[name].notna().any()
    ]
    columns = making.by
    for column in there if asked is None else [asked]:
        columns = [column]
        own, enough = _enough(making, columns)
        if len(enough) > 1 or asked is not None:
            break
    else:
        columns = making.by
        own, enough = _enough(making, columns)
    is_high = HIGH_IS_GOOD[indicator]
    worst = enough.assign(missed=enough["denominator"] - enough["numerator"])
    worst = worst.sort_values(["value", "missed", "key"], ascending=[is_high, False, True], kind="stable")
    worst = worst[worst["value"] != (1.0 if is_high else 0.0)].head(_WORST)
    shown = worst[["figure", "subject", "subject_name", "indicator", "value", "numerator", "denominator"]]
    shown = shown.reset_index(drop=True)
    shown.insert(0, "order", np.arange(1, len(shown) + 1))
    shown.attrs |= {"column": "+".join(columns), "enough": len(enough), "all": len(own)}
    # all figures of the ten, for the sheets that are printed of them
    theirs = making.figures("worst", columns)
    theirs = theirs[theirs["key"].isin(worst["key"])]
    return Chapter(theirs[FIGURE_COLUMNS], {"worst_ten": shown})


def _enough(making: Making, columns: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the figures of one indicator, and those of them that are counted of enough cases."""
    figures = making.figures("worst", columns)
    own = figures[(figures["indicator"] == making.asked["indicator"]) & figures[columns].notna().all(axis=1)]
    return own, own[own["denominator"] >= max(making.asked["least_n"], 1)]


def _before(making: Making) -> Chapter:
    """Count the month before and the same month of last year, which the changes are measured from."""
    parts = [
        making.figures(chapter, columns, back)
        for chapter, back in (("month_before", 1), ("year_before", 12))
        for columns in ([], making.by)
    ]
    return Chapter(pd.concat([part[FIGURE_COLUMNS] for part in parts], ignore_index=True))


def _trend(making: Making) -> Chapter:
    """Follow the whole city over twelve months."""
    parts = [making.figures("trend", (), back) for back in range(_TREND - 1, -1, -1)]
    table = pd.concat([part[FIGURE_COLUMNS] for part in parts], ignore_index=True)
    shown = table[
        ["figure", "month", "indicator", "value", "numerator", "denominator", "low_95", "high_95", "n"]
    ]
    return Chapter(table, {"trend": shown})


def _progress(making: Making) -> Chapter:
    """Compare what was measured with the policy's own numbers."""
    measured, published = making.asked["measured"], publications(making)
    day = str((making.months.moment - np.timedelta64(1, "us")).astype("M8[D]"))
    layers = {
        name: layer
        for name, layer in making.layers.items()
        if name in MEASURED_LAYERS and isinstance(layer, gpd.GeoDataFrame)
    }
    if measured is None and layers:
        measured = measured_targets(layers, as_of=day, tables=making.asked["tables"])
        if published is not None:
            measured = measured[measured["target"] != PUBLISHED]
    if measured is None:
        measured = pd.DataFrame({"target": pd.Series(dtype="str"), "numerator": pd.Series(dtype=float)})
    if PUBLISHED in measured["target"].tolist():  # what was measured by somebody comes first
        published = None
    if published is not None and len(published):
        own = {
            "target": [PUBLISHED],
            "numerator": [published["in_numerator"].sum()],
            "denominator": len(published),
        }
        measured = pd.concat([measured, pd.DataFrame(own)], ignore_index=True)
    table = target_progress(measured, as_of=day, tables=making.asked["tables"])
    month = making.months.month
    areas = [None if area == "" else str(area) for area in table["area"]]
    ids = [
        figure_id(month, target, "all" if area is None else f"area={encoded(area)}")
        for target, area in zip(table["target"], areas, strict=True)
    ]
    table.insert(0, "figure", ids)
    is_percent = (table["unit"] == "%").to_numpy()
    unit = np.where(is_percent, 100.0, 1.0)
    value = np.asarray(table["reached_amount"], np.float64) / unit
    told = {
        "figure": ids,
        "chapter": "progress",
        "month": month,
        "grouped_by": ["" if area is None else "area" for area in areas],
        "subject": table["area"],
        "subject_name": table["area"].replace(making.names.get("district_code", {})),
        "indicator": table["target"],
        "value": value,
        "value_unit": np.where(is_percent, "share", "count"),
        "numerator": table["numerator"],
        "denominator": table["denominator"],
        "target_value": np.asarray(table["target_amount"], np.float64) / unit,
        "judgement": table["progress"].map(_JUDGED),
        "judged_by": np.where(np.isnan(value), "", "target"),
    }
    rest = [name for name in FIGURE_COLUMNS if name not in told]
    figures = pd.DataFrame(told).assign(**dict.fromkeys(rest, np.nan))[FIGURE_COLUMNS]
    parts = {figure: table.iloc[[at]].drop(columns="figure") for at, figure in enumerate(ids)}
    if published is not None and len(published):
        parts[figure_id(month, PUBLISHED, "all")] = published
    return Chapter(figures, {"target_progress": table}, parts)


def _late(making: Making) -> Chapter:
    """List the cases of the month that were not handled in time (未按期案件)."""
    own = making.months.of(making.months.month)
    late = np.flatnonzero(own.facts.flags["due"] & ~own.facts.flags["in_time"])
    rows = without_personal(making.months.incidents.iloc[own.places[late]])
    codes = own.codes.iloc[late]
    told = {name: codes[name].to_numpy() for name in (*making.by, making.asked["trade"]) if name in codes}
    rows = rows.drop(columns=[name for name in (*told, "due_at", "is_handled") if name in rows])
    rows = rows.assign(
        **told, due_at=own.facts.due[late], is_handled=own.facts.flags["handled_due"][late]
    )  # fmt: skip
    first = [name for name in ("incident_code", *told, "due_at", "is_handled") if name in rows]
    rows = rows[[*first, *(name for name in rows.columns if name not in first)]]
    order = np.lexsort((np.arange(len(rows)), own.facts.due[late]))
    return Chapter(tables={"late_cases": rows.iloc[order].reset_index(drop=True)})


BUILDERS: dict[str, Callable[[Making], Chapter]] = {
    "overall": _overall,
    "areas": _areas,
    "trades": _trades,
    "matrix": _matrix,
    "ranking": scored_and_ranked,
    "worst": _worst,
    "trend": _trend,
    "before": _before,
    "progress": _progress,
    "late": _late,
    "ledgers": ledgers,
    "repeated": repeated,
    "gathered": gathered,
    "thickest": thickest,
}


def check_indicator(indicator: str) -> None:
    """Refuse an indicator that has no numerator, or of which no one knows what is good."""
    known = [name for name in HIGH_IS_GOOD if not name.startswith("hours")]
    if indicator not in known:
        raise InputError(
            tr(
                "indicator must be one of {known}, not {indicator!r}",
                known=listed(known),
                indicator=indicator,
            )
        )


def check_targets(targets: Mapping[str, float]) -> None:
    """Refuse targets of what is no indicator, or has no direction."""
    strange = sorted({*targets} - {*HIGH_IS_GOOD})
    if strange:
        raise InputError(
            tr("targets: {indicator} is not an indicator that can be judged; there are {known}",
               indicator=strange[0], known=listed(HIGH_IS_GOOD))
        )  # fmt: skip
