"""A bulletin as one page: tiles, ranking, map, worst ten, matrix, trends, notice; figures tell their ids."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pandas as pd

from zjk_gis.arguments import checked
from zjk_gis.drawing.palette import BLUE, VERMILION
from zjk_gis.io.paths import target_file, workshop
from zjk_gis.layers.labels import check_language
from zjk_gis.maps.offline.saving import PAGES
from zjk_gis.reports.bulletin.sections import first_words, sections_of
from zjk_gis.reports.bulletin.tiling import SIGNS, tiles_of
from zjk_gis.reports.telling import plain
from zjk_gis.words import speaking, tr

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from zjk_gis.layers.labels import Language
    from zjk_gis.reports.bulletin.result import Bulletin

__all__ = ["write_bulletin_page"]

_SPARK = (180.0, 30.0)


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
    script = _script()
    with speaking(lang):
        tiles = tiles_of(bulletin, "all")
        text = _template().render(
            lang=tr("en"),
            title=plain(tr("City management in {month}", month=bulletin.month)),
            told_under=_told_under(bulletin),
            words=_words(),
            lead=first_words(bulletin, lang),
            tiles=tiles,
            sparks={
                tile.figure: markupsafe.Markup(_spark(bulletin, tile.figure))  # noqa: S704  numbers only
                for tile in tiles
            },
            sections=sections_of(bulletin, lang, prints or {}),
            style=markupsafe.Markup(_style()),  # noqa: S704  the package's own
            script=markupsafe.Markup(script),  # noqa: S704  the package's own
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
        )
    with workshop(target) as folder:
        made = folder / target.name
        made.write_text(plain(text), encoding="utf-8", newline="\n")
        made.replace(target)
    return target


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


def _spark(bulletin: Bulletin, figure: str) -> str:
    """Draw twelve months as a small line; nothing where there are fewer than two with data."""
    indicator = figure.split("/")[1]
    rows = bulletin.trend[bulletin.trend["indicator"] == indicator]
    values = [float(each) for each in rows["value"]]
    known = [(at, each) for at, each in enumerate(values) if each == each]
    if len(known) < 2:
        return ""
    low, high = min(each for _, each in known), max(each for _, each in known)
    width, height = _SPARK
    step, room = (width - 8) / max(len(values) - 1, 1), height - 10
    points = [(4 + at * step, 5 + room * (1 - (each - low) / ((high - low) or 1))) for at, each in known]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" preserveAspectRatio="none" aria-hidden="true">'
        f'<polyline points="{line}" fill="none" stroke="{BLUE}" stroke-width="1.6" '
        f'vector-effect="non-scaling-stroke"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{VERMILION}"/></svg>'
    )


@cache
def _template() -> Any:
    import jinja2

    source = files("zjk_gis.reports.bulletin").joinpath("page.html").read_text("utf-8")
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(source)


@cache
def _style() -> str:
    """Return how the page of a report looks, which this one looks like."""
    page = files("zjk_gis.reports").joinpath("page.html").read_text("utf-8")
    return page.partition("<style>")[2].partition("</style>")[0]


@cache
def _script() -> str:
    return files("zjk_gis.reports.bulletin").joinpath("page.js").read_text("utf-8")
