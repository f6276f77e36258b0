"""The rows of each figure: a page an indicator, by area and case by case, so that anybody can add them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zjk_gis.assess.rates import QUANTILES
from zjk_gis.city.publish.naming import href
from zjk_gis.city.publish.pages import Block, Leaf, rows_shown, write_leaf
from zjk_gis.layers.labels import label
from zjk_gis.reports.bulletin.figuring import column_told, value_told
from zjk_gis.reports.bulletin.ids import figure_id
from zjk_gis.reports.bulletin.months import kind_of
from zjk_gis.reports.bulletin.tiling import figures_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zjk_gis.city.publish.pages import Publication
    from zjk_gis.reports.bulletin.result import Bulletin

__all__ = ["counted_cases", "evidence_of", "write_evidence", "write_table_evidence"]

_MOST_ROWS, _MOST_AREAS = 200, 400
_SCORED = ("score", "class_place")
_COLUMNS = (
    "in_numerator", "in_denominator", "hours_taken", "incident_code", "occurred_at", "event_name", "state",
    "deadline_state", "due_at", "street_code", "district_code", "zone_code", "chief_code",
)  # fmt: skip
_CASE = (
    "incident_code", "occurred_at", "event_code", "event_name", "state", "district_code", "street_code",
    "zone_code", "chief_code",
)  # fmt: skip


def evidence_of(bulletin: Bulletin) -> dict[str, set[str]]:
    """Return by indicator which subjects its page of evidence tells of: the whole city and each area."""
    rows = _areas(bulletin)
    keys = rows["figure"].str.split("/").str[2]
    return {str(name): set(own) for name, own in keys.groupby(rows["indicator"], sort=True)}


def _areas(bulletin: Bulletin) -> pd.DataFrame:
    """Return the figures of the month of the whole city, of each area, and of what has none."""
    now = bulletin.figures[bulletin.figures["month"] == bulletin.month]
    by = "+".join(bulletin.by)
    known = now[now["grouped_by"].isin(["", by]) & (now["chapter"] != "progress")]
    more = bulletin.making.figures("areas", bulletin.by)
    more = more[~more["figure"].isin(known["figure"])]
    table = pd.concat([known, more[known.columns]], ignore_index=True).drop_duplicates("figure")
    return table.sort_values(["indicator", "grouped_by", "subject"], kind="stable", ignore_index=True)


def write_evidence(pub: Publication) -> Iterator[str]:
    """Write a page of evidence for each indicator, and yield its place."""
    bulletin = pub.facts.bulletin
    if bulletin is None:
        return
    areas = _areas(bulletin)
    for indicator in sorted(pub.evidence):
        own = areas[areas["indicator"] == indicator]
        leaf = Leaf(
            f"{pub.places.evidence}/{indicator}.html",
            tr("{indicator}, {month}: the rows", indicator=label(indicator, pub.lang), month=bulletin.month),
            crumbs=[(href("index.html", up=1), pub.title)],
        )
        whole = figures_of(bulletin, "all").get(indicator)
        if whole is not None:
            total = bulletin.added_up(str(whole["figure"]))[1]
            leaf.lead.append(tr("{name}: {what}", name=label(indicator, pub.lang), what=total))
        leaf.blocks.append(_by_area(pub, own))
        leaf.blocks.append(
            _contributions(pub, bulletin, own) if indicator in _SCORED else _cases(pub, bulletin, indicator)
        )
        write_leaf(pub, leaf)
        yield leaf.path


def _by_area(pub: Publication, own: pd.DataFrame) -> Block:
    bulletin: Any = pub.facts.bulletin
    title = tr("By {areas}", areas=column_told(bulletin.by[0], pub.lang))
    whole, nobody = tr("the whole city"), tr("(none)")
    units = list(own["value_unit"])
    names = own["subject_name"].where(own["subject_name"] != "", whole).replace("—", nobody)
    told = pd.DataFrame(
        {
            "subject_name": names.to_numpy(),
            "value": [value_told(float(v), u) for v, u in zip(own["value"], units, strict=True)],
            "numerator": own["numerator"].astype("Float64").round().astype("Int64").to_numpy(),
            "denominator": own["denominator"].astype("Float64").round().astype("Int64").to_numpy(),
            "n": own["n"].astype("Float64").round().astype("Int64").to_numpy(),
            "previous_value": [
                "" if v != v or v is None else value_told(float(v), u)
                for v, u in zip(own["previous_value"], units, strict=True)
            ],
            "figure": own["figure"].to_numpy(),
        }
    )
    codes = own["subject"].to_numpy()
    table = rows_shown(
        pub, told, "indicators", list(told.columns), up=1, most=_MOST_AREAS, book=pub.places.cases,
        leads={"subject_name": lambda at: pub.street_href(codes[at], 1)},
    )  # fmt: skip
    table.anchors.extend("a-" + figure.split("/")[2] for figure in told["figure"].head(_MOST_AREAS))
    said = tr("The areas and the cases of none add up to the whole city, except for hours and scores.")
    return Block("areas", title, said, table=table)


def _cases(pub: Publication, bulletin: Bulletin, indicator: str) -> Block:
    figure = figure_id(bulletin.month, indicator, "all")
    rows = bulletin.rows(figure) if (bulletin.figures["figure"] == figure).any() else pd.DataFrame()
    said = ""
    if pub.has_books and len(rows):
        said = tr("All of them are in {file}; in the column of this figure 1 counts, 0 only below the line.",
                  file=pub.places.cases)  # fmt: skip
    rows = rows.reset_index(drop=True)
    table = rows_shown(pub, rows, "incidents", _COLUMNS, up=1, most=_MOST_ROWS, book=pub.places.cases)
    links = [(href(pub.places.cases, up=1), pub.places.cases)] if pub.has_books else []
    return Block("cases", tr("The cases"), said, none=tr("no case counts"), links=links, table=table)


def _contributions(pub: Publication, bulletin: Bulletin, own: pd.DataFrame) -> Block:
    """List what the scores or places of all areas are made of."""
    parts = []
    for row in own.to_dict("records"):
        rows = bulletin.parts.get(str(row["figure"]))
        if rows is not None and row["indicator"] == "score":
            parts.append(rows.assign(subject_name=row["subject_name"]))
    if parts:
        made = pd.concat(parts, ignore_index=True)
        columns = ["subject_name", *(name for name in made.columns if name != "subject_name")]
        said = tr("A score is the sum of the contributions of its area.")
    else:
        made = bulletin.ranking.reset_index(drop=True)
        columns = ["class_place", "subject_name", "score", "previous_place", "places_gained", "n", "figure"]
        said = tr("A place is one more than there are areas ahead, by score.")
    table = rows_shown(pub, made, "indicators", columns, up=1, most=_MOST_AREAS)
    return Block("made_of", tr("What it is made of"), said, table=table)


def write_table_evidence(pub: Publication, key: str, title: str, block: Block) -> str:
    """Write a page that lists the rows of a count."""
    leaf = Leaf(f"{pub.places.evidence}/{key}.html", title, crumbs=[(href("index.html", up=1), pub.title)])
    leaf.blocks.append(block)
    write_leaf(pub, leaf)
    return leaf.path


def counted_cases(bulletin: Bulletin, indicators: list[str]) -> pd.DataFrame:
    """Return a row a case of the month, with a column a figure: 1 where it counts, 0 only below the line.

    So the sum of a column is a count, its mean a rate; of hours the column ``hours_taken`` is to be sorted.
    """
    own = bulletin.making.months.of(bulletin.month)
    rows = bulletin.making.months.incidents.iloc[own.places]
    codes = {name: own.codes[name].to_numpy() for name in own.codes}
    told: dict[str, Any] = {
        name: codes.get(name, rows[name].to_numpy() if name in rows else None) for name in _CASE
    }
    told = {name: values for name, values in told.items() if values is not None}
    told["hours_taken"] = own.facts.hours
    for indicator in indicators:
        kind = kind_of(indicator)
        if kind is None or indicator in QUANTILES:
            continue
        above, below = (own.flag(each) if each else None for each in kind)
        values = np.full(len(rows), np.nan)
        if below is not None:
            values[below] = 0
        values[above] = 1
        told[tr("{indicator}: counts", indicator=label(indicator))] = pd.array(values, dtype="Int64")
    return pd.DataFrame(told)
