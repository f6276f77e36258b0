"""The workbooks beside the pages: all rows of what pages show the first of."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pandas as pd

from zjk_gis.city.publish.evidence import counted_cases
from zjk_gis.city.publish.subjects import chiefs_table
from zjk_gis.errors import MissingExtraError
from zjk_gis.layers.labels import label
from zjk_gis.reports.workbook.writing import write_workbook
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.city.publish.pages import Publication
    from zjk_gis.city.publish.subjects import Belongings

__all__ = ["can_write_books", "write_books", "write_street_book"]

_OWN = ["in_month", "is_open", "is_overdue", "section_chief", "chief"]


def can_write_books(pub: Publication) -> bool:
    """Tell whether workbooks can be written; if not, say why."""
    from zjk_gis._optional import need

    try:
        need("xlsxwriter", extra="excel", purpose="write a workbook")
    except MissingExtraError as error:
        pub.remarks.append(tr("the workbooks are not written: {error}", error=error))
        return False
    return True


def write_books(pub: Publication, chiefs: Belongings) -> dict[str, str]:
    """Write the workbooks of the whole city, and return what each is."""
    facts, places = pub.facts, pub.places
    (pub.folder / places.books).mkdir(exist_ok=True)
    made: dict[str, str] = {}
    if facts.bulletin is not None:
        figures = facts.bulletin.figures
        now = figures[(figures["month"] == facts.month) & figures["indicator"].isin(list(pub.evidence))]
        front = [
            "subject_name",
            "indicator",
            "value",
            "numerator",
            "denominator",
            "n",
            "previous_value",
            "figure",
        ]
        whole = now.assign(
            subject_name=now["subject_name"].mask(now["subject_name"] == "", tr("the whole city"))
        )
        sheets = {
            "indicators": whole[front].reset_index(drop=True),
            "figure_cases": counted_cases(facts.bulletin, sorted(pub.evidence)),
            "open_cases": _incidents(pub, facts.incidents[facts.incidents["is_open"]])
            if facts.incidents is not None
            else pd.DataFrame(),
        }
        _write(pub, sheets, places.cases)
        made[places.cases] = tr("figures, and case by case what each is made of")
    if facts.zones is not None:
        zones = {"responsibility_zones": _zones(facts.zones)}
        if facts.sections is not None:
            zones["road_sections"] = facts.sections.drop(columns="chief")
        if facts.chiefs:
            zones["chiefs"] = chiefs_table(facts, chiefs)
        _write(pub, zones, places.zones)
        made[places.zones] = tr("all zones and sections with their chiefs")
    if facts.findings is not None:
        _write(pub, {"findings": facts.findings}, places.findings)
        made[places.findings] = tr("all findings")
    return made


def write_street_book(pub: Publication, own: Belongings, code: str) -> str:
    """Write the workbook of a street beside its page, and return its place."""
    facts = pub.facts
    path = f"{pub.places.streets}/{pub.street_files[code]}.xlsx"
    sheets: dict[str, Any] = {}
    for name, rows in (
        ("responsibility_zones", facts.zones),
        ("incidents", facts.incidents),
        ("findings", facts.findings),
    ):
        places = getattr(own, {"responsibility_zones": "zones"}.get(name, name)).get(code)
        if rows is None or places is None:
            continue
        part = rows.iloc[places]
        sheets[name] = (
            _zones(part)
            if name == "responsibility_zones"
            else _incidents(pub, part)
            if name == "incidents"
            else part
        )
    if not sheets:
        return ""
    (pub.folder / path).parent.mkdir(parents=True, exist_ok=True)
    _write(pub, sheets, path, title=facts.streets[code])
    return path


def _zones(zones: Any) -> Any:
    return zones.drop(columns="chief")


def _incidents(pub: Publication, rows: Any) -> Any:
    """Return incidents as a workbook holds them: whether they are open comes first."""
    told = rows.drop(columns=_OWN)
    front = [
        name for name in ("incident_code", "occurred_at", "state", "deadline_state", "due_at") if name in told
    ]
    return told[[*front, *(name for name in told.columns if name not in front)]]


def _write(pub: Publication, sheets: dict[str, Any], path: str, title: str | None = None) -> None:
    write_workbook(
        sheets,
        pub.folder / path,
        summary={label(name, pub.lang): len(rows) for name, rows in sheets.items()},
        lang=pub.lang,
        title=f"{pub.title} · {title}" if title else pub.title,
        own_charts=[],
        source=" · ".join(each for each in (pub.source, pub.approval_told()) if each),
        as_of=pub.facts.at,
        created=dt.datetime.fromisoformat(pub.facts.at),  # never the clock: the same data, the same bytes
    )
