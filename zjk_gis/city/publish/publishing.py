"""A city as a folder of pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zjk_gis.arguments import checked
from zjk_gis.city.publish.audience import check_asked, released
from zjk_gis.city.publish.books import can_write_books, write_books, write_street_book
from zjk_gis.city.publish.evidence import evidence_of, write_evidence
from zjk_gis.city.publish.facts import facts_of
from zjk_gis.city.publish.folder import MARK, check_replaceable, replacing
from zjk_gis.city.publish.front import write_front, write_lists
from zjk_gis.city.publish.naming import file_names, places_in
from zjk_gis.city.publish.pages import Publication
from zjk_gis.city.publish.pictures import SmallMaps, print_sheets, write_map
from zjk_gis.city.publish.settings import settings_of
from zjk_gis.city.publish.subjects import (
    belongings_of,
    busiest_first,
    chiefs_table,
    write_chief,
    write_street,
)
from zjk_gis.drawing.typefaces import clean_text
from zjk_gis.errors import InputError
from zjk_gis.layers.labels import check_language
from zjk_gis.layers.metric import require_amounts
from zjk_gis.presentation import Presentation, presented
from zjk_gis.progress import track
from zjk_gis.standards.rules import own_tables
from zjk_gis.words import speaking, tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from zjk_gis.city.publish.audience import Audience
    from zjk_gis.city.publish.facts import Facts
    from zjk_gis.city.publish.subjects import Belongings
    from zjk_gis.layers.labels import Language
    from zjk_gis.workspace.city_file import City

__all__ = ["Published", "publish_city"]

_MOST_BOOKS = 300  # of streets
_LONGEST_NUMBER = 60


@presented
@checked
@dataclass(frozen=True, slots=True)
class Published:
    """What was published.

    Attributes
    ----------
    folder : Path
        The front page in it is ``index.html``.
    files : list of str
        In the folder, in order.
    pages : dict of str to int
        How many there are of each kind: ``streets``, ``chiefs``, ``evidence``.
    month, at : str
        The month that is ranked, empty without incidents, and the day that is told.
    largest_bytes : int
        Of its pages.
    remarks : list of str
        What was left out or could not be made, and why, in the language that was asked for.
    """

    folder: Path
    files: list[str] = field(default_factory=list)
    pages: dict[str, int] = field(default_factory=dict)
    month: str = ""
    at: str = ""
    largest_bytes: int = 0
    remarks: list[str] = field(default_factory=list)

    def _presentation(self) -> Presentation:
        told = tr(
            "Published in {folder}: {files:,} files; begin with index.html. Remarks: {remarks:,}.",
            folder=self.folder, files=len(self.files), remarks=len(self.remarks),
        )  # fmt: skip
        words = {
            "streets": tr("pages of streets"),
            "chiefs": tr("pages of chiefs"),
            "evidence": tr("pages of rows"),
        }
        return Presentation(
            told, [tr("content"), tr("count")], [[words[kind], count] for kind, count in self.pages.items()]
        )


@checked
def publish_city(
    city: Mapping[str, gpd.GeoDataFrame],
    folder: str | os.PathLike[str],
    *,
    settings: City | str | os.PathLike[str] | None = None,
    audience: str | None = None,
    approval: str | None = None,
    personal: str | None = None,
    leave_out: Collection[str] = (),
    month: str | None = None,
    at: str | dt.date | None = None,
    level: int | str | None = None,
    deadlines: pd.DataFrame | None = None,
    targets: Mapping[str, float] | None = None,
    least_n: int | None = None,
    printed: bool = True,
    most_chiefs: int = 2000,
    title: str | None = None,
    source: str = "",
    lang: Language | None = None,
) -> Published:
    """Publish a city as a folder that opens from a share or a stick, without server and network.

    A front page with the month's figures, the map, findings by street and the ranking; a page for each street
    and each chief with zones, incidents, findings and a sheet to print; workbooks beside them. Every figure
    of the front page leads to the rows that it is made of.

    Parameters
    ----------
    city : mapping of str to GeoDataFrame
        Layers by their names in the catalogue, as `read_city` returns them, perhaps with ``incidents``, which
        are assigned to zones unless they have a ``zone_code``. What the layers do not tell is left out, and
        its place says so.
    folder : str or path
        Made where there is none; one that was published before is replaced when the new one is complete.
    settings : City, str or path, optional
        A city file: what is not asked here is as it says in ``[publish]``, ``[city]``, ``[thresholds]``,
        ``[deadlines]``, ``[weights]`` and ``[duties]``, as in the weekly run.
    audience : {"bureau", "public"}, optional
        For whom it is, by default the bureau. For the public no personal columns and no free texts of
        incidents go out, and of pipes and manholes only the rows that are said to be public (``secrecy``
        公开).
    approval : str, optional
        The number under which the maps were approved for publication (审图号), told on every page with a map,
        on sheets and in workbooks. Without one, public pages show an empty place for it.
    personal : {"mask", "drop"}, optional
        What becomes of who reported and how to reach them. By default masked in the bureau, and dropped for
        the public, for whom no mask is enough.
    leave_out : collection of str
        Layers that nobody gets, such as ``["pipelines", "manholes"]``.
    month : str, optional
        Such as ``"2025-11"``; by default the last that has incidents.
    at : date or str, optional
        The day that is told; by default the last of the month or, without incidents, the last on which
        anything in the register of zones began. The clock is never asked.
    level : int or str, optional
        Which level of zones answers; by default the finest.
    deadlines, targets, least_n
        See `zjk_gis.reports.monthly_bulletin`; with fewer than `least_n` cases, by default 30, nobody is
        ranked.
    printed : bool, default True
        Whether a sheet is printed of each street and chief; of more than 500 none is, their pages print.
    most_chiefs : int, default 2000
        How many chiefs have a page of their own at most: those with most to do. All are in the list and the
        workbook.
    title : str, optional
    source : str, optional
        Where the data come from.
    lang : {"zh", "en"}, optional
        By default Chinese.

    Returns
    -------
    Published

    Raises
    ------
    CityFileError
        If the city file says anything wrong.
    FileError
        If the folder holds what was not published, is open elsewhere, or cannot be written.
    InputError
        If an option is none of its words, `month` has no incidents, or no day is known and `at` is missing.

    Notes
    -----
    The same data and options give the same bytes. Files are named by codes, never by names. No page is larger
    than 5 MB: lists are cut and say where all rows are, and the map leaves out what makes it too large. That
    maps shown to the public need approval, and bear its number, is in the Regulations on the Administration
    of Maps (地图管理条例, State Council order 664); whether a map may be approved is not judged here.

    Examples
    --------
    >>> import tempfile
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(
    ...     {"zone_code": ["A", "B"], "chief_code": ["L1", "L2"], "chief_name": ["甲", "乙"]},
    ...     geometry=[box(573000 + 100 * i, 4520000, 573100 + 100 * i, 4520100) for i in range(2)],
    ...     crs=4547,
    ... )
    >>> with tempfile.TemporaryDirectory() as share:
    ...     made = publish_city(
    ...         {"responsibility_zones": zones}, f"{share}/out", at="2025-12-31", printed=False
    ...     )
    >>> made.pages["chiefs"], "index.html" in made.files
    (2, True)
    """
    said = settings_of(settings, audience)
    tongue = lang or said.lang
    check_language(tongue)
    with speaking(tongue), own_tables(said.tables):
        kind = check_asked(said.audience, said.personal if personal is None else personal)
        require_amounts(most_chiefs=most_chiefs)
        target = check_replaceable(folder)
        number = _approval(said.approval if approval is None else approval)
        readers: Audience = "public" if said.audience == "public" else "bureau"
        own, remarks = released(city, readers, kind, leave_out)
        if readers == "public" and not number:
            remarks.insert(
                0, tr("the maps have no approval number (审图号): they must not go out before they have one")
            )
        asked = {
            "deadlines": said.deadlines if deadlines is None else deadlines,
            "targets": targets,
            "least_n": said.least_n if least_n is None else least_n,
        }
        facts = facts_of(
            own, month=month, at=at, level=level, asked=asked, thresholds=said.thresholds, duties=said.duties
        )
        headline = title or said.title or tr("City management at a glance")
        with replacing(target) as made:
            owned = belongings_of(facts)
            paged = _with_pages(facts, owned[1], most_chiefs, remarks)
            pub = Publication(
                made, facts, places_in(), headline, source, number,
                readers, tongue, file_names(facts.streets), file_names(paged), remarks,
            )  # fmt: skip
            pages = _write(pub, owned, printed=printed)
            files = sorted(each.relative_to(made).as_posix() for each in made.rglob("*") if each.is_file())
            largest = max((made / each).stat().st_size for each in files if each.endswith(".html"))
    return Published(target, [*files, MARK], pages, facts.month, facts.at, largest, pub.remarks)


def _approval(approval: str | None) -> str:
    """Return the number of the maps' approval on one line."""
    number = clean_text(approval or "")
    if len(number) > _LONGEST_NUMBER:
        raise InputError(
            tr("approval: {number!r} is too long for the number of a map's approval", number=number[:80])
        )
    return number


