"""The chapters of a bulletin, each made by one function from what was asked; `BUILDERS` is their order.

A builder takes the `Making` and returns a `Chapter`. To add one, write such a function and put it into the
list: its figures get ids, its tables sheets, and a paragraph of the notice may tell of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.assess.scoring import composite_score, ranking
from zjk_gis.assess.targets import target_progress
from zjk_gis.assess.trends import area_trade_matrix
from zjk_gis.errors import InputError
from zjk_gis.layers.labels import label
from zjk_gis.reports.bulletin.asking import FIGURE_COLUMNS, Chapter
from zjk_gis.reports.bulletin.ids import figure_id
from zjk_gis.reports.bulletin.judging import HIGH_IS_GOOD
from zjk_gis.standards.rules import rules_table
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from zjk_gis.reports.bulletin.asking import Making

__all__ = ["BUILDERS"]

_TREND = 12  # months, the one asked about the last
_WORST = 10
# Who answers, the finest first: of these the worst are listed where the incidents say it.
_ANSWERERS = ("chief_code", "zone_code", "community_code", "street_code")


def _overall(making: Making) -> Chapter:
    """Count the whole city."""
    return Chapter(making.figures("overall")[FIGURE_COLUMNS])


def _areas(making: Making) -> Chapter:
    """Count each area."""
    return Chapter(making.figures("areas", making.by)[FIGURE_COLUMNS])


def _trades(making: Making) -> Chapter:
    """Count each trade (行业), by the class of event."""
    trade = making.asked["trade"]
    if trade not in making.months.codes:
        making.remarks.append(
            tr("no column {column} ({title}): trades and the matrix of areas by trades are left out",
               column=trade, title=label(trade))
        )  # fmt: skip
        return Chapter()
    return Chapter(making.figures("trades", [trade])[FIGURE_COLUMNS])


def _matrix(making: Making) -> Chapter:
    """Lay one indicator out by area and trade (区域考核×行业考核, clause 三十四)."""
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
    named = {}
    for own in (making.by, [trade]):
        told = making.counted(own)
        named |= dict(
            zip(told["key"], zip(told["subject"], making.named(told, own), strict=True), strict=True)
        )
    rows = {
        name: matrix[side].map(lambda each, at=at: total if each == total else named[each][at])
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


def _scores(making: Making) -> Chapter:
    """Score the areas and rank them, with the changes of place against the month before."""
    now, ranked = _ranked(making, 0)
    before = making.asked["previous"]
    if making.months.before(1) in making.months.there():
        before = _ranked(making, 1)[1][["key", "class_place"]]
    elif before is not None:
        before = before.rename(columns={"figure": "own_figure"}) if "key" in before else before
        own = _keyed(before, making)
        before = before.assign(key=own)[["key", "class_place"]]
    if before is not None:
        ranked = _ranked(making, 0, before)[1]
    month = making.months.month
    chapters, parts = [], {}
    for back in (0, 1):
        scored, placed = (now, ranked) if back == 0 else _ranked(making, 1)
        if not len(placed):
            continue
        own = making.months.before(back)
        chapters.append(_score_figures(making, placed, back))
        for key, rows in scored.parts.groupby("key", sort=False):
            ids = [figure_id(own, name, str(key)) for name in rows["indicator"]]
            parts[figure_id(own, "score", str(key))] = rows.drop(columns="key").assign(figure=ids)
        for key, area_class in zip(placed["key"], placed["area_class"], strict=True):
            group = placed[(placed["area_class"] == area_class) & placed["class_place"].notna()]
            mine = float(placed.loc[placed["key"] == key, "score"].iloc[0])
            parts[figure_id(own, "class_place", str(key))] = pd.DataFrame(
                {
                    "figure": [figure_id(own, "score", each) for each in group["key"]],
                    "subject": group["subject"],
                    "subject_name": group["subject_name"],
                    "score": group["score"],
                    "is_counted": group["score"].round(10) > round(mine, 10),
                }
            ).reset_index(drop=True)
    figures = pd.concat(chapters, ignore_index=True) if chapters else Chapter().figures
    shown = ranked.assign(figure=[figure_id(month, "score", key) for key in ranked["key"]])
    return Chapter(figures, {"ranking": shown.drop(columns="key")}, parts)


def _keyed(table: pd.DataFrame, making: Making) -> pd.Series:
    """Return the key in ids of the areas of an earlier ranking."""
    from zjk_gis.layers.columns.values import code_text
    from zjk_gis.reports.bulletin.ids import subject_key

    columns = {name: code_text(table[name]).tolist() for name in making.by}
    groups = zip(*columns.values(), strict=True)
    keys = [
        subject_key([(n, None if c != c else c) for n, c in zip(columns, group, strict=True)], making.by)
        for group in groups
    ]
    return pd.Series(keys, index=table.index, dtype="str")


def _ranked(making: Making, back: int, before: pd.DataFrame | None = None) -> tuple[Any, pd.DataFrame]:
    """Score by those of the weights that could be computed, and rank."""
    areas = making.counted(making.by, back)
    areas = areas[areas[making.by].notna().all(axis=1)]  # cases without an area are nobody's
    weights, sheets = making.asked["weights"], making.asked["sheets"]
    if weights is None:
        weights = rules_table("score_weights", overrides=making.asked["tables"])
        known = {*making.counted()["indicator"], *sheets}
        lacking = [name for name in weights["indicator"] if name not in known]
        weights = weights[weights["indicator"].isin(known)]
        if lacking and back == 0 and before is None:
            making.remarks.append(
                tr("{indicators}: no column tells, so that the score is made of the others",
                   indicators=listed(map(label, lacking)))
            )  # fmt: skip
    if back == 0:  # a sheet is of one month
        own_sheets = {name: sheet.assign(key=_keyed(sheet, making)) for name, sheet in sheets.items()}
    else:
        own_sheets, weights = {}, weights[~weights["indicator"].isin(list(sheets))]
    if areas.empty or not len(weights):
        empty = pd.DataFrame(columns=["key", "subject", "subject_name", "score", "class_place", "area_class"])
        return None, empty
    scored = composite_score(areas, by="key", score_weights=weights, sheets=own_sheets)
    classes = making.asked["area_classes"]
    if classes is not None:
        classes = classes.assign(key=_keyed(classes, making))[["key", "area_class"]]
    placed = ranking(scored, area_classes=classes, previous=before, least_n=making.asked["least"])
    firsts = areas.drop_duplicates("key").set_index("key")
    rows = firsts.loc[placed["key"]].reset_index()
    told = {
        **{name: rows[name].to_numpy() for name in making.by},
        "subject": rows["subject"].to_numpy(),
        "subject_name": making.named(rows, making.by).to_numpy(),
    }
    return scored, pd.DataFrame({**told, **{name: placed[name] for name in placed}})


def _score_figures(making: Making, placed: pd.DataFrame, back: int) -> pd.DataFrame:
    """Return scores and places as figures."""
    month, tables = making.months.before(back), []
    old = None if back else _ranked(making, 1)[1]
    for name, unit in (("score", "points"), ("class_place", "place")):
        value = placed[name].astype(np.float64)
        before = pd.Series(np.nan, index=placed.index)
        if old is not None and len(old):
            before = placed["key"].map(old.set_index("key")[name].astype(np.float64)).astype(np.float64)
        elif name == "class_place" and "previous_place" in placed:
            before = placed["previous_place"].astype(np.float64)
        tables.append(
            pd.DataFrame(
                {
                    "figure": [figure_id(month, name, key) for key in placed["key"]],
                    "chapter": "ranking" if back == 0 else "month_before",
                    "month": month,
                    "by": "+".join(making.by),
                    "subject": placed["subject"],
                    "subject_name": placed["subject_name"],
                    "indicator": name,
                    "value": value,
                    "unit": unit,
                    "numerator": np.nan,
                    "denominator": np.nan,
                    "n": placed["n"],
                    "low_95": np.nan,
                    "high_95": np.nan,
                    "target_value": np.nan,
                    "previous_value": before,
                    "month_change": value - before,
                    "year_change": np.nan,
                    "judgement": np.where(value.isna(), "no_data", "not_judged"),
                    "judged_by": "",
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _worst(making: Making) -> Chapter:
    """List the ten who do worst by one indicator, of those with enough cases due."""
    indicator, least = making.asked["indicator"], making.asked["least"]
    column = making.asked["worst_by"]
    if column is None:
        there = [name for name in _ANSWERERS if name in making.months.codes and name not in making.by]
        there = [name for name in there if making.months.codes[name].notna().any()]
        column = there[0] if there else None
    columns = making.by if column is None else [column]
    figures = making.figures("worst", columns)
    own = figures[(figures["indicator"] == indicator) & figures[columns].notna().all(axis=1)]
    enough = own[own["denominator"] >= max(least, 1)]
    worst = enough.assign(order=enough["value"] * (-1 if HIGH_IS_GOOD[indicator] is False else 1))
    worst = worst.assign(missed=worst["denominator"] - worst["numerator"])
    worst = worst.sort_values(["order", "missed", "key"], ascending=[True, False, True], kind="stable")
    worst = worst[worst["value"] != (1.0 if HIGH_IS_GOOD[indicator] else 0.0)].head(_WORST)
    shown = worst[
        ["figure", "by", "subject", "subject_name", "indicator", "value", "numerator", "denominator"]
    ]
    shown = shown.reset_index(drop=True)
    shown.insert(0, "order", np.arange(1, len(shown) + 1))
    shown.attrs |= {"column": "+".join(columns), "enough": len(enough), "all": len(own)}
    told = worst if column is not None else worst.head(0)  # areas have these figures already
    return Chapter(told[FIGURE_COLUMNS], {"worst_ten": shown})


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
    measured = making.asked["measured"]
    if measured is None:
        measured = pd.DataFrame({"target": pd.Series(dtype="str"), "numerator": pd.Series(dtype=float)})
    moment = making.months.moment - np.timedelta64(1, "us")
    day = str(moment.astype("M8[D]"))
    table = target_progress(measured, as_of=day, tables=making.asked["tables"])
    return Chapter(tables={"target_progress": table})


BUILDERS: dict[str, Callable[[Making], Chapter]] = {
    "overall": _overall,
    "areas": _areas,
    "trades": _trades,
    "matrix": _matrix,
    "ranking": _scores,
    "worst": _worst,
    "trend": _trend,
    "before": _before,
    "progress": _progress,
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
