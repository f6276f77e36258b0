"""A bulletin as one page: tiles, ranking, map, worst ten, matrix, trends, notice; figures tell their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.io.paths import target_file
from zjk_gis.layers.labels import check_language
from zjk_gis.maps.offline.saving import PAGES
from zjk_gis.reports.bulletin.sections import first_words, sections_of
from zjk_gis.reports.bulletin.tiling import SIGNS, spark_of, tiles_of
from zjk_gis.reports.shell import rendered, write_rendered
from zjk_gis.reports.telling import plain
from zjk_gis.words import speaking, tr

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.bulletin.result import Bulletin

__all__ = ["write_bulletin_page"]


@checked
def write_bulletin_page(
    bulletin: Bulletin,
    path: str | os.PathLike[str],
    *,
    prints: Mapping[str, str] | None = None,
    lang: Language = "zh",
) -> Path:
    """Write a bulletin as one page that needs no network and prints well.

    What is on it: the month in a few sentences, a tile for each figure of the whole city with its target, its
    course over twelve months and how it is judged, the ranking with what changed and a map, the worst ten,
    areas by trades, trends, the policy's own numbers, and the notice. Every figure tells its id when pointed
    at; pressed, it puts ``zjk-gis rows ID`` on the clipboard.

    Parameters
    ----------
    bulletin : Bulletin
    path : str or path
        An .html file; one of that name is replaced, and only when the new one is complete.
    prints : mapping of str to str, optional
        By the end of an id (``130703``): a file beside the page, the sheet of that subject, to be linked to.
    lang : {"zh", "en"}, default "zh"

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the path does not end in .html or the language is unknown.
    FileError
        If the file cannot be written.

    Notes
    -----
    Nothing from the data is taken for markup. Colour is never alone: each judgement has a sign and a word.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> cases = pd.DataFrame({"district_code": ["130703"], "occurred_at": ["2025-11-03"]})
    >>> from zjk_gis.reports import monthly_bulletin
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_bulletin_page(monthly_bulletin(cases, month="2025-11"), f"{folder}/b.html")
    ...     "2025-11/reported/all" in page.read_text("utf-8")
    True
    """
    import markupsafe

    check_language(lang)
    target = target_file(path, PAGES)
    with speaking(lang):
        tiles = tiles_of(bulletin, "all")
        text = rendered(
            "reports/bulletin/page.html",
            script="reports/bulletin/page.js",
            styles=["reports/figures.css"],
            lang=tr("en"),
            title=plain(tr("City management in {month}", month=bulletin.month)),
            told_under=_told_under(bulletin),
            words=_words(),
            lead=first_words(bulletin, lang),
            tiles=tiles,
            sparks={
                tile.figure: markupsafe.Markup(spark_of(bulletin, tile.figure))  # noqa: S704  numbers only
                for tile in tiles
            },
            sections=sections_of(bulletin, lang, prints or {}),
        )
    return write_rendered(target, text)


def _told_under(bulletin: Bulletin) -> list[str]:
    until = (bulletin.as_of - pd.Timedelta(1, "us")).strftime("%Y-%m-%d")
    return [
        tr("as of {day}", day=until),
        tr("{figures:,} figures, each with an id", figures=len(bulletin.figures)),
    ]


def _words() -> dict[str, str]:
    return {
        "id": tr("id of the figure"),
        "use": tr(
            "Press a figure to see its id and copy the command. In the folder of this bulletin, "
            "zjk-gis rows ID lists the rows that the figure is made of and adds them up again."
        ),
        "tiles": tr("The whole city"),
        "signs": tr(
            "{good} good, {watch} to be watched, {bad} bad; without a target, figures are compared with the "
            "month before.",
            good=SIGNS["good"], watch=SIGNS["watch"], bad=SIGNS["bad"],
        ),
        "contents": tr("Contents"),
        "rows": tr("The rows of this figure:"),
        "copied": tr("copied"),
        "copy": tr("mark it and copy it"),
        "close": tr("close"),
    }  # fmt: skip
