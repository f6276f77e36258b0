"""`zjk-gis hot-spots`: where incidents gather beyond chance, and how that came and goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import geopandas as gpd
import pandas as pd

from zjk_gis.assess import emerging_hot_spots, hot_spots
from zjk_gis.cli.access.layers import as_records, output_option
from zjk_gis.cli.city import datum_option, read_city, read_incidents, require_layers, tell_set_aside
from zjk_gis.cli.options import CITY, WORDS
from zjk_gis.cli.output import of_classes, show_rows, write_found
from zjk_gis.cli.speaking import speaking
from zjk_gis.errors import InputError
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.columns.time_cells import today
from zjk_gis.layers.labels import label
from zjk_gis.layers.versions import zones_at
from zjk_gis.maps import hot_spots_map
from zjk_gis.overlay import overlay_layers
from zjk_gis.words import listed, tr
from zjk_gis.workspace.addresses import shown
from zjk_gis.workspace.city import read_one

if TYPE_CHECKING:
    from zjk_gis.cli.console import Console

__all__ = ["command"]

_REGIONS = ("built_up_areas", "streets", "communities", "responsibility_zones")
_BASES = {"people": "residential_estates", "roads": "roads"}
# Where a spot is: the layer, how it is asked and the name that it gives.
_PLACES = (
    ("streets", "within", "street_name"),
    ("communities", "within", "community_name"),
    ("roads", "nearest", "road_name"),
)
_SPOTS = (
    "spot_code",
    *(name for *_, name in _PLACES),
    "cell_count",
    "incidents",
    "z_score",
    "hot_class",
    "cell_code",
)
_PATTERNS = (
    "cell_code", *(name for *_, name in _PLACES), "pattern", "incidents", "hot_steps", "first_hot",
    "last_hot", "tau",
)  # fmt: skip


@click.command("hot-spots")
@click.argument("city", type=CITY)
@click.option("--incidents", type=click.Path(path_type=Path), help="Incidents; by default those of the city.")
@click.option("--month", help="The month that is judged, such as 2025-11; by default all times.")
@click.option("--since", help="The first day, instead of a month.")
@click.option("--until", help="The last day, instead of a month.")
@click.option(
    "--class",
    "classes",
    type=WORDS,
    help="Only incidents whose event code begins so, such as 05 or 0501,0502.",
)
@click.option("--cell", default=200.0, show_default=True, help="The side of the cells, in metres.")
@click.option("--hexagons", is_flag=True, help="Cells are hexagons, and --cell is their width.")
@click.option("--areas", help="A layer of CITY whose areas are the cells, such as unit_grids.")
@click.option("--reach", type=float, help="How far cells are near, in metres; by default those that touch.")
@click.option(
    "--region",
    type=click.Path(path_type=Path),
    help="The ground that is judged, as a layer file; by default the built-up areas.",
)
@click.option(
    "--per", type=click.Choice([*_BASES]), help="Divide counts by the people or the roads of the city."
)
@click.option(
    "--patrols",
    type=click.Path(path_type=Path),
    help="Divide counts by patrols: fixes or tracks, as a layer file.",
)
@click.option(
    "--least",
    type=float,
    help="A cell with no more to divide by is not judged; by default a tenth of the usual.",
)
@click.option("--over-time", is_flag=True, help="Tell which hot spots are new, last, grow or fade.")
@click.option(
    "--step",
    type=click.Choice(["week", "month", "quarter"]),
    default="month",
    show_default=True,
    help="With --over-time: the steps.",
)
@click.option("--fix-positions", is_flag=True, help="Fix swapped axes and GCJ-02, and say which.")
@datum_option
@output_option
@click.option("--most", default=10, show_default=True, help="How many are printed.")
@speaking
def command(
    city: Path | str,
    incidents: Path | None,
    month: str | None,
    since: str | None,
    until: str | None,
    classes: tuple[str, ...] | None,
    cell: float,
    hexagons: bool,
    areas: str | None,
    reach: float | None,
    region: Path | None,
    per: str | None,
    patrols: Path | None,
    least: float | None,
    over_time: bool,
    step: str,
    fix_positions: bool,
    datum: str | None,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Tell where incidents gather more than chance would have it, and where they are few.

    Each cell is judged with those near it by Getis and Ord's G*, corrected for how many are judged. With
    --over-time each step is judged, and hot spots are told apart by how they came: new, consecutive,
    intensifying, persistent, diminishing, sporadic, oscillating, historical. With -o the findings go to
    hot_spots.gpkg, hot_spots.xlsx and hot_spots.html in that folder.
    """
    if over_time and month is not None:
        raise InputError(tr("--over-time takes --since and --until, not --month"))
    wanted = {*_REGIONS, *(layer for layer, *_ in _PLACES), *({areas} if areas else ())}
    wanted |= {_BASES[per]} if per else set()
    wanted |= {"incidents"} if incidents is None else set()
    layers = read_city(city, console, layers=sorted(spec_of(name).name for name in wanted))
    day = until or _last_day(month) or today().isoformat()
    if incidents is None:
        require_layers(layers, city, "incidents")
        cases = layers["incidents"]
    else:
        cases = read_incidents(incidents, console, roads=layers.get("roads"), datum=datum, fix=fix_positions)
    cases = of_classes(cases, classes)
    options = {
        **_ground(layers, city, areas, region, day, cell=cell, hexagons=hexagons, console=console),
        "reach_m": reach, "since": since, "until": until, "least": least,
    }  # fmt: skip
    if per is not None:
        require_layers(layers, city, _BASES[per])
        options[per] = layers[_BASES[per]]
    if patrols is not None:
        options["patrols"] = read_one(patrols)
    if over_time:
        options["step"] = step
        cells = emerging_hot_spots(cases, **options)
        rows, columns = _with_places(_by_pattern(cells), layers, day), _PATTERNS
    else:
        cells = hot_spots(cases, month=month, **options)
        rows, columns = _with_places(_by_spot(cells), layers, day), _SPOTS
    tell_set_aside(cells, console)
    answer = _sentences(cells, rows, console, over_time=over_time)
    for sentence in answer:
        console.say(sentence)
    for remark in cells.attrs["remarks"]:
        console.say(f"  {remark}")
    show_rows(rows.round({"z_score": 2, "tau": 2}), columns, most, console)
    files: list[Path] = []
    if output is not None:
        kind = "hot_patterns" if over_time else "hot_cells"
        period = " – ".join(_period(cells, month, since, until))
        title = tr("{kind}, {period}", kind=label(kind, console.lang), period=period) if period else None
        streets = _valid(layers.get("streets"), day)
        drawn = hot_spots_map(cells, streets=streets, title=title, date=day, lang=console.lang)
        table = pd.DataFrame(rows.drop(columns="geometry"))
        files = write_found(
            {kind: cells}, output, "hot_spots", drawn, console,
            more={"hot_spot_places": table}, title=title or label(kind, console.lang),
        )  # fmt: skip
    console.result(
        {
            "answer": answer,
            "remarks": cells.attrs["remarks"],
            "places": as_records(pd.DataFrame(rows.drop(columns="geometry"))),
            "counts": cells["pattern" if over_time else "hot_class"].value_counts().to_dict(),
            "files": [str(path) for path in files],
        }
    )


