"""The pages of streets and chiefs: zones, incidents, findings, a small map, and the sheet to print."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from zjk_gis.city.publish.naming import href
from zjk_gis.city.publish.pages import (
    INCIDENT_COLUMNS,
    Block,
    Leaf,
    TileShown,
    count_tile,
    rows_shown,
    write_leaf,
)
from zjk_gis.layers.columns.personal import is_personal
from zjk_gis.layers.columns.values import as_text
from zjk_gis.layers.labels import label
from zjk_gis.layers.shapes import inner_points
from zjk_gis.reports.bulletin.ids import encoded
from zjk_gis.reports.bulletin.tiling import figures_of, tile_of
from zjk_gis.words import listed, tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from zjk_gis.city.publish.facts import Facts
    from zjk_gis.city.publish.pages import Publication
    from zjk_gis.city.publish.pictures import SmallMaps

__all__ = [
    "Belongings",
    "belongings_of",
    "busiest_first",
    "chiefs_table",
    "incidents_shown",
    "streets_table",
    "write_chief",
    "write_street",
]

_MOST_ZONES, _MOST_CASES, _MOST_FINDINGS = 200, 100, 100
_STREET_TILES = ("reported", "handled_in_time_rate", "closed_rate", "overdue_open", "score", "class_place")
_ZONE_COLUMNS = ("zone_code", "zone_name", "chief_name", "street_name", "month_cases", "open_cases")
_SECTION_COLUMNS = ("section_code", "road_name", "from_place", "to_place", "side", "length_m")
FINDING_COLUMNS = (
    "finding", "finding_code", "rank", "consequence", "incidents", "people", "area_m2", "road_name",
    "event_name", "concerned_codes",
)  # fmt: skip
_NONE = np.array([], dtype=np.intp)


@dataclass
class Belongings:
    """Which rows belong to whom: positions by code.

    Attributes
    ----------
    zones, sections, incidents, findings : dict of str to ndarray of int
    """

    zones: dict[str, NDArray[np.intp]] = field(default_factory=dict)
    sections: dict[str, NDArray[np.intp]] = field(default_factory=dict)
    incidents: dict[str, NDArray[np.intp]] = field(default_factory=dict)
    findings: dict[str, NDArray[np.intp]] = field(default_factory=dict)

    def count(self, what: str, code: str) -> int:
        """How many rows of one kind somebody has."""
        return len(getattr(self, what).get(code, _NONE))


def belongings_of(facts: Facts) -> tuple[Belongings, Belongings]:
    """Return what belongs to each street, and to each chief."""
    streets, chiefs = Belongings(), Belongings()
    if facts.zones is not None:
        streets.zones = _places(facts.zones["street_code"])
        chiefs.zones = _places(facts.zones["chief"])
    if facts.sections is not None:
        chiefs.sections = _places(facts.sections["chief"])
    if facts.incidents is not None:
        streets.incidents = _places(facts.incidents["street_code"])
        chiefs.incidents = _places(facts.incidents["chief"], facts.incidents["section_chief"])
    if facts.findings is not None:
        streets.findings = _places(facts.findings["street_code"])
        chiefs.findings = _places(pd.Series(facts.finding_chiefs, dtype=object))
    return streets, chiefs


def _places(*columns: pd.Series) -> dict[str, NDArray[np.intp]]:
    """Return by code the positions of the rows that any column gives it, alone or in a list, in order."""
    parts = [
        column.astype(object).reset_index(drop=True).explode().rename("code").rename_axis("at").reset_index()
        for column in columns
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows = (
        rows[rows["code"].notna() & (rows["code"] != "")].drop_duplicates().sort_values("at", kind="stable")
    )
    return {str(code): own.to_numpy(dtype=np.intp) for code, own in rows.groupby("code", sort=True)["at"]}


def streets_table(facts: Facts, own: Belongings) -> pd.DataFrame:
    """Return a row a street: zones, incidents of the month, open ones, and findings by kind."""
    return _table(facts, own, facts.streets, "street_code", "street_name")


def chiefs_table(facts: Facts, own: Belongings) -> pd.DataFrame:
    """Return a row a chief: zones, sections, incidents of the month, open ones, and findings."""
    table = _table(facts, own, facts.chiefs, "chief_code", "chief_name")
    return table[[name for name in table if name not in _kinds(facts)]]


def busiest_first(chiefs: pd.DataFrame) -> pd.DataFrame:
    """Put those with most to do first: open incidents, then those of the month, findings and zones."""
    by = [name for name in ("open_cases", "month_cases", "finding_count", "zones") if name in chiefs]
    return chiefs.sort_values([*by, "chief_code"], ascending=[False] * len(by) + [True], kind="stable")


def _kinds(facts: Facts) -> list[str]:
    return [] if facts.findings is None else sorted(facts.findings["finding"].astype("str").unique())


def _table(facts: Facts, own: Belongings, names: Mapping[str, str], code: str, name: str) -> pd.DataFrame:
    codes = list(names)
    told: dict[str, Any] = {code: codes, name: list(names.values())}
    if facts.zones is not None:
        told["zones"] = [own.count("zones", each) for each in codes]
    if own.sections:
        told["sections"] = [own.count("sections", each) for each in codes]
    if facts.incidents is not None:
        for title, flag in (("month_cases", "in_month"), ("open_cases", "is_open")):
            values = facts.incidents[flag].to_numpy(dtype=bool)
            told[title] = [int(values[own.incidents.get(each, _NONE)].sum()) for each in codes]
    if facts.findings is not None:
        told["finding_count"] = [own.count("findings", each) for each in codes]
        kinds = facts.findings["finding"].to_numpy(dtype=str)
        for kind in _kinds(facts):
            told[kind] = [int((kinds[own.findings.get(each, _NONE)] == kind).sum()) for each in codes]
    return pd.DataFrame(told)


def _with_names(frame: Any, facts: Facts) -> Any:
    """Give rows the names of their street and their chief in place of the codes."""
    told = {}
    if "street_code" in frame:
        told["street_name"] = frame["street_code"].map(facts.streets)
    if "chief" in frame:
        told["chief_name"] = frame["chief"].map(facts.chiefs)
    return frame.reset_index(drop=True).assign(**{name: values.to_numpy() for name, values in told.items()})


def incidents_shown(
    pub: Publication, rows: Any, key: str, title: str, up: int, most: int, *, without: str = ""
) -> Block:
    """List incidents, with their place on the map; without a column that says the same in every row."""
    rows = _with_names(rows, pub.facts)
    hidden = {without} if pub.audience == "bureau" else {without, "description"}
    columns = [name for name in INCIDENT_COLUMNS if name not in hidden]
    chiefs, streets = rows["chief"].to_numpy(), rows["street_code"].to_numpy()
    table = rows_shown(
        pub, rows, "incidents", columns, up=up, most=most, book=pub.places.cases,
        leads={
            "chief_name": lambda at: pub.chief_href(chiefs[at], up),
            "street_name": lambda at: pub.street_href(streets[at], up),
        },
    )  # fmt: skip
    said = tr("{count:,} rows", count=len(rows))
    return Block(key, title, said, none=tr("none"), table=table if len(rows) else None)


def _cases(pub: Publication, places: NDArray[np.intp], without: str) -> list[Block]:
    facts = pub.facts
    if facts.incidents is None:
        return [Block("incidents", label("incidents", pub.lang), none=facts.absent.get("incidents", ""))]
    own = facts.incidents.iloc[places]
    still, month = own[own["is_open"]], own[own["in_month"]]
    still = still.iloc[np.argsort(~still["is_overdue"].to_numpy(dtype=bool), kind="stable")]
    return [
        incidents_shown(
            pub, still, "open", tr("Open incidents, overdue first"), 1, _MOST_CASES, without=without
        ),
        incidents_shown(
            pub,
            month,
            "incidents",
            tr("Incidents of {month}", month=facts.month),
            1,
            _MOST_CASES,
            without=without,
        ),
    ]


def findings_shown(pub: Publication, places: NDArray[np.intp] | None, up: int, most: int) -> Block:
    """List findings, the worst first, with their place on the map."""
    facts, title = pub.facts, tr("Findings")
    if facts.findings is None:
        return Block("findings", title, none=facts.absent.get("findings", ""))
    own = facts.findings if places is None else facts.findings.iloc[places]
    own = _rounded(_with_names(own.drop(columns="chief", errors="ignore"), facts))
    streets = own["street_code"].to_numpy()
    columns = (
        FINDING_COLUMNS if places is not None else (*FINDING_COLUMNS[:2], "street_name", *FINDING_COLUMNS[2:])
    )
    table = rows_shown(
        pub, own, "findings", columns, up=up, most=most, book=pub.places.findings,
        leads={"street_name": lambda at: pub.street_href(streets[at], up)},
    )  # fmt: skip
    said = tr("{count:,} rows", count=len(own))
    return Block("findings", title, said, none=tr("nothing found amiss"), table=table if len(own) else None)


def _rounded(findings: Any) -> Any:
    """Write people and consequence as a reader takes them in; what has no area has none of 0 m²."""
    told = {
        name: findings[name].round(at) for name, at in (("people", 0), ("consequence", 1)) if name in findings
    }
    if "area_m2" in findings:
        told["area_m2"] = findings["area_m2"].mask(findings["area_m2"] == 0)
    return findings.assign(**told)


def zones_shown(
    pub: Publication, places: NDArray[np.intp] | None, up: int, most: int, *, without: str = ""
) -> Block:
    """List zones with their chiefs and incidents."""
    facts, title = pub.facts, label("responsibility_zones", pub.lang)
    if facts.zones is None:
        return Block("zones", title, none=facts.absent.get("zones", ""))
    own = _with_names(facts.zones if places is None else facts.zones.iloc[places], facts)
    chiefs, streets = own["chief"].to_numpy(), own["street_code"].to_numpy()
    columns = tuple(name for name in _ZONE_COLUMNS if name != without)
    table = rows_shown(
        pub, own, "responsibility_zones", columns, up=up, most=most, book=pub.places.zones,
        leads={
            "chief_name": lambda at: pub.chief_href(chiefs[at], up),
            "street_name": lambda at: pub.street_href(streets[at], up),
        },
    )  # fmt: skip
    said = tr("{count:,} rows", count=len(own))
    return Block("zones", title, said, none=tr("none"), table=table if len(own) else None)


def _map_block(
    pub: Publication, maps: SmallMaps, own: Belongings, code: str, title: str, sheets: str, book: str
) -> Block:
    zones, sections, findings = (
        getattr(own, what).get(code, _NONE) for what in ("zones", "sections", "findings")
    )
    picture = maps.of_zones(zones, sections, findings, title)
    links = [*_live_links(pub, maps, zones, sections)]
    page = pub.sheets.get(sheets, {}).get(code)
    if page is not None:
        links.append((href(sheets, f"page={page}", up=1), tr("sheet to print (PDF, page {page})", page=page)))
    if book:
        links.append((href(book.rpartition("/")[2]), tr("workbook of this page")))
    return Block(
        "map",
        tr("Map"),
        links=links,
        none="" if picture else tr("nothing has a place"),
        pictures=[picture] if picture else [],
    )


def _live_links(
    pub: Publication, maps: SmallMaps, zones: NDArray[np.intp], sections: NDArray[np.intp]
) -> list[tuple[str, str]]:
    """Lead to the ground on the city's map."""
    lead = pub.place_href(1)
    for layer, places in ((maps.zones, zones), (maps.sections, sections)):
        if lead is None or layer is None or not len(places):
            continue
        (point,) = inner_points(layer.geometry.iloc[places[:1]].to_numpy())
        if point is not None:
            ((lon, lat),) = gpd.GeoSeries([point], crs=layer.crs).to_crs(4490).get_coordinates().to_numpy()
            return [(lead(float(lon), float(lat)), tr("on the city's map"))]
    return []


