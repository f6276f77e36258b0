"""The scores and places of areas, and what each is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from zjk_gis.assess.scoring import composite_score, ranking
from zjk_gis.layers.columns.requirements import require_columns
from zjk_gis.layers.columns.values import code_text
from zjk_gis.reports.bulletin.asking import FIGURE_COLUMNS, Chapter
from zjk_gis.reports.bulletin.ids import figure_id, subject_key
from zjk_gis.standards.rules import rules_table

if TYPE_CHECKING:
    from zjk_gis.reports.bulletin.asking import Making

__all__ = ["scored_and_ranked", "weights_of"]


class _Ranked(NamedTuple):
    """A ranking: the areas with ``key``, score and place; and the parts of the scores, with ``key``."""

    areas: pd.DataFrame
    parts: pd.DataFrame


def scored_and_ranked(making: Making) -> Chapter:
    """Score the areas and rank them, with the changes of place against the month before."""
    before = _ranked(making, 1)
    given = making.asked["previous"]
    if given is not None:
        old = given.assign(key=_keyed(given, "previous", making))[["key", "class_place"]]
    else:
        old = before.areas[["key", "class_place"]] if len(before.areas) else None
    now = _ranked(making, 0, old)
    figures, parts = [], {}
    for back, own in ((0, now), (1, before)):
        if len(own.areas):
            month = making.months.before(back)
            figures.append(_figures(making, own.areas, before.areas if back == 0 else None, back))
            for key, rows in own.parts.groupby("key", sort=False):
                ids = [figure_id(month, name, str(key)) for name in rows["indicator"]]
                parts[figure_id(month, "score", str(key))] = rows.drop(columns="key").assign(figure=ids)
            parts |= _places(own.areas, month)
    month = making.months.month
    shown = now.areas.assign(figure=[figure_id(month, "score", key) for key in now.areas["key"]])
    return Chapter(
        pd.concat(figures, ignore_index=True) if figures else Chapter().figures,
        {"ranking": shown.drop(columns="key")},
        parts,
    )


def weights_of(making: Making) -> tuple[pd.DataFrame, list[str]]:
    """Return the weights of the score, and the indicators among the usual ones that no column tells."""
    weights = making.asked["score_weights"]
    if weights is not None:
        return weights, []
    weights = rules_table("score_weights", overrides=making.asked["tables"])
    known = {*making.counted()["indicator"], *making.asked["sheets"]}
    is_known = weights["indicator"].isin(known)
    return weights[is_known], weights.loc[~is_known, "indicator"].tolist()


def _ranked(making: Making, back: int, before: pd.DataFrame | None = None) -> _Ranked:
    """Score the areas of a month by those of the weights that could be computed, and rank them."""
    areas = making.counted(making.by, back)
    areas = areas[areas[making.by].notna().all(axis=1)]  # cases without an area are nobody's
    weights, sheets = weights_of(making)[0], making.asked["sheets"]
    if back:  # the sheets are of the month that is asked about
        weights, sheets = weights[~weights["indicator"].isin(list(sheets))], {}
    if areas.empty or weights.empty:
        columns = [*making.by, "key", "subject", "subject_name", "score", "n", "area_class", "class_place"]
        return _Ranked(pd.DataFrame(columns=columns), pd.DataFrame())
    keyed = {name: sheet.assign(key=_keyed(sheet, name, making)) for name, sheet in sheets.items()}
    scored = composite_score(areas, by="key", score_weights=weights, sheets=keyed)
    classes = making.asked["area_classes"]
    if classes is not None:
        classes = classes.assign(key=_keyed(classes, "area_classes", making))[["key", "area_class"]]
    placed = ranking(scored, area_classes=classes, previous=before, least_n=making.asked["least_n"])
    rows = areas.drop_duplicates("key").set_index("key").loc[placed["key"]].reset_index()
    told = {
        **{name: rows[name].to_numpy() for name in making.by},
        "subject": rows["subject"].to_numpy(),
        "subject_name": making.named(rows, making.by).to_numpy(),
    }
    return _Ranked(pd.DataFrame(told).join(placed), scored.parts)


def _places(areas: pd.DataFrame, month: str) -> dict[str, pd.DataFrame]:
    """Return for each place the areas of its class that are ranked; ``is_counted`` are those ahead."""
    found = {}
    for _, group in areas.groupby("area_class"):
        ranked = group[group["class_place"].notna()]
        scores = ranked["score"].round(10)
        rows = pd.DataFrame(
            {
                "figure": [figure_id(month, "score", key) for key in ranked["key"]],
                **{name: ranked[name] for name in ("subject", "subject_name", "score")},
            }
        )
        for key, score in zip(group["key"], group["score"].round(10), strict=True):
            found[figure_id(month, "class_place", key)] = rows.assign(is_counted=scores > score)
    return found


def _figures(making: Making, areas: pd.DataFrame, old: pd.DataFrame | None, back: int) -> pd.DataFrame:
    """Return scores and places as rows of `Bulletin.figures`."""
    month, tables = making.months.before(back), []
    for name, unit in (("score", "score_points"), ("class_place", "ordinal")):
        value = areas[name].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        before = np.full(len(areas), np.nan)
        if name == "class_place" and "previous_place" in areas:
            before = areas["previous_place"].to_numpy(dtype=np.float64, na_value=np.nan)
        elif old is not None and len(old):
            told = old.set_index("key")[name].astype("Float64").reindex(areas["key"])
            before = told.to_numpy(dtype=np.float64, na_value=np.nan)
        told_of = {
            "figure": [figure_id(month, name, key) for key in areas["key"]],
            "chapter": "month_before" if back else "ranking",
            "month": month,
            "grouped_by": "+".join(making.by),
            **{each: areas[each] for each in ("subject", "subject_name", "n")},
            "indicator": name,
            "value": value,
            "value_unit": unit,
            "previous_value": before,
            "month_change": value - before,
            "judgement": np.where(np.isnan(value), "no_data", "not_judged"),
            "judged_by": "",
        }
        rest = [each for each in FIGURE_COLUMNS if each not in told_of]
        tables.append(pd.DataFrame(told_of).assign(**dict.fromkeys(rest, np.nan))[FIGURE_COLUMNS])
    return pd.concat(tables, ignore_index=True)


def _keyed(table: pd.DataFrame, name: str, making: Making) -> list[str]:
    """Return the key in ids of each row of a table with the columns of areas."""
    require_columns(table, name, *making.by)
    columns = [code_text(table[name]) for name in making.by]
    groups = zip(*(each.astype(object).where(each.notna(), None) for each in columns), strict=True)
    return [subject_key(zip(making.by, group, strict=True), making.by) for group in groups]