def _period(cells: gpd.GeoDataFrame, month: str | None, since: str | None, until: str | None) -> list[str]:
    """Return the first and the last of what was judged, as far as it is known."""
    if "first_step" in cells:
        return [str(cells[name].iloc[0]) for name in ("first_step", "last_step")]
    return [month] if month else [each for each in (since, until) if since and until and each]


def _last_day(month: str | None) -> str | None:
    if month is None:
        return None
    try:
        return str(pd.Period(month, freq="M").end_time.date())
    except ValueError:  # it is refused in the words of the analysis
        return None


def _ground(
    layers: dict[str, gpd.GeoDataFrame],
    city: Path | str,
    areas: str | None,
    region: Path | None,
    day: str,
    *,
    cell: float,
    hexagons: bool,
    console: Console,
) -> dict[str, Any]:
    """Return the cells and the ground, and say which ground it is."""
    if areas is not None:
        name = spec_of(areas).name
        require_layers(layers, city, name)
        return {
            "cells": layers[name],
            "region": None if region is None else read_one(region),
            "hexagons": hexagons,
        }
    if region is not None:
        return {"cells": cell, "region": read_one(region), "hexagons": hexagons}
    name = next((each for each in _REGIONS if each in layers and len(layers[each])), "")
    if not name:
        raise InputError(
            tr("{city}: none of {layers} is there to say what ground is judged; give --region",
               city=shown(city), layers=listed(label(each, console.lang) for each in _REGIONS))
        )  # fmt: skip
    console.note(tr("ground that is judged: {layer}", layer=label(name, console.lang)))
    return {"cells": cell, "region": _valid(layers[name], day), "hexagons": hexagons}