def write_street(pub: Publication, maps: SmallMaps, own: Belongings, code: str, book: str) -> str:
    """Write the page of a street, and return its place."""
    facts, places = pub.facts, pub.places
    name = facts.streets[code]
    leaf = Leaf(
        f"{places.streets}/{pub.street_files[code]}.html",
        name if name == code else tr("{name} ({code})", name=name, code=code),
        crumbs=[(href("index.html", up=1), pub.title), ("index.html", label("streets", pub.lang))],
        has_map=True,
    )
    bulletin = facts.bulletin
    if bulletin is not None and bulletin.by == ["street_code"]:
        rows = figures_of(bulletin, encoded(code))
        for indicator in (each for each in _STREET_TILES if each in rows):
            tile = tile_of(rows[indicator])
            leaf.tiles.append(TileShown(tile, href=pub.figure_href(tile.figure, 1)))
    leaf.tiles += _counts(pub, own, code, has_month=not leaf.tiles)
    leaf.blocks = [
        _map_block(pub, maps, own, code, leaf.title, places.of_streets, book),
        zones_shown(pub, own.zones.get(code, _NONE), 1, _MOST_ZONES, without="street_name"),
        *_cases(pub, own.incidents.get(code, _NONE), "street_name"),
        findings_shown(pub, own.findings.get(code, _NONE), 1, _MOST_FINDINGS),
    ]
    write_leaf(pub, leaf)
    return leaf.path


