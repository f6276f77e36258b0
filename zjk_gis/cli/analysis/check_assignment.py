"""`zjk-gis check-assignment`: the zones that came with incidents, compared with the layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.assign.check import check_assignment
from zjk_gis.cli.city import (
    datum_option,
    even_if_off_option,
    place_options,
    read_sent,
    read_zones,
    tell_report,
)
from zjk_gis.cli.options import CITY, LEVEL, headings_option
from zjk_gis.cli.speaking import repair_option, speaking
from zjk_gis.cli.times import reading_times
from zjk_gis.io import check_writable, write_layer
from zjk_gis.layers.labels import label
from zjk_gis.words import tr

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console
    from zjk_gis.layers.labels import Language

__all__ = ["command"]


@click.command("check-assignment")
@click.argument("incidents", type=click.Path(path_type=Path))
@click.argument("zones", type=CITY)
@click.option("--recorded", default="zone_code", show_default=True, help="The column of recorded codes.")
@click.option("--version", "versions", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
              help="Other zones, to see whether they agree better; may be given several times.")  # fmt: skip
@click.option("--layer", help="The layer of ZONES; by default its responsibility zones.")
@click.option("--code", default="zone_code", show_default=True, help="The column of codes of ZONES.")
@click.option("--level", type=LEVEL, help="Which level is compared; by default the finest.")
@click.option("--tolerated-share", type=click.FloatRange(0, 1), default=0.05, show_default=True,
              help="The share that may disagree; above it the check is not passed.")  # fmt: skip
@click.option("--at", help="Judge all incidents by the zones of this day.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file for the rows.")
@place_options
@headings_option
@datum_option
@even_if_off_option
@reading_times
@repair_option
@speaking
def command(
    incidents: Path,
    zones: Path | str,
    recorded: str,
    versions: tuple[Path, ...],
    layer: str | None,
    code: str,
    level: int | str | None,
    tolerated_share: float,
    at: str | None,
    output: Path | None,
    lon: str | None,
    lat: str | None,
    crs: str | None,
    headings: Language | None,
    datum: str | None,
    even_if_off: bool,
    times: dict[str, Any],
    console: Console,
) -> None:
    """Check the zones recorded with incidents against the layer, and say what differs and why.

    Leaves with 1 if more disagree than is tolerated, anything is suspected, or nothing could be compared.
    """
    if output is not None:
        check_writable(output)
    points = read_sent(incidents, "incidents", crs=crs, lon=lon, lat=lat, datum=datum, **times)
    tell_report(points, console)
    check = check_assignment(
        points,
        read_zones(zones, layer, console),
        recorded=recorded,
        versions={path.name: read_zones(path, layer, console) for path in versions},
        code=code,
        level=level,
        tolerated_share=tolerated_share,
        at=at,
        even_if_off=even_if_off,
        lang=console.lang,
        **times,
    )
    lang = console.lang
    console.show(
        [
            (label(agreement, lang), count, f"{share:.1%}")
            for agreement, count, share in check.summary.to_numpy().tolist()
            if count
        ],
        [label("agreement", lang), tr("count"), label("share", lang)],
    )
    for remark in check.remarks:
        console.say(remark)
    for row in check.suspicions.itertuples():
        word = label(str(row.suspicion), lang)
        console.say(tr("suspicion ({word}): {evidence}", word=word, evidence=row.evidence))
    console.say(check.verdict(console.lang))
    if output is not None:
        write_layer(check.rows, output, headings=headings)
        console.say(tr("rows: {output}", output=output))
    listed = check.suspicions.astype(object).where(check.suspicions.notna(), None)
    console.result(
        {
            "agreement": dict(zip(check.summary["agreement"], check.summary["count"].tolist(), strict=True)),
            "passed": check.passed,
            "judged": check.judged,
            "disagreement": check.disagreement if check.judged else None,
            "suspicions": listed.to_dict("records"),
            "remarks": list(check.remarks),
        }
    )
    if not check.passed:
        click.get_current_context().exit(1)
