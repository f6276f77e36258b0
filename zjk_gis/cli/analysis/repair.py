"""`zjk-gis repair`: how gaps and overlaps could be mended, and mending them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zjk_gis.cli.city import held_by, read_companion, read_zones
from zjk_gis.cli.options import CITY, LEVEL, WORDS
from zjk_gis.cli.speaking import repair_option, speaking
from zjk_gis.coverage.repair import repair_coverage
from zjk_gis.coverage.repair_rounds import mend_coverage
from zjk_gis.coverage.repairs_made import apply_repairs
from zjk_gis.errors import InputError
from zjk_gis.io import check_writable, write_layer
from zjk_gis.layers.labels import label
from zjk_gis.words import tr

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.cli.console import Console

__all__ = ["command"]

# The mended zones go under the name by which the other commands look for them.
_NAMED = 20
_LAYERS = {"zone_code": "responsibility_zones", "grid_code": "unit_grids"}


@click.command("repair")
@click.argument("zones", type=CITY)
@click.option("--region", type=click.Path(path_type=Path), help="The ground to be covered, as a layer file.")
@click.option(
    "--allowed", type=click.Path(path_type=Path), help="Ground that needs no zone, such as a river."
)
@click.option("--layer", help="The layer of ZONES; by default its responsibility zones.")
@click.option("--code", default="zone_code", show_default=True, help="The column of codes.")
@click.option("--level", type=LEVEL, help="Which level is mended; by default the finest.")
@click.option("--at", help="The day that is judged, such as 2025-12-31; layers with versions need it.")
@click.option("--snap-within", default=0.05, show_default=True, help="Lay borders on each other, in m.")
@click.option("--max-area", default=1000.0, show_default=True, help="The largest that is mended, in m².")
@click.option("--max-width", default=5.0, show_default=True, help="The widest that is mended, in m.")
@click.option("--priority", default="priority", show_default=True, help="The column that says who keeps.")
@click.option("--priority-order", type=WORDS, help="Its words, the highest first, such as 高,中,低.")
@click.option("--apply", "make", is_flag=True, help="Write the mended zones as well.")
@click.option("--accept", multiple=True, metavar="CODE", help="Make only this repair; may be repeated.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the layers to this .gpkg.")
@click.option("--most", default=20, show_default=True, help="How many are printed.")
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
    snap_within: float,
    max_area: float,
    max_width: float,
    priority: str,
    priority_order: tuple[str, ...] | None,
    make: bool,
    accept: tuple[str, ...],
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Propose repairs of gaps and overlaps, and make them.

    ZONES itself is never changed. Where it is a city in one GeoPackage, its built-up areas are the region and
    its rivers need no zone, unless others are named; without a region gaps are the holes among the zones.
    With --apply repairs are made until nothing is left or a person must decide, with --accept just those
    named; then the output holds all its zones, mended, besides the proposals.
    """
    make = make or bool(accept)
    if output is None and make:
        raise InputError(tr("name the .gpkg for the mended zones with -o; the input is never changed"))
    if output is not None:
        check_writable(output)
        same = output.exists() and any(path.exists() and output.samefile(path) for path in held_by(zones))
        if output.suffix.lower() != ".gpkg" or same:
            raise InputError(
                tr(
                    "{output}: name another .gpkg file than the input; proposals and zones are two layers",
                    output=output,
                )
            )
    zone_layer = read_zones(zones, layer, console)
    ground = read_companion(zones, region, "built_up_areas", console)
    where: dict[str, Any] = {"code": code, "at": at, "level": level}
    options: dict[str, Any] = dict(
        **where,
        allowed=read_companion(zones, allowed, "rivers", console),
        snap_within_m=snap_within,
        max_fill_area_m2=max_area,
        max_fill_width_m=max_width,
        max_cut_area_m2=max_area,
        max_cut_width_m=max_width,
        priority=priority,
        priority_order=priority_order or (),
    )
    if make and not accept:
        mended, proposals = mend_coverage(ground, zone_layer, **options)
    else:
        proposals = repair_coverage(ground, zone_layer, **options)
    _show(proposals, most, console)
    account: dict[str, object] = {}
    if make:
        if accept:
            mended = apply_repairs(zone_layer, proposals, accept=accept, region=ground, **where)
        account = mended.attrs["repairs"]
        own = zone_layer.crs.to_string()
        if account["measured_in"] != own:
            measured = account["measured_in"]
            console.say(
                tr(
                    "the layer is in {own}; it was measured and mended in {measured}, and is written in "
                    "{own}",
                    own=own,
                    measured=measured,
                ),
            )
        _tell(account, console)
    if output is not None:
        output.unlink(missing_ok=True)
        write_layer(proposals, output, layer="repairs")
        if make:
            write_layer(mended, output, layer=_LAYERS.get(code, "repaired_zones"))
        console.say(tr("layers written to {output}", output=output))
    console.result(
        {
            "repairs": len(proposals),
            "proposed": int((proposals["status"] == "proposed").sum()),
            **account,
            "output": None if output is None else str(output),
        }
    )


def _show(proposals: gpd.GeoDataFrame, most: int, console: Console) -> None:
    lang = console.lang
    ready = proposals["status"] == "proposed"
    console.say(
        tr(
            "{ready:,} repairs proposed, {area_m2:,.1f} m² together; {sum:,} left to a person",
            ready=int(ready.sum()),
            area_m2=proposals["area_m2"][ready].sum(),
            sum=int((~ready).sum()),
        ),
    )
    columns = ("repair_code", "action", "area_m2", "gaining_code", "losing_code", "status", "reason")
    words = ("action", "status", "reason")
    console.show(
        [
            [label(row[name], lang) if name in words else row[name] for name in columns]
            for row in proposals.head(most)[list(columns)].to_dict("records")
        ],
        [label(name, lang, unit=True) for name in columns],
    )


def _tell(account: dict[str, object], console: Console) -> None:
    applied, refused, changed = (len(account[name]) for name in ("applied", "refused", "changed_codes"))  # type: ignore[arg-type]
    console.say(
        tr(
            "{applied:,} repairs made to {changed:,} zones, {filled_m2:,.1f} m² filled; {refused:,} refused",
            applied=applied,
            changed=changed,
            filled_m2=account["filled_m2"],
            refused=refused,
        ),
    )
    bad: list[str] = account["not_valid_codes"]  # type: ignore[assignment]
    if bad:
        some = ", ".join(bad[:_NAMED]) + (" …" if len(bad) > _NAMED else "")
        console.say(
            tr(
                "the borders of {bad_count:,} zones still do not match: {some}",
                bad_count=len(bad),
                some=some,
            ),
        )
    else:
        console.say(tr("all borders match, and no zones overlap"))
