"""The front page, and the lists of streets and chiefs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zjk_gis.city.publish.evidence import write_table_evidence
from zjk_gis.city.publish.naming import href
from zjk_gis.city.publish.pages import Block, Leaf, TileShown, count_tile, rows_shown, write_leaf
from zjk_gis.city.publish.subjects import (
    busiest_first,
    chiefs_table,
    findings_shown,
    incidents_shown,
    streets_table,
    zones_shown,
)
from zjk_gis.layers.labels import label
from zjk_gis.reports.bulletin.ids import encoded
from zjk_gis.reports.bulletin.mapping import Ground, drawn_ground, shades_of
from zjk_gis.reports.bulletin.sections import sections_of
from zjk_gis.reports.bulletin.tiling import spark_of, tiles_of
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from zjk_gis.city.publish.pages import Publication
    from zjk_gis.city.publish.subjects import Belongings

__all__ = ["write_front", "write_lists"]

_MOST_LISTED, _MOST_SHOWN, _BUSIEST = 400, 3000, 10
#: Which part of a page lists what a column counts; findings of all kinds are in one.
_ANCHORS = {"zones": "zones", "sections": "sections", "month_cases": "incidents", "open_cases": "open"}


def write_lists(pub: Publication, streets: Belongings, chiefs: Belongings) -> Iterator[str]:
    """Write the lists of streets and chiefs, and those of zones, findings and open incidents."""
    facts, places = pub.facts, pub.places
    if pub.street_files:
        yield _list(
            pub, f"{places.streets}/index.html", label("streets", pub.lang), _streets_block(pub, streets, 1)
        )
    if facts.chiefs:
        table = chiefs_table(facts, chiefs)
        block = _chiefs_block(pub, table, tr("road chiefs"), 1, _MOST_SHOWN)
        yield _list(pub, f"{places.chiefs}/index.html", tr("road chiefs"), block)
    if facts.zones is not None:
        title = label("responsibility_zones", pub.lang)
        yield write_table_evidence(pub, "zones", title, zones_shown(pub, None, 1, _MOST_LISTED))
    if facts.findings is not None:
        yield write_table_evidence(
            pub, "findings", tr("Findings"), findings_shown(pub, None, 1, _MOST_LISTED)
        )
    if facts.incidents is not None:
        rows = facts.incidents[facts.incidents["is_open"]]
        title = tr("open incidents")
        yield write_table_evidence(
            pub, "open", title, incidents_shown(pub, rows, "open", title, 1, _MOST_LISTED)
        )


def _list(pub: Publication, path: str, title: str, block: Block) -> str:
    leaf = Leaf(path, title, crumbs=[(href("index.html", up=1), pub.title)], blocks=[block])
    write_leaf(pub, leaf)
    return path


def write_front(pub: Publication, streets: Belongings, chiefs: Belongings, books: dict[str, str]) -> str:
    """Write the front page, and return its place."""
    facts = pub.facts
    leaf = Leaf("index.html", pub.title, has_map=True)
    if facts.bulletin is not None:
        import markupsafe

        leaf.lead = [tr("Figures of {month}; each leads to the rows that it is made of.", month=facts.month)]
        leaf.tiles = [
            TileShown(
                tile,
                markupsafe.Markup(spark_of(facts.bulletin, tile.figure)),  # noqa: S704  numbers only
                pub.figure_href(tile.figure),
            )
            for tile in tiles_of(facts.bulletin, "all")
        ]
    leaf.tiles += _tiles(pub)
    ranking = None
    if facts.bulletin is not None:
        keys = {encoded(each): pub.street_href(each, 0) for each in facts.streets}
        told = sections_of(facts.bulletin, pub.lang, keys if facts.bulletin.by == ["street_code"] else {})
        ranking = next((each for each in told if each.key == "ranking"), None)
    leaf.blocks = [_map_block(pub, streets, ranking)]
    if pub.street_files:
        leaf.blocks.append(_streets_block(pub, streets, 0))
    else:
        leaf.blocks.append(Block("streets", label("streets", pub.lang), none=facts.absent.get("streets", "")))
    if ranking is not None:
        title = tr("Ranking of {month}", month=facts.month)
        leaf.blocks.append(Block("ranking", title, ranking.said, section=ranking))
    else:
        why = facts.absent.get("incidents", tr("too few cases to rank anybody"))
        leaf.blocks.append(Block("ranking", tr("Ranking"), none=why))
    leaf.blocks.append(_busiest(pub, chiefs))
    if books:
        links = [(href(path), f"{path} — {what}") for path, what in books.items()]
        leaf.blocks.append(Block("books", tr("Workbooks and prints"), links=links))
    leaf.notes = [tr("Left out or not made: {remark}", remark=remark) for remark in pub.remarks]
    write_leaf(pub, leaf)
    return leaf.path


def _tiles(pub: Publication) -> list[TileShown]:
    """Count what is not in the bulletin, each with a list of its rows."""
    facts, folder = pub.facts, pub.places.evidence
    tiles = []
    if facts.incidents is not None:
        count = int(facts.incidents["is_open"].sum())
        tiles.append(count_tile(tr("open incidents"), count, href(f"{folder}/open.html")))
    if facts.zones is not None:
        title = label("responsibility_zones", pub.lang)
        tiles.append(count_tile(title, len(facts.zones), href(f"{folder}/zones.html")))
    if facts.chiefs:
        tiles.append(
            count_tile(tr("road chiefs"), len(facts.chiefs), href(f"{pub.places.chiefs}/index.html"))
        )
    if facts.findings is not None:
        tiles.append(
            count_tile(tr("Findings"), len(facts.findings), href(f"{folder}/findings.html"), bad=True)
        )
    return tiles


def _map_block(pub: Publication, streets: Belongings, ranking: Any) -> Block:
    drawn = (
        [] if ranking is None else [each for each in ranking.pictures if 'class="ground"' in str(each["svg"])]
    )
    pictures = [_alone(each) for each in drawn] or _overview(pub, streets)
    links = []
    if pub.has_map:
        links.append((href(pub.places.map), tr("open the live map")))
    if (pub.folder / pub.places.whole).is_file():
        links.append((href(pub.places.whole), tr("map to hang up (PDF)")))
    none = tr("No layer shows the streets or districts.") if not pictures else ""
    return Block("map", tr("Map of the city"), none=none, links=links, pictures=pictures)


def _alone(picture: dict[str, Any]) -> dict[str, Any]:
    """Let a picture stand alone in its row."""
    return {**picture, "wide": True}


def _overview(pub: Publication, streets: Belongings) -> list[dict[str, Any]]:
    """Draw the streets by their number of findings, else plain."""
    import markupsafe
    import shapely

    from zjk_gis.crs import as_metric
    from zjk_gis.layers.columns.values import code_text
    from zjk_gis.layers.shapes import has_place

    facts = pub.facts
    layer = facts.layers.get("streets")
    if layer is None or "street_code" not in layer or not len(layer):
        return []
    metric = as_metric(layer, "streets")
    metric = metric[
        has_place(metric.geometry.to_numpy()) & code_text(metric["street_code"]).notna().to_numpy()
    ]
    if metric.empty:
        return []
    codes = code_text(metric["street_code"]).tolist()
    shapes = shapely.make_valid(metric.geometry.to_numpy())
    values = (
        {} if facts.findings is None else {each: float(streets.count("findings", each)) for each in codes}
    )
    names = {each: facts.streets.get(each, each) for each in codes}
    told = {each: f"{names[each]} {values[each]:,.0f}" if values else names[each] for each in codes}
    shades = shades_of(list(values.values()), percent=False)
    leads = {each: pub.street_href(each, 0) for each in codes}
    title = tr("Findings by street") if values else label("streets", pub.lang)
    svg = drawn_ground(
        Ground(codes, np.asarray(shapes, dtype=object), metric.crs),
        values,
        told,
        names,
        shades,
        title,
        hrefs=leads,
    )
    return [
        {
            "title": title,
            "note": tr("pressed, a street leads to its page"),
            "wide": True,
            "svg": markupsafe.Markup(svg),  # noqa: S704  drawn_ground() escapes every text
            "key": [*zip(shades.colours, shades.texts, strict=True)],
        }
    ]


def _streets_block(pub: Publication, own: Belongings, up: int) -> Block:
    """List the streets, each number with where its rows are."""
    table = streets_table(pub.facts, own)
    codes = table["street_code"].to_numpy()
    leads = _leads(table, lambda at: pub.street_href(codes[at], up), code="street_code", name="street_name")
    columns = [str(name) for name in table if name != "street_code"]
    shown = rows_shown(
        pub, table, "streets", columns, up=up, most=_MOST_LISTED, book=pub.places.zones, leads=leads
    )
    told = _nowhere(pub)
    folder = pub.places.evidence
    links = (
        [] if pub.facts.findings is None else [(href(f"{folder}/findings.html", up=up), tr("all findings"))]
    )
    return Block("streets", tr("Findings by street"), told, links=links, table=shown)


def _leads(
    table: pd.DataFrame, page: Callable[[Any], str], *, code: str, name: str
) -> dict[str, Callable[[Any], str]]:
    """Lead from each number to the part of the row's page that lists it, and from its name to the page."""

    def lead_to(anchor: str) -> Callable[[Any], str]:
        return lambda at: f"{there}#{anchor}" if (there := page(at)) else ""

    numbers = [column for column in map(str, table) if column not in (code, name)]
    return {column: lead_to(_ANCHORS.get(column, "findings")) for column in numbers} | {name: page}