def _counts(pub: Publication, own: Belongings, code: str, *, has_month: bool = True) -> list[TileShown]:
    """Count on tiles what the page lists."""
    facts = pub.facts
    tiles = []
    if facts.zones is not None:
        tiles.append(count_tile(label("responsibility_zones", pub.lang), own.count("zones", code), "#zones"))
    if own.sections:
        tiles.append(count_tile(label("road_sections", pub.lang), own.count("sections", code), "#sections"))
    if facts.incidents is not None:
        rows = facts.incidents.iloc[own.incidents.get(code, _NONE)]
        if has_month:
            title = tr("Incidents of {month}", month=facts.month)
            tiles.append(count_tile(title, int(rows["in_month"].sum()), "#incidents"))
        tiles += [
            count_tile(tr("open incidents"), int(rows["is_open"].sum()), "#open"),
            count_tile(tr("of them overdue"), int(rows["is_overdue"].sum()), "#open", bad=True),
        ]
    if facts.findings is not None:
        tiles.append(count_tile(tr("Findings"), own.count("findings", code), "#findings", bad=True))
    return tiles


def write_chief(pub: Publication, maps: SmallMaps, own: Belongings, code: str) -> str:
    """Write the page of a chief, and return its place."""
    facts, places = pub.facts, pub.places
    name = facts.chiefs[code]
    leaf = Leaf(
        f"{places.chiefs}/{pub.chief_files[code]}.html",
        name if name == code else tr("{name} ({code})", name=name, code=code),
        crumbs=[(href("index.html", up=1), pub.title), ("index.html", tr("road chiefs"))],
        lead=_reached(pub, own, code),
        tiles=_counts(pub, own, code),
        has_map=True,
    )
    leaf.blocks = [
        _map_block(pub, maps, own, code, leaf.title, places.of_chiefs, ""),
        zones_shown(pub, own.zones.get(code, _NONE), 1, _MOST_ZONES, without="chief_name"),
    ]
    if facts.sections is not None:
        rows = facts.sections.iloc[own.sections.get(code, _NONE)].reset_index(drop=True)
        table = rows_shown(
            pub, rows, "road_sections", _SECTION_COLUMNS, up=1, most=_MOST_ZONES, book=places.zones
        )
        said = tr("{count:,} rows", count=len(rows))
        leaf.blocks.append(
            Block(
                "sections",
                label("road_sections", pub.lang),
                said,
                tr("none"),
                table=table if len(rows) else None,
            )
        )
    leaf.blocks += [
        *_cases(pub, own.incidents.get(code, _NONE), ""),
        findings_shown(pub, own.findings.get(code, _NONE), 1, _MOST_FINDINGS),
    ]
    write_leaf(pub, leaf)
    return leaf.path


def _reached(pub: Publication, own: Belongings, code: str) -> list[str]:
    """Say how a chief is reached, to those who may know."""
    if pub.audience == "public":
        return []
    told: list[str] = []
    for layer, places in ((pub.facts.zones, own.zones), (pub.facts.sections, own.sections)):
        if layer is None or code not in places:
            continue
        for column in (each for each in layer.columns if is_personal(each)):
            values = sorted({*as_text(layer[column].iloc[places[code]]).dropna()})
            told.append(f"{label(str(column), pub.lang)}: {listed(values)}" if values else "")
    return list(dict.fromkeys(each for each in told if each))