def _valid(layer: gpd.GeoDataFrame | None, day: str) -> gpd.GeoDataFrame | None:
    """Return the rows of the finest level that are valid on a day; all where none is."""
    if layer is None:
        return None
    valid = zones_at(layer, day)
    return valid if len(valid) else layer


def _by_spot(cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a row a hot spot: its hottest cell, how many cells it has and how many incidents."""
    hot = cells[cells["spot_code"].str.startswith("H").fillna(value=False).to_numpy(dtype=bool)]
    first = hot.sort_values(["spot_code", "z_score", "cell_code"], ascending=[True, False, True])
    first = first.drop_duplicates("spot_code").sort_values("z_score", ascending=False, kind="stable")
    sums = hot.groupby("spot_code").agg(cell_count=("cell_code", "size"), incidents=("incidents", "sum"))
    return first.drop(columns="incidents").merge(sums, on="spot_code", how="left", validate="1:1")


_FIRST = (
    "new",
    "intensifying",
    "consecutive",
    "persistent",
    "oscillating",
    "sporadic",
    "diminishing",
    "historical",
)


def _by_pattern(cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the cells that are or were hot, what is new or grows first."""
    order = {f"{kind}_hot": place for place, kind in enumerate(_FIRST)}
    hot = cells[cells["pattern"].isin(order)]
    hot = hot.assign(place=hot["pattern"].map(order))
    hot = hot.sort_values(["place", "last_z_score", "cell_code"], ascending=[True, False, True])
    return hot.drop(columns="place").reset_index(drop=True)


def _with_places(rows: gpd.GeoDataFrame, layers: dict[str, gpd.GeoDataFrame], day: str) -> gpd.GeoDataFrame:
    """Add the street, the community and the nearest road of each row, of the layers that there are."""
    points = gpd.GeoDataFrame(geometry=rows.representative_point(), crs=rows.crs).reset_index(drop=True)
    for layer, how, name in _PLACES:
        there = layers.get(layer)
        if there is None or not len(there) or name not in there or not len(rows):
            continue
        told = overlay_layers(points, there, how, once=True, columns=[name], at=day)  # type: ignore[arg-type]
        rows = rows.assign(**{name: told[name].to_numpy()})
    return rows


def _sentences(
    cells: gpd.GeoDataFrame, rows: gpd.GeoDataFrame, console: Console, *, over_time: bool
) -> list[str]:
    """Say how many hot and cold cells there are, and which place is the worst."""
    count = cells.attrs["incidents"]
    if over_time:
        words = cells["pattern"].value_counts()
        kinds = listed(
            tr("{pattern} {number:,}", pattern=label(str(word), console.lang), number=number)
            for word, number in words.items()
            if word not in ("no_pattern", "not_judged")
        )
        first, last, steps = (cells[name].iloc[0] for name in ("first_step", "last_step", "step_count"))
        told = tr("{first} to {last}, {steps} steps, {count:,} incidents: {kinds}.", first=first, last=last,
                  steps=steps, count=count, kinds=kinds or tr("no hot or cold spot"))  # fmt: skip
        return [told]
    words = cells["hot_class"]
    hot, cold = (int(words.str.startswith(side).sum()) for side in ("hot_", "cold_"))
    told = tr("{count:,} incidents in {cells:,} cells: {hot:,} hot cells in {places:,} places, {cold:,} cold "
              "ones.", count=count, cells=len(cells), hot=hot, cold=cold, places=len(rows))  # fmt: skip
    if not len(rows):
        return [told]
    worst = rows.iloc[0]
    where = " ".join(str(worst[name]) for *_, name in _PLACES if name in rows and pd.notna(worst[name]))
    return [
        told,
        tr("Hottest is {where}: {incidents:,} incidents in {cells:,} cells, z = {z:.2f}.",
           where=where or worst["cell_code"], incidents=worst["incidents"], cells=worst["cell_count"],
           z=worst["z_score"]),
    ]  # fmt: skip