def _nowhere(pub: Publication) -> str:
    """Say what lies in no street, so that the table adds up."""
    facts, told = pub.facts, []
    for name, rows in (
        (label("responsibility_zones", pub.lang), facts.zones),
        (tr("Findings"), facts.findings),
    ):
        count = 0 if rows is None else int((~rows["street_code"].isin(list(facts.streets))).sum())
        if count:
            told.append(tr("{what}: {number:,}", what=name, number=count))
    return tr("In no street: {what}.", what=tr("; ").join(told)) if told else ""


def _chiefs_block(pub: Publication, table: pd.DataFrame, title: str, up: int, most: int) -> Block:
    table = table.reset_index(drop=True)
    codes = table["chief_code"].to_numpy()
    leads = _leads(table, lambda at: pub.chief_href(codes[at], up), code="chief_code", name="chief_name")
    shown = rows_shown(
        pub, table, "chiefs", list(map(str, table)), up=up, most=most, book=pub.places.zones, leads=leads
    )
    return Block("chiefs", title, tr("{count:,} rows", count=len(table)), table=shown)


def _busiest(pub: Publication, own: Belongings) -> Block:
    """List the chiefs with most to do, and lead to all of them."""
    facts = pub.facts
    if not facts.chiefs:
        return Block("chiefs", tr("road chiefs"), none=facts.absent.get("chiefs", ""))
    table = chiefs_table(facts, own)
    busiest = busiest_first(table).head(_BUSIEST)
    block = _chiefs_block(pub, busiest, tr("Road chiefs with most to do"), 0, _BUSIEST)
    lead = (href(f"{pub.places.chiefs}/index.html"), tr("all {count:,} road chiefs", count=len(table)))
    return replace(block, said="", links=[lead])
