"""The workbook: a cover with the key figures, then one sheet for each question.

A share beside its numerator and denominator is a formula of the two cells, so that a reader can check it.
Nothing that comes from data becomes a formula or a link: every text is written as a string, and one that
begins like a formula is marked as text, so that it stays one when a person edits the cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zjk_gis._optional import need
from zjk_gis.arguments import checked
from zjk_gis.errors import InputError
from zjk_gis.io.paths import target_file, workshop
from zjk_gis.io.spreadsheets import midnight, set_up_print
from zjk_gis.layers.labels import Language, check_language, label
from zjk_gis.reports.headlines import headlines
from zjk_gis.reports.pictures import drawn_and_said, suggested, undrawn_of
from zjk_gis.reports.places import picture_bytes, place_links
from zjk_gis.reports.questions import question_of
from zjk_gis.reports.telling import plain
from zjk_gis.reports.workbook.charts import write_calendar, write_charts
from zjk_gis.reports.workbook.cover import Listed, write_cover, write_picture
from zjk_gis.reports.workbook.looks import make_looks
from zjk_gis.reports.workbook.sheets import MOST_COLUMNS, write_sheet
from zjk_gis.words import tr

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from zjk_gis.reports.charts import Chart

__all__ = ["write_workbook"]

_MOST_ROWS = 1_048_571  # Excel's limit, less the question, its notes and the header
_NAME_CHARACTERS = 31
# Also the replacement of a character that was none, and the marks that turn text around.
_NOT_IN_NAMES = "[]:*?/\\\ufffd\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@checked
def write_workbook(
    sheets: Mapping[str, pd.DataFrame],
    path: str | os.PathLike[str],
    *,
    summary: Mapping[str, object] | pd.DataFrame,
    lang: Language = "zh",
    title: str | None = None,
    own_charts: Sequence[Chart] | None = None,
    picture: bytes | str | os.PathLike[str] | None = None,
    map_file: str | None = None,
    source: str = "",
    as_of: str | dt.date | None = None,
    created: dt.datetime | None = None,
) -> Path:
    """Write the answers as an Excel workbook: a cover with key figures, then one sheet a question.

    Parameters
    ----------
    sheets : mapping of str to DataFrame or GeoDataFrame
        The sheets by name, in this order. Names and column names that the library knows are shown in the
        language asked for, with units; its own words (such as ``border``) too. A geometry becomes longitude
        and latitude. The index is not written.
    path : str or path
        An .xlsx file; one of that name is replaced, and only when the new one is complete.
    summary : mapping or DataFrame
        The key figures for the cover; a mapping inside a mapping is a group. A table with ``measure``,
        ``value`` and ``whole``, such as the figures of an audit, shows each with its denominator.
    lang : {"zh", "en"}, default "zh"
    title : str, optional
        The heading of the cover.
    own_charts : sequence of Chart, optional
        What is drawn; by default what the columns of the tables tell.
    picture : bytes or path, optional
        A PNG of the map, such as `print_map` makes, for a sheet of its own.
    map_file : str, optional
        The page of a map beside the workbook, such as ``audit.html``: rows with a place then link to it
        there.
    source : str, optional
        Where the data come from, told under the title.
    as_of : date or str, optional
        The day that the figures hold for.
    created : datetime, optional
        The time recorded in the file; by default the day. With the same one, the same answers give the
        same bytes.

    Returns
    -------
    Path
        The absolute path written.

    Raises
    ------
    MissingExtraError
        If XlsxWriter is not installed (extra ``excel``).
    InputError
        If the path does not end in .xlsx, the language is unknown, a sheet has more than 16,384 columns, the
        picture is no PNG, or the map's file is no plain name of a page.
    CRSError
        If a layer has no CRS.
    FileError
        If the file cannot be written; an existing one is then as it was.

    Notes
    -----
    Each sheet begins with its question, what it is counted of, and a link back; the header is in row 4. A
    table of more than 1,048,571 rows goes on in further sheets. Text of more than 32,767 characters, which
    no cell can hold, is cut and says so. Codes are text, so that no digit is lost. The first 60,000 rows of a
    sheet can link to the map, as Excel allows no more.

    Charts are Excel's own, on a sheet beside the numbers that they draw; which ones there are is told from
    the columns of the tables, as on the page.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from zjk_gis.reports import write_workbook
    >>> gaps = pd.DataFrame({"gap_code": ["G001"], "area_m2": [1800.0], "kind": ["hole"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_workbook({"gaps": gaps}, pathlib.Path(folder, "report.xlsx"), summary={"gaps": 1})
    ...     path.name, path.stat().st_size > 5000
    ('report.xlsx', True)
    """
    xlsxwriter = need("xlsxwriter", extra="excel", purpose="write a workbook")
    check_language(lang)
    target = target_file(path, (".xlsx",))
    link = place_links(map_file, encoded=False)
    image = picture_bytes(picture)
    for key, frame in sheets.items():
        if frame.shape[1] + 3 > MOST_COLUMNS:
            raise InputError(
                tr(
                    "{key}: {shape:,} columns; a sheet holds {most_columns:,}, so choose some",
                    key=key,
                    shape=frame.shape[1],
                    most_columns=MOST_COLUMNS,
                )
            )
    told = {name: drawn_and_said(suggested(name, frame, lang), lang) for name, frame in sheets.items()}
    said: dict[str, list[str]] = {name: sentences for name, (_, sentences) in told.items()}
    charts = [chart for drawn, _ in told.values() for chart in drawn]
    if own_charts is not None:
        charts, said = list(own_charts), {name: [] for name in sheets}
    plan = list(_planned(sheets, charts, said, image is not None, lang, tells_undrawn=own_charts is None))
    with workshop(target) as folder:
        made = folder / target.name
        book = xlsxwriter.Workbook(str(made), {"constant_memory": True, "tmpdir": str(folder)})
        try:
            heading = plain(title or tr("City management: spatial report", lang=lang))
            book.set_properties({"title": heading[:250], "created": created or midnight()})
            looks = make_looks(book)
            pages = {one.sheet: book.add_worksheet(one.sheet) for one in plan}
            for page in pages.values():
                set_up_print(page, heading, plain(source), "" if as_of is None else str(as_of))
            about = {"title": heading, "source": plain(source), "as_of": as_of, "created": created}
            write_cover(pages[plan[0].sheet], headlines(summary, lang), plan[1:], about, lang, looks)
            for one in plan[1:]:
                page = pages[one.sheet]
                if one.kind == "charts":
                    flat = [chart for chart in charts if chart.kind != "heat"]
                    write_charts(book, page, one.sheet, flat, lang, looks)
                elif one.kind == "calendar":
                    write_calendar(page, one.chart, looks)
                elif one.kind == "map":
                    write_picture(page, image)
                else:
                    part = sheets[one.key].iloc[one.start : one.start + one.rows]
                    write_sheet(page, part, one, plan[0].sheet, link, lang, looks)
        finally:  # also after a failure: rows wait in open files, which nothing else closes
            book.close()
        made.replace(target)
    return target


def _planned(
    sheets: Mapping[str, pd.DataFrame],
    charts: list[Chart],
    said: Mapping[str, list[str]],
    has_picture: bool,
    lang: Language,
    *,
    tells_undrawn: bool,
) -> Iterator[Listed]:
    """Yield what sheets there are: the cover, charts, the map, then the tables, each under its own name."""
    taken = set[str]()

    def named(wanted: str) -> str:
        name = _sheet_name(plain(wanted), taken)
        taken.add(name.casefold())
        return name

    yield Listed(named(tr("Cover", lang=lang)), "cover")
    if any(chart.kind != "heat" for chart in charts):
        yield Listed(named(tr("Charts", lang=lang)), "charts")
    for chart in charts:
        if chart.kind == "heat":
            yield Listed(named(chart.title.rsplit(" (", 1)[0].rsplit("（", 1)[0]), "calendar", chart=chart)
    if has_picture:
        yield Listed(named(tr("Map", lang=lang)), "map")
    for key, frame in sheets.items():
        for start in range(0, max(len(frame), 1), _MOST_ROWS):
            rows = min(_MOST_ROWS, len(frame) - start)
            question = question_of(key, lang) or plain(label(key, lang))[:250]
            undrawn = undrawn_of(key, frame, lang) if tells_undrawn else ()
            notes = (*map(plain, said[key]), *undrawn)
            yield Listed(named(label(key, lang)), "table", key, question, start, rows, notes=notes)


def _sheet_name(wanted: str, taken: set[str]) -> str:
    """Make a name that Excel accepts and no other sheet has."""
    allowed = "".join("_" if mark in _NOT_IN_NAMES or ord(mark) < ord(" ") else mark for mark in wanted[:200])
    allowed = allowed.strip().strip("'") or "Sheet"
    if allowed.casefold() == "history":  # Excel keeps this name for itself
        allowed += "_"
    number, name = 1, _shortened(allowed, "")
    while name.casefold() in taken:
        number += 1
        name = _shortened(allowed, f" ({number})")
    return name


def _shortened(text: str, ending: str) -> str:
    """Cut text so that with its ending it has at most as many characters as Excel counts, in UTF-16."""
    while len((text + ending).encode("utf-16-le")) > 2 * _NAME_CHARACTERS:
        text = text[:-1]
    return text.rstrip("' ") + ending
