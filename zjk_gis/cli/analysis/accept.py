"""`zjk-gis accept`: enter a gap or an overlap in the ledger of accepted ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zjk_gis.cli.city import read_city, require_layers
from zjk_gis.cli.options import CITY, LEVEL
from zjk_gis.cli.speaking import repair_option, speaking
from zjk_gis.coverage import coverage_gaps, overlapping_zones
from zjk_gis.coverage.exceptions import accept_fault
from zjk_gis.errors import InputError
from zjk_gis.io import write_layer
from zjk_gis.io.geopackage import versioned_layers
from zjk_gis.layers.catalogue import ACCEPTED_FAULTS
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.labels import label
from zjk_gis.words import tr
from zjk_gis.workspace.addresses import shown
from zjk_gis.workspace.city_file.city import workspace_of
from zjk_gis.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = ["command"]

_NO_END = ("never", "无期限", "长期")
_LAYER = ACCEPTED_FAULTS.name


@click.command("accept")
@click.argument("city", type=CITY)
@click.argument("faults", nargs=-1, required=True)
@click.option("--by", required=True, help="Who accepts it.")
@click.option("--why", required=True, help="For what reason, such as a river or military land.")
@click.option("--until", required=True, help="The last day it is accepted, such as 2026-12-31; or: never.")
@click.option("--on", help="From which day; by default the day that is judged.")
@click.option("--at", help="The day that is judged, as it was for the audit; by default today.")
@click.option(
    "--level", type=LEVEL, help="The level of zones, as it was for the audit; by default the finest."
)
@repair_option
@speaking
def command(
    city: Path | str,
    faults: Sequence[str],
    by: str,
    why: str,
    until: str,
    on: str | None,
    at: str | None,
    level: int | str | None,
    console: Console,
) -> None:
    """Accept gaps or overlaps as they are, such as a river.

    CITY is a GeoPackage as `zjk-gis audit` takes it, FAULTS codes that an audit of the same day printed, such
    as G003 or C001. They are entered in its layer accepted_faults, and not reported again until the day
    named or until their shape changes.
    """
    layers = read_city(city, console)
    day = at or today().isoformat()
    ledger = layers.get(_LAYER)
    count = 0 if ledger is None else len(ledger)
    last = None if until.strip().lower() in _NO_END else until
    gaps = [code for code in faults if code.startswith("G")]
    overlaps = [code for code in faults if code.startswith("C")]
    unknown = [code for code in faults if code not in gaps + overlaps]
    if unknown:
        raise InputError(
            tr("{unknown!r} is not a code of a gap (G001) or an overlap (C001)", unknown=unknown[0])
        )
    for codes, found in ((gaps, _gaps), (overlaps, _overlaps)):
        if codes:
            rows = found(layers, city, day, level)
            ledger = accept_fault(rows, codes, by=by, why=why, until=last, on=on or day, ledger=ledger)
    if ledger is None:  # not so long as a code is required
        return
    _keep(ledger, city, note=f"{by}: {why}")
    entered = ledger.iloc[count:]
    columns = ["exception_code", "fault_code", "area_m2", "valid_from", "valid_to"]
    console.say(
        tr(
            "judged on {day}, entered in {layer} of {city}",
            day=day,
            layer=label(_LAYER, console.lang),
            city=shown(city),
        )
    )
    told = entered[columns].astype(object).where(entered[columns].notna(), "")
    console.show(
        [
            tuple(cell if isinstance(cell, float) else str(cell) for cell in row)
            for row in told.itertuples(index=False)
        ],
        [label(name, console.lang, unit=True) for name in columns],
    )
    console.result({"entered": told.to_dict("records"), "entries": len(ledger)})


def _gaps(
    layers: dict[str, gpd.GeoDataFrame], city: Path | str, day: str, level: int | str | None
) -> gpd.GeoDataFrame:
    require_layers(layers, city, "built_up_areas", "responsibility_zones")
    return coverage_gaps(
        layers["built_up_areas"],
        layers["responsibility_zones"],
        at=day,
        level=level,
        allowed=layers.get("rivers"),
        min_area_m2=0.0,
    )


def _overlaps(
    layers: dict[str, gpd.GeoDataFrame], city: Path | str, day: str, level: int | str | None
) -> gpd.GeoDataFrame:
    require_layers(layers, city, "responsibility_zones")
    return overlapping_zones(layers["responsibility_zones"], at=day, level=level, min_area_m2=0.0)


def _keep(ledger: gpd.GeoDataFrame, city: Path | str, *, note: str) -> None:
    """Write the ledger; into a workspace as its next version."""
    kept = workspace_of(city)
    if isinstance(kept, Path) and kept.exists() and not versioned_layers(kept.resolve()):
        write_layer(ledger, kept, layer=_LAYER)
        return
    with Workspace.open(kept) as workspace:
        workspace.write(_LAYER, ledger, spec=ACCEPTED_FAULTS, note=note)
