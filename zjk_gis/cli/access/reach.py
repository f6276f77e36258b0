"""`zjk-gis access reach`: who reaches a kind of facility within a distance, and why others do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from zjk_gis.access import coverage_of, nearest_facilities, service_areas
from zjk_gis.cli.access.layers import (
    as_records,
    as_share,
    at_option,
    city_layers,
    doors_of,
    facilities_in,
    network_of,
    output_option,
    tell_answer,
    travel_option,
)
from zjk_gis.cli.options import CITY
from zjk_gis.cli.output import write_found
from zjk_gis.cli.speaking import speaking
from zjk_gis.layers.catalogue import spec_of
from zjk_gis.layers.labels import label
from zjk_gis.maps import access_map
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from zjk_gis.cli.console import Console

__all__ = ["reach"]

_COVER = ("homes", "homes_network", "homes_straight", "people", "people_network", "people_straight",
          "share_network", "share_straight")  # fmt: skip
_REASONS = ("reached", "too_far", "cut_off", "no_road", "in_barrier", "no_position")


@click.command("reach")
@click.argument("city", type=CITY)
@click.option("--to", "to", required=True, help="The layer of facilities, such as parking_lots.")
@click.option(
    "--from", "origins", default="residential_estates", show_default=True, help="The layer of homes."
)
@click.option("--within", default=300.0, show_default=True, help="How many metres are within reach.")
@click.option(
    "--by", "by", default="communities", show_default=True, help="Count by communities, streets or districts."
)
@travel_option
@click.option(
    "--join-crossings",
    is_flag=True,
    help="Join roads that cross where nothing tells whether they meet; by default they pass each other.",
)
@at_option
@output_option
@click.option("--most", default=10, show_default=True, help="How many are printed.")
@speaking
def reach(
    city: Path | str,
    to: str,
    origins: str,
    within: float,
    by: str,
    travel: Literal["foot", "car"],
    join_crossings: bool,
    at: str | None,
    output: Path | None,
    most: int,
    console: Console,
) -> None:
    """Tell who reaches a facility along the roads, beside the straight line, and why others do not.

    CITY holds roads, the facilities and the homes; its rivers and railways are crossed on bridges alone, and
    its entrances, where it has any, are how facilities are reached and estates are left. With -o the findings
    go to access.gpkg, access.xlsx and access.html in that folder.
    """
    target, source, area = (spec_of(name).name for name in (to, origins, by))
    layers = city_layers(city, ["roads", target, source], console, also=("entrances", "built_up_areas", area))
    network = network_of(layers, console, join=join_crossings, at=at)
    facilities = facilities_in(layers, target, console)
    doors = doors_of(layers, facilities, target)
    homes = nearest_facilities(
        layers[source],
        facilities,
        network,
        within_m=within,
        entrances=doors,
        gates=doors_of(layers, layers[source], source),
        travel=travel,
    )
    whole = coverage_of(homes, within_m=within)
    ground = None
    if output is not None:
        ground = service_areas(facilities, network, within_m=within, entrances=doors, travel=travel)
    table = None
    if area in layers:
        table = coverage_of(homes, layers[area], within_m=within, served=ground, facilities=facilities)
    answer = _sentences(homes, whole, table, target, source, within, console)
    tell_answer(answer, console)
    _show(homes, whole, source, console)
    if table is not None:
        _show_areas(table, most, console)
    files: list[Path] = []
    if output is not None and ground is not None:
        drawn = access_map(
            homes,
            facilities,
            served=ground,
            region=layers.get("built_up_areas"),
            barriers=layers.get("rivers"),
            title=_title(target, within, console),
            date=at,
            lang=console.lang,
        )
        more = {} if table is None else {"coverage": table}
        files = write_found(
            {"homes": homes, "service_areas": ground, "road_report": network.report},
            output,
            "access",
            drawn,
            console,
            more=more,
            figures=_figures(whole, console),
            title=_title(target, within, console),
        )
    console.result(
        {
            "to": target,
            "from": source,
            "within_m": within,
            "answer": answer,
            **whole.attrs["total"],
            "reasons": homes["reason"].value_counts().to_dict(),
            "off_road": homes.attrs["off_road"],
            "areas": None if table is None else as_records(table),
            "files": [str(path) for path in files],
        }
    )


def _title(target: str, within: float, console: Console) -> str:
    return tr(
        "{facility}: within {within:,.0f} m along the roads",
        facility=label(target, console.lang),
        within=within,
        lang=console.lang,
    )


def _counted(whole: pd.DataFrame) -> str:
    """Return what is counted: people where they are known, else homes."""
    return "people" if "people" in whole and whole["people"].iloc[0] > 0 else "homes"


def _figures(whole: pd.DataFrame, console: Console) -> dict[str, object]:
    """Return the figures of the cover, either way of measuring."""
    total = whole.attrs["total"]
    return {label(name, console.lang): total[name] for name in _COVER if name in total}


def _sentences(
    homes: gpd.GeoDataFrame,
    whole: pd.DataFrame,
    table: pd.DataFrame | None,
    target: str,
    source: str,
    within: float,
    console: Console,
) -> list[str]:
    """Say who is within reach, beside the straight line, and who is not and where."""
    lang = console.lang
    row, counted = whole.iloc[0], _counted(whole)
    total = float(row[counted])
    share, straight_share = (
        as_share(row[f"{counted}_{way}"] / total if total else None) for way in ("network", "straight")
    )
    if counted == "people":
        first = tr(
            "{facility}: within {within:,.0f} m along the roads are {network:,.0f} of {total:,.0f} people "
            "({share}); in a straight line it would be {straight:,.0f} ({straight_share}).",
            facility=label(target, lang),
            within=within,
            network=row["people_network"],
            total=total,
            straight=row["people_straight"],
            lang=lang,
            share=share,
            straight_share=straight_share,
        )
    else:
        first = tr(
            "{facility}: within {within:,.0f} m along the roads are {network:,} of {total:,.0f} rows of "
            "{layer} ({share}); in a straight line it would be {straight:,} ({straight_share}).",
            facility=label(target, lang),
            within=within,
            network=int(row["homes_network"]),
            total=total,
            layer=label(source, lang),
            straight=int(row["homes_straight"]),
            lang=lang,
            share=share,
            straight_share=straight_share,
        )
    reasons = homes["reason"].value_counts()
    missed = [f"{label(each, lang)} {reasons[each]:,}" for each in _REASONS[1:] if each in reasons]
    if not missed:
        return [first, tr("All are within reach along the roads.", lang=lang)]
    sentence = tr(
        "Not within reach along the roads ({layer}): {reasons}.",
        layer=label(source, lang),
        reasons=listed(missed, lang=lang),
        lang=lang,
    )
    if table is not None and counted == "people":
        worst = _worst(table).iloc[0]
        if isinstance(worst["area_code"], str) and worst["unserved"] > 0:
            sentence += tr(
                " Most people are out of reach in {area}: {people:,.0f}.",
                area=worst["area_code"],
                people=worst["unserved"],
                lang=lang,
            )
    return [first, sentence]


def _show(homes: gpd.GeoDataFrame, whole: pd.DataFrame, source: str, console: Console) -> None:
    """Print who is within reach, by either way of measuring, and why others are not."""
    lang = console.lang
    row, counted = whole.iloc[0], _counted(whole)
    total = row[counted]
    ways = (("network", tr("along the roads", lang=lang)), ("straight", tr("in a straight line", lang=lang)))
    console.show(
        [
            (
                words,
                int(row[f"homes_{way}"]),
                f"{row[f'{counted}_{way}']:,.0f}",
                as_share(row[f"{counted}_{way}"] / total if total else None),
            )
            for way, words in ways
        ],
        [
            tr("measured", lang=lang),
            label(source, lang),
            tr("people", lang=lang) if counted == "people" else label(source, lang),
            tr("share", lang=lang),
        ],
    )
    reasons = homes["reason"].value_counts()
    console.show(
        [(label(each, lang), int(reasons[each])) for each in _REASONS if each in reasons],
        [tr("along the roads", lang=lang), label(source, lang)],
    )
    off = homes.attrs["off_road"]
    if off:
        console.say(
            tr(
                "{count:,} facilities are reached by no road (the first: {code}, {why})",
                count=len(off),
                code=off[0]["facility_code"],
                why=label(off[0]["why"], lang),
            )
        )


def _worst(table: pd.DataFrame) -> pd.DataFrame:
    """Return areas, those with most people out of reach along the roads first."""
    worst = table.assign(unserved=table["people"] - table["people_network"])
    return worst.sort_values(["unserved", "area_code"], ascending=[False, True])


def _show_areas(table: pd.DataFrame, most: int, console: Console) -> None:
    """Print the areas with most people out of reach."""
    if "people" not in table:
        return
    lang = console.lang
    console.show(
        [
            (
                row.area_code if isinstance(row.area_code, str) else "-",
                f"{row.people:,.0f}",
                f"{row.unserved:,.0f}",
                as_share(row.share_network),
                as_share(row.share_straight),
            )
            for row in _worst(table).head(most).itertuples()
        ],
        [
            tr("code of the area", lang=lang),
            tr("people", lang=lang),
            tr("not within reach along the roads", lang=lang),
            tr("share along the roads", lang=lang),
            tr("share in a straight line", lang=lang),
        ],
    )