def _with_pages(facts: Facts, chiefs: Belongings, most: int, remarks: list[str]) -> list[str]:
    """Return which chiefs have a page of their own: all, or those with most to do; say who has none."""
    if len(facts.chiefs) <= most:
        return list(facts.chiefs)
    remarks.append(
        tr("{most:,} of {count:,} road chiefs, those with most to do, have a page of their own; the others "
           "are in the list and in the workbook",
           most=most, count=len(facts.chiefs))
    )  # fmt: skip
    return busiest_first(chiefs_table(facts, chiefs))["chief_code"].head(most).tolist()


def _write(pub: Publication, owned: tuple[Belongings, Belongings], *, printed: bool) -> dict[str, int]:
    """Write all files of the folder, the front page last, and count the pages."""
    facts = pub.facts
    streets, chiefs = owned
    if facts.bulletin is not None:
        pub.evidence = evidence_of(facts.bulletin)
        pub.remarks.extend(facts.bulletin.remarks)
    drawn = write_map(pub)
    if printed and drawn is not None:
        print_sheets(pub, drawn)
    pub.has_books = can_write_books(pub)
    books = write_books(pub, chiefs) if pub.has_books else {}
    maps = SmallMaps(pub)
    evidence = list(write_evidence(pub))
    for code in track(list(pub.street_files), title=tr("writing the pages of streets")):
        has_book = pub.has_books and len(pub.street_files) <= _MOST_BOOKS
        write_street(pub, maps, streets, code, write_street_book(pub, streets, code) if has_book else "")
    for code in track(list(pub.chief_files), title=tr("writing the pages of chiefs")):
        write_chief(pub, maps, chiefs, code)
    lists = list(write_lists(pub, streets, chiefs))
    write_front(pub, streets, chiefs, books)
    return {
        "streets": len(pub.street_files),
        "chiefs": len(pub.chief_files),
        "evidence": len(evidence) + len(lists),
    }
