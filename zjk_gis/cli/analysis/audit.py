"""`zjk-gis audit`: the three promises, and where they do not hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.assign import assign_incidents
from zjk_gis.cli.city import datum_option, even_if_off_option, read_city, read_incidents
from zjk_gis.cli.options import CITY, LEVEL, current_city, thresholds_said
from zjk_gis.cli.speaking import repair_option, speaking
from zjk_gis.cli.times import reading_times
from zjk_gis.index.steering import steering_words
from zjk_gis.io import read_table
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.labels import label
from zjk_gis.reports import audit_city, write_audit
from zjk_gis.reports.dossier import Dossier, ready_folder
from zjk_gis.responsibility.findings import in_streets
from zjk_gis.words import listed, tr
from zjk_gis.workspace.addresses import shown
from zjk_gis.workspace.city_file.thresholds import assignment_limits, fault_limits

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import geopandas as gpd
    import pandas as pd

    from zjk_gis.cli.console import Console
    from zjk_gis.responsibility.audit import ResponsibilityAudit

__all__ = ["command"]

_OF_PROMISE = {
    "every_road": (
        "rank", "finding", "finding_code", "consequence", "incidents", "components", "people", "road_m",
        "area_m2", "road_name", "concerned_codes",
    ),
    "every_matter": ("rank", "finding", "finding_code", "incidents", "event_name", "concerned_codes"),
    "everyone": ("rank", "finding", "finding_code", "consequence", "incidents", "area_m2"),
}  # fmt: skip
_LONGEST = 40
_CONTACT = ("street_code", "findings", "name", "phone", "office")


@click.command("audit")
@click.argument("city", type=CITY)
@click.option("--incidents", type=click.Path(path_type=Path), help="Incidents, to see who has how many.")
@click.option(
    "--duties", type=click.Path(path_type=Path), help="A table: event_code, department, place_code."
)
@click.option("--at", help="The day that is judged; by default today.")
@click.option("--level", type=LEVEL, help="Which level of zones is judged; by default the finest.")
@click.option("--fix-positions", is_flag=True, help="Fix swapped axes and GCJ-02, and say which.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A folder for layers, workbook and map."
)
@click.option("--most", default=10, show_default=True, help="How many of the worst of each are printed.")
@datum_option
@even_if_off_option
@reading_times
@repair_option
@speaking
def command(
    city: Path | str,
    incidents: Path | None,
    duties: Path | None,
    at: str | None,
    level: int | str | None,
    fix_positions: bool,
    output: Path | None,
    most: int,
    datum: str | None,
    even_if_off: bool,
    times: dict[str, Any],
    console: Console,
) -> None:
    """Prove or refute that every road, every incident and everyone is taken care of.

    CITY is a GeoPackage or a PostGIS schema (postgresql://user@host/database?schema=zjk) with built_up_areas
    and responsibility_zones, and perhaps rivers (which need no zone), roads, road_sections, streets,
    residential_estates, components, and accepted_faults (the ledger that `zjk-gis accept` writes). The worst
    places come first by what lies in them: incidents of the last year, components, people, road. With -o the
    findings go to audit.gpkg, audit.xlsx and audit.html in that folder, and report.html tells it all on one
    page, which can be printed.
    """
    if output is not None:
        ready_folder(output)
    layers = read_city(city, console)
    day = at or today().isoformat()
    limits = thresholds_said()
    assigned = None
    if incidents is not None and "responsibility_zones" in layers:
        points = read_incidents(
            incidents, console, roads=layers.get("roads"), datum=datum, fix=fix_positions, **times
        )
        assigned = assign_incidents(
            points,
            layers["responsibility_zones"],
            level=level,
            sections=layers.get("road_sections"),
            even_if_off=even_if_off,
            **assignment_limits(limits),
            **times,
        )
        for words in steering_words(assigned.attrs["assignment"], console.lang):
            console.note(words)
        if "occurred_at" not in assigned:
            console.note(tr("incidents have no time: all of them make a fault grave"))
    audit = audit_city(
        layers,
        assigned=assigned,
        duties=_duties(duties),
        at=day,
        level=level,
        name=shown(city),
        **fault_limits(limits),
        **times,
    )
    _show(audit, most, console)
    calls = _calls(audit, layers.get("streets"))
    if calls:
        console.say(tr("whom to call, by the city file:"))
        heads = [
            label(name, console.lang)
            for name in ("street_code", "finding_count", "contact", "phone", "office")
        ]
        console.show(calls, heads)
    made = Dossier()
    if output is not None:
        made = write_audit(
            audit,
            output,
            city=layers,
            at=day,
            level=level,
            source=_source_of(city, incidents),
            lang=console.lang,
        )
        for remark in made.remarks:
            console.note(remark)
        console.list_files(made.files)
    figures = audit.figures.astype(object).where(audit.figures.notna(), None)
    console.result(
        {
            "at": day,
            "figures": figures.to_dict("records"),
            "worst": {promise: _records(audit, promise, most) for promise in _OF_PROMISE},
            "exceptions": audit.exceptions,
            "contacts": [dict(zip(_CONTACT, row, strict=True)) for row in calls],
            "files": [str(path) for path in made.files],
        }
    )


def _calls(
    audit: ResponsibilityAudit, streets: gpd.GeoDataFrame | None
) -> list[tuple[str, int, str, str, str]]:
    """Return the streets with findings for which the city file names a contact, those with most first."""
    city = current_city()
    if city is None or not city.contacts or streets is None:
        return []
    findings = audit.findings
    placed = findings[~(findings.geometry.isna() | findings.geometry.is_empty)]
    inside = in_streets(placed.set_geometry(placed.representative_point())[["geometry"]], streets)
    counts = {} if inside is None else inside.dropna().astype(str).value_counts().to_dict()
    known = [(code, contact, int(counts[code])) for code, contact in city.contacts.items() if code in counts]
    return [
        (code, count, each.name, each.phone, each.office)
        for code, each, count in sorted(known, key=lambda row: (-row[2], row[0]))
    ]


def _duties(path: Path | None) -> pd.DataFrame | None:
    """Return the duties of the file that is named, or else of the city file."""
    city = current_city()
    if path is not None:
        return read_table(path)
    return None if city is None else city.duty_table


def _source_of(city: Path | str, incidents: Path | None) -> str:
    """Name the files that the figures come from, without their folders."""
    named = city.name if isinstance(city, Path) else shown(city)
    return named if incidents is None else listed([named, incidents.name])


def _show(audit: ResponsibilityAudit, most: int, console: Console) -> None:
    """Print the promises, and the worst of each."""
    lang = console.lang
    for promise, rows in audit.figures.groupby("promise", sort=False):
        name = str(promise)
        console.say(label(name, lang))
        console.show(
            [
                (
                    label(row["measure"], lang),
                    _amount(row["value"], row["unit"]),
                    _amount(row["whole"], row["unit"]),
                    f"{row['share']:.2%}" if row["whole"] > 0 else tr("no data"),
                    _source(row),
                )
                for row in rows.to_dict("records")
            ],
            [label(heading, lang) for heading in ("measure", "value", "whole", "share", "layer")],
        )
        _show_worst(audit, name, most, console)
    _show_exceptions(audit, console)


def _source(row: Mapping[Hashable, str]) -> str:
    """Say in one expression which rows a figure is computed from."""
    return (
        f"{row['layer']}[{row['filter']}] {row['amount']}"
        if row["filter"]
        else f"{row['layer']} {row['amount']}"
    )


def _show_worst(audit: ResponsibilityAudit, promise: str, most: int, console: Console) -> None:
    found = audit.findings[audit.findings["promise"] == promise]
    shown = min(most, len(found))
    console.say(
        tr("{count:,} findings, the worst {shown:,}:", count=len(found), shown=shown)
        if shown
        else tr("nothing found amiss")
    )
    if not shown:
        return
    worst = audit.worst(promise, most)
    columns = [name for name in _OF_PROMISE[promise] if name in worst]
    told = worst[columns].astype(object).where(worst[columns].notna(), "")
    console.show(
        [tuple(_cell(cell, console) for cell in row) for row in told.itertuples(index=False)],
        [label(name, console.lang, unit=True) for name in columns],
    )


def _cell(cell: object, console: Console) -> object:
    if isinstance(cell, str):
        text = label(cell, console.lang).replace(";", " ")
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return cell


def _show_exceptions(audit: ResponsibilityAudit, console: Console) -> None:
    """Say what the ledger of accepted faults kept back, and what it no longer does."""
    for name, account in audit.exceptions.items():
        title = label(name, console.lang)
        console.say(
            tr(
                "{title}: {withheld:,} accepted ({withheld_area_m2:,.1f} m²), {expired_count:,} "
                "expired, {changed_count:,} changed in shape, {unused_count:,} entries without a "
                "fault",
                title=title,
                withheld=account["withheld"],
                withheld_area_m2=account["withheld_area_m2"],
                expired_count=len(account["expired"]),
                changed_count=len(account["changed"]),
                unused_count=len(account["unused"]),
            ),
        )


def _records(audit: ResponsibilityAudit, promise: str, most: int) -> list[dict[str, object]]:
    worst = audit.findings[audit.findings["promise"] == promise].head(most)
    columns = [name for name in _OF_PROMISE[promise] if name in worst]
    plain = worst[columns].astype(object)
    return [
        {str(k): v for k, v in row.items()} for row in plain.where(plain.notna(), None).to_dict("records")
    ]


def _amount(value: float, unit: str) -> str:
    text = f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3f}"
    return f"{text} {unit}".rstrip()
