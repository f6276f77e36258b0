"""What a page of the folder is made of, and how it is written: every kind of page has the same parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zjk_gis.city.publish.naming import href
from zjk_gis.layers.columns.personal import is_personal
from zjk_gis.reports.bulletin.tiling import FigureTile
from zjk_gis.reports.columns import columns_of
from zjk_gis.reports.page_table import FILTER_FROM, PageTable, page_table, table_words
from zjk_gis.reports.places import place_links
from zjk_gis.reports.shell import rendered, write_rendered
from zjk_gis.reports.telling import plain
from zjk_gis.words import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from zjk_gis.city.publish.audience import Audience
    from zjk_gis.city.publish.facts import Facts
    from zjk_gis.city.publish.naming import Places
    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.bulletin.sections import Section

__all__ = ["Block", "Leaf", "Publication", "TileShown", "count_tile", "rows_shown", "write_leaf"]

INCIDENT_COLUMNS = (
    "incident_code", "occurred_at", "event_name", "state", "deadline_state", "due_at", "street_name",
    "zone_code", "chief_name", "road_name", "description",
)  # fmt: skip


@dataclass
class Publication:
    """A folder in the making.

    Attributes
    ----------
    folder : Path
        Where it is made.
    facts : Facts
    places : Places
    title, source, approval : str
    audience : {"bureau", "public"}
    lang : {"zh", "en"}
    street_files, chief_files : dict of str to str
        The names of their pages, by code.
    remarks : list of str
    has_map, has_books : bool
    sheets : dict of str to dict of str to int
        By the file of an atlas: on which page of it each code is.
    evidence : dict of str to set of str
        By indicator that has a page of evidence: the subjects that the page tells of.
    """

    folder: Path
    facts: Facts
    places: Places
    title: str
    source: str
    approval: str
    audience: Audience
    lang: Language
    street_files: dict[str, str] = field(default_factory=dict)
    chief_files: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    has_map: bool = False
    has_books: bool = False
    sheets: dict[str, dict[str, int]] = field(default_factory=dict)
    evidence: dict[str, set[str]] = field(default_factory=dict)

    def street_href(self, code: object, up: int) -> str:
        """Lead to the page of a street; nowhere where it has none."""
        name = self.street_files.get(str(code))
        return href(f"{self.places.streets}/{name}.html", up=up) if name else ""

    def chief_href(self, code: object, up: int) -> str:
        """Lead to the page of a chief; nowhere where there is none."""
        name = self.chief_files.get(str(code))
        return href(f"{self.places.chiefs}/{name}.html", up=up) if name else ""

    def figure_href(self, figure: str, up: int = 0) -> str:
        """Lead to the rows of a figure."""
        parts = figure.split("/")
        if len(parts) != 3 or parts[2] not in self.evidence.get(parts[1], set()):
            return ""
        return href(f"{self.places.evidence}/{parts[1]}.html", f"a-{parts[2]}", up)

    def place_href(self, up: int) -> Callable[[float, float], str] | None:
        """Return how to link to a place on the city's map; None without a map."""
        link = place_links(self.places.map) if self.has_map else None
        return None if link is None else lambda lon, lat: "../" * up + link(lon, lat)

    def approval_told(self) -> str:
        """Write the number of the map's approval, or that its place is still empty."""
        if self.approval:
            return tr("Map approval number: {number}", number=self.approval)
        return tr("Map approval number: (none yet)") if self.audience == "public" else ""


@dataclass
class TileShown:
    """A tile, its small line, and where it leads."""

    tile: FigureTile
    spark: Any = ""
    href: str = ""


@dataclass
class Block:
    """What stands below a heading.

    Attributes
    ----------
    key, title, said : str
        The anchor, the heading and what is told below it.
    none : str
        What is said where there is nothing.
    links : list of (str, str)
        Where it leads, and the words.
    table : PageTable, optional
    section : Section, optional
        A section of the bulletin.
    pictures : list of dict
    """

    key: str
    title: str
    said: str = ""
    none: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    table: PageTable | None = None
    section: Section | None = None
    pictures: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Leaf:
    """A page.

    Attributes
    ----------
    path : str
        In the folder.
    title : str
    crumbs : list of (str, str)
        Pages above it: where they are, from here, and their titles.
    lead : list of str
    tiles : list of TileShown
    blocks : list of Block
    notes : list of str
        What stands at the end.
    has_map : bool
        Whether it shows ground, so that it bears the number of the map's approval.
    """

    path: str
    title: str
    crumbs: list[tuple[str, str]] = field(default_factory=list)
    lead: list[str] = field(default_factory=list)
    tiles: list[TileShown] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    has_map: bool = False

    @property
    def up(self) -> int:
        """How many folders it lies deep."""
        return self.path.count("/")


