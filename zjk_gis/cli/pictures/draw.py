"""`zjk-gis map`: a city on one page."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from zjk_gis.cli.city import datum_option, even_if_off_option, read_city, read_incidents, tell_set_aside
from zjk_gis.cli.invalid_rows import mend, words_of
from zjk_gis.cli.options import CITY, LEVEL, current_city, thresholds_said
from zjk_gis.cli.pictures.frames import ATLASES, extent_of, needed_for, subject_of
from zjk_gis.cli.speaking import repair_option, speaking
from zjk_gis.cli.times import reading_times
from zjk_gis.errors import InputError
from zjk_gis.io.paths import target_file
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.labels import label
from zjk_gis.maps import KINDS, Question, city_map, draw_kind, print_atlas, print_map, save_offline
from zjk_gis.maps import base_map as base_layer
from zjk_gis.maps.offline.basemaps import bounds_around
from zjk_gis.maps.offline.saving import PAGES
from zjk_gis.maps.printing import SHEETS
from zjk_gis.maps.printing.document import target_of_many
from zjk_gis.progress import track
from zjk_gis.reports import survey_city
from zjk_gis.words import listed, tr
from zjk_gis.workspace.addresses import shown
from zjk_gis.workspace.city import read_one, read_zones

if TYPE_CHECKING:
    import geopandas as gpd

    from zjk_gis.cli.console import Console
    from zjk_gis.cli.pictures.frames import Subject
    from zjk_gis.maps.offline.basemaps import BaseMap
    from zjk_gis.maps.printing.sheet import Orientation

__all__ = ["command"]


@click.command("map")
@click.argument("city", type=CITY)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="A page (.html) or a print (.pdf, .svg, .png); for --atlas a .pdf or a folder of pictures.",
)
@click.option("--incidents", type=click.Path(path_type=Path), help="Incidents to assign and draw.")
@click.option("--at", help="The day that is judged; by default today.")
@click.option(
    "--level",
    type=LEVEL,
    help="Which level of zones answers: a number, a word or any; by default the finest.",
)
@click.option("--title", help="The map's title.")
@click.option("--source", help="Where the data are from, told at the foot of the map.")
@click.option(
    "--kind", type=click.Choice(["city", *KINDS]), default="city", show_default=True, help="What is drawn."
)
@click.option("--before", type=click.Path(path_type=Path), help="For changes: the zones as they were.")
@click.option("--layer", help="For choropleth: the layer of CITY whose areas are coloured.")
@click.option("--column", help="For choropleth: the indicator.")
@click.option(
    "--method",
    type=click.Choice(["quantile", "natural", "equal"]),
    default="quantile",
    help="For choropleth.",
)
@click.option("--classes", default=5, show_default=True, help="For choropleth: the most classes.")
@click.option("--paper", type=click.Choice(["A4", "A3"]), default="A4", show_default=True, help="Of a print.")
@click.option(
    "--orientation",
    type=click.Choice(["auto", "landscape", "portrait"]),
    default="auto",
    show_default=True,
    help="Of a print: auto is the one on which the ground appears larger.",
)
@click.option(
    "--extent",
    help="Of a print: the ground it shows, as west,south,east,north in degrees, or the name or code of a "
    "street, community, zone or chief.",
)
@click.option(
    "--atlas",
    type=click.Choice(ATLASES),
    help="Print a sheet for each street, chief or finding, after an index.",
)
@click.option(
    "--pictures",
    type=click.Choice(["svg", "png"]),
    default="svg",
    show_default=True,
    help="For --atlas: what a folder is filled with.",
)
@click.option("--scale", type=float, help="Of a print: 10000 for 1:10,000; by default what fits.")
@click.option("--font", help="Of a print: a typeface with Chinese characters, as a file, folder or family.")
@click.option("--fix-positions", is_flag=True, help="Fix swapped axes and GCJ-02, and say which.")
@click.option(
    "--strict", is_flag=True, help="Stop where a question cannot be answered, instead of leaving it out."
)
@click.option(
    "--base-map",
    help="A tile folder, .mbtiles or .pmtiles file; or, with --online, amap, amap-satellite, tianditu, "
    "tianditu-satellite or osm.",
)
@click.option(
    "--offline/--online",
    default=True,
    show_default=True,
    help="Whether the page does without a network, or fetches its base map; all else is in it anyway.",
)
@datum_option
@even_if_off_option
@reading_times
@repair_option
@speaking
def command(
    city: Path | str,
    output: Path,
    incidents: Path | None,
    at: str | None,
    level: int | str | None,
    title: str | None,
    source: str | None,
    kind: str,
    before: Path | None,
    layer: str | None,
    column: str | None,
    method: Literal["quantile", "natural", "equal"],
    classes: int,
    paper: str,
    orientation: Orientation,
    extent: str | None,
    atlas: str | None,
    pictures: str,
    scale: float | None,
    font: str | None,
    fix_positions: bool,
    strict: bool,
    base_map: str | None,
    offline: bool,
    datum: str | None,
    even_if_off: bool,
    times: dict[str, Any],
    console: Console,
) -> None:
    """Draw a city and what is wrong with it on one map.

    CITY is a GeoPackage or a PostGIS schema (postgresql://user@host/database?schema=zjk) with layers of the
    catalogue's names. Whatever it allows to ask is asked: gaps, overlaps, sections without a chief, manholes,
    pipes and parking. With --kind one question is drawn alone. An .html file is a page; .pdf, .svg and .png
    are prints. With --atlas there is a sheet for each street, chief or finding.
    """
    # 1. what cannot be made is refused before anything is read
    on_paper = _checked_target(output, atlas, pictures, extent, orientation)
    if base_map is not None and on_paper:
        raise InputError(
            tr(
                "{output}: base maps are for pages; print without --base-map, or name an .html file",
                output=output,
            )
        )
    # 2. what the city holds, and the incidents
    layers = {} if kind == "choropleth" else read_city(city, console)
    ground = None if base_map is None else _ground(base_map, layers, console, offline=offline)
    points = None
    if incidents is not None:
        points = read_incidents(
            incidents, console, roads=layers.get("roads"), datum=datum, fix=fix_positions, **times
        )
    if atlas in ("streets", "chiefs"):
        needed_for(atlas, layers, console.lang)
    day = at or today()
    frame = None if extent is None else extent_of(extent, layers, day, console.lang)
    # 3. every question that it allows, or one
    unanswered: dict[str, InputError] | None = None if strict else {}
    own = current_city()
    public = None if own is None else own.public_lots
    limits = thresholds_said()
    if kind == "city":
        results = survey_city(
            layers,
            points,
            at=day,
            even_if_off=even_if_off,
            level=level,
            steps=lambda names: track(names, title=tr("analysing"), total=len(names)),
            unanswered=unanswered,
            public_lots=public,
            thresholds=limits,
        )
        page = city_map(layers, results=results, title=title, source=source, date=day, lang=console.lang)
        counts = {name: len(rows) for name, rows in results.items()}
    else:
        question = Question(
            layers,
            at=day,
            name=shown(city),
            incidents=points,
            before=None if before is None else mend(read_zones(before), "old", console),
            areas=None if kind != "choropleth" or layer is None else read_one(city, layer),
            layer=layer,
            column=column,
            method=method,
            classes=classes,
            title=title,
            source=source,
            lang=console.lang,
            even_if_off=even_if_off,
            level=level,
            unanswered=unanswered,
            public_lots=public,
            thresholds=limits,
        )
        page, counts = draw_kind(kind, question)
        results = question.answers
    # 4. what was left out, and the page or the print
    for rows in results.values():
        tell_set_aside(rows, console)
    whys = {name: words_of(error, console) for name, error in (unanswered or {}).items()}
    _tell_unanswered(whys, console)
    if ground is not None:
        ground.add_to(page)
    said: dict[str, Any] = {
        "paper": paper,
        "orientation": orientation,
        "scale": scale,
        "font": font,
        "date": day,
    }
    said["source"] = source or Path(shown(city)).name
    sheets: list[dict[str, Any]] = []
    if atlas is not None:
        about = subject_of(atlas, layers, results, at=day, level=level, lang=console.lang)
        sheets = _print_atlas(page, output, about, pictures, said, console)
    elif on_paper:
        print_map(page, output, extent=frame, **said)
    else:
        save_offline(page, output, fetch_tiles=not offline)
    files = [output] if output.is_file() else output.iterdir()
    size = sum(file.stat().st_size for file in files)
    console.say(tr("map: {output} ({size:.1f} MB)", output=output, size=size / 1e6))
    console.result(
        {
            "output": str(output),
            "bytes": size,
            "kind": kind,
            "features": counts,
            "not_answered": whys,
            **({"sheets": sheets} if atlas is not None else {}),
        }
    )


def _checked_target(
    output: Path, atlas: str | None, pictures: str, extent: str | None, orientation: str
) -> bool:
    """Refuse what cannot be written or does not go together; tell whether it is a print."""
    if atlas is not None:
        target_of_many(output, pictures)
        if extent is not None:
            raise InputError(tr("--extent frames one sheet, --atlas frames each by its area; leave one out"))
        return True
    target_file(output, (*PAGES, *SHEETS))
    on_paper = output.suffix.lower() in SHEETS
    if not on_paper and (extent is not None or orientation != "auto"):
        raise InputError(
            tr(
                "{output}: --extent and --orientation are for prints; name a .pdf, .svg or .png",
                output=output,
            )
        )
    return on_paper


def _print_atlas(
    page: Any, output: Path, about: Subject, pictures: str, said: dict[str, Any], console: Console
) -> list[dict[str, Any]]:
    """Print a sheet for each area; return the rows of the index."""
    made = print_atlas(
        page,
        output,
        about.areas,
        about.by,
        name_column=about.name_column,
        counts=about.counts,
        dim=about.dim,
        pictures=pictures,
        **said,
    )
    console.say(tr("{sheets:,} sheets on {pages:,} pages", sheets=len(made.sheets), pages=made.pages))
    if made.nowhere:
        console.note(tr("{nowhere:,} areas have no geometry and no sheet", nowhere=len(made.nowhere)))
    return [asdict(row) for row in made.sheets]


def _tell_unanswered(whys: dict[str, str], console: Console) -> None:
    """Say which questions were left out; a reason that several share once."""
    for why in dict.fromkeys(whys.values()):
        asked = [label(name, console.lang) for name, own in whys.items() if own == why]
        console.note(tr("not answered: {questions}: {why}", questions=listed(asked), why=why))


def _ground(source: str, layers: dict[str, gpd.GeoDataFrame], console: Console, *, offline: bool) -> BaseMap:
    """Make the base map before any long work: of local tiles, those around the city."""
    bounds = bounds_around(layers.values()) if Path(source).exists() else None
    made = base_layer(source, lang=console.lang, bounds=bounds)
    if offline and made.needs_network:
        raise InputError(
            tr(
                "{needs_network}; say --online, or name a tile folder, .mbtiles or .pmtiles file",
                needs_network=made.needs_network,
            )
        )
    return made
