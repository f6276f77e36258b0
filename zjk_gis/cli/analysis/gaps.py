"""`zjk-gis gaps`: where nobody answers, and where two do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.cli.city import read_companion, read_zones
from zjk_gis.cli.options import CITY, LEVEL, thresholds_said
from zjk_gis.cli.speaking import repair_option, speaking
from zjk_gis.coverage.exceptions import without_accepted
from zjk_gis.coverage.faults import coverage_faults
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable, write_layer
from zjk_gis.layers.catalogue import ACCEPTED_FAULTS
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.labels import label
from zjk_gis.words import tr
from zjk_gis.workspace.addresses import shown
from zjk_gis.workspace.city_file.thresholds import limit_of

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = ["command", "show_gaps"]


@click.command("gaps")
@click.argument("zones", type=CITY)
@click.option("--region", type=click.Path(path_type=Path), help="The ground to be covered, as a layer file.")
@click.option(
    "--allowed", type=click.Path(path_type=Path), help="Ground that needs no zone, such as a river."
)
@click.option("--layer", help="The layer of ZONES; by default its responsibility zones.")
@click.option("--code", default="zone_code", show_default=True, help="The column of codes.")
@click.option("--level", type=LEVEL, help="Which level is judged; by default the finest.")
@click.option("--at", help="The day that is judged, such as 2025-12-31; by default today.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write both layers to this .gpkg.")
@click.option("--most", default=10, show_default=True, help="How many are printed.")
@repair_option
@speaking
def command(
    zones: Path | str,
    region: Path | None,
    allowed: Path | None,
    layer: str | None,
    code: str,
    level: int | str | None,
    at: str | None,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Find ground that no zone covers or several do.

    Where ZONES is a city in one GeoPackage, its built-up areas are the region and its rivers are allowed
    gaps, unless others are named.
    """
    if output is not None:
        check_writable(output)
        if output.suffix.lower() != ".gpkg":
            raise InputError(
                tr("{output}: gaps and overlaps are two layers; name a .gpkg file", output=output)
            )
    zone_layer = read_zones(zones, layer, console)
    ground = read_companion(zones, region, "built_up_areas", console)
    if ground is None:
        raise InputError(
            tr(
                "{shown}: has no layer built_up_areas; name the ground to be covered with --region",
                shown=shown(zones),
            )
        )
    day = at or today().isoformat()
    gaps, overlaps = coverage_faults(
        ground,
        zone_layer,
        code=code,
        at=day,
        level=level,
        allowed=read_companion(zones, allowed, "rivers", console),
        min_area_m2=min(map(_least, ("gap_min_m2", "overlap_min_m2"))),
    )
    gaps, overlaps = _large_enough(gaps, "gap_min_m2"), _large_enough(overlaps, "overlap_min_m2")
    console.say(tr("judged on {day}", day=day))
    ledger = read_companion(zones, None, ACCEPTED_FAULTS.name, console)
    if ledger is not None and len(ledger):
        found = len(gaps) + len(overlaps)
        gaps, overlaps = (without_accepted(frame, ledger, at=day) for frame in (gaps, overlaps))
        withheld = found - len(gaps) - len(overlaps)
        console.say(tr("{withheld:,} accepted as exceptions, not listed", withheld=withheld))
    if output is not None:
        output.unlink(missing_ok=True)
        write_layer(gaps, output, layer="gaps")
        write_layer(overlaps, output, layer="overlaps")
    show_gaps(gaps, overlaps, most, console)
    if output is not None:
        console.say(tr("layers written to {output}", output=output))
    console.result(
        {
            "at": day,
            "gaps": len(gaps),
            "gap_area_m2": float(gaps["area_m2"].sum()),
            "overlaps": len(overlaps),
            "overlap_area_m2": float(overlaps["area_m2"].sum()),
            "output": None if output is None else str(output),
        }
    )


def _large_enough(faults: gpd.GeoDataFrame, threshold: str) -> gpd.GeoDataFrame:
    """Leave out what is smaller than the city file says."""
    return faults[faults["area_m2"] >= _least(threshold)]


def _least(threshold: str) -> float:
    return limit_of(thresholds_said(), threshold)


def show_gaps(gaps: gpd.GeoDataFrame, overlaps: gpd.GeoDataFrame, most: int, console: Console) -> None:
    """Print the largest gaps and overlaps."""
    lang = console.lang
    cut = ("", tr(" (the {most} largest are listed)", most=most))
    console.say(
        tr(
            "{gaps_count:,} gaps, {area_m2:,.1f} m² together{cut}",
            gaps_count=len(gaps),
            area_m2=gaps["area_m2"].sum(),
            cut=cut[len(gaps) > most],
        ),
    )
    console.show(
        [
            (gap.gap_code, float(gap.area_m2), label(gap.kind, lang), gap.neighbours.replace(";", " "))
            for gap in gaps.nlargest(most, "area_m2").itertuples()
        ],
        [label(name, lang, unit=True) for name in ("gap_code", "area_m2", "kind", "neighbours")],
    )
    console.say(
        tr(
            "{overlaps_count:,} overlaps, {area_m2:,.1f} m² together{cut}",
            overlaps_count=len(overlaps),
            area_m2=overlaps["area_m2"].sum(),
            cut=cut[len(overlaps) > most],
        ),
    )
    console.show(
        [
            (
                pair.overlap_code,
                float(pair.area_m2),
                label(pair.kind, lang),
                pair.first_code,
                pair.second_code,
            )
            for pair in overlaps.nlargest(most, "area_m2").itertuples()
        ],
        [
            label(name, lang, unit=True)
            for name in ("overlap_code", "area_m2", "kind", "first_code", "second_code")
        ],
    )