def write_leaf(pub: Publication, leaf: Leaf) -> Path:
    """Write a page of the folder."""
    told_under = [
        tr("as of {day}", day=pub.facts.at),
        tr("Source: {source}", source=pub.source) if pub.source else "",
        tr("for use inside the office") if pub.audience == "bureau" else tr("for the public"),
    ]
    text = rendered(
        "city/publish/page.html",
        script="reports/page.js",
        styles=["reports/figures.css", "city/publish/page.css"],
        lang=tr("en"),
        title=plain(leaf.title),
        told_under=[plain(each) for each in told_under if each],
        leaf=leaf,
        approval=pub.approval_told() if leaf.has_map else "",
        lacks_approval=pub.audience == "public" and not pub.approval,
        figure_href=lambda figure: pub.figure_href(figure, leaf.up),
        words={
            **table_words(pub.lang),
            "id": tr("id of the figure"),
            "skip": tr("to the content"),
            "above": tr("pages above"),
            "contents": tr("Contents"),
            "signs": tr("Pressed, a figure leads to the rows that it is made of."),
        },
        filter_from=FILTER_FROM,
    )
    target = pub.folder / leaf.path
    target.parent.mkdir(parents=True, exist_ok=True)
    return write_rendered(target, text)


def count_tile(name: str, count: float, href_to: str, *, bad: bool = False) -> TileShown:
    """Show how many there are of something, with where they stand."""
    judgement = "bad" if bad and count else "not_judged"
    sign, word = ("×", tr("to be dealt with")) if judgement == "bad" else ("", "")
    tile = FigureTile("", name, f"{count:,.0f}", "", "", judgement, sign, word, "", "", "")
    return TileShown(tile, href=href_to)


def rows_shown(
    pub: Publication,
    frame: pd.DataFrame,
    name: str,
    columns: Sequence[str],
    *,
    up: int,
    most: int,
    book: str = "",
    leads: Mapping[str, Callable[[Any], str]] | None = None,
) -> PageTable:
    """Show the first rows of a table, with links to other pages and to the map.

    Parameters
    ----------
    pub : Publication
    frame : DataFrame
    name : str
        What it is called in the catalogue of layers and answers.
    columns : sequence of str
        Those that are there and have any value are shown; so are the columns by which the office reaches
        somebody.
    up : int
        How deep the page lies.
    most : int
        How many rows are shown.
    book : str
        The workbook that has all of them.
    leads : mapping of str to callable, optional
        By column: from a row's label in `frame` to where its cell leads.
    """
    wanted = [column for column in columns if column in frame]
    wanted += [
        str(c) for c in frame.columns if is_personal(c) and c not in wanted and name == "responsibility_zones"
    ]
    geometry = getattr(frame, "_geometry_column_name", None)
    own: Any = frame.iloc[:most]
    wanted = [column for column in wanted if own[column].notna().any()]
    if not wanted:
        return PageTable([], [], [])
    own = own[[*wanted, *([geometry] if geometry in frame.columns else [])]]
    rest = ""
    if len(frame) > most and book and pub.has_books:
        rest = tr(
            "The first {most:,} of {count:,} rows; all are in {file}.", most=most, count=len(frame), file=book
        )
    elif len(frame) > most:
        rest = tr("The first {most:,} of {count:,} rows.", most=most, count=len(frame))
    shown = columns_of(own, name, pub.lang)
    table = page_table(shown, pub.lang, link=pub.place_href(up), rest=rest, hides_places=True)
    titles = [head["title"] for head in table.heads]
    for column, lead in (leads or {}).items():
        title = next((each.title for each in shown if each.name == column), None)
        if title in titles:
            table.hrefs[titles.index(title)] = [lead(label) for label in own.index]
    return table
