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
from zjk_gis.city.publish.subjects import belongings_of, write_chief, write_street
from zjk_gis.drawing.typefaces import clean_text
from zjk_gis.errors import InputError
from zjk_gis.layers.labels import check_language
from zjk_gis.presentation import Presentation, presented
from zjk_gis.progress import track
from zjk_gis.words import speaking, tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from zjk_gis.city.publish.audience import Audience
    from zjk_gis.layers.labels import Language

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
    audience: str = "bureau",
    approval: str | None = None,
    personal: str | None = None,
    leave_out: Collection[str] = (),
    month: str | None = None,
    at: str | dt.date | None = None,
    level: int | str | None = None,
    deadlines: pd.DataFrame | None = None,
    targets: Mapping[str, float] | None = None,
    least_n: int = 30,
    prints: bool = True,
    title: str | None = None,
    source: str = "",
    lang: Language = "zh",
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
    audience : {"bureau", "public"}, default "bureau"
        For whom it is. For the public no personal columns and no free texts of incidents go out, and of pipes
        and manholes only the rows that are said to be public (``secrecy`` 公开).
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
        See `zjk_gis.reports.monthly_bulletin`.
    prints : bool, default True
        Whether a sheet is printed of each street and chief.
    title : str, optional
    source : str, optional
        Where the data come from.
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    Published

    Raises
    ------
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
    ...         {"responsibility_zones": zones}, f"{share}/out", at="2025-12-31", prints=False
    ...     )
    >>> made.pages["chiefs"], "index.html" in made.files
    (2, True)
    """
    check_language(lang)
    with speaking(lang):
        kind = check_asked(audience, personal)
        target = check_replaceable(folder)
        number = _approval(approval)
        readers: Audience = "public" if audience == "public" else "bureau"
        own, remarks = released(city, readers, kind, leave_out)
        if audience == "public" and not number:
            remarks.insert(
                0, tr("the maps have no approval number (审图号): they must not go out before they have one")
            )
        asked = {"deadlines": deadlines, "targets": targets, "least_n": least_n}
        facts = facts_of(own, month=month, at=at, level=level, asked=asked)
        with replacing(target) as made:
            pub = Publication(
                made, facts, places_in(), title or tr("City management at a glance"), source, number,
                readers, lang, file_names(facts.streets), file_names(facts.chiefs), remarks,
            )  # fmt: skip
            pages = _write(pub, prints=prints)
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


def _write(pub: Publication, *, prints: bool) -> dict[str, int]:
    """Write all files of the folder, the front page last, and count the pages."""
    facts = pub.facts
    if facts.bulletin is not None:
        pub.evidence = evidence_of(facts.bulletin)
        pub.remarks.extend(facts.bulletin.remarks)
    drawn = write_map(pub)
    if prints and drawn is not None:
        print_sheets(pub, drawn)
    pub.has_books = can_write_books(pub)
    books = write_books(pub) if pub.has_books else {}
    maps = SmallMaps(pub)
    streets, chiefs = belongings_of(facts)
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
